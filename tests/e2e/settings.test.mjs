// Broken settings, broken policies, missing bindings, and time control where it must not be: the door fails closed.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BROWSER, HOST, RING, ROOT, eventually, forge, open } from "./door.mjs";

const OBJECTS = {
  GATE: { className: "Gate", useSQLite: true },
  REGISTRY: { className: "Registry", useSQLite: true },
  AUDIT: { className: "AuditLog", useSQLite: true },
};
const document = (name) => JSON.parse(readFileSync(join(ROOT, "policy", `${name}.json`), "utf8"));
const EXAMPLE = { version: 1, ...document("site"), ...document("scopes"), ...document("destinations") };

/** Opens a door, runs `body` with it, and stops it. */
async function withDoor(change, body) {
  const door = await open(change);
  try {
    await body(door);
    assert.deepEqual(door.leaks(), [], "invariant 3");
  } finally {
    await door.stop();
  }
}

const logged = (door, text) => door.logs.some(({ message }) => message.includes(text));

/** The page for a visitor whom a failure of ours turned away; its reference must be in the log. */
async function isOurFault(door, response) {
  const html = await response.text();
  assert.equal(response.status, 503);
  assert.match(response.headers.get("content-type"), /^text\/html/);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(Number(response.headers.get("retry-after")) >= 1);
  const reference = html.match(/<code[^>]*>([\w-]+)<\/code>/)?.[1];
  assert.ok(reference, html);
  await eventually("the reference is in the log", () => logged(door, `reference=${reference}`), 5);
  return html;
}

const SECRETS = ["hunter2", "correct-horse"];
const BROKEN = [
  ["POSTERN_KEYS", undefined, "the secret POSTERN_KEYS is missing"],
  ["POSTERN_KEYS", "hunter2 correct-horse", "the secret POSTERN_KEYS cannot be used"],
  ["POSTERN_KEYS", JSON.stringify({ ...RING, keys: [{ id: 1, secret: "hunter2" }] }), "the secret POSTERN_KEYS cannot be used"],
  ["POSTERN_API_KEYS", undefined, "the secret POSTERN_API_KEYS is missing"],
  ["POSTERN_API_KEYS", '[{"id":"x","hash":"correct-horse","roles":["mint"]}]', "the secret POSTERN_API_KEYS cannot be used"],
  ["POSTERN_HOST", undefined, "the variable POSTERN_HOST is missing"],
  ["POSTERN_HOST", "https://Go.Example.com/", "the variable POSTERN_HOST must be"],
];
for (const [name, value, complaint] of BROKEN) {
  const how = value === undefined ? "missing" : JSON.stringify(value).slice(0, 24);
  test(`${name} ${how}: 503 with a reference, and the log names it without its value`, async () => {
    await withDoor({ bindings: { [name]: value } }, async (door) => {
      const page = await isOurFault(door, await door.fetch(`/l/${forge()}`));
      const press = await door.fetch(`/l/${forge()}`, { method: "POST", body: "nonce=AAAAAAAAAAAAAAAA" });
      await isOurFault(door, press);
      const health = await door.api("GET", "/healthz");
      assert.deepEqual([health.status, health.body.code], [503, "not_configured"]);
      const mint = await door.api("POST", "/v1/links", { scope: "payment.retry" });
      assert.deepEqual([mint.status, mint.body.code], [503, "not_configured"]);
      assert.ok(logged(door, complaint), door.logs.map(({ message }) => message).join("\n"));
      const everything = page + mint.text + health.text + door.logs.map(({ message }) => message).join("\n");
      for (const secret of SECRETS) assert.ok(!everything.includes(secret), `${secret} is told`);
      assert.ok(!(page + mint.text).includes(name), "visitors and callers are not told which");
    });
  });
}

test("an empty KV means the example policy", async () => {
  await withDoor({}, async (door) => {
    const { status, body } = await door.api("GET", "/healthz");
    assert.deepEqual([status, body.status], [200, "ok"]);
    assert.equal((await door.mint("payment.retry")).scope, "payment.retry");
  });
});

test("a policy in KV is the one in force; a broken one after it leaves it in force", async () => {
  await withDoor({}, async (door) => {
    const kv = await door.miniflare.getKVNamespace("POSTERN_KV");
    const scope = { ...EXAMPLE.scopes["help.article"], code: 40 };
    const policy = (more) => JSON.stringify({ ...EXAMPLE, scopes: { ...EXAMPLE.scopes, "own.scope": scope }, ...more });
    await kv.put("policy", policy({ version: 1234 }));
    const version = async () => (await door.api("GET", "/healthz")).body.policy_version;
    assert.equal(await version(), 1234);
    const { token } = await door.mint("own.scope");
    const tap = () => door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER } });
    assert.equal((await tap()).status, 303);

    await kv.put("policy", policy({ version: 1235, site: { name: "Other" } }));
    await door.advance(31_000);
    await tap();
    await eventually("the log complains", () => logged(door, "the last good policy stays in force"));
    assert.equal(await version(), 1234);
    assert.equal((await tap()).status, 303);

    await kv.put("policy", policy({ version: 1236 }));
    await eventually("the repaired policy is in force", async () => {
      await door.advance(31_000);
      return (await version()) === 1236;
    });

    // A policy that stays unreadable is not trusted for ever: after ten minutes the door says "try again".
    await kv.put("policy", "{");
    await door.advance(11 * 60_000);
    await isOurFault(door, await tap());
    assert.equal((await door.claim(forge({ expires: Math.floor(door.now() / 1000) + 600 }))).body.code, "try_again");
    await kv.put("policy", policy({ version: 1237 }));
    await eventually("the door opens again", async () => (await tap()).status === 303);
  });
});

test("a door whose first policy is broken stays closed", async () => {
  await withDoor({}, async (door) => {
    const kv = await door.miniflare.getKVNamespace("POSTERN_KV");
    for (const text of ["", "{}", "not JSON", JSON.stringify({ ...EXAMPLE, surprise: 1 })]) {
      await kv.put("policy", text);
      await isOurFault(door, await door.fetch(`/l/${forge()}`));
      const { status, body } = await door.api("GET", "/healthz");
      assert.deepEqual([status, body], [503, { status: "no policy", policy_version: null, example: false }]);
    }
    await kv.put("policy", JSON.stringify(EXAMPLE));
    assert.equal((await door.fetch(`/l/${forge()}`)).status, 200, "and opens with a good one");
  });
});

test("a broken deny-list is not an empty one", async () => {
  await withDoor({}, async (door) => {
    await (await door.miniflare.getKVNamespace("POSTERN_KV")).put("deny", "not a list");
    await isOurFault(door, await door.fetch(`/l/${forge({ once: false, scope: 4 })}`, { headers: { "user-agent": BROWSER } }));
  });
});

test("invariant 7: without KV the door says try again, and never opens", async () => {
  await withDoor({ kvNamespaces: {} }, async (door) => {
    for (const token of [forge(), forge({ once: false, scope: 4 }), "AAAA"]) {
      const html = await isOurFault(door, await door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER, "accept-language": "sv" } }));
      assert.match(html, /<html lang="sv"/);
      const { status, body, headers } = await door.claim(token);
      assert.deepEqual([status, body.code], [503, "try_again"]);
      assert.equal(headers.get("location"), null);
      await eventually("its reference is in the log", () => logged(door, `reference=${body.reference}`), 5);
    }
    for (const path of ["/", "/nothing"]) await isOurFault(door, await door.fetch(path));
    for (const ask of [["POST", "/v1/links", { scope: "payment.retry" }], ["GET", "/.well-known/assetlinks.json"]]) {
      const { status, body } = await door.api(...ask);
      assert.deepEqual([status, body.code], [503, "try_again"]);
      await eventually("its reference is in the log", () => logged(door, `reference=${body.reference}`), 5);
    }
  });
});

test("invariant 7: without a gate a link is neither opened nor used up, and many-use links go on", async () => {
  const { GATE, ...rest } = OBJECTS;
  const link = forge();
  await withDoor({ durableObjects: rest }, async (door) => {
    const { status, body } = await door.claim(link);
    assert.deepEqual([status, body.code], [503, "try_again"]);
    await eventually("its reference is in the log", () => logged(door, `reference=${body.reference}`), 5);
    const press = await door.fetch(`/l/${link}`, { method: "POST", body: "nonce=AAAAAAAAAAAAAAAA" });
    await isOurFault(door, press);
    assert.equal((await door.fetch(`/l/${link}`)).status, 200, "the page with the button changes nothing");
    const many = await door.fetch(`/l/${forge({ once: false, scope: 4 })}`, { headers: { "user-agent": BROWSER } });
    assert.equal(many.status, 303);
  });
  await withDoor({ durableObjects: { ...rest, GATE } }, async (door) => {
    assert.equal((await door.claim(link)).status, 200, "the same link works once the gate is back");
  });
});

test("without a registry nothing is minted under an Idempotency-Key, and nothing is said to be revoked", async () => {
  const { REGISTRY, ...rest } = OBJECTS;
  assert.ok(REGISTRY);
  await withDoor({ durableObjects: rest }, async (door) => {
    const keyed = await door.api("POST", "/v1/links", { scope: "help.article" }, { headers: { "idempotency-key": "1" } });
    assert.deepEqual([keyed.status, keyed.body.code], [503, "try_again"]);
    const { id } = await door.mint("help.article");
    for (const method of ["GET", "DELETE"]) {
      assert.equal((await door.api(method, `/v1/links/${id}`)).body.code, "try_again");
    }
  });
});

/** Whether time control is indistinguishable from a path that does not exist. */
async function hasNoTimeControl(door) {
  const ask = async (method, path) => {
    const body = method === "GET" ? "" : '{"now":4000000000000}';
    const length = body ? `Content-Length: ${body.length}\r\n` : "";
    const { status, text } = await door.raw(
      `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${length}Connection: close\r\n\r\n${body}`,
    );
    return { status, text: text.replace(/^date: .*\r\n/im, "") };
  };
  for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS"]) {
    const unknown = await ask(method, "/__local/nothing");
    assert.equal(unknown.status, 404);
    assert.deepEqual(await ask(method, "/__local/time"), unknown, method);
  }
  const { expires } = await door.mint("payment.retry");
  assert.ok(Math.abs(expires - Date.now() / 1000 - 86_400) < 120, "and the clock did not move");
}

test("a local build outside the local environment has no time control", async () => {
  for (const environment of ["production", undefined]) {
    await withDoor({ bindings: { ENVIRONMENT: environment } }, hasNoTimeControl);
  }
});

const isReleaseBuilt = existsSync(join(ROOT, "build/release/index.js"));
const skip = !isReleaseBuilt && process.env.CI !== "true" ? "build/release is missing: run .ci/build release" : false;
test("a release build has no time control, whatever the environment says", { skip }, async () => {
  await withDoor({ flavour: "release", bindings: { ENVIRONMENT: "local" } }, hasNoTimeControl);
});
