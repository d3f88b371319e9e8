// The pages on which people choose what they hear, in a browser without script: one press stops e-mail, a form saves
// what was touched, and looking changes nothing.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HOST, forge } from "../e2e/door.mjs";
import { openScene } from "./scene.mjs";

const ONE_CLICK = 65535;
const CHOICES = 65534;
const DAY_S = 86_400;
const EMAIL = ["email.marketing", "email.service"];

let scene;
let people = 0;
before(async () => {
  scene = await openScene();
});
after(() => scene?.close());

/** Somebody who said yes to SMS, with a browser that runs no script, and the addresses in their mail. */
async function somebody() {
  people += 1;
  const path = `/v1/people/choosing-${people}`;
  const consents = [{ channel: "sms", purpose: "service", said: "yes" }];
  const put = await scene.door.api("PUT", path, { language: "en", zone: "Europe/Berlin", consents });
  assert.equal(put.status, 200, put.text);
  const known = await scene.door.api("GET", path);
  const subject = Buffer.from(known.body.subject, "base64url");
  const expires = Math.floor(scene.door.now() / 1000) + DAY_S;
  const [token, choices] = [ONE_CLICK, CHOICES].map((scope) => forge({ scope, once: false, subject, expires }));
  const person = await scene.person({ javaScriptEnabled: false, locale: "en-GB" });
  const said = async () => {
    const { body } = await scene.door.api("GET", path);
    const consents = body.consents.map(({ channel, purpose, said }) => [`${channel}.${purpose}`, said]);
    return { ...Object.fromEntries(consents), ...(body.opted_out ? { everything: "no" } : {}) };
  };
  return { ...person, said, token, unsubscribe: `https://${HOST}/u/${token}`, choices: `https://${HOST}/p/${choices}`, sentBefore: `https://${HOST}/p/${token}` };
}

const box = (page, name) => page.locator(`input[name="want"][value="${name}"]`);

describe("one press stops e-mail", () => {
  it("the page has one button, which stops all e-mail and nothing else", async () => {
    const { page, complaints, said, unsubscribe } = await somebody();
    assert.equal((await page.goto(unsubscribe)).status(), 200);
    await page.reload();
    assert.deepEqual(await said(), { "sms.service": "yes" }, "looking is not choosing");
    assert.equal(await page.getByRole("button").count(), 1);
    await Promise.all([page.waitForEvent("load"), page.getByRole("button").click()]);
    await page.getByRole("status").waitFor();
    assert.equal(await page.getByRole("button").count(), 1, "to take it back");
    assert.deepEqual(await said(), { "sms.service": "yes", ...Object.fromEntries(EMAIL.map((name) => [name, "no"])) });
    // From there to everything else.
    await Promise.all([page.waitForEvent("load"), page.getByRole("main").getByRole("link").first().click()]);
    assert.equal(await box(page, "sms.service").isChecked(), true);
    for (const name of EMAIL) {
      if (await box(page, name).count()) assert.equal(await box(page, name).isChecked(), false, name);
    }
    assert.deepEqual(complaints, []);
  });

  it("what was stopped by a slip is taken back from the same page", async () => {
    const { page, complaints, said, unsubscribe } = await somebody();
    await page.goto(unsubscribe);
    await Promise.all([page.waitForEvent("load"), page.getByRole("button").click()]);
    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Undo" }).click()]);
    await page.getByRole("heading", { name: "You still get these emails" }).waitFor();
    assert.deepEqual(await said(), { "sms.service": "yes" }, "no more and no less than before");
    assert.deepEqual(complaints, []);
  });

  it("a mail program's POST does it without cookie, redirect or page", async () => {
    const { said, token } = await somebody();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await scene.door.fetch(`/u/${token}`, { method: "POST", headers, body: "List-Unsubscribe=One-Click" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("set-cookie"), null);
    for (const name of EMAIL) assert.equal((await said())[name], "no");
  });

  it("a forged address says that it is closed and changes nothing", async () => {
    const { page, said, unsubscribe } = await somebody();
    const forged = unsubscribe.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
    assert.equal((await page.goto(forged)).status(), 404);
    assert.equal(await page.getByRole("button").count(), 0);
    assert.deepEqual(await said(), { "sms.service": "yes" });
  });
});

describe("the page of choices", () => {
  it("saves what was touched, and no more, without script", async () => {
    const { page, complaints, said, choices } = await somebody();
    await page.goto(choices);
    assert.equal(await page.getByRole("status").count(), 0);
    assert.equal(await box(page, "sms.service").isChecked(), true);
    await box(page, "sms.service").uncheck();
    await page.getByRole("button").click();
    await page.getByRole("status").waitFor();
    assert.equal(await box(page, "sms.service").isChecked(), false);
    assert.deepEqual(await said(), { "sms.service": "no" }, "what nobody touched is not said anew");
    await page.goto(choices);
    assert.equal(await box(page, "sms.service").isChecked(), false, "and still so when it is opened again");
    assert.deepEqual(complaints, []);
  });

  it("opened by the token of the header, takes a no and says how to say yes", async () => {
    const { page, complaints, said, sentBefore } = await somebody();
    await page.goto(sentBefore);
    await box(page, "sms.service").uncheck();
    await page.getByRole("button").click();
    await page.getByRole("status").waitFor();
    assert.deepEqual(await said(), { "sms.service": "no" });
    assert.equal(await box(page, "sms.service").isDisabled(), true, "and no way back from here");
    await page.getByText("Here you can only say no.").waitFor();
    assert.ok((await page.getByRole("main").getByRole("link").count()) > 0, "but one to help");
    assert.deepEqual(complaints, []);
  });

  it("is worked by the keyboard alone", async () => {
    const { page, said, choices } = await somebody();
    await page.goto(choices);
    await box(page, "sms.service").focus();
    await page.keyboard.press("Space");
    while (!(await page.getByRole("button").evaluate((button) => button === document.activeElement))) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("status").waitFor();
    assert.equal((await said())["sms.service"], "no");
  });

  it("stops everything, and lets it begin again", async () => {
    const { page, said, choices } = await somebody();
    await page.goto(choices);
    await box(page, "nothing").check();
    await Promise.all([page.waitForEvent("load"), page.getByRole("button").click()]);
    assert.equal((await said()).everything, "no");
    assert.equal(await box(page, "sms.service").isChecked(), false, "the boxes agree");
    assert.equal(await box(page, "sms.service").isDisabled(), true);
    await box(page, "nothing").uncheck();
    await Promise.all([page.waitForEvent("load"), page.getByRole("button").click()]);
    assert.equal((await said()).everything, undefined);
    assert.equal((await said())["sms.service"], "yes");
  });

  it("with script the boxes agree before anything is saved", async () => {
    const { choices, context: plain } = await somebody();
    await plain.close();
    const { page, context, complaints } = await scene.person({ locale: "en-GB" });
    await page.goto(choices);
    const sms = box(page, "sms.service");
    await box(page, "nothing").check();
    assert.deepEqual([await sms.isChecked(), await sms.isDisabled()], [false, true]);
    await box(page, "nothing").uncheck();
    assert.deepEqual([await sms.isChecked(), await sms.isDisabled()], [true, false]);
    await box(page, "nothing").check();
    await Promise.all([page.waitForEvent("load"), page.getByRole("button").click()]);
    await page.getByRole("status").waitFor();
    await box(page, "nothing").uncheck();
    assert.deepEqual([await sms.isChecked(), await sms.isDisabled()], [true, false], "as it was before");
    await sms.uncheck();
    await Promise.all([page.waitForEvent("load"), page.getByRole("button").click()]);
    assert.deepEqual([await sms.isChecked(), await box(page, "nothing").isChecked()], [false, false]);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  it("a program that loads and posts it as it is changes nothing", async () => {
    const { page, said, choices } = await somebody();
    for (let time = 0; time < 3; time += 1) {
      await page.goto(choices);
      await page.getByRole("button").click();
      await page.getByRole("status").waitFor();
    }
    assert.deepEqual(await said(), { "sms.service": "yes" });
  });
});
