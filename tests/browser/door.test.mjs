// The door as people meet it, in Chromium.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { devices } from "playwright-core";
import { openScene } from "./scene.mjs";

const PAYMENT = "https://www.example.com/payment";
const BUTTON = "main form button";

let scene;
let people;

before(async () => {
  scene = await openScene();
});
after(() => scene?.close());

beforeEach(() => {
  people = [];
  scene.site.arrivals();
});
afterEach(async () => {
  const complaints = people.flatMap((person) => person.complaints);
  await Promise.all(people.map(({ context }) => context.close()));
  assert.deepEqual(complaints, [], "the browser's console stays empty: no error, nothing against the content security policy");
});

async function person(options) {
  const person = await scene.person(options);
  people.push(person);
  return person;
}

describe("a person presses the button", () => {
  it("and the grant arrives at the company's site by POST; nothing of the token does", async () => {
    const { page, context } = await person();
    const link = await scene.link("payment.retry");
    await page.goto(link.address);
    assert.equal(await page.title(), "Complete your payment – Example");
    assert.equal(await page.textContent(BUTTON), "Complete your payment on www.example.com");
    await page.click(BUTTON);
    await page.waitForURL(PAYMENT);
    const [arrival, ...more] = scene.site.arrivals();
    assert.equal(more.length, 0);
    assert.equal(arrival.method, "POST");
    assert.equal(arrival.headers.referer, undefined);
    assert.equal(arrival.headers.cookie, undefined);
    const grant = new URLSearchParams(arrival.body).get("grant");
    const text = JSON.stringify(arrival).replaceAll(grant, "");
    // A grant names its link, as the company's own records do; what makes a token a key is its end.
    assert.ok(!text.includes(link.id) && !JSON.stringify(arrival).includes(link.token.slice(28)));
    await consumes(grant, link);
    const [cookie, ...others] = await context.cookies(link.address);
    assert.equal(others.length, 0);
    const { name, value, path, httpOnly, secure, sameSite, expires } = cookie;
    assert.deepEqual({ name, path, httpOnly, secure, sameSite }, {
      name: "__Host-postern", path: "/", httpOnly: true, secure: true, sameSite: "Lax",
    });
    assert.match(value, /^[A-Za-z0-9_-]{22}$/);
    assert.ok(Math.abs(expires - Date.now() / 1000 - 86_400) < 60, "it lives a day");
  });

  it("without script, the hand-off waits for a press of its own, which names the way as well", async () => {
    const { page } = await person({ javaScriptEnabled: false });
    const link = await scene.link("payment.retry");
    await page.goto(link.address);
    await page.click(BUTTON);
    await page.locator("input[name=grant]").waitFor({ state: "attached" });
    await page.waitForTimeout(500);
    assert.equal(scene.site.arrivals().length, 0, "nothing goes on by itself");
    assert.equal(await scene.state(link.id), "claimed");
    assert.equal(await page.textContent("#web"), "Complete your payment on www.example.com");
    await page.click("#web");
    await page.waitForURL(PAYMENT);
    const [arrival] = scene.site.arrivals();
    await consumes(new URLSearchParams(arrival.body).get("grant"), link);
  });

  it("without script and slowly: the page leads back to the link before its button is dead", async () => {
    const { page } = await person({ javaScriptEnabled: false });
    const link = await scene.link("payment.retry");
    scene.site.answers.refresh = "1";
    const methods = [];
    page.on("request", (request) => request.isNavigationRequest() && methods.push(request.method()));
    await page.goto(link.address);
    await page.click(BUTTON);
    await page.locator("input[name=grant]").waitFor({ state: "attached" });
    await page.locator("input[name=nonce]").waitFor({ state: "attached" });
    scene.site.answers.refresh = undefined;
    assert.deepEqual(methods, ["GET", "POST", "GET"]);
    assert.equal(scene.site.arrivals().length, 0);
  });

  it("with the keyboard alone", async () => {
    const { page } = await person();
    const link = await scene.link("payment.retry");
    await page.goto(link.address);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.matches("form button.primary")), true, "the button comes first");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none", "one sees where the focus is");
    await page.keyboard.press("Enter");
    await page.waitForURL(PAYMENT);
    assert.equal(scene.site.arrivals().length, 1);
  });

  it("of a link that leads on directly", async () => {
    const { page } = await person();
    const link = await scene.link("onboarding.resume");
    await page.goto(link.address);
    await page.click(BUTTON);
    await page.waitForURL("https://www.example.com/onboarding");
    const [arrival] = scene.site.arrivals();
    assert.equal(arrival.method, "GET");
    assert.equal(arrival.headers.referer, undefined);
    assert.equal(await scene.state(link.id), "spent");
  });
});

describe("a person is clumsy", () => {
  for (const javaScriptEnabled of [true, false]) {
    it(`and presses twice ${javaScriptEnabled ? "with" : "without"} script: it is one claim`, async () => {
      const { page } = await person({ javaScriptEnabled });
      const link = await scene.link("payment.retry");
      await page.goto(link.address);
      await page.dblclick(BUTTON);
      if (!javaScriptEnabled) {
        await page.locator("input[name=grant]").waitFor({ state: "attached" });
        await page.click("#web");
      }
      await page.waitForURL(PAYMENT);
      const [arrival, ...more] = scene.site.arrivals();
      assert.equal(more.length, 0, "the site is entered once");
      await consumes(new URLSearchParams(arrival.body).get("grant"), link);
    });
  }

  it("and has the page open twice: both hold the same claim", async () => {
    const { page, context } = await person({ javaScriptEnabled: false });
    const link = await scene.link("payment.retry");
    const second = await context.newPage();
    await page.goto(link.address);
    await second.goto(link.address);
    await Promise.all([page.click(BUTTON), second.click(BUTTON)]);
    const grants = await Promise.all([page, second].map((page) => page.inputValue("input[name=grant]")));
    assert.equal(grants[0], grants[1]);
  });

  it("and goes back before the grant was used: the button works again", async () => {
    const { page } = await person();
    const link = await scene.link("payment.retry");
    await page.goto(link.address);
    await page.click(BUTTON);
    await page.waitForURL(PAYMENT);
    // The hand-off has left no trace in the history: back is the link's own page.
    await page.evaluate(() => history.go(-1));
    await page.locator("input[name=nonce]").waitFor({ state: "attached" });
    assert.equal(scene.site.arrivals().length, 1, "going back does not hurry anyone forward again");
    await page.click(BUTTON);
    await page.waitForURL(PAYMENT);
    const [again] = scene.site.arrivals();
    await consumes(new URLSearchParams(again.body).get("grant"), link);
  });

  it("and reloads the first page, as often as they like", async () => {
    const { page } = await person();
    const link = await scene.link("payment.retry");
    await page.goto(link.address);
    const nonce = await page.inputValue("input[name=nonce]");
    for (let reload = 0; reload < 3; reload += 1) await page.reload();
    assert.equal(await page.inputValue("input[name=nonce]"), nonce);
    assert.equal(await scene.state(link.id), "open");
  });

  it("and reloads the page after pressing: the same grant again", async () => {
    const { page } = await person({ javaScriptEnabled: false });
    const link = await scene.link("payment.retry");
    await page.goto(link.address);
    await page.click(BUTTON);
    const grant = await page.inputValue("input[name=grant]");
    await page.reload();
    assert.equal(await page.inputValue("input[name=grant]"), grant);
  });
});

describe("a refused person reads why, in their language, and sees a way on", () => {
  const cases = [
    ["sv-SE", "sv", "Fel: Länken är redan använd – Example", "Be om en ny länk"],
    ["de-AT", "de", "Fehler: Dieser Link wurde bereits verwendet – Example", "Neuen Link anfordern"],
    ["fi-FI", "en", /^Error: .*used.* – Example$/, /fresh|new/i],
  ];
  for (const [locale, lang, title, way] of cases) {
    it(locale, async () => {
      const link = await scene.link("payment.retry");
      const { body } = await scene.door.claim(link.token);
      await scene.exchange(body.grant);
      const { page, complaints } = await person({ locale });
      const response = await page.goto(link.address);
      const pressed = response.status() === 410;
      if (!pressed) await page.click(BUTTON);
      await page.locator("nav").waitFor();
      assert.equal(await page.getAttribute("html", "lang"), lang);
      const shown = await page.title();
      if (typeof title === "string") assert.equal(shown, title);
      else assert.match(shown, title);
      assert.equal(await page.getByRole("link", { name: way }).getAttribute("href"), `${PAYMENT}/fresh-link`);
      // Chromium itself notes that a page came with status 410.
      const expected = complaints.filter((complaint) => complaint.includes("status of 410"));
      assert.equal(expected.length, 1);
      complaints.splice(complaints.indexOf(expected[0]), 1);
    });
  }
});

describe("a person's telephone offers the app first, and the web beside it", () => {
  it("iPhone: a universal link on the app's own host, with a ticket where no server sees it", async () => {
    const { page } = await person(telephone("iPhone 15"));
    const link = await scene.link("payment.retry", { customer_ref: "anna" });
    await page.goto(link.address);
    assert.equal(await page.textContent("#app"), "Complete your payment in the app");
    const [address, ticket] = (await page.getAttribute("#app", "href")).split("#session=");
    assert.equal(address, "https://app.example.com/payment");
    assert.ok(!ticket.includes(link.token.slice(28)));
    await page.tap("#app");
    await page.waitForURL(/^https:\/\/app\.example\.com\//);
    const [arrival] = scene.site.arrivals();
    assert.equal(arrival.url, "/payment");
    assert.ok(!JSON.stringify(arrival).includes(ticket));
    assert.equal(await scene.state(link.id), "open", "a tap on the app's link changes nothing");
    const begun = await begin(ticket, "AAAAAAAAAAAAAAAA");
    assert.equal(begun.outcome, "granted");
    assert.equal((await begin(ticket, "AAAAAAAAAAAAAAAB")).code, "busy");
    await consumes(begun.grant, link);
  });

  it("Android: an app link, for an intent has no place for the ticket; and the web, in one press", async () => {
    const { page } = await person(telephone("Pixel 7"));
    const link = await scene.link("payment.retry", { customer_ref: "anna" });
    await page.goto(link.address);
    const app = await page.getAttribute("#app", "href");
    assert.match(app, /^https:\/\/app\.example\.com\/payment#session=/);
    await page.tap("#web");
    await page.waitForURL(PAYMENT);
    const [arrival] = scene.site.arrivals();
    await consumes(new URLSearchParams(arrival.body).get("grant"), link);
  });

  it("a custom scheme that no app answers: after a while the web is offered", async () => {
    const { page, complaints } = await person(telephone("iPhone 15"));
    const link = await scene.link("onboarding.resume");
    await page.goto(link.address);
    await page.tap(BUTTON);
    assert.equal(await page.getAttribute("#app", "href"), "exampleapp://onboarding");
    await page.locator("#app").evaluate((link) => link.click());
    await page.locator("#app-missing").waitFor({ state: "visible" });
    // Playwright's own tap would wait for the app that never came.
    await page.locator("#web").evaluate((link) => link.click());
    await page.waitForURL("https://www.example.com/onboarding");
    // What Chromium says about an app that is not there.
    const missing = complaints.filter((complaint) => complaint.includes("exampleapp://onboarding"));
    for (const complaint of missing) complaints.splice(complaints.indexOf(complaint), 1);
  });
});

/** The grant lets its bearer in, once, on this link. */
async function consumes(grant, link) {
  const { status, body } = await scene.exchange(grant);
  assert.equal(status, 200);
  assert.deepEqual([body.outcome, body.link], ["redeemed", link.id]);
  assert.equal((await scene.exchange(grant)).body.code, "grant_used");
  assert.equal(await scene.state(link.id), "spent");
}

/** What the app sends that was opened with a ticket. */
async function begin(session, nonce) {
  const body = JSON.stringify({ form: "begin", session, nonce });
  const headers = { accept: "application/json", "content-type": "application/json" };
  return (await scene.door.fetch("/verify", { method: "POST", headers, body })).json();
}

function telephone(name) {
  const { defaultBrowserType, ...device } = devices[name];
  return device;
}
