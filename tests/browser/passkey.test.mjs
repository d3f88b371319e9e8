// www/passkey.js in Chromium with a virtual authenticator: what it posts, and what the library makes of it.
//
// RECORD=1 node --test tests/browser/passkey.test.mjs writes tests/vectors/passkey-chromium.json anew.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { after, before, beforeEach, test } from "node:test";

import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CHECK = ["test", "--locked", "--quiet", "--test", "it", "--", "--ignored", "--exact", "passkey::what_a_browser_said_just_now_proves"];
// As pages have it (src/http/page/respond.rs).
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " +
  "object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const REGISTERED_FOR = 5;
const ASSERTED_FOR = 6;
const HANDLE = Buffer.alloc(16, 3).toString("base64url");
const challenge = (byte) => Buffer.alloc(32, byte).toString("base64url");

let server;
let browser;
let host;
/** What forms posted. */
let posted = [];
let context;
let page;
let devTools;

const creation = (exclude = []) => ({
  rp: { id: "localhost", name: "Acme" },
  user: { id: HANDLE, name: "Acme", displayName: "Acme" },
  challenge: challenge(REGISTERED_FOR),
  pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
  timeout: 5_000,
  excludeCredentials: exclude.map((id) => ({ type: "public-key", id })),
  authenticatorSelection: { residentKey: "preferred", requireResidentKey: false, userVerification: "required" },
  attestation: "none",
});
const request = (allow) => ({
  challenge: challenge(ASSERTED_FOR),
  timeout: 5_000,
  rpId: "localhost",
  allowCredentials: allow.map((id) => ({ type: "public-key", id })),
  userVerification: "required",
});

const escape = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;");

function html(kind, options) {
  return `<!doctype html><html lang="en"><title>Passkey</title>
<script type="module" src="/enhance.js"></script><script type="module" src="/passkey.js"></script>
<p role="alert" data-passkey-failed hidden>That did not work.</p>
<p data-passkey-missing>This browser has no passkeys.</p>
<form method="post" action="/verify" data-passkey="${kind}" data-options="${escape(options)}" hidden>
<input type="hidden" name="form" value="passkey"><input type="hidden" name="issued" value="1">
<input type="hidden" name="credential"><button>Use a passkey</button></form></html>`;
}

function answer(request, response) {
  const url = new URL(request.url, `http://${host}`);
  if (url.pathname.endsWith(".js")) {
    response.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(`${ROOT}www${url.pathname}`));
  } else if (request.method === "POST") {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      posted.push(new URLSearchParams(body));
      response.writeHead(200, { "content-type": "text/html" }).end("<title>Posted</title>");
    });
  } else {
    const headers = { "content-type": "text/html", "content-security-policy": POLICY };
    response.writeHead(200, headers).end(html(url.searchParams.get("kind"), url.searchParams.get("options") ?? ""));
  }
}

before(async () => {
  server = createServer(answer);
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  host = `localhost:${server.address().port}`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  server?.close();
});

beforeEach(async () => {
  await context?.close();
  posted = [];
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  devTools = await context.newCDPSession(page);
  await devTools.send("WebAuthn.enable");
});

const authenticator = async (more = {}) => {
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true, ...more,
  };
  return (await devTools.send("WebAuthn.addVirtualAuthenticator", { options })).authenticatorId;
};

const open = (kind, options) =>
  page.goto(`http://${host}/?kind=${kind}&options=${encodeURIComponent(JSON.stringify(options))}`);

/** Presses the button, and gives what was posted. */
async function post(kind, options) {
  await open(kind, options);
  await Promise.all([page.waitForURL("**/verify"), page.click("button")]);
  const form = posted.at(-1);
  assert.deepEqual([...form.keys()], ["form", "issued", "credential"]);
  return form.get("credential");
}

async function fails(kind, options) {
  await open(kind, options);
  await page.click("button");
  await page.waitForSelector("[data-passkey-failed]:not([hidden])");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.passkeyFailed), "", "the error has the focus");
  assert.equal(await page.getAttribute("form", "aria-busy"), null);
  assert.deepEqual(posted, []);
}

async function ceremonies() {
  await authenticator();
  const registration = await post("create", creation());
  const { id } = JSON.parse(registration);
  const assertions = [await post("get", request([id])), await post("get", request([id]))];
  return { host, registered_for: REGISTERED_FOR, asserted_for: ASSERTED_FOR, handle: HANDLE, registration, assertions };
}

function check(answers, name) {
  const file = `${ROOT}target/passkey/${name}.json`;
  mkdirSync(`${ROOT}target/passkey`, { recursive: true });
  writeFileSync(file, JSON.stringify(answers));
  execFileSync("cargo", CHECK, { cwd: ROOT, env: { ...process.env, ANSWERS: file }, stdio: ["ignore", "ignore", "inherit"] });
}

test("a passkey is made and proves, twice; what is posted is small and holds", async () => {
  const answers = await ceremonies();
  assert.ok(answers.registration.length < 1_500 && answers.assertions.every((text) => text.length < 1_500));
  if (process.env.RECORD) {
    writeFileSync(`${ROOT}tests/vectors/passkey-chromium.json`, `${JSON.stringify(answers, null, 1)}\n`);
  }
  check(answers, "native");
});

test("a browser without the specification's readers of JSON does as well", async () => {
  await context.addInitScript(() => {
    delete PublicKeyCredential.parseCreationOptionsFromJSON;
    delete PublicKeyCredential.parseRequestOptionsFromJSON;
    delete PublicKeyCredential.prototype.toJSON;
  });
  check(await ceremonies(), "fallback");
});

/** Stands in for a password manager: `change` makes of each ArrayBuffer what the manager gives in its place. */
const manager = (change, toJSON) =>
  context.addInitScript(`{
    const change = ${change};
    const wrap = (ask) => async (options) => {
      const real = await ask(options);
      const response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
        if (real.response[name] instanceof ArrayBuffer) response[name] = change(real.response[name], name);
      }
      const fake = { id: real.id, rawId: change(real.rawId, "rawId"), type: real.type, response };
      const toJSON = ${toJSON};
      if (toJSON) fake.toJSON = toJSON(real, fake);
      return fake;
    };
    navigator.credentials.create = wrap(navigator.credentials.create.bind(navigator.credentials));
    navigator.credentials.get = wrap(navigator.credentials.get.bind(navigator.credentials));
  }`);

for (const [name, change, toJSON] of [
  ["typed arrays", "(buffer) => new Uint8Array(buffer)"],
  ["views of a larger buffer", "(buffer) => { const all = new Uint8Array(buffer.byteLength + 9); all.set(new Uint8Array(buffer), 4); return all.subarray(4, -5); }"],
  ["arrays of numbers", "(buffer) => [...new Uint8Array(buffer)]"],
  ["typed arrays that were JSON", "(buffer) => JSON.parse(JSON.stringify(new Uint8Array(buffer)))"],
  ["a toJSON alone", "() => undefined", "(real) => () => real.toJSON()"],
  ["a toJSON that is not theirs", "(buffer) => [...new Uint8Array(buffer)]", "() => PublicKeyCredential.prototype.toJSON"],
  ["a toJSON with bytes in it", "(buffer) => new Uint8Array(buffer)", "(real, fake) => () => ({ ...fake })"],
]) {
  test(`a password manager that answers with ${name} proves as a browser does`, async () => {
    await manager(change, toJSON);
    check(await ceremonies(), "manager");
  });
}

test("what cannot be read shows the note, and the page goes on", async () => {
  for (const change of ["() => 5", "() => 'x'.repeat(0)", "() => [256]", "() => ({ a: 'b' })", "() => undefined", "() => null"]) {
    await context.close();
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    devTools = await context.newCDPSession(page);
    await devTools.send("WebAuthn.enable");
    await authenticator();
    await context.addInitScript("window.isReadable = false");
    await manager(`(buffer) => (window.isReadable ? buffer : (${change})())`);
    await fails("create", creation());
    await page.evaluate(() => (window.isReadable = true));
    await Promise.all([page.waitForURL("**/verify"), page.click("button")]);
    assert.equal(posted.length, 1, `${change}: the same page, once more`);
    posted = [];
  }
});

test("where there are no passkeys the form stays hidden and the page says so", async () => {
  await context.addInitScript(() => delete window.PublicKeyCredential);
  await open("get", request([]));
  assert.equal(await page.isHidden("form"), true);
  assert.equal(await page.isVisible("[data-passkey-missing]"), true);
});

test("with passkeys the form is there and that sentence is not", async () => {
  await open("get", request([]));
  await page.waitForSelector("form:not([hidden])");
  assert.equal(await page.isHidden("[data-passkey-missing]"), true);
  assert.equal(await page.isHidden("[data-passkey-failed]"), true);
});

test("a passkey that is not there, one that is there already, and a person who is not verified: told, and the page goes on", async () => {
  const id = await authenticator();
  await fails("get", request([Buffer.alloc(32, 9).toString("base64url")]));
  const made = JSON.parse(await post("create", creation()));
  posted = [];
  await fails("create", creation([made.id]));
  await devTools.send("WebAuthn.setUserVerified", { authenticatorId: id, isUserVerified: false });
  await fails("get", request([made.id]));
  await devTools.send("WebAuthn.setUserVerified", { authenticatorId: id, isUserVerified: true });
  await Promise.all([page.waitForURL("**/verify"), page.click("button")]);
  assert.equal(JSON.parse(posted[0].get("credential")).id, made.id, "the same page, once more");
});

test("two presses are one question", async () => {
  await authenticator();
  await context.addInitScript(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = async (options) => {
      sessionStorage.asked = Number(sessionStorage.asked ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return create(options);
    };
  });
  await open("create", creation());
  await page.click("button");
  await page.evaluate(() => document.forms[0].removeAttribute("aria-busy"));
  await Promise.all([page.waitForURL("**/verify"), page.click("button")]);
  assert.equal(posted.length, 1);
  assert.equal(await page.evaluate(() => sessionStorage.asked), "1");
});
