// From process start to the first answer: workerd starts, compiles the worker, and answers one tap on a many-use
// link. Ours reads its keys, builds its verifier and loads the policy on the way; the peer only redirects.
import { ask } from "./ask.mjs";
import { mint } from "./mint.mjs";
import { ours } from "./ours.mjs";
import { peer } from "./peers.mjs";
import { result } from "./result.mjs";
import { HEADERS, HOST, MANY, manyUse } from "./scene.mjs";
import { prepare, remove, start } from "./server.mjs";
import { hasTwoCores } from "./tools.mjs";

const ROUNDS = 21;

export const names = ["start"];

export async function run({ peersOnly }) {
  const contestants = [peer("js302", MANY.location)];
  if (!peersOnly) contestants.unshift(ours());
  const [claims] = manyUse(1);
  const path = `/l/${mint(claims, HOST)}`;
  const stands = contestants.map((contestant) => ({ name: contestant.name, folder: prepare(contestant) }));
  const rounds = Object.fromEntries(stands.map(({ name }) => [name, []]));
  try {
    // The first turn brings the files into the system's cache.
    for (let turn = -1; turn < ROUNDS; turn++) {
      for (const { name, folder } of stands) {
        const milliseconds = await firstAnswer(name, folder, path);
        if (turn >= 0) rounds[name].push(milliseconds);
      }
    }
  } finally {
    for (const { folder } of stands) remove(folder);
  }
  return [result("start", "ms", rounds)];
}

async function firstAnswer(name, folder, path) {
  const begin = performance.now();
  const server = await start(folder, hasTwoCores ? 0 : undefined);
  try {
    const { status, headers } = await ask(server.port, path, { headers: HEADERS });
    const end = performance.now();
    if (status !== 303 || headers.location !== MANY.location) {
      throw new Error(`${name} answered ${status} to ${headers.location}\n${server.said()}`);
    }
    return end - begin;
  } finally {
    await server.stop();
  }
}
