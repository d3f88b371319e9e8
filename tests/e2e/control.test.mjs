// Policies are kept and put in force, journeys pause and go on: through the registry, KV and every shard.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { API_KEY, ROOT, eventually, open } from "./door.mjs";

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
const bundleOf = async (version) =>
  (await door.fetch(`/v1/policy/${version}`, { headers: { authorization: `Bearer ${API_KEY}` } })).text();
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
  assert.equal(await bundleOf(2), kept.get(2), "byte for byte");
  assert.ok(!(await kv("policy/2")).includes("base64"), "no tap reads an image");
  isProblem(await keep(kept.get(2).replace('"Example', '"Sample')), 409, "policy_version_taken");
  isProblem(await keep(kept.get(2).replace('"journeys"', '"jorneys"')), 422, "invalid");
  isProblem(await activate(3), 404, "unknown_policy");
  assert.equal((await keep(kept.get(3))).status, 201);
  for (const version of [2, 3, 2]) {
    const { status, body } = await activate(version);
    assert.deepEqual([status, body], [200, { version, active: true }]);
    await eventually(`version ${version} is in force here at once`, async () => (await inForce()) === version, 5);
    assert.equal(JSON.parse(await kv("policy")).version, version);
    assert.equal((await list()).active, version);
  }
  assert.deepEqual((await list()).versions.map(({ version }) => version), [2, 3]);
});

test("of activations at the same time the last stands, here and in KV", async () => {
  await Promise.all([2, 3, 2, 3, 2, 3, 2, 3].map(activate));
  const { active } = await list();
  await eventually("KV has what the registry has", async () => JSON.parse((await kv("policy")) ?? "{}").version === active, 30);
});

/** Payment's code for the change of details, which asks for proof, and the other way round. */
const swapped = (text) => text.replace('"code":1,', '"code":0,').replace('"code":6,', '"code":1,').replace('"code":0,', '"code":6,');

test("a version that would make other links of live ones is refused, also by a registry that did not remember yet", async () => {
  const refused = await keep(swapped(kept.get(3).replace('"version":3', '"version":4')));
  isProblem(refused, 409, "policy_changes_links");
  assert.deepEqual(refused.body.errors.map(({ path, rule }) => [path, rule]), [
    ['$.scopes."details.change".code', "scope.code_reused"],
    ['$.scopes."payment.retry".code', "scope.code_reused"],
  ]);
  // As a registry of the build before this one left it.
  const { active } = await list();
  // What still is in the local queue would be lost with it.
  const isKept = (entries) => entries.filter(({ event }) => event.kind === "policy.kept").length === 2;
  await door.audit((entries) => isKept(entries) && entries.some(({ event }) => event.kind === "policy.activated"));
  await door.stop();
  const files = (await readdir(folder, { recursive: true })).filter((name) => /registry/i.test(name) && name.endsWith(".sqlite"));
  let registries = 0;
  for (const name of files) {
    const database = new DatabaseSync(join(folder, name));
    if (database.prepare("SELECT name FROM sqlite_master WHERE name = 'in_force'").get()) {
      registries += 1;
      database.exec("DROP TABLE terms; DROP TABLE in_force;");
      const values = [swapped(kept.get(3).replace('"version":3', '"version":5'))];
      database.prepare("INSERT INTO page (key, value, version, at, stamp, sent) VALUES ('policy/5', ?, 5, 0, 1, 1)").run(...values);
    }
    database.close();
  }
  assert.equal(registries, 1);
  door = await open({ persist: folder });
  isProblem(await activate(5), 409, "policy_changes_links");
  isProblem(await keep(swapped(kept.get(3).replace('"version":3', '"version":6'))), 409, "policy_changes_links");
  assert.equal((await activate(active)).status, 200);
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
