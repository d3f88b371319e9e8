// Proof against the running door: each kind to the hand-off, and everything that people and programs do wrong on the way.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { BROWSER, eventually, formOf, open } from "./door.mjs";

const MEDIUM = "details.change";
const HIGH = "contract.sign";
const NUMBER = "12345678";
const MINUTE = 60_000;

let door;
let people = 0;

before(async () => {
  door = await open();
});

after(() => door?.stop());

/** A person of their own for each test, so that no budget is shared. */
async function person(more = {}, at = door) {
  people += 1;
  const reference = `anna-${people}`;
  const { status, body, text } = await at.api("PUT", `/v1/people/${reference}`, {
    language: "en",
    addresses: { email: `anna${people}@mail.example.com`, sms: "+46701234567" },
    facts: { customer_number: NUMBER },
    ...more,
  });
  assert.equal(status, 200, text);
  return { reference, subject: body.subject };
}

/** A browser: keeps cookies, follows nothing by itself. */
class Browser {
  constructor(at = door, jar = new Map()) {
    Object.assign(this, { at, jar });
  }

  async send(path, form, headers = {}) {
    const cookie = this.planted ?? [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await this.at.fetch(path, {
      method: form === undefined ? "GET" : "POST",
      headers: {
        "user-agent": BROWSER,
        ...(cookie && !this.isBare ? { cookie } : {}),
        ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        ...headers,
      },
      body: form === undefined ? undefined : new URLSearchParams(form).toString(),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.jar.set(name, value);
      assert.match(line, /; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=(Lax|Strict)$/, "every cookie is locked down");
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async press(token) {
    const landing = await this.send(`/l/${token}`);
    const [nonce, page] = ["nonce", "page"].map((name) => new RegExp(`name="${name}" value="([^"]+)"`).exec(landing.text)?.[1]);
    assert.ok(nonce && page, landing.text);
    return this.send(`/l/${token}`, { nonce, page });
  }

  /** Goes where a redirect says. */
  async on(answer) {
    assert.equal(answer.status, 303, answer.text);
    return this.send(answer.headers.get("location"));
  }

  /** Looks, or posts a form as the pages of this browser's own attempt have it. */
  verify(form) {
    const session = this.jar.get("__Host-postern-session");
    return this.send("/verify", form && { ...form, attempt: session ? formOf(session) : "" });
  }

  async begin(scope, { reference }) {
    const { id, token } = await this.at.mint(scope, { customer_ref: reference });
    const answer = await this.press(token);
    assert.equal(answer.headers.get("location"), "/verify", answer.text);
    return { id, token };
  }

  async code(channel = "sms") {
    const before = (await letters(this.at)).length;
    const sent = await this.verify({ form: "send", channel });
    assert.equal(sent.status, 303, sent.text);
    return eventually("a letter", async () => codeIn((await letters(this.at)).slice(0, -before || undefined)[0]));
  }
}

async function letters(at = door) {
  const response = await at.fetch("/__local/outbox", { headers: { accept: "application/json" } });
  return response.json();
}

const nonceIn = (text) => /name="nonce" value="([^"]+)"/.exec(text)[1];
const formIn = (text) => /name="attempt" value="([^"]+)"/.exec(text)[1];
const codeIn = (letter) => /(?:^|\D)(\d{6})(?:\D|$)/.exec(letter?.text ?? "")?.[1];
const grantIn = ({ status, text }) => {
  const grant = /name="grant" value="([^"]+)"/.exec(text)?.[1];
  assert.ok(status === 200 && grant, text);
  return grant;
};
const other = (code) => code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);

async function shown(answer, at = door) {
  const { status, body, text } = await at.api("POST", "/v1/grants", { grant: grantIn(answer) });
  assert.equal(status, 200, text);
  return body.proof;
}

test("medium risk: one code, from the press to the destination", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const choose = await browser.verify();
  assert.match(choose.text, /Send a code by text message to •••• 67/);
  assert.equal(choose.headers.get("cache-control"), "no-store");
  const code = await browser.code();
  const [letter] = await letters();
  assert.match(letter.text, new RegExp(`@go\\.example\\.com #${code}$`), "origin-bound");
  const entered = await browser.verify({ form: "code", code });
  assert.deepEqual(await shown(entered), ["code"]);
});

test("high risk: two proofs of two factors, and one alone is not enough", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(HIGH, anna);
  const first = await browser.verify({ form: "fact", "fact.customer_number": "1234 5678" });
  assert.match((await browser.on(first)).text, /One more step/);
  const again = await browser.verify({ form: "fact", "fact.customer_number": NUMBER });
  assert.equal(again.status, 303, "shown twice is shown once");
  const code = await browser.code("email");
  assert.deepEqual(await shown(await browser.verify({ form: "code", code })), ["code", "fact"]);
});

test("a remembered browser goes straight through at medium risk, and not at high", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const code = await browser.code();
  grantIn(await browser.verify({ form: "code", code, remember: "yes" }));
  assert.ok(browser.jar.has("__Host-postern-device"));
  const { token } = await door.mint(MEDIUM, { customer_ref: anna.reference });
  assert.deepEqual(await shown(await browser.press(token)), ["device"]);
  await browser.begin(HIGH, anna);
  const somebodyElse = await person();
  await browser.begin(MEDIUM, somebodyElse);
});

test("an app goes through by the word of its back end", async () => {
  const anna = await person();
  const { token } = await door.mint(MEDIUM, { customer_ref: anna.reference });
  const begun = await door.claim(token);
  assert.equal(begun.status, 200);
  const { session, offers } = begun.body;
  assert.deepEqual(offers, ["app", "code"]);
  const step = (body) =>
    door.fetch("/verify", {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify({ session, ...body }),
    });
  const wrong = await step({ form: "code", code: "000000" });
  assert.equal(wrong.status, 422);
  assert.equal((await wrong.json()).code, "proof_wrong");
  const stranger = await person();
  const confirm = (subject) => door.api("POST", "/v1/grants", { session, action: "confirm", subject });
  assert.equal((await confirm(stranger.subject)).body.code, "session_subject");
  assert.equal((await confirm(anna.subject)).body.is_enough, true);
  const { outcome, grant } = await (await step({ form: "go" })).json();
  assert.equal(outcome, "granted");
  assert.deepEqual((await door.api("POST", "/v1/grants", { grant })).body.proof, ["app"]);
});

test("what was shown in one browser goes on in another", async () => {
  const anna = await person();
  const [mail, own] = [new Browser(), new Browser()];
  const { token } = await mail.begin(HIGH, anna);
  await mail.verify({ form: "fact", "fact.customer_number": NUMBER });
  const code = /<p class="code" dir="ltr">([\d ]+)</.exec((await mail.verify({ form: "relay" })).text)[1];
  await own.press(token);
  assert.equal((await own.verify({ form: "follow", code: "00000000" })).status, 422);
  assert.match((await own.on(await own.verify({ form: "follow", code }))).text, /One more step/);
  assert.deepEqual(await shown(await own.verify({ form: "code", code: await own.code() })), ["code", "fact"]);
});

test("wrong, old, never sent, letters, too short: one and the same answer", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const answers = { never: await browser.verify({ form: "code", code: "123456" }) };
  const code = await browser.code();
  // Below the form stands when another code may be asked for: that is time's doing, and no word on what was typed.
  const clean = ({ status, text }) => ({ status, text: text.slice(0, text.indexOf("</form>")) });
  answers.wrong = await browser.verify({ form: "code", code: other(code) });
  answers.letters = await browser.verify({ form: "code", code: "abcdef" });
  answers.short = await browser.verify({ form: "code", code: "12345" });
  const empty = await browser.verify({ form: "code", code: "" });
  assert.equal(empty.status, 422);
  assert.notEqual(clean(empty).text, clean(answers.wrong).text, "nothing was typed, and nothing was wrong");
  answers.huge = await browser.verify({ form: "code", code: "1".repeat(5_000) });
  await door.advance(10 * MINUTE);
  answers.old = await browser.verify({ form: "code", code });
  assert.equal(answers.wrong.status, 422);
  assert.match(answers.wrong.text, /<title>Error: /);
  for (const [name, answer] of Object.entries(answers)) assert.deepEqual(clean(answer), clean(answers.wrong), name);
});

test("spaces, hyphens and full-width digits are no mistake", async () => {
  for (const write of [
    (code) => ` ${code.slice(0, 3)} ${code.slice(3)} `,
    (code) => `${code.slice(0, 3)}-${code.slice(3)}`,
    (code) => code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
  ]) {
    const browser = new Browser();
    await browser.begin(MEDIUM, await person());
    grantIn(await browser.verify({ form: "code", code: write(await browser.code()) }));
  }
});

test("a double submit, the back button and a second tab lead to the same hand-off, and one claim", async () => {
  const anna = await person();
  const browser = new Browser();
  const { id } = await browser.begin(MEDIUM, anna);
  const form = { form: "code", code: await browser.code() };
  const grants = (await Promise.all([1, 2, 3].map(() => browser.verify(form)))).map(grantIn);
  grants.push(grantIn(await browser.verify()), grantIn(await browser.verify(form)));
  assert.equal(new Set(grants).size, 1);
  const { entries } = await door.audit((all) => all.some(({ event }) => event.kind === "link.claimed"));
  assert.ok(entries.length > 0);
  assert.equal((await door.api("POST", "/v1/grants", { grant: grants[0] })).status, 200);
  assert.equal((await door.api("POST", "/v1/grants", { grant: grants[0] })).status, 409);
  assert.equal((await door.api("GET", `/v1/links/${id}`)).body.state, "spent");
  const used = await browser.verify(form);
  assert.equal(used.status, 410, used.text);
});

test("two devices: the code of one is none for the other, and who is first has the link", async () => {
  const anna = await person();
  const [phone, laptop] = [new Browser(), new Browser()];
  const { token } = await phone.begin(MEDIUM, anna);
  await laptop.press(token);
  const code = await phone.code();
  assert.equal((await laptop.verify({ form: "code", code })).status, 422);
  grantIn(await phone.verify({ form: "code", code }));
  assert.equal((await laptop.verify()).status, 409);
});

test("a session that ends mid-form, one from another browser, and none at all ask for the link once more", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const code = await browser.code();
  const thief = new Browser(door, new Map(browser.jar).set("__Host-postern", randomBytes(16).toString("base64url")));
  const bare = new Browser();
  await door.advance(31 * MINUTE);
  for (const answer of [
    await browser.verify({ form: "code", code }),
    await thief.verify(),
    await bare.verify(),
    await bare.verify({ form: "send", channel: "sms" }),
  ]) {
    assert.equal(answer.status, 403);
    assert.match(answer.text, /Please open your link again/);
    assert.doesNotMatch(answer.text, /href="\/verify|action="\/verify/, "no loop");
  }
});

// A sibling host may set a cookie for the whole domain whose name only looks like ours; browsers send it first.
test("a cookie that a sibling host planted makes nobody share an attempt", async () => {
  const anna = await person();
  const { token } = await door.mint(HIGH, { customer_ref: anna.reference });
  const [theirs, own] = ["T", "V"].map((letter) => letter.repeat(21) + "A");
  const visitor = (cookie) => Object.assign(new Browser(), { planted: cookie });
  for (const space of ["\u2000", "\u00a0", "\ufeff", "\u3000"]) {
    const planted = Buffer.from(`_=1; ${space}__Host-postern=${theirs}; __Host-postern=${own}`).toString("latin1");
    const thief = visitor(`__Host-postern=${theirs}`);
    const victim = visitor(planted);
    const nonces = await Promise.all([thief, victim].map(async (browser) => nonceIn((await browser.send(`/l/${token}`)).text)));
    assert.notEqual(nonces[0], nonces[1], JSON.stringify(space));
    const alone = visitor(`__Host-postern=${own}`);
    assert.equal(nonceIn((await alone.send(`/l/${token}`)).text), nonces[1], "the victim's own cookie is the one that counts");
  }
  // The cookie twice is no cookie: neither of the two is believed.
  const twice = visitor(`__Host-postern=${theirs}; __Host-postern=${own}`);
  const page = await twice.send(`/l/${token}`);
  assert.ok(page.headers.getSetCookie()[0].startsWith("__Host-postern="));
  assert.ok(![theirs, own].some((name) => page.headers.getSetCookie()[0].includes(name)));
});

test("two browsers that share a cookie prove apart, and who proved nothing gains nothing", async () => {
  const anna = await person();
  const shared = new Map([["__Host-postern", "S".repeat(21) + "A"]]);
  const [victim, thief] = [new Browser(door, new Map(shared)), new Browser(door, new Map(shared))];
  const { token } = await victim.begin(HIGH, anna);
  await thief.press(token);
  assert.notEqual(victim.jar.get("__Host-postern-session"), thief.jar.get("__Host-postern-session"));
  await victim.verify({ form: "fact", "fact.customer_number": NUMBER });
  assert.doesNotMatch((await thief.verify()).text, /One more step/);
  const landing = (await victim.send(`/l/${token}`)).text;
  const entered = await victim.verify({ form: "code", code: await victim.code(), remember: "yes" });
  grantIn(entered);
  assert.equal(entered.headers.getSetCookie().length, 2, "the session sealed anew, and the browser remembered: neither is lost");
  assert.match(entered.text, /Add a passkey/);
  assert.match((await victim.send("/verify?by=add")).text, /data-passkey="create"/);
  for (const path of ["/verify", "/verify?by=add"]) assert.equal((await thief.send(path)).status, 409, path);
  assert.equal((await thief.verify({ form: "code", code: "000000", remember: "yes" })).status, 409);
  assert.equal(thief.jar.has("__Host-postern-device"), false);
  for (const name of ["nonce", "page"]) {
    const posted = new RegExp(`name="${name}" value="([^"]+)"`).exec(landing)[1];
    assert.equal((await door.claim(token, posted)).body.code, "busy", `an app that knows the page's ${name}`);
  }
});

test("a form of one link is never judged at another, and costs nothing", async () => {
  const anna = await person();
  const browser = new Browser();
  const one = await browser.begin(HIGH, anna);
  const tab = formIn((await browser.verify()).text);
  const two = await browser.begin(HIGH, anna);
  for (const form of [{ form: "code", code: "000000" }, { form: "fact", "fact.customer_number": "87654321" }, { form: "go" }]) {
    const answer = await browser.send("/verify", { ...form, attempt: tab });
    assert.equal(answer.status, 403);
    assert.match(answer.text, /Please open your link again/);
  }
  for (const { id } of [one, two]) {
    const { body } = await door.api("GET", `/v1/links/${id}`);
    assert.deepEqual([body.state, body.failures ?? 0], ["open", 0], JSON.stringify(body));
  }
  assert.equal((await browser.verify({ form: "fact", "fact.customer_number": NUMBER })).status, 303);
});

test("with cookies off the press says so", async () => {
  const anna = await person();
  const { token } = await door.mint(MEDIUM, { customer_ref: anna.reference });
  const browser = new Browser();
  browser.isBare = true;
  const answer = await browser.press(token);
  assert.equal(answer.status, 403);
  assert.match(answer.text, /allow cookies/);
});

test("a clock that is set back shuts nobody out for good", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const code = await browser.code();
  await door.advance(-30_000);
  grantIn(await browser.verify({ form: "code", code }));
  await door.advance(30_000);
});

test("too many wrong answers close the link; a new one is open", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const code = await browser.code();
  let answer;
  for (let tries = 0; tries < 15; tries += 1) answer = await browser.verify({ form: "code", code: other(code) });
  assert.equal(answer.status, 429);
  assert.match(answer.text, /This link no longer works/);
  assert.equal((await browser.verify({ form: "code", code })).status, 429, "right, and too late");
  await browser.begin(MEDIUM, anna);
  grantIn(await browser.verify({ form: "code", code: await browser.code() }));
});

/** A door whose e-mail goes by a provider that answers as `answer` says, with what it was sent. */
async function withProvider(answer, check) {
  const calls = [];
  const provider = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      calls.push(Buffer.concat(parts).toString());
      answer(response);
    });
  });
  await new Promise((ready) => provider.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${provider.address().port}`;
  const at = await open({ bindings: { POSTERN_PROVIDERS: JSON.stringify({ postmark: { url, token: "t", stream: "outbound" } }) } });
  try {
    await check(at, calls);
  } finally {
    await at.stop();
    provider.close();
  }
}

const answers = (response, status) => response.writeHead(status, { "content-type": "application/json" }).end('{"ErrorCode":0}');

test("a provider that is down is said, another way is open, and no code of the person's day is used up", async () => {
  let isDown = true;
  await withProvider(
    (response) => answers(response, isDown ? 503 : 200),
    async (broken, calls) => {
      const anna = await person({}, broken);
      const browser = new Browser(broken);
      await browser.begin(MEDIUM, anna);
      for (let press = 0; press < 3; press += 1) {
        const answer = await browser.verify({ form: "send", channel: "email" });
        assert.equal(answer.status, 503, answer.text);
        assert.match(answer.text, /We could not send the code/);
        assert.match(answer.text, /Send a code by text message/);
      }
      assert.equal(calls.length, 3);
      const code = await browser.code("sms");
      grantIn(await browser.verify({ form: "code", code }));
      isDown = false;
      assert.doesNotMatch(broken.logs.map(({ message }) => message).join("\n"), new RegExp(code));
    },
  );
});

test("a code whose provider did not say that it took it works all the same", async () => {
  await withProvider(
    (response) => response.destroy(),
    async (broken, calls) => {
      const browser = new Browser(broken);
      await browser.begin(MEDIUM, await person({}, broken));
      const page = await browser.on(await browser.verify({ form: "send", channel: "email" }));
      assert.match(page.text, /takes longer than usual/);
      const [, code] = /(\d{6}) is your code/.exec(calls[0]);
      assert.deepEqual(await shown(await browser.verify({ form: "code", code }), broken), ["code"]);
    },
  );
});

// Otherwise whoever knows that a provider is down has five guesses for nothing, as often as they like.
test("a code that was guessed at while its provider thought about it is not given back", async () => {
  let thinking;
  await withProvider(
    (response) => thinking(response),
    async (broken) => {
      const anna = await person({}, broken);
      let [answer, codes] = [undefined, 0];
      do {
        const browser = new Browser(broken);
        await browser.begin(MEDIUM, anna);
        const asked = new Promise((resolve) => (thinking = resolve));
        const sending = browser.verify({ form: "send", channel: "email" });
        const response = await Promise.race([asked, sending]);
        if (!("writeHead" in response)) {
          answer = response;
          break;
        }
        assert.equal((await browser.verify({ form: "code", code: "000000" })).status, 422);
        answers(response, 503);
        answer = await sending;
        codes += 1;
      } while (codes < 9);
      assert.deepEqual([codes, answer.status], [5, 429], answer.text);
      assert.match(answer.text, /Please wait before you try again/);
    },
  );
});

test("programs that look, and forms that no page sends, change nothing", async () => {
  const anna = await person();
  const browser = new Browser();
  await browser.begin(MEDIUM, anna);
  const before = (await letters()).length;
  for (const path of ["/verify", "/verify?by=code&via=sms", "/verify?by=fact", "/verify?by=add", "/verify?by=%00"]) {
    assert.equal((await browser.send(path)).status, 200, path);
  }
  for (const form of [{}, { form: "steal" }, { form: "send", channel: "pigeon" }, { form: "passkey", issued: "1", credential: "{}" }]) {
    assert.ok((await browser.verify(form)).status < 500, JSON.stringify(form));
  }
  assert.equal((await letters()).length, before);
});

test("nothing that was typed or sent is in the log", async () => {
  const { text } = await door.audit();
  const sent = (await letters()).map(codeIn);
  assert.ok(sent.length > 5);
  for (const secret of [NUMBER, "+46701234567", "@mail.example.com"]) {
    assert.ok(!text.includes(secret) && !door.logs.some(({ message }) => message.includes(secret)), secret);
  }
  assert.deepEqual(door.leaks(), []);
});
