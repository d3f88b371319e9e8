// A shard of people as a real Durable Object: it answers as the machine in memory does, ticks are harmless twice, late
// and together, and nothing that it decided is lost when a queue refuses or the object starts anew.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT, eventually, open } from "./door.mjs";

const TRANSCRIPT = join(ROOT, "tests/vectors/shard-v1.jsonl");
/** Noon in Berlin, on a Tuesday. */
const NOON = 1_795_518_000_000;
const HOUR_MS = 3_600_000;

/** The object of one shard. */
async function shard(door, number) {
  const namespace = await door.miniflare.getDurableObjectNamespace("PEOPLE");
  const stub = namespace.get(namespace.idFromName(`people-${number}`));
  return async (errand, now) => {
    const response = await stub.fetch("http://object/", { method: "POST", body: JSON.stringify({ shard: number, errand, now }) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
}

const subject = (n, shard) => {
  const bytes = Buffer.alloc(12, 5);
  bytes.writeUInt16BE(shard, 0);
  bytes.writeUInt32BE(n, 4);
  return bytes.toString("base64url");
};
const hash = (n) => Buffer.alloc(12, n).toString("base64url");
const consents = ["email", "sms"].map((c) => ({ c, p: "service", s: "yes", t: 1 }));
const put = (subject) => ({ put: { subject, change: { zone: "Europe/Berlin", consents } } });
const failed = (at) => ({ id: hash(1), kind: "payment.failed", at, about: hash(2), flags: {}, masks: {} });

/** Enters `count` people of a shard into the journey of a failed payment, at the worker's present. */
async function enrol(door, number, count) {
  const ask = await shard(door, number);
  const people = Array.from({ length: count }, (_, n) => subject(n, number));
  for (const person of people) await ask(put(person));
  const { answer } = await ask({ ingest: { events: people.map((person) => [person, failed(door.now())]) } });
  return { ask, offered: answer.ingested.ticked.offered };
}

const cron = async (door, scheduledTime) => {
  const worker = await door.miniflare.getWorker();
  const { outcome } = await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(scheduledTime) });
  assert.equal(outcome, "ok");
};

/** How many touches of each kind the audit log has. */
const count = (entries, kind) =>
  entries.map(({ event }) => event).filter((event) => event.kind === kind).reduce((sum, event) => sum + event.count, 0);

describe("the object and the memory store are one machine", () => {
  let door;
  before(async () => { door = await open(); });
  after(() => door?.stop());

  it("the real object repeats the transcript word for word", async () => {
    const ask = await shard(door, 0);
    const lines = (await readFile(TRANSCRIPT, "utf8")).trim().split("\n");
    for (const [at, line] of lines.entries()) {
      const { now, errand, answer } = JSON.parse(line);
      const visited = await ask(errand, now);
      assert.deepEqual(visited.answer, answer, `line ${at + 1}: ${JSON.stringify(errand)}`);
    }
  });
});

describe("ticks are harmless twice, together, late and skipped", () => {
  let door;
  let queued = 0;
  before(async () => {
    door = await open();
    await door.setTime(NOON);
  });
  after(() => door?.stop());

  it("each person's second touch is queued once, however the cron trigger fires", async () => {
    const { ask, offered } = await enrol(door, 7, 40);
    assert.ok(offered > 30, `${offered}`);
    await eventually("the roster knows of the shard", async () => (await due(door)).includes(7));
    // Nobody settles the first touches, so they are offered anew; only the second ones are decided anew.
    await door.advance(24 * HOUR_MS);
    const minute = door.now();
    await Promise.all([cron(door, minute), cron(door, minute), cron(door, minute - 60_000), cron(door, minute)]);
    await cron(door, minute);
    await cron(door, minute - 10 * 60_000);
    const { entries } = await door.audit((entries) => count(entries, "touch.queued") >= 2 * offered);
    queued = count(entries, "touch.queued");
    assert.equal(queued, 2 * offered);
    const { due: next } = await ask({ tick: { scheduled: door.now() } });
    assert.ok(next.at > door.now(), "nothing is left to do");
  });

  it("a minute that was skipped is made up by the next", async () => {
    const { ask, offered } = await enrol(door, 11, 10);
    await eventually("the roster knows of the shard", async () => (await due(door)).includes(11));
    await door.advance(26 * HOUR_MS);
    await cron(door, door.now());
    const { answer } = await ask({ tick: { scheduled: door.now() } });
    assert.equal(answer.done.ticked.advanced, 0);
    const before = queued;
    const { entries } = await door.audit((entries) => count(entries, "touch.queued") >= before + 2 * offered);
    assert.equal(count(entries, "touch.queued"), before + 2 * offered);
  });

  it("a shard that nobody lives in is not woken, and keeps nothing when it is", async () => {
    const ask = await shard(door, 50);
    const { answer, due } = await ask({ tick: { scheduled: door.now() } });
    assert.equal(answer.done.ticked.advanced, 0);
    assert.equal(due.at, null);
  });
});

describe("what was decided is not lost", () => {
  it("while the queue refuses, nobody more is advanced; afterwards everything goes its way", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postern-people-"));
    let door = await open({ persist: folder, queueProducers: { AUDIT_QUEUE: "postern-audit" } });
    try {
      await door.setTime(NOON);
      const { ask, offered } = await enrol(door, 3, 20);
      await door.advance(24 * HOUR_MS);
      const { answer } = await ask({ tick: { scheduled: door.now() } });
      assert.equal(answer.done.ticked.advanced, 0, "the first touches were not taken");
      assert.equal(answer.done.ticked.has_more, true);
      const now = door.now();
      await door.stop();

      door = await open({ persist: folder });
      await door.setTime(now);
      const again = await shard(door, 3);
      const { answer: ticked } = await again({ tick: { scheduled: now } });
      assert.ok(ticked.done.ticked.advanced >= offered, JSON.stringify(ticked));
      assert.equal(ticked.done.ticked.offered, 2 * offered, "the first touches' leases ran out, the second are due");
      const { entries } = await door.audit((entries) => count(entries, "touch.queued") >= 2 * offered);
      assert.equal(count(entries, "touch.queued"), 2 * offered);
    } finally {
      await door.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** The shards that the roster has as due within a day. */
async function due(door) {
  const namespace = await door.miniflare.getDurableObjectNamespace("REGISTRY");
  const stub = namespace.get(namespace.idFromName("registry"));
  const body = JSON.stringify({ due_shards: { at: door.now() + 24 * HOUR_MS } });
  return (await stub.fetch("http://object/", { method: "POST", body })).json();
}
