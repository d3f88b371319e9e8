// Anything at all as path, query, header, form and JSON: an answer with a reason, never a crash, and the door works on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { API_KEY, BROWSER, HOST, eventually, open } from "./door.mjs";

const SEED = Number(process.env.SEED ?? 20_260_101);
const ROUNDS = Number(process.env.ROUNDS ?? 2_000);
const FORM = "application/x-www-form-urlencoded";

let door;
before(async () => (door = await open()));
after(() => door?.stop());

/** mulberry32: small, seeded, good enough to choose bytes. */
function randomness(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound) => Math.floor(next() * bound);
  return { below, pick: (list) => list[below(list.length)], bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))) };
}

/** No exception reached the platform, and the door still lets a person in. */
async function stillWorks() {
  const { token } = await door.mint("onboarding.resume");
  assert.equal((await door.claim(token)).status, 200);
  const bad = door.logs.filter(({ level, message }) => level === "error" || /panicked|unreachable|RuntimeError|Uncaught/.test(message));
  assert.deepEqual(bad, []);
}

/** A refusal that says why; a failure only with a reference. */
function isAnswer({ status, text }, what) {
  assert.ok(status >= 200 && status < 600, `${what}: ${status}`);
  if (status >= 500) assert.match(text, /"reference":"|<code>/, `${what}: ${status} without a reference`);
  assert.notEqual(status, 500, what);
}

const request = (start, headers = "", body = "") =>
  Buffer.concat([
    Buffer.isBuffer(start) ? start : Buffer.from(start, "latin1"),
    Buffer.from(` HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${headers}\r\n`, "latin1"),
    Buffer.from(body, "latin1"),
  ]);

test("any path is answered with nothing here", async () => {
  const paths = [
    "/%", "/%zz", "/%00", "/l/%00", "/l/%ff%fe", "/l/a%2fb", "/l/..%2f..", "/../../etc/passwd", "//", "///l/x", "/l//x",
    `/l/${"A".repeat(600)}`, `/l/${"%41".repeat(1_000)}`, `/${"a/".repeat(2_000)}`, `/v1/links/${"x".repeat(5_000)}`,
    "/l/\u{1f600}", "/L/AAAA", "/assets/../l/x", "/assets/%2e%2e/x", "/healthz/", "/.well-known/", "/v1", "/v1/", "/__local", "/l/x;y", "/l/'\"<script>",
  ];
  for (const path of paths) {
    const response = await door.fetch(path, { headers: { authorization: `Bearer ${API_KEY}` } });
    const text = await response.text();
    assert.ok([400, 404].includes(response.status), `${path.slice(0, 40)}: ${response.status}`);
    assert.ok(!text.includes("<script>") && !text.includes("etc/passwd"), "nothing sent comes back");
  }
  for (const target of ["/l/\xff\xfe\x80", "/l/\xc3\xa9", "/l/\x01", "http://other.example/l/AAAA", "/l/a b", "/l/\x00"]) {
    isAnswer(await door.raw(request(`GET ${target}`)), JSON.stringify(target));
  }
  await stillWorks();
});

test("a query changes nothing, whatever it holds", async () => {
  const { token } = await door.mint("help.article");
  for (const query of ["", "x", "%", "%00%ff", "a=b&".repeat(2_000), "utm_source=mail&fbclid=1", "?", "/../..", "%0d%0aset-cookie:a=b"]) {
    const response = await door.fetch(`/l/${token}?${query}`, { headers: { "user-agent": BROWSER } });
    assert.equal(response.status, 303, query.slice(0, 20));
    assert.equal(response.headers.get("location"), "https://www.example.com/help/getting-started");
    assert.equal(response.headers.get("set-cookie"), null);
    assert.equal((await door.fetch(`/l/AAAA?${query}`)).status, 404);
  }
  await stillWorks();
});

test("a browser keeps its nonce however many cookies a parent domain has set before ours", async () => {
  const { token } = await door.mint("payment.retry");
  const nonce = async (cookie) => {
    const response = await door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER, cookie } });
    return /name="nonce" value="([^"]+)"/.exec(await response.text())[1];
  };
  const ours = "__Host-postern=AAAAAAAAAAAAAAAAAAAAAA";
  const first = await nonce(ours);
  assert.equal(await nonce(`${"session=0123456789; ".repeat(200)}${ours}; last=1`), first);
  assert.notEqual(await nonce(`x${ours}`), first);
});

test("invariant 9: headers of any size and content are answered", async () => {
  const { token } = await door.mint("payment.retry");
  const huge = "x".repeat(12_000);
  const sets = [
    { "user-agent": huge },
    { cookie: `__Host-postern=${huge}` },
    { cookie: "__Host-postern=;;=;__Host-postern=AAAAAAAAAAAAAAAAAAAAAA; ;" },
    { cookie: `${"a=b; ".repeat(2_000)}__Host-postern=AAAAAAAAAAAAAAAAAAAAAA` },
    { accept: `${huge}application/json` },
    { "accept-language": `${"sv;q=0.1,".repeat(1_000)}de` },
    { "accept-language": "\u00e5\u00e4\u00f6;q=\u00ff" },
    { authorization: `Bearer ${huge}` },
    { authorization: `Bearer ${API_KEY}\u00ff` },
    { "sec-ch-ua-platform": '"' },
    // Where a header is cut, a character of two or three bytes must not be.
    ...["", "a", "aa"].map((start) => ({ "accept-language": start + "\u00e9".repeat(4_000) })),
    { "content-type": huge },
    { "cf-connecting-ip": huge },
    Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`x-header-${at}`, "v"])),
  ];
  for (const [at, headers] of sets.entries()) {
    for (const path of [`/l/${token}`, "/l/AAAA", "/v1/audit", "/"]) {
      const response = await door.fetch(path, { headers });
      const text = await response.text();
      isAnswer({ status: response.status, text }, `set ${at}, ${path.slice(0, 6)}`);
      assert.ok(!text.includes("xxxxxxxx"));
    }
  }
  for (const headers of ["User-Agent: \xff\xfe\x80\r\n", "Cookie: __Host-postern=\xc3(\r\n", "Accept-Language: \x80,\xff;q=1\r\n", "Idempotency-Key: \xff\r\n"]) {
    isAnswer(await door.raw(request(`GET /l/${token}`, headers)), JSON.stringify(headers));
  }
  const body = '{"scope":"help.article"}';
  const odd = `Authorization: Bearer ${API_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nIdempotency-Key: \xff\xfe\r\n`;
  assert.equal((await door.raw(request("POST /v1/links", odd, body))).status, 400);
  await stillWorks();
});

test("forms of any shape take no link", async () => {
  const { id, token } = await door.mint("payment.retry");
  const good = "A".repeat(16);
  const bodies = [
    "", "nonce", "nonce=", "=", "&&&", "nonce=A", `nonce=${"A".repeat(15)}`, `nonce=${"A".repeat(17)}`, "nonce=%41%41%41", `Nonce=${good}`,
    `nonce=${"\u00e9".repeat(8)}`, `nonce=&nonce=${good}`, `nonce=${"=".repeat(16)}`, "nonce=AAAAAAAAAAAAAA==", `x=${"y".repeat(1_900)}`, "\u0000\u0001",
  ];
  for (const body of bodies) {
    const response = await door.fetch(`/l/${token}`, { method: "POST", headers: { "content-type": FORM }, body });
    assert.equal(response.status, 200, JSON.stringify(body.slice(0, 30)));
    assert.match(await response.text(), /<form method="post">/);
  }
  const documents = ["", "{", "[]", "null", '"x"', "{}", '{"nonce":1}', '{"nonce":null}', '{"nonce":["AAAAAAAAAAAAAAAA"]}', '{"nonce":"A"}', `{"nonce":"${good}","nonce":"${good}"}`, `${"[".repeat(500)}`];
  for (const body of documents) {
    const headers = { accept: "application/json", "content-type": "application/json" };
    const response = await door.fetch(`/l/${token}`, { method: "POST", headers, body });
    assert.equal(response.status, 400, body.slice(0, 30));
    assert.equal((await response.json()).code, "nonce_required");
  }
  const large = await door.fetch(`/l/${token}`, { method: "POST", headers: { "content-type": FORM }, body: `nonce=${good}&x=${"y".repeat(2_048)}` });
  assert.equal(large.status, 413);
  const chunk = `nonce=${good}&x=${"y".repeat(3_000)}`;
  const chunked = `${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`;
  const streamed = await door.raw(request(`POST /l/${token}`, `Content-Type: ${FORM}\r\nTransfer-Encoding: chunked\r\n`, chunked));
  assert.equal(streamed.status, 413, "a length is not needed to be too long");
  assert.equal((await door.api("GET", `/v1/links/${id}`)).body.state, "open");
  // Two nonces: the first counts, as in any form.
  const two = await door.fetch(`/l/${token}`, { method: "POST", headers: { "content-type": FORM }, body: `nonce=${good}&nonce=${"B".repeat(16)}` });
  assert.equal(two.status, 200);
  const again = await door.fetch(`/l/${token}`, { method: "POST", headers: { "content-type": FORM }, body: `nonce=${good}` });
  assert.equal(again.status, 200, "the first of the two has the link");
  await stillWorks();
});

test("other methods are told which there are, garbage is turned away", async () => {
  const { id, token } = await door.mint("payment.retry");
  for (const method of ["OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
    const response = await door.fetch(`/l/${token}`, { method });
    await response.text();
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "GET, HEAD, POST");
  }
  // CONNECT is not among them: the server in front never hands it to a worker.
  for (const start of [`TRACE /l/${token}`, `get /l/${token}`, `G\xcbT /l/${token}`, `${"X".repeat(3_000)} /l/${token}`, `\x00 /l/${token}`, "GET"]) {
    const answer = await door.raw(request(start));
    // The server in front closes the connection without a word, or does not know the method.
    if (answer.text === "" || answer.status === 501) continue;
    isAnswer(answer, JSON.stringify(start.slice(0, 12)));
    assert.ok(answer.status >= 400, `${start.slice(0, 12)}: ${answer.status}`);
    assert.ok(!answer.body.includes(token), "nothing sent comes back");
  }
  assert.equal((await door.api("GET", `/v1/links/${id}`)).body.state, "open");
  await stillWorks();
});

test("a body that breaks off changes nothing", async () => {
  const { id, token } = await door.mint("payment.retry");
  const { connect } = await import("node:net");
  for (let time = 0; time < 5; time += 1) {
    await new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(door.origin).port), "127.0.0.1", () => {
        socket.write(`POST /l/${token} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: ${FORM}\r\nContent-Length: 100\r\n\r\nnonce=AAAAAAAAAAAAAAAA`, () => socket.destroy());
      });
      socket.on("close", resolve);
      socket.on("error", reject);
    });
  }
  await eventually("the door answers", async () => (await door.api("GET", `/v1/links/${id}`)).body.state === "open");
  assert.equal((await door.claim(token)).status, 200);
});

test("garbage as JSON is refused with a reason", async () => {
  const random = randomness(SEED);
  const pieces = ['{"scope":', '"help.article"', "}", "[", "]", ",", '"links"', ":", "1e999", "-0", "\\u0000", '"\\ud800"', "null", "true", '"lifetime_s"', "\u0000", "9".repeat(400)];
  for (let round = 0; round < 150; round += 1) {
    const body = random.below(2)
      ? Array.from({ length: random.below(12) }, () => random.pick(pieces)).join("")
      : random.bytes(random.below(300));
    for (const path of ["/v1/links", "/v1/grants"]) {
      const response = await door.fetch(path, {
        method: "POST",
        headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
        body,
      });
      const text = await response.text();
      assert.ok([201, 400, 422].includes(response.status), `${JSON.stringify(body.toString())}: ${response.status} ${text}`);
      if (response.status !== 201) assert.match(text, /"code":"(bad_json|invalid|grant_invalid)"/);
    }
  }
  await stillWorks();
});

test(`invariant 9: ${ROUNDS} random requests (SEED=${SEED}) are all answered`, async () => {
  const random = randomness(SEED);
  const { token } = await door.mint("help.article");
  const { id, token: single } = await door.mint("payment.retry");
  const paths = ["/", "/l/", `/l/${token}`, `/l/${single}`, "/v1/links", `/v1/links/${id}`, "/v1/grants", "/v1/audit", "/healthz", "/robots.txt", "/assets/site.css", "/.well-known/assetlinks.json"];
  const names = ["user-agent", "accept", "accept-language", "cookie", "authorization", "content-type", "idempotency-key", "sec-purpose", "sec-ch-ua-platform", "cf-connecting-ip", "origin", "range", "if-none-match", "content-encoding"];
  const values = ["", "application/json", "text/html", "*/*", FORM, `Bearer ${API_KEY}`, "sv,en;q=0.5", "prefetch", '"Android"', BROWSER, "__Host-postern=AAAAAAAAAAAAAAAAAAAAAA", "gzip"];
  const once = async (round) => {
    let path = random.pick(paths);
    for (let change = random.below(4); change > 0; change -= 1) {
      const at = random.below(path.length) + 1;
      path = path.slice(0, at) + random.pick(["%", "%00", "/", "?", "=", "&", "A", "%ff", "..", "#", "~"]) + path.slice(at + random.below(3));
    }
    const method = random.pick(["GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS"]);
    const headers = {};
    for (let count = random.below(5); count > 0; count -= 1) {
      headers[random.pick(names)] = random.below(3) ? random.pick(values) : random.bytes(random.below(40)).toString("latin1").replace(/[^\x21-\x7e\xa0-\xff]/g, "~");
    }
    const body = ["POST", "PUT"].includes(method) ? random.bytes(random.below(200)) : undefined;
    const response = await door.fetch(path, { method, headers, body });
    const text = await response.text();
    isAnswer({ status: response.status, text }, `round ${round}: ${method} ${path}`);
    assert.ok(!text.includes(API_KEY));
  };
  for (let round = 0; round < ROUNDS; round += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, at) => once(round + at)));
  }
  await stillWorks();
});

test("invariant 3: the worker's log holds no secret of this file", () => assert.deepEqual(door.leaks(), []));
