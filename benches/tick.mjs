// A tick of one shard: who is due is advanced, and all that comes with it: their touches go to the queue, their audit
// events to the log's queue, the answer to whoever asked. CPU time of the whole process, storage included, for each
// person advanced.
//
// Everyone in the shard is in the journey of a failed payment, came in the order of time over a week, and has had the
// first message; 10,000 are due for the second, the text message a day later. `tick-scattered` is the same with the
// 10,000 spread evenly over all who came: the worst case, each on a page of the database of their own.
import { setTimeout } from "node:timers/promises";

import { DUE, NOON, evenly, inOrder, open, pendingOf, sample, shard } from "./people.mjs";
import { PRICE, QUEUE_OPERATIONS } from "./price.mjs";
import { result } from "./result.mjs";
import { text } from "./server.mjs";
import { bundle } from "./tools.mjs";

const STORED = 1_000_000;
const ROUNDS = 11;
/** Touches of one queue message. */
const PACK = 100;
/** Touches that are checked out together. */
const SLICE = 24;
const SETTLE_MS = 2_500;
export const names = ["tick", "tick-growth", "tick-scattered"];

const scan = () => ({
  name: "js_do_scan",
  modules: [{ name: "js_do_scan.mjs", text: bundle("js_do_scan") }],
  bindings: [`(name = "OUTREACH_QUEUE", queue = "queue")`],
  durableObjects: [{ className: "People", binding: "PEOPLE" }],
  services: { queue: { modules: [{ name: "queue.mjs", text: bundle("queue") }] } },
});

export async function run({ peersOnly }) {
  const row = await sample();
  const rounds = { ours: [], js_do_scan: [] };
  const small = [];
  const scattered = { ours: [], js_do_scan: [] };
  const stands = [];
  const stand = async (contestant, population) => {
    const one = await open(contestant, row, population);
    stands.push(one);
    return one;
  };
  try {
    const js = await stand(scan(), inOrder(STORED));
    const jsScattered = await stand(scan(), evenly(STORED));
    const own = peersOnly ? undefined : await stand(shard(), inOrder(STORED));
    const ownScattered = peersOnly ? undefined : await stand(shard(), evenly(STORED));
    const ownSmall = peersOnly ? undefined : await stand(shard(), inOrder(DUE));
    for (let round = -1; round < ROUNDS; round++) {
      const took = async (stand, list) => {
        if (!stand) return;
        const cost = await stand.tick();
        if (round >= 0) list.push(cost);
      };
      await took(js, rounds.js_do_scan);
      await took(own, rounds.ours);
      await took(ownSmall, small);
      await took(jsScattered, scattered.js_do_scan);
      await took(ownScattered, scattered.ours);
    }
    if (!peersOnly) {
      report(own);
      await price(row);
    }
  } finally {
    for (const one of stands) await one.stop();
  }
  if (peersOnly) return [result("tick", "cpu µs/person", { js_do_scan: rounds.js_do_scan })];
  const growth = { ours: rounds.ours.map((cost, at) => cost / small[at]) };
  return [
    result("tick", "cpu µs/person", rounds),
    result("tick-growth", "cost at 1,000,000 / at 10,000", growth),
    result("tick-scattered", "cpu µs/person", scattered),
  ];
}

function report(stand) {
  console.log(`tick: ${(stand.size / 1e6).toFixed(0)} MB stored; peak memory of the server ${stand.peak()} MB`);
}

/** What a touch costs at list prices, from its decision to the provider's word: rows, requests, queue operations. */
async function price(row) {
  const contestant = shard();
  contestant.bindings = [...contestant.bindings, text("COUNT", "1")];
  const stand = await open(contestant, row, inOrder(8 * DUE));
  try {
    const rows = async () => JSON.parse(await stand.say("/people/counts", "{}")).rowsWritten;
    const start = await rows();
    await stand.visit({ tick: { scheduled: NOON } });
    await setTimeout(SETTLE_MS);
    const ticked = await rows();
    const offered = JSON.parse(await stand.say("/people/row", "{}")).map(pendingOf);
    for (let at = 0; at < offered.length; at += SLICE) {
      const slice = offered.slice(at, at + SLICE);
      await stand.visit({ checkout: { touches: slice } });
      await stand.visit({ settle: { reports: slice.map((touch) => [touch, "accepted"]) } });
    }
    await setTimeout(SETTLE_MS);
    const settled = await rows();
    const written = [(ticked - start) / DUE, (settled - ticked) / offered.length];
    const requests = 2 / SLICE;
    const queue = QUEUE_OPERATIONS / PACK + QUEUE_OPERATIONS / 200;
    const dollars = (written[0] + written[1]) * PRICE.rowWritten + requests * PRICE.objectRequest + queue * PRICE.queueOperation;
    console.log(
      `tick: ${written[0].toFixed(2)} rows written to decide a touch, ${written[1].toFixed(2)} to check it out and settle it; ` +
      `$${(dollars * 1e6).toFixed(2)} for a million touches at list prices, links and audit log not included`,
    );
  } finally {
    await stand.stop();
  }
}
