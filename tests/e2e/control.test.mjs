// Policies are kept and put in force, journeys pause and go on: through the registry, KV and every shard.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT, eventually, open } from "./door.mjs";

const HOUR_MS = 3_600_000;
const bundle = (version) =>
  execFileSync("cargo", ["run", "-q", "--locked", "--", "policy", "bundle", "policy", "--version", String(version)], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });

let door;
let folder;
const kept = new Map();
before(async () => {
  for (const version of [2, 3]) kept.set(version, bundle(version));
  folder = await mkdtemp(join(tmpdir(), "postern-control-"));
  door = await open({ persist: folder });
});
after(async () => {
  await door?.stop();
  await rm(folder, { recursive: true, force: true });
});

const keep = (text) => door.api("PUT", "/v1/policy", text);
const activate = (version) => door.api("POST", `/v1/policy/${version}/activate`);
const list = async () => (await door.api("GET", "/v1/policy")).body;
const verb = (name, verb, body) => door.api("POST", `/v1/journeys/${name}/${verb}`, body);
const inForce = async () => (await (await door.fetch("/healthz")).json()).policy_version;
const kv = async (key) => (await door.miniflare.getKVNamespace("POSTERN_KV")).get(key);
let events = 0;
const happens = async (subject, type) => {
  events += 1;
  const body = { specversion: "1.0", id: `${events}`, source: "/", type, subject, time: new Date(door.now()).toISOString() };
  const headers = { "content-type": "application/cloudevents+json" };
  return (await door.api("POST", "/v1/events", JSON.stringify(body), { headers })).body;
};

function isProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.code, code);
}

test("a policy is kept, put in force and taken back", async () => {
  assert.deepEqual(await list(), { versions: [], active: null, in_force: { version: 1, example: true }, paused: [] });
  assert.equal((await keep(kept.get(2))).status, 201);
  assert.equal((await keep(kept.get(2))).status, 200);
  assert.equal(await kv("policy/2"), kept.get(2), "byte for byte");
  isProblem(await keep(kept.get(2).replace('"Example', '"Sample')), 409, "policy_version_taken");
  isProblem(await keep(kept.get(2).replace('"journeys"', '"jorneys"')), 422, "invalid");
  isProblem(await activate(3), 404, "unknown_policy");
  assert.equal((await keep(kept.get(3))).status, 201);
  for (const version of [2, 3, 2]) {
    const { status, body } = await activate(version);
    assert.deepEqual([status, body], [200, { version, active: true }]);
    await eventually(`version ${version} is in force here at once`, async () => (await inForce()) === version, 5);
    assert.equal(await kv("policy"), kept.get(version));
    assert.equal((await list()).active, version);
  }
  assert.deepEqual((await list()).versions.map(({ version }) => version), [2, 3]);
});

test("of activations at the same time the last stands, here and in KV", async () => {
  await Promise.all([2, 3, 2, 3, 2, 3, 2, 3].map(activate));
  const { active } = await list();
  await eventually("KV has what the registry has", async () => (await kv("policy")) === kept.get(active), 30);
});

test("a paused journey says nothing until it goes on", async () => {
  await door.api("PUT", "/v1/people/pausing", { zone: "Europe/London", addresses: { email: "a@b.example.com" } });
  assert.deepEqual((await verb("payment.failed", "pause")).body, { journey: "payment.failed", paused: true });
  assert.equal(await kv("paused"), '["payment.failed"]');
  isProblem(await verb("payment.faild", "pause"), 404, "unknown_journey");
  // Shards look again every half minute.
  await door.advance(60_000);
  await happens("pausing", "payment.failed");
  await door.advance(2 * HOUR_MS);
  await happens("pausing", "app.opened");
  assert.deepEqual((await door.api("GET", "/v1/inbox/pausing")).body.messages, []);
  assert.equal((await verb("payment.failed", "resume")).status, 200);
  assert.equal(await kv("paused"), "[]");
  assert.deepEqual((await list()).paused, []);
});

test("people are moved to another version", async () => {
  const { body } = await door.api("GET", "/v1/policy");
  await door.advance(60_000);
  await happens("mover", "onboarding.stalled");
  await happens("mover", "payment.failed");
  const other = body.active === 2 ? 3 : 2;
  const version = async () => {
    const { enrolments } = (await door.api("GET", "/v1/people/mover")).body;
    return enrolments.find(({ journey }) => journey === "payment.failed")?.version;
  };
  assert.equal(await version(), body.active);
  const moved = await verb("payment.failed", "move", { to: other });
  assert.deepEqual([moved.status, moved.body], [202, { journey: "payment.failed", to: other }]);
  await eventually("the enrolment has the other version", async () => (await version()) === other);
  isProblem(await verb("payment.failed", "move", { to: 99 }), 404, "unknown_policy");
  isProblem(await verb("payment.failed", "move", { to: "2" }), 422, "invalid");
});

test("who did what is on record, once", async () => {
  const wanted = ["policy.kept", "policy.activated", "journey.paused", "journey.resumed", "enrolments.moved"];
  const { entries } = await door.audit((entries) => wanted.every((kind) => entries.some(({ event }) => event.kind === kind)));
  const of = (kind) => entries.map(({ event }) => event).filter((event) => event.kind === kind);
  assert.deepEqual(of("policy.kept").map(({ actor }) => actor), ["test", "test"]);
  assert.deepEqual(of("journey.paused").map(({ actor, journey }) => [actor, journey]), [["test", "payment.failed"]]);
  assert.equal(of("journey.resumed").length, 1);
  assert.ok(of("enrolments.moved").some(({ actor }) => actor === "test"));
});

test("nothing is put aside, and the list says so", async () => {
  assert.deepEqual((await door.api("GET", "/v1/deliveries?state=dead")).body, { deliveries: [], next: null });
  isProblem(await door.api("GET", "/v1/deliveries"), 422, "invalid");
  isProblem(await door.api("POST", `/v1/deliveries/${"A".repeat(32)}/redrive`), 404, "unknown_delivery");
});

test("the library survives a restart", async () => {
  const before = await list();
  await door.stop();
  door = await open({ persist: folder });
  const again = await list();
  assert.deepEqual([again.versions, again.active], [before.versions, before.active]);
  assert.equal(await inForce(), before.active);
});
