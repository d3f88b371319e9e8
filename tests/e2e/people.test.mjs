// A shard of people as a real Durable Object: it answers as the machine in memory does, ticks are harmless twice, late
// and together, and nothing that it decided is lost when a queue refuses or the object starts anew.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
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

  it("a shard that nobody lives in has nothing to do when it is woken, and wants no other tick", async () => {
    const ask = await shard(door, 50);
    const { answer, due } = await ask({ tick: { scheduled: door.now() } });
    assert.equal(answer.done.ticked.advanced, 0);
    assert.equal(due.at, null);
  });
});

describe("the cron trigger", () => {
  it("wakes the shard that is due, and of the idle ones those whose turn it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postern-people-"));
    const door = await open({ persist: folder });
    const minute = NOON / 60_000 % 10;
    const turns = Array.from({ length: 64 }, (_, shard) => shard).filter((shard) => shard % 10 === minute);
    const busy = (minute + 5) % 10 + 30;
    try {
      await door.setTime(NOON);
      const { offered } = await enrol(door, busy, 5);
      await eventually("the roster knows of the shard", async () => (await due(door)).includes(busy));
      assert.equal(await woken(folder), 1, "the cron trigger was not fired yet");
      await door.advance(24 * HOUR_MS);
      await cron(door, door.now());
      const { entries } = await door.audit((entries) => count(entries, "touch.queued") >= 2 * offered);
      assert.equal(count(entries, "touch.queued"), 2 * offered);
    } finally {
      await door.stop();
    }
    assert.equal(await woken(folder), 1 + turns.length);
    await rm(folder, { recursive: true, force: true });
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

describe("a turn of a tick is one transaction", () => {
  /** Runs `act` on the database of the shard that has people, while nothing else has it open. */
  async function withPeople(folder, act) {
    const files = (await readdir(folder, { recursive: true })).filter((name) => /people/i.test(name) && name.endsWith(".sqlite"));
    for (const name of files) {
      const database = new DatabaseSync(join(folder, name));
      try {
        if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'people'").get()) act(database);
      } finally {
        database.close();
      }
    }
  }

  const unsent = (database, check) => database.exec(`
    DROP TABLE unsent;
    CREATE TABLE unsent (id INTEGER PRIMARY KEY, count INTEGER NOT NULL ${check}, events TEXT NOT NULL) STRICT;
  `);
  const rows = (database) => JSON.stringify(database.prepare("SELECT id, due, is_dead, row FROM people ORDER BY id").all());

  it("invariant 7: if its audit events cannot be kept, nobody was advanced; then it goes on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postern-people-"));
    let door = await open({ persist: folder });
    try {
      await door.setTime(NOON);
      const { ask, offered } = await enrol(door, 4, 20);
      await door.audit((entries) => count(entries, "touch.queued") >= offered);
      const { answer } = await ask({ tick: { scheduled: door.now() } });
      assert.equal(answer.done.ticked.advanced, 0, "everything went its way");
      await door.stop();
      let before;
      await withPeople(folder, (database) => {
        before = rows(database);
        unsent(database, "CHECK (count = 0)");
      });
      assert.match(before, /payment\.failed/);

      door = await open({ persist: folder });
      await door.setTime(NOON + 25 * HOUR_MS);
      const tick = JSON.stringify({ shard: 4, errand: { tick: { scheduled: door.now() } } });
      const namespace = await door.miniflare.getDurableObjectNamespace("PEOPLE");
      const stub = namespace.get(namespace.idFromName("people-4"));
      await assert.rejects(stub.fetch("http://object/", { method: "POST", body: tick }), /constraint failed/);
      await door.stop();
      await withPeople(folder, (database) => {
        assert.equal(rows(database), before);
        unsent(database, "");
      });

      door = await open({ persist: folder });
      await door.setTime(NOON + 25 * HOUR_MS);
      const again = await shard(door, 4);
      const { answer: ticked } = await again({ tick: { scheduled: door.now() } });
      assert.ok(ticked.done.ticked.offered >= offered, JSON.stringify(ticked));
      const { entries } = await door.audit((entries) => count(entries, "touch.queued") >= 2 * offered);
      assert.equal(count(entries, "touch.queued"), 2 * offered);
    } finally {
      await door.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("invariant 7: if the program panics, nobody was advanced; then it goes on", async () => {
    const door = await open();
    try {
      await door.setTime(NOON);
      const { ask, offered } = await enrol(door, 5, 20);
      await door.audit((entries) => count(entries, "touch.queued") >= offered);
      await door.advance(25 * HOUR_MS);
      const now = door.now();
      await door.fetch("/__local/panic/turn");
      const panicked = await Promise.race([
        ask({ tick: { scheduled: now } }, now).catch(() => "cut off"),
        new Promise((resolve) => setTimeout(resolve, 2_000, "no answer")),
      ]);
      assert.match(String(panicked), /cut off|no answer/);
      // A new instance has a clock of its own.
      const { answer } = await ask({ tick: { scheduled: now } }, now);
      assert.equal(answer.done.ticked.offered, 2 * offered, "the first touches' leases ran out, the second are due");
      const { entries } = await door.audit((entries) => count(entries, "touch.queued") >= 2 * offered);
      assert.equal(count(entries, "touch.queued"), 2 * offered);
    } finally {
      await door.stop();
    }
  });
});

describe("what a person can be asked", () => {
  const FACTS = { birth_date: "1980-02-29", customer_number: "4711-0815", postcode: "SW1A 1ZZ" };
  /** The values, as they were put and in their one form. */
  const VALUES = Object.values(FACTS).flatMap((value) => [value, value.toLowerCase().replace(/[^a-z0-9]/g, "")]);
  const link = (n) => Buffer.alloc(12, n).toString("base64url");
  let folder;
  let door;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "postern-people-"));
    door = await open({ persist: folder });
    const bundle = execFileSync("cargo", ["run", "-q", "--locked", "--", "policy", "bundle", "policy", "--version", "2"], { cwd: ROOT, encoding: "utf8" });
    const policy = JSON.parse(bundle);
    const label = { en: "What you know" };
    policy.site.facts = {
      birth_date: { kind: "date", label },
      customer_number: { kind: "digits", length: 8, label },
      postcode: { kind: "text", among: 10_000, label },
    };
    const kv = await door.miniflare.getKVNamespace("POSTERN_KV");
    await kv.put("policy", JSON.stringify(policy));
  });
  after(async () => {
    await door?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("invariant 3: values are in no answer, log, audit entry or file", async () => {
    const path = "/v1/people/4711";
    const texts = [];
    const api = async (...args) => {
      const answer = await door.api(...args);
      texts.push(answer.text.replaceAll("such as `1980-02-29`", ""));
      return answer;
    };
    const { status, body, text } = await api("PUT", path, { zone: "Europe/London", facts: FACTS });
    assert.equal(status, 200, text);
    const shown = (await api("GET", path)).body;
    assert.deepEqual([shown.facts, shown.passkeys, shown.devices_since], [Object.keys(FACTS), 0, null]);
    for (const facts of [{ shoe_size: "1980-02-29" }, { birth_date: "1980-02-29 " }, { customer_number: "4711-08150" }]) {
      const refused = await api("PUT", path, { facts });
      assert.equal(refused.status, 422, refused.text);
    }
    const number = Buffer.from(body.subject, "base64url").readUInt16BE(0) % 64;
    const ask = await shard(door, number);
    const { answer } = await ask({ allot: { subject: body.subject, lot: "fact", link: link(1) } });
    assert.match(answer.allotted.person, /k.birth_date[\w-]{22}k.customer_number[\w-]{22}k.postcode[\w-]{22}tf/);
    texts.push(JSON.stringify(answer));
    const { entries } = await door.audit((entries) => count(entries, "person.changed") >= 2);
    texts.push(JSON.stringify(entries), door.logs.map(({ message }) => message).join("\n"));
    assert.deepEqual(entries.filter(({ event }) => event.reason === "facts").length, 1);
    assert.deepEqual((await api("DELETE", path)).body.erased, true);
    for (const text of texts) for (const value of VALUES) assert.ok(!text.includes(value), `${value} in ${text}`);
  });

  it("a storm of a thousand on one person through a hundred links is given five codes, and the person waits a minute", async () => {
    await door.setTime(NOON);
    const person = subject(1, 21);
    const ask = await shard(door, 21);
    await ask(put(person));
    const asks = Array.from({ length: 1000 }, (_, n) => ask({ allot: { subject: person, lot: "code", link: link(n % 100) } }));
    const answers = (await Promise.all(asks)).map(({ answer }) => answer);
    assert.equal(answers.filter(({ allotted }) => allotted).length, 5);
    const [{ until }] = answers.filter(({ slowed }) => slowed).map(({ slowed }) => slowed);
    assert.ok(until - door.now() <= 60_000, `${until - door.now()} ms`);
    await door.setTime(until);
    const { answer } = await ask({ allot: { subject: person, lot: "code", link: link(200) } });
    assert.ok(answer.allotted, JSON.stringify(answer));
    const { entries } = await door.audit((entries) => count(entries, "proof.slowed") >= 2);
    assert.equal(count(entries, "proof.slowed"), 2, "those that make the next one wait, not those that ask in vain");
  });

  it("of a passkey's assertions at once, one is fresh", async () => {
    const person = subject(2, 22);
    const ask = await shard(door, 22);
    await ask(put(person));
    const id = Buffer.alloc(16, 4).toString("base64url");
    const passkey = { id, key: Buffer.alloc(32, 5).toString("base64url"), counter: 0 };
    const kept = await Promise.all([1, 2].map(() => ask({ keep_passkey: { subject: person, passkey } })));
    assert.deepEqual(kept.map(({ answer }) => answer.kept.keeping).sort(), ["added", "known"]);
    const uses = await Promise.all(Array.from({ length: 20 }, () => ask({ use_passkey: { subject: person, id, counter: 7 } })));
    const verdicts = uses.map(({ answer }) => answer.counted.counted);
    assert.deepEqual([verdicts.filter((one) => one === "fresh").length, verdicts.filter((one) => one === "repeated").length], [1, 19]);
    assert.equal((await ask({ use_passkey: { subject: person, id, counter: 6 } })).answer.counted.counted, "fell");
    const { entries } = await door.audit((entries) => count(entries, "passkey.counter") >= 1);
    assert.deepEqual([count(entries, "passkey.added"), count(entries, "passkey.counter")], [1, 1]);
  });

  it("what is stored holds no value, and what was allotted outlives a restart", async () => {
    const now = door.now();
    const person = subject(1, 21);
    const put = await door.api("PUT", "/v1/people/0815", { facts: FACTS });
    assert.equal(put.status, 200, put.text);
    await door.stop();
    for (const name of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const bytes = (await readFile(join(name.parentPath, name.name))).toString("latin1");
      for (const value of VALUES) assert.ok(!bytes.includes(value), `${value} in ${name.name}`);
    }
    door = await open({ persist: folder });
    await door.setTime(now);
    const ask = await shard(door, 21);
    const { answer } = await ask({ allot: { subject: person, lot: "code", link: link(201) } });
    assert.ok(answer.slowed.until > now, JSON.stringify(answer));
  });
});

/** The shards that the roster has as due within a day. */
async function due(door) {
  const namespace = await door.miniflare.getDurableObjectNamespace("REGISTRY");
  const stub = namespace.get(namespace.idFromName("registry"));
  const body = JSON.stringify({ due_shards: { at: door.now() + 24 * HOUR_MS } });
  return (await stub.fetch("http://object/", { method: "POST", body })).json();
}

/** How many shards were ever woken: each has a file from then on. */
async function woken(folder) {
  const files = await readdir(folder, { recursive: true });
  return files.filter((name) => /people/i.test(name) && /[0-9a-f]{64}\.sqlite$/.test(name)).length;
}
