// Events into one shard, in batches of a thousand: each is about another person, who is known, and enters them into the
// journey of a failed payment, so that the first message is decided and queued as well. CPU time of the whole process.
import { setTimeout } from "node:timers/promises";

import { NOON, serve, shard } from "./people.mjs";
import { result } from "./result.mjs";
import { cpuTime } from "./server.mjs";

const BATCH = 1_000;
const BATCHES = 5;
const ROUNDS = 7;
const SETTLE_MS = 2_500;

export const names = ["ingest"];

export async function run({ peersOnly }) {
  if (peersOnly) return [];
  const stand = await serve(shard());
  const rounds = [];
  try {
    await stand.say("/clock", String(NOON));
    for (let round = -1; round < ROUNDS; round++) {
      const batches = Array.from({ length: BATCHES }, (_, at) => people((round + 1) * BATCHES + at));
      for (const subjects of batches) await introduce(stand, subjects);
      await setTimeout(SETTLE_MS);
      const before = cpuTime(stand.server.pid);
      const started = performance.now();
      for (const subjects of batches) {
        const events = subjects.map((subject) => [subject, event()]);
        const { answer } = await stand.visit({ ingest: { events } });
        const entered = answer.ingested.results.filter((result) => result.taken?.result === "entered").length;
        if (entered < BATCH * 0.9) throw new Error(`${entered} of ${BATCH} were entered`);
      }
      const seconds = (performance.now() - started) / 1_000;
      await setTimeout(SETTLE_MS);
      const cpu_us = (cpuTime(stand.server.pid) - before) / 1_000 / (BATCH * BATCHES);
      if (round >= 0) rounds.push({ rate: (BATCH * BATCHES) / seconds, cpu_us });
    }
  } finally {
    await stand.stop();
  }
  console.log(`ingest: ${rounds.map(({ cpu_us }) => cpu_us.toFixed(1)).join(" ")} µs of CPU an event`);
  return [result("ingest", "events/s", { ours: rounds }, (round) => round.rate)];
}

const people = (batch) => Array.from({ length: BATCH }, (_, n) => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(Math.imul(batch * BATCH + n + 1, 2654435761) >>> 0, 0);
  bytes.writeUInt32BE(batch * BATCH + n, 8);
  return bytes.toString("base64url");
});

/** Makes them known, by an event that enters nobody. */
async function introduce(stand, subjects) {
  await stand.visit({ ingest: { events: subjects.map((subject) => [subject, { ...event(), id: hash(3), kind: "account.opened" }]) } });
}

const hash = (n) => Buffer.alloc(12, n).toString("base64url");
const event = () => ({ id: hash(1), kind: "payment.failed", at: NOON, about: hash(2), flags: {}, masks: {} });
