// Puts contestants under the same load, in turns, and keeps what each round cost.
import { execFile } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { HEADERS, writeRequests } from "./scene.mjs";
import { cpuTime, prepare, remove, start } from "./server.mjs";
import { hasTwoCores, loadTool, pinned } from "./tools.mjs";

const run = promisify(execFile);
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** Longer than any contestant puts work off, such as sending what it gathered for the audit log. */
const SETTLE_MS = 3_000;

/**
 * Runs `rounds` rounds of `count` requests for each entry `{ contestant, requests, headers? }`, one entry after another
 * within a round, starting with another entry each round, so that a busy spell of the machine meets all alike.
 * Request lists are used in order and begin again at their end; the warm-up takes the first `warmUp`. A function in
 * place of a list is called with the running server and makes the list there.
 *
 * Returns, by contestant name, a list of `{ cpu_us, rate, p50_us, p99_us }`, one each round. A round's CPU time is
 * all that the contestant's process used from its start to the start of its next one, so that work put off until
 * after the answers counts. An answer other than the expected one ends the contest.
 */
export async function contest(name, entries, { rounds, count, warmUp }) {
  const stands = [];
  try {
    for (const { contestant, requests, headers = HEADERS } of entries) {
      const folder = prepare(contestant);
      const stand = { name: contestant.name, folder, headers, next: 0, results: [], marks: [] };
      stands.push(stand);
      stand.server = await start(folder, hasTwoCores ? SERVER_CORE : undefined);
      const list = typeof requests === "function" ? await requests(stand.server) : requests;
      stand.requests = writeRequests(`${name}-${contestant.name}`, list);
      await load(stand, warmUp);
    }
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < stands.length; turn++) {
        const stand = stands[(round + turn) % stands.length];
        stand.marks.push(cpuTime(stand.server.pid));
        stand.results.push(await load(stand, count));
      }
    }
    await setTimeout(SETTLE_MS);
    for (const stand of stands) stand.marks.push(cpuTime(stand.server.pid));
  } finally {
    for (const stand of stands) {
      await stand.server?.stop();
      remove(stand.folder);
    }
  }
  return Object.fromEntries(stands.map(({ name, results, marks }) => [
    name,
    results.map((round, at) => ({ ...round, cpu_us: (marks[at + 1] - marks[at]) / count / 1_000 })),
  ]));
}

async function load(stand, count) {
  const { server } = stand;
  const [command, ...args] = pinned(hasTwoCores ? LOAD_CORE : undefined, [
    loadTool(),
    ...["--address", `127.0.0.1:${server.port}`, "--requests", stand.requests],
    ...["--first", String(stand.next), "--count", String(count)],
    ...stand.headers.flatMap((header) => ["--header", header]),
  ]);
  const { stdout } = await run(command, args).catch((error) => {
    throw new Error(`${stand.name}: ${error.stderr || error.message}\n${server.said()}`);
  });
  stand.next += count;
  const report = JSON.parse(stdout);
  if (Object.keys(report.wrong).length > 0) {
    throw new Error(`${stand.name} answered wrongly: ${JSON.stringify(report.wrong)}\n${server.said()}`);
  }
  return {
    rate: report.requests / report.seconds,
    p50_us: report.p50_us,
    p99_us: report.p99_us,
  };
}
