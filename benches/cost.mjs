// What a million taps cost at list prices, from measured use: every request to an object, row, KV operation and
// queue message is counted by a wrapper around the worker's bindings, and CPU time is measured as in `click`.
//
// CPU here is that of the whole server process, HTTP included, which the platform does not bill: an upper bound.
// Taps come one after another, some hundreds a second: batches for the audit log are smaller than under load, and the
// log takes each message alone. Left out are the included amounts of the plan, and the time that objects stay awake, which depends on how taps are
// spread: the price of an object that never sleeps is printed beside.
import { setTimeout } from "node:timers/promises";

import { ask } from "./ask.mjs";
import { contest } from "./contest.mjs";
import { mint } from "./mint.mjs";
import { claimBody, ours } from "./ours.mjs";
import { OBJECT_GIGABYTES, PRICE, QUEUE_OPERATIONS, QUEUE_UNIT_BYTES } from "./price.mjs";
import { median } from "./result.mjs";
import { get, HEADERS, HOST, look, MANY, manyUse, ONCE, post, singleUse } from "./scene.mjs";
import { prepare, remove, start, text } from "./server.mjs";
import { bundle } from "./tools.mjs";

const TAPS = 1_000;
/** Longer than the worker puts off what it sends to the audit log. */
const SETTLE_MS = 5_000;
const PLAN = { rounds: 7, count: 1_000, warmUp: 3_000 };

export const names = ["cost"];

export async function run({ peersOnly }) {
  if (peersOnly) return [];
  const cpu = await cpuPerTap();
  const many = await use({}, async (server) => tapAll(server, manyUse(TAPS), false));
  const once = await use({}, async (server) => tapAll(server, singleUse(TAPS), true));
  // The way round the queue: what the log does with each message, one at a time.
  const direct = await use({ refuseQueue: true }, async (server) => tapAll(server, manyUse(TAPS), false));
  print("a million taps on many-use links", 1, cpu.click, many, direct);
  print("a million single-use links opened and redeemed", 2, cpu.landing + cpu.claim, once, direct);
  const awake = 30 * 86_400 * OBJECT_GIGABYTES * PRICE.objectGigabyteSecond;
  console.log(`\n  An object that never sleeps costs $${awake.toFixed(2)} in 30 days.`);
  return [];
}

/** CPU microseconds of a many-use tap, a landing page and a claim. */
async function cpuPerTap() {
  const total = PLAN.warmUp + PLAN.rounds * PLAN.count;
  const measure = async (name, requests) => {
    const { ours: rounds } = await contest(name, [{ contestant: ours(), requests }], PLAN);
    return median(rounds.map((round) => round.cpu_us));
  };
  const once = singleUse(total);
  return {
    click: await measure("cost-click", manyUse(total).map((claims) => get(mint(claims, HOST), MANY.location))),
    landing: await measure("cost-landing", once.map((claims) => look(mint(claims, HOST)))),
    claim: await measure(
      "cost-claim",
      once.map((claims) => post(mint(claims, HOST), claimBody(claims), ONCE.location)),
    ),
  };
}

/** Runs `work` against the counting worker, and returns what was used per tap. */
async function use({ refuseQueue = false }, work) {
  const contestant = ours();
  contestant.modules.unshift({ name: "counting.mjs", text: bundle("counting") });
  if (refuseQueue) contestant.bindings.push(text("REFUSE_QUEUE", "yes"));
  const folder = prepare(contestant);
  const server = await start(folder);
  const counts = async () => JSON.parse((await ask(server.port, "/__counts")).text);
  try {
    await work(server);
    await setTimeout(SETTLE_MS);
    return perTap(await counts());
  } finally {
    await server.stop();
    remove(folder);
  }
}

const perTap = (counts) =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [
    name,
    typeof value === "number" ? value / TAPS : perTap(value),
  ]));

/** Taps every link; single-use ones are opened, then redeemed. */
async function tapAll(server, links, once) {
  const expect = async (status, path, options) => {
    const answer = await ask(server.port, path, options);
    if (answer.status !== status) throw new Error(`${path} answered ${answer.status}\n${server.said()}`);
  };
  const form = [...HEADERS, "Content-Type: application/x-www-form-urlencoded"];
  for (const claims of links) {
    const path = `/l/${mint(claims, HOST)}`;
    await expect(once ? 200 : 303, path, { headers: HEADERS });
    if (once) await expect(303, path, { method: "POST", headers: form, body: claimBody(claims) });
  }
}

function print(title, requests, cpu_us, used, direct) {
  const { gate, audit, kv, queue } = used;
  const units = queue.messages * Math.max(1, Math.ceil(queue.bytes / queue.messages / QUEUE_UNIT_BYTES)) || 0;
  // Per message that reached the log.
  const log = (amount) => (direct.audit.requests > 0 ? (amount / direct.audit.requests) * queue.messages : 0);
  const inLog = (name) => audit[name] + log(direct.audit[name]);
  const lines = [
    ["requests", requests, PRICE.workerRequest],
    ["CPU, ms", cpu_us / 1_000, PRICE.cpuMillisecond],
    ["requests to gates", gate.requests, PRICE.objectRequest],
    ["rows written there", gate.rowsWritten, PRICE.rowWritten],
    ["rows read there", gate.rowsRead, PRICE.rowRead],
    ["requests to the log", inLog("requests"), PRICE.objectRequest],
    ["rows written there", inLog("rowsWritten"), PRICE.rowWritten],
    ["rows read there", inLog("rowsRead"), PRICE.rowRead],
    ["KV reads", kv.reads, PRICE.kvRead],
    ["KV writes", kv.writes, PRICE.kvWrite],
    ["queue operations", units * QUEUE_OPERATIONS, PRICE.queueOperation],
  ];
  console.log(`\ncost of ${title}`);
  let total = 0;
  for (const [name, amount, price] of lines) {
    const dollars = amount * price * 1e6;
    total += dollars;
    console.log(`  ${name.padEnd(20)} ${amount.toFixed(4).padStart(9)} each   $${dollars.toFixed(3).padStart(7)}`);
  }
  console.log(`  ${"total".padEnd(20)} ${"".padStart(14)}   $${total.toFixed(3).padStart(7)}`);
}
