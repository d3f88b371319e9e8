// The machine API: minting, inspecting, revoking, exchanging; and everything it refuses.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { API_KEYS, BROWSER, ROLES, eventually, forge, hashOf, open } from "./door.mjs";

const keyOf = (name) => `pk_${name}_${"A".repeat(43)}`;
const ENDS = Math.floor(Date.now() / 1000) + 30 * 24 * 3600;

let door;
before(async () => {
  const oneRole = ROLES.map((role) => ({ id: `only-${role}`, hash: hashOf(keyOf(role)), roles: [role] }));
  const rotating = [
    { id: "old", hash: hashOf(keyOf("old")), roles: ["mint"], not_after: ENDS },
    { id: "new", hash: hashOf(keyOf("new")), roles: ["mint"] },
  ];
  const keys = [...API_KEYS, ...oneRole, ...rotating];
  door = await open({ bindings: { POSTERN_API_KEYS: JSON.stringify(keys) } });
});
after(() => door?.stop());

const mint = (body, more) => door.api("POST", "/v1/links", body, more);
const exchange = (grant, action, more) =>
  door.api("POST", "/v1/grants", action ? { grant, action } : { grant }, more);

function isProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.equal(answer.body.code, code);
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.type, `urn:postern:problem:${code}`);
  assert.ok(answer.body.detail.length > 10);
}

test("one link is minted, and works", async () => {
  const { status, body } = await mint({ scope: "payment.retry", customer_ref: "customer-17", lifetime_s: 900, region: "apac" });
  assert.equal(status, 201);
  assert.deepEqual(Object.keys(body), ["id", "url", "token", "scope", "expires", "single_use", "subject"]);
  assert.equal(body.token.slice(0, 28), body.id);
  assert.equal(body.url, `http://go.example.com/l/${body.token}`);
  assert.ok(Math.abs(body.expires - door.now() / 1000 - 900) < 60);
  const same = await mint({ scope: "help.article", customer_ref: "customer-17" });
  assert.equal(same.body.subject, body.subject, "one customer, one pseudonym");
  const given = await mint({ scope: "help.article", subject: body.subject });
  assert.equal(given.body.subject, body.subject);
  assert.equal((await door.claim(body.token)).status, 200);
});

test("invariant 9: 1 to 1000 links in one call, all or none", async () => {
  for (const count of [1, 1000]) {
    const { status, body } = await mint({ links: Array.from({ length: count }, () => ({ scope: "help.article" })) });
    assert.equal(status, 201);
    assert.equal(body.links.length, count);
    assert.equal(new Set(body.links.map(({ token }) => token)).size, count);
  }
  for (const count of [0, 1001]) {
    const answer = await mint({ links: Array.from({ length: count }, () => ({ scope: "help.article" })) });
    isProblem(answer, 422, "invalid");
    assert.deepEqual(answer.body.errors.map(({ path, rule }) => [path, rule]), [["$.links", "mint.count"]]);
  }
  const mixed = await mint({ links: [{ scope: "help.article" }, { scope: "no.such" }] });
  isProblem(mixed, 422, "invalid");
  assert.equal(mixed.body.links, undefined);
});

test("every mistake is named with its path, and no value is repeated", async () => {
  const answer = await mint({
    links: [
      { scope: "no.such", customer_ref: "secret-name" },
      { scope: "help.article", lifetime_s: 5_000_000 },
      { scope: "help.article", lifetime_s: -1 },
      { scope: "help.article", region: "mars" },
      { scope: "help.article", subject: "short" },
      { scope: "help.article", customer_ref: "" },
      { scope: "help.article", customer_ref: "é".repeat(129) },
      { scope: "help.article", customer_ref: "both", subject: "A".repeat(16) },
      { scope: 7 },
      {},
      "text",
    ],
  });
  isProblem(answer, 422, "invalid");
  const paths = answer.body.errors.map(({ path }) => path);
  assert.deepEqual(paths, [
    "$.links[0].scope",
    "$.links[1].lifetime_s",
    "$.links[2].lifetime_s",
    "$.links[3].region",
    "$.links[4].subject",
    "$.links[5].customer_ref",
    "$.links[6].customer_ref",
    "$.links[7].customer_ref",
    "$.links[8].scope",
    "$.links[9].scope",
    "$.links[10]",
  ]);
  assert.ok(answer.body.errors.every(({ rule, expected }) => rule && expected));
  assert.ok(!/secret-name|mars|both/.test(answer.text), answer.text);
});

test("an unknown field is a mistake, with a suggestion", async () => {
  const answer = await mint({ scope: "help.article", lifetime: 900 });
  isProblem(answer, 422, "invalid");
  assert.equal(answer.body.errors.length, 1);
  assert.match(JSON.stringify(answer.body.errors[0]), /lifetime_s/);
  const odd = await exchange("x", "redeme");
  isProblem(odd, 422, "invalid");
  assert.equal(odd.body.errors[0].path, "$.action");
});

test("only strict JSON is read", async () => {
  const bad = {
    "not JSON": "scope=help.article",
    "two documents": "{}{}",
    "a duplicate name": '{"scope":"help.article","scope":"payment.retry"}',
    "too deep": `{"scope":${"[".repeat(17)}${"]".repeat(17)}}`,
    "cut off": '{"scope":"help.article"',
    "an empty body": "",
  };
  const json = { "content-type": "application/json" };
  for (const [name, body] of Object.entries(bad)) {
    const answer = await mint(body, { headers: json });
    assert.deepEqual([answer.status, answer.body.code], [400, "bad_json"], name);
    assert.ok(!answer.text.includes("payment.retry"), name);
  }
  const bytes = Buffer.from('{"scope":"help.article\xff"}', "latin1");
  const response = await door.fetch("/v1/links", {
    method: "POST",
    headers: { ...json, authorization: `Bearer ${keyOf("mint")}` },
    body: bytes,
  });
  assert.equal((await response.json()).code, "bad_json");
  const large = await mint({ scope: "help.article", customer_ref: "x".repeat(512 * 1024) });
  isProblem(large, 413, "body_too_large");
  for (const type of ["text/plain", "application/jsonx", "application/x-www-form-urlencoded"]) {
    isProblem(await mint('{"scope":"help.article"}', { headers: { "content-type": type } }), 415, "unsupported_media_type");
  }
  const charset = { "content-type": "Application/JSON; charset=utf-8" };
  assert.equal((await mint('{"scope":"help.article"}', { headers: charset })).status, 201);
});

test("a repeated Idempotency-Key gives the same links; with another body it is refused", async () => {
  const wanted = { links: [{ scope: "payment.retry", customer_ref: "a" }, { scope: "help.article" }] };
  const key = (name) => ({ headers: { "idempotency-key": name } });
  const first = await mint(wanted, key("order 1"));
  await door.advance(5_000);
  const again = await mint(wanted, key("order 1"));
  assert.equal(again.status, 201);
  assert.equal(again.text, first.text);
  const parallel = await Promise.all(Array.from({ length: 10 }, () => mint(wanted, key("order 2"))));
  assert.equal(new Set(parallel.map(({ text }) => text)).size, 1);
  isProblem(await mint({ scope: "help.article" }, key("order 1")), 409, "idempotency_mismatch");
  const stranger = await mint(wanted, { ...key("order 1"), key: keyOf("mint") });
  assert.equal(stranger.status, 201);
  assert.notEqual(stranger.text, first.text, "keys of two callers are two keys");
  for (const bad of ["", "x".repeat(256), "caf\u00e9"]) {
    isProblem(await mint(wanted, key(bad)), 400, "bad_idempotency_key");
    isProblem(await exchange("x", undefined, key(bad)), 400, "bad_idempotency_key");
  }
});

test("a key does what its roles say, and nothing else", async () => {
  const { id } = await door.mint("payment.retry");
  const calls = {
    mint: (key) => mint({ scope: "help.article" }, { key }),
    inspect: (key) => door.api("GET", `/v1/links/${id}`, undefined, { key }),
    revoke: (key) => door.api("DELETE", `/v1/links/${id}`, undefined, { key }),
    exchange: (key) => exchange("x", undefined, { key }),
    confirm: (key) => door.api("POST", "/v1/grants", { session: "x", action: "confirm", subject: "A".repeat(16) }, { key }),
    audit: (key) => door.api("GET", "/v1/audit", undefined, { key }),
    events: (key) => door.api("POST", "/v1/events", [], { key }),
    people: (key) => door.api("GET", "/v1/people/x", undefined, { key }),
    inbox: (key) => door.api("GET", "/v1/inbox/x", undefined, { key }),
    policy: (key) => door.api("GET", "/v1/policy", undefined, { key }),
    operate: (key) => door.api("GET", "/v1/deliveries?state=dead", undefined, { key }),
  };
  for (const [call, ask] of Object.entries(calls)) {
    for (const role of ROLES) {
      const answer = await ask(keyOf(role));
      if (role !== call) isProblem(answer, 403, "forbidden");
      else assert.ok(answer.body?.code !== "forbidden" && answer.status !== 401, `${call}: ${answer.status}`);
    }
    isProblem(await ask(null), 401, "unauthorized");
  }
});

test("no key, a wrong one and one past its end are one answer", async () => {
  const answers = [];
  for (const authorization of [undefined, "Bearer", "Bearer ", `Bearer ${keyOf("nobody")}`, `Basic ${keyOf("mint")}`, keyOf("mint"), `Bearer ${"x".repeat(3000)}`]) {
    const answer = await mint({ scope: "help.article" }, { key: null, headers: authorization ? { authorization } : {} });
    isProblem(answer, 401, "unauthorized");
    assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    answers.push(answer.text);
  }
  assert.equal(new Set(answers).size, 1);
  assert.equal((await mint({ scope: "help.article" }, { key: keyOf("old") })).status, 201);
});

test("a single-use link is inspected in each of its states and revoked once", async () => {
  const { id, token, expires } = await door.mint("payment.retry");
  const inspect = async (link = id) => (await door.api("GET", `/v1/links/${link}`)).body;
  const open = await inspect();
  assert.deepEqual(open, { id, scope: "payment.retry", scope_code: 1, region: "weur", single_use: true, expires, state: "open", failures: 0 });
  const { body } = await door.claim(token);
  const claimed = await inspect();
  assert.equal(claimed.state, "claimed");
  assert.ok(claimed.at > door.now() && claimed.at <= door.now() + 65_000, "until when it is held");
  await exchange(body.grant, "fail");
  assert.deepEqual(await inspect(), { ...open, failures: 1 });
  const revoked = await door.api("DELETE", `/v1/links/${id}`);
  assert.equal(revoked.body.state, "revoked");
  assert.deepEqual((await door.api("DELETE", `/v1/links/${id}`)).body, revoked.body);
  assert.deepEqual(await inspect(), revoked.body);
  assert.equal((await door.claim(token)).body.code, "revoked");
  // GET learns of it from the replicated marker.
  await eventually("the page says revoked", async () => (await door.fetch(`/l/${token}`)).status === 410);

  const spent = await door.mint("onboarding.resume");
  await door.claim(spent.token);
  assert.equal((await inspect(spent.id)).state, "spent");
  assert.equal((await door.api("DELETE", `/v1/links/${spent.id}`)).body.state, "spent", "what is spent stays spent");
  // The first who is told "used" leaves the marker for the next.
  assert.equal((await door.claim(spent.token)).body.code, "used");
  await eventually("the page says used", async () => (await door.fetch(`/l/${spent.token}`)).status === 410);

  for (const bad of ["x", token, "A".repeat(28), id.slice(0, 27), "%00"]) {
    isProblem(await door.api("GET", `/v1/links/${bad}`), 400, "bad_link_id");
    isProblem(await door.api("DELETE", `/v1/links/${bad}`), 400, "bad_link_id");
  }
});

test("a revoked claim's grant is worth nothing", async () => {
  const { id, token } = await door.mint("payment.retry");
  const { body } = await door.claim(token);
  await door.api("DELETE", `/v1/links/${id}`);
  isProblem(await exchange(body.grant), 409, "grant_stale");
});

test("a revoked many-use link stops redirecting as soon as the deny-list is read again", async () => {
  const { id, token } = await door.mint("help.article");
  const tap = async () => (await door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER } })).status;
  assert.equal(await tap(), 303);
  const revoked = await door.api("DELETE", `/v1/links/${id}`);
  assert.equal(revoked.body.state, "revoked");
  assert.equal(revoked.body.single_use, false);
  assert.deepEqual((await door.api("DELETE", `/v1/links/${id}`)).body, revoked.body);
  assert.deepEqual((await door.api("GET", `/v1/links/${id}`)).body, revoked.body);
  await eventually("the door refuses it", async () => {
    await door.advance(31_000);
    return (await tap()) === 410;
  });
  const other = await door.mint("help.article");
  assert.equal((await door.fetch(`/l/${other.token}`, { headers: { "user-agent": BROWSER } })).status, 303);
});

test("a grant is redeemed once; the same exchange may be repeated with its Idempotency-Key", async () => {
  const { id, token, subject } = await door.mint("payment.retry", { customer_ref: "customer-18" });
  const { body } = await door.claim(token);
  const key = { headers: { "idempotency-key": "visit 1" } };
  const first = await exchange(body.grant, undefined, key);
  assert.equal(first.status, 200);
  const { claimed_at: claimedAt, expires, ...rest } = first.body;
  assert.deepEqual(rest, { outcome: "redeemed", link: id, scope: "payment.retry", scope_code: 1, subject, risk: "medium", proof: [] });
  assert.ok(Math.abs(claimedAt - door.now()) < 30_000 && expires * 1000 > claimedAt);
  assert.deepEqual((await exchange(body.grant, undefined, key)).body, { ...first.body, replay: true });
  isProblem(await exchange(body.grant), 409, "grant_used");
  isProblem(await exchange(body.grant, undefined, { headers: { "idempotency-key": "visit 2" } }), 409, "grant_used");
  isProblem(await exchange(body.grant, undefined, { ...key, key: keyOf("exchange") }), 409, "grant_used");
  isProblem(await exchange(body.grant, "release"), 409, "grant_used");
  assert.equal((await door.claim(token)).body.code, "used");

  const raced = await door.claim((await door.mint("payment.retry")).token);
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(raced.body.grant)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, "of parallel exchanges one wins");
});

test("an unusable Idempotency-Key does not make every exchange the same one", async () => {
  const { body } = await door.claim((await door.mint("payment.retry")).token);
  isProblem(await exchange(body.grant, undefined, { headers: { "idempotency-key": "" } }), 400, "bad_idempotency_key");
  assert.equal((await exchange(body.grant)).status, 200);
});

test("a released link is open again; fifteen failures lock it", async () => {
  const { id, token } = await door.mint("payment.retry");
  const first = await door.claim(token);
  const released = await exchange(first.body.grant, "release");
  assert.deepEqual([released.body.outcome, released.body.failures], ["released", 0]);
  isProblem(await exchange(first.body.grant), 409, "grant_stale");
  for (let failures = 1; failures <= 15; failures += 1) {
    const { status, body } = await door.claim(token);
    assert.equal(status, 200);
    const failed = await exchange(body.grant, "fail");
    assert.deepEqual([failed.body.outcome, failed.body.failures], [failures < 15 ? "released" : "locked", failures]);
  }
  assert.equal((await door.claim(token)).body.code, "too_many_tries");
  assert.equal((await door.api("GET", `/v1/links/${id}`)).body.state, "locked");
});

test("a grant lives one minute", async () => {
  const { token } = await door.mint("payment.retry");
  const { body } = await door.claim(token);
  await door.advance(60_000);
  for (const action of ["redeem", "release", "fail"]) isProblem(await exchange(body.grant, action), 410, "grant_expired");
});

test("what is no grant of this door is refused", async () => {
  const { token } = await door.mint("payment.retry");
  const { body } = await door.claim(token);
  const altered = Buffer.from(body.grant, "base64url");
  altered[altered.length - 1] ^= 1;
  for (const bad of ["", "x", token, "A".repeat(74), "A".repeat(10_000), altered.toString("base64url")]) {
    isProblem(await exchange(bad), 400, "grant_invalid");
  }
  const elsewhere = await open({ bindings: { POSTERN_HOST: "go.example.org" } });
  try {
    const foreign = await elsewhere.mint("payment.retry");
    const grant = (await elsewhere.claim(foreign.token)).body.grant;
    isProblem(await exchange(grant), 400, "grant_invalid");
    assert.equal((await door.claim(foreign.token)).body.code, "not_valid");
  } finally {
    await elsewhere.stop();
  }
});

test("a wrong method is told the right ones, a wrong path that there is nothing", async () => {
  for (const [method, path, allow] of [
    ["GET", "/v1/links", "POST"],
    ["PUT", "/v1/grants", "POST"],
    ["POST", "/v1/audit", "GET"],
    ["PATCH", "/v1/links/x", "GET, DELETE"],
  ]) {
    const answer = await door.api(method, path);
    isProblem(answer, 405, "method_not_allowed");
    assert.equal(answer.headers.get("allow"), allow);
  }
  isProblem(await door.api("GET", "/v1/nothing"), 404, "not_found");
});

test("the audit log is read a page at a time, within bounds", async () => {
  await door.audit((entries) => entries.length > 20);
  const page = await door.api("GET", "/v1/audit?from=3&limit=5");
  assert.deepEqual(page.text.trim().split("\n").map((line) => JSON.parse(line).seq), [3, 4, 5, 6, 7]);
  for (const query of ["from=0", "limit=0", "limit=10001", "from=x", "limit=-1", "from=99999999999999999999"]) {
    isProblem(await door.api("GET", `/v1/audit?${query}`), 422, "invalid");
  }
  assert.equal((await door.api("GET", "/v1/audit?from=1000000")).text, "");
});

test("invariant 3: the worker's log holds no secret of this file", () => assert.deepEqual(door.leaks(), []));

// Last, for the clock does not go back.
test("a rotated key ends at its own time and its successor goes on", async () => {
  await door.setTime(ENDS * 1000 - 20_000);
  assert.equal((await mint({ scope: "help.article" }, { key: keyOf("old") })).status, 201);
  await door.setTime(ENDS * 1000);
  isProblem(await mint({ scope: "help.article" }, { key: keyOf("old") }), 401, "unauthorized");
  assert.equal((await mint({ scope: "help.article" }, { key: keyOf("new") })).status, 201);
  const old = forge({ expires: ENDS - 10, once: true });
  assert.equal((await door.api("GET", `/v1/links/${old.slice(0, 28)}`)).body.state, "expired");
});
