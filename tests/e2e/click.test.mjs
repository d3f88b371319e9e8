// A tap, from GET to destination: pages, claims, grants, leases, and every way to be refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ANDROID, BROWSER, HOST, IPHONE, forge, open } from "./door.mjs";

const HOP_BY_HOP = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding", "content-encoding"]);
const HELP = "https://www.example.com/help/getting-started";
const PREVIEW = "WhatsApp/2.23.20.0 A";
const FORM = "application/x-www-form-urlencoded";

let door;
before(async () => (door = await open()));
after(() => door?.stop());

/** Status, headers of the worker and body of an answer, to be compared as a whole. */
async function whole(response) {
  const headers = [...response.headers].filter(([name]) => !HOP_BY_HOP.has(name));
  return { status: response.status, headers, body: await response.text() };
}

const look = (token, agent = BROWSER, headers = {}, method = "GET") =>
  door.fetch(`/l/${token}`, { method, headers: { "user-agent": agent, ...headers } });

const press = (token, nonce, agent = BROWSER, headers = {}) =>
  door.fetch(`/l/${token}`, {
    method: "POST",
    headers: { "user-agent": agent, "content-type": FORM, ...headers },
    body: `nonce=${nonce}`,
  });

const field = (html, name) => html.match(new RegExp(`name="${name}" value="([^"]+)"`))?.[1];
const nonce = () => Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("base64url");

test("a many-use link redirects a browser with exactly three headers, slowly or quickly alike", async () => {
  // A door that has seen no request yet has nothing in memory: the first click takes the slow way.
  const cold = await open();
  try {
    const token = forge({ once: false, scope: 4 });
    const fetchOne = async () => whole(await cold.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER } }));
    const slow = await fetchOne();
    assert.deepEqual(slow, {
      status: 303,
      headers: [
        ["cache-control", "no-store"],
        ["location", HELP],
        ["referrer-policy", "no-referrer"],
      ],
      body: "",
    });
    for (let again = 0; again < 3; again += 1) assert.deepEqual(await fetchOne(), slow);
    const raw = () => cold.raw(`GET /l/${token} HTTP/1.1\r\nHost: ${HOST}\r\nUser-Agent: ${BROWSER}\r\nConnection: close\r\n\r\n`);
    assert.deepEqual((await raw()).headers.toSorted(), (await raw()).headers.toSorted());
  } finally {
    await cold.stop();
  }
});

test("invariant 1: a preview gets a page, a person who presses its button the redirect", async () => {
  const { token } = await door.mint("help.article");
  const seen = await look(token, PREVIEW);
  const html = await seen.text();
  assert.equal(seen.status, 200);
  assert.notEqual(seen.headers.get("set-cookie"), null, "a person mistaken for a preview must not lose by it");
  assert.match(html, /<form method="post">/);
  const pressed = await press(token, field(html, "nonce"), PREVIEW);
  assert.equal(pressed.status, 303);
  assert.equal(pressed.headers.get("location"), HELP);
  const prefetch = await look(token, BROWSER, { "sec-purpose": "prefetch" });
  assert.equal(prefetch.status, 200);
});

test("HEAD answers as GET does, without the body", async () => {
  const links = [await door.mint("help.article"), await door.mint("payment.retry"), { token: "nothing" }];
  const cookie = { cookie: "__Host-postern=AAAAAAAAAAAAAAAAAAAAAA" };
  for (const { token } of links) {
    const got = await whole(await look(token, BROWSER, cookie));
    const head = await whole(await look(token, BROWSER, cookie, "HEAD"));
    assert.deepEqual(head, { ...got, body: "" });
  }
});

test("a single-use landing keeps its nonce with the cookie, and has another without", async () => {
  const { token } = await door.mint("onboarding.resume");
  const first = await look(token);
  const cookie = first.headers.get("set-cookie");
  assert.match(cookie, /^__Host-postern=[\w-]{22}; Path=\/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax$/);
  const html = await first.text();
  assert.match(html, /<form method="post">/);
  assert.equal(html.match(/<button/g).length, 1, "one button");
  assert.ok(!html.includes(token), "the page does not repeat the token");
  const mine = field(html, "nonce");
  assert.match(mine, /^[\w-]{16}$/);
  const again = await look(token, BROWSER, { cookie: cookie.split(";")[0] });
  assert.equal(again.headers.get("set-cookie"), cookie, "the same name, for a day from now");
  assert.equal(field(await again.text(), "nonce"), mine);
  const stranger = await look(token);
  assert.notEqual(field(await stranger.text(), "nonce"), mine);
});

test("a claim hands off by form on the web and by fragment to the apps, never in the web address", async () => {
  for (const [agent, app] of [
    [BROWSER, undefined],
    [IPHONE, /href="https:\/\/app\.example\.com\/payment#grant=([\w-]+)"/],
    [ANDROID, /href="(?:https:\/\/app\.example\.com\/payment|intent:\/\/[^"]*)#[^"]*/],
  ]) {
    const { token } = await door.mint("payment.retry");
    const html = await (await look(token, agent)).text();
    const response = await press(token, field(html, "nonce"), agent);
    const page = await response.text();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("location"), null);
    assert.match(response.headers.get("cache-control"), /no-store/);
    assert.match(page, /<form method="post" action="https:\/\/www\.example\.com\/payment"[^>]*>/);
    const grant = field(page, "grant");
    assert.match(grant, /^[\w-]{74}$/);
    assert.ok(!page.includes(token), "the token goes no further");
    if (app) {
      assert.match(page, app);
      assert.ok(page.includes(`#grant=${grant}`) || page.includes(grant));
    } else {
      assert.ok(!page.includes("#grant="));
    }
    const { body } = await door.api("POST", "/v1/grants", { grant });
    assert.equal(body.outcome, "redeemed");
  }
});

test("invariant 2: the same nonce gets the same grant, another finds the link busy", async () => {
  const { token } = await door.mint("payment.retry");
  const first = await door.claim(token);
  assert.equal(first.status, 200);
  assert.deepEqual(Object.keys(first.body), ["outcome", "scope", "destination", "grant", "expires_in_s"]);
  assert.equal(first.body.expires_in_s, 60);
  const again = await door.claim(token, first.nonce);
  assert.equal(again.body.grant, first.body.grant);
  assert.ok(again.body.expires_in_s >= 1 && again.body.expires_in_s <= 60, "what is left of the minute");
  const other = await door.claim(token);
  assert.equal(other.status, 409);
  assert.equal(other.body.code, "busy");
  const wait = Number(other.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, `retry-after: ${wait}`);
  const page = await press(token, nonce());
  assert.equal(page.status, 409);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  const many = await Promise.all(Array.from({ length: 20 }, () => door.claim(token)));
  assert.ok(many.every(({ status }) => status === 409));
});

test("invariant 2: parallel claims on one link have one winner", async () => {
  for (const scope of ["payment.retry", "onboarding.resume"]) {
    const { token } = await door.mint(scope);
    const claims = await Promise.all(Array.from({ length: 30 }, () => door.claim(token)));
    assert.equal(claims.filter(({ status }) => status === 200).length, 1, scope);
    assert.ok(claims.every(({ status }) => [200, 409, 410].includes(status)));
  }
});

test("after the lease another nonce takes over, and the first grant is worth nothing", async () => {
  const { token } = await door.mint("payment.retry");
  const first = await door.claim(token);
  await door.advance(45_000);
  assert.equal((await door.claim(token)).status, 409, "still held after 45 s");
  await door.advance(15_000);
  const second = await door.claim(token);
  assert.equal(second.status, 200);
  assert.notEqual(second.body.grant, first.body.grant);
  const stale = await door.api("POST", "/v1/grants", { grant: first.body.grant });
  assert.equal(stale.status, 410, "its minute is over");
  assert.equal((await door.claim(token, first.nonce)).status, 409);
  const redeemed = await door.api("POST", "/v1/grants", { grant: second.body.grant });
  assert.equal(redeemed.body.outcome, "redeemed");
});

test("a low-risk single-use link goes on at once, again for the same nonce, and never for another", async () => {
  const { token } = await door.mint("onboarding.resume");
  const mine = nonce();
  const agent = { accept: "text/html" };
  const first = await whole(await press(token, mine, BROWSER, agent));
  assert.equal(first.status, 303);
  assert.deepEqual(first.headers.map(([name]) => name), ["cache-control", "location", "referrer-policy"]);
  assert.deepEqual(await whole(await press(token, mine, BROWSER, agent)), first);
  const other = await press(token, nonce());
  assert.equal(other.status, 410);
  assert.match(await other.text(), /fresh-link/, "the page has a way on");
  const json = await door.claim(token);
  assert.equal(json.body.code, "used");
});

test("a form without a usable nonce gets the page again, a program is told", async () => {
  const { token } = await door.mint("onboarding.resume");
  for (const bad of ["", "nonce=", "nonce=short", `nonce=${"A".repeat(17)}`, "nonce=%41%41", "other=1"]) {
    const response = await door.fetch(`/l/${token}`, { method: "POST", headers: { "content-type": FORM }, body: bad });
    assert.equal(response.status, 200, bad);
    assert.match(await response.text(), /<form method="post">/);
  }
  const told = await door.claim(token, "short");
  assert.equal(told.status, 400);
  assert.equal(told.body.code, "nonce_required");
  assert.equal((await door.claim(token)).status, 200, "none of that took the link");
});

test("every refusal has its page, its status and its stable code", async () => {
  const used = await door.mint("onboarding.resume");
  await door.claim(used.token);
  const revoked = await door.mint("payment.retry");
  await door.api("DELETE", `/v1/links/${revoked.id}`);
  const busy = await door.mint("payment.retry");
  await door.claim(busy.token);
  const expired = await door.mint("payment.retry", { lifetime_s: 10 });
  const locked = await door.mint("payment.retry");
  for (let failure = 0; failure < 15; failure += 1) {
    const { body } = await door.claim(locked.token);
    await door.api("POST", "/v1/grants", { grant: body.grant, action: "fail" });
  }
  await door.advance(11_000);
  for (const [code, status, title, token, retry] of [
    ["used", 410, "This link has already been used", used.token],
    ["revoked", 410, "This link", revoked.token],
    ["busy", 409, "This link", busy.token, true],
    ["expired", 410, "This link has expired", expired.token],
    ["too_many_tries", 429, "", locked.token],
    ["not_valid", 404, "This link is not valid", "x".repeat(50)],
  ]) {
    const json = await door.claim(token);
    assert.deepEqual([json.status, json.body.code, json.body.status], [status, code, status]);
    assert.equal(json.body.type, `urn:postern:problem:${code}`);
    assert.equal(json.headers.get("content-type"), "application/problem+json");
    const page = await press(token, nonce());
    const html = await page.text();
    assert.equal(page.status, status, code);
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.ok(html.includes(title), `${code}: ${html.match(/<h1>.*<\/h1>/)}`);
    assert.match(html, /<a class="button/, `${code} has a way on`);
    assert.equal(page.headers.has("retry-after"), retry === true, code);
    assert.ok(!html.includes(token));
  }
});

test("a link expires by the clock, to the second, for GET and POST", async () => {
  const expires = Math.floor(door.now() / 1000) + 600;
  const token = forge({ once: false, scope: 4, expires });
  assert.equal((await look(token)).status, 303);
  await door.setTime(expires * 1000);
  const gone = await look(token);
  assert.equal(gone.status, 410);
  assert.match(await gone.text(), /<h1>This link has expired<\/h1>/);
  assert.equal((await press(token, nonce())).status, 410);
});

test("invariant 4: forged, foreign, unknown, malformed and impossible links are one and the same answer", async () => {
  const now = Math.floor(door.now() / 1000);
  const genuine = forge({ expires: now + 600 });
  const flipped = Buffer.from(genuine, "base64url");
  flipped[flipped.length - 1] ^= 1;
  const links = {
    "no token": "AAAA",
    "a long text": "A".repeat(66),
    "other characters": "%00%ff~!*",
    forged: forge({ expires: now + 600, secret: Buffer.alloc(32, 8) }),
    altered: flipped.toString("base64url"),
    "cut short": genuine.slice(0, -1),
    "another host": forge({ expires: now + 600, host: "go.example.org" }),
    "an unknown key": forge({ expires: now + 600, key: 77 }),
    "an unknown scope": forge({ expires: now + 600, scope: 999 }),
    "many-use of a single-use scope": forge({ expires: now + 600, scope: 1, once: false }),
    "single-use of a many-use scope": forge({ expires: now + 600, scope: 4, once: true }),
    "too long a life": forge({ expires: now + 90_000, scope: 1 }),
    "forged and expired": forge({ expires: now - 600, secret: Buffer.alloc(32, 8) }),
    "another version": Buffer.concat([Buffer.from([0x20]), Buffer.from(genuine, "base64url").subarray(1)]).toString("base64url"),
  };
  const asked = [
    (token) => look(token),
    (token) => look(token, IPHONE, { "accept-language": "sv" }),
    (token) => look(token, PREVIEW),
    (token) => look(token, BROWSER, {}, "HEAD"),
    (token) => press(token, "A".repeat(16)),
    (token) =>
      door.fetch(`/l/${token}`, {
        method: "POST",
        headers: { accept: "application/json", "content-type": "application/json" },
        body: '{"nonce":"AAAAAAAAAAAAAAAA"}',
      }),
  ];
  for (const [way, ask] of asked.entries()) {
    const expected = await whole(await ask("AAAA"));
    assert.equal(expected.status, 404);
    for (const [name, token] of Object.entries(links)) {
      assert.deepEqual(await whole(await ask(token)), expected, `${name}, way ${way}`);
    }
  }
  // The bytes on the wire, headers in their order included.
  const wire = async (token) => {
    const { text } = await door.raw(`GET /l/${token} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    return text.replace(/^date: .*\r\n/im, "");
  };
  const expected = await wire("AAAA");
  assert.match(expected, /^HTTP\/1\.1 404 /);
  for (const [name, token] of Object.entries(links)) assert.equal(await wire(token), expected, name);
});

test("too many visitors are damped, and told so; a guess about them refuses nobody else", async () => {
  const damped = await open({ ratelimits: { DAMPER: { namespace_id: "1", simple: { limit: 5, period: 60 } } } });
  try {
    const codes = [];
    for (let tries = 0; tries < 8; tries += 1) {
      codes.push((await damped.fetch("/l/AAAA", { headers: { "cf-connecting-ip": "192.0.2.1" } })).status);
    }
    assert.equal(codes[0], 404);
    assert.equal(codes.at(-1), 429);
    const { token } = await damped.mint("onboarding.resume");
    assert.equal((await damped.claim(token)).status, 200, "a genuine link is not in the crowd");
  } finally {
    await damped.stop();
  }
});

test("invariant 3: the worker's log holds no secret of this file", () => {
  assert.deepEqual(door.leaks(), []);
});
