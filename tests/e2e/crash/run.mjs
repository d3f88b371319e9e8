// Kills the worker with SIGKILL at random moments while clients use it, starts it again on the same storage, and looks
// at what is left.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, spread } from "../client.mjs";
import { API_KEY, ROOT } from "../door.mjs";
import { auditName, chainHead, linkFaults } from "./check.mjs";
import { openPlatform } from "./platform.mjs";
import { Server } from "./server.mjs";
import { Clients } from "./story.mjs";

const LANES = 12;
const SOCKETS = 64;
const UP_MIN_MS = 300;
const UP_MAX_MS = 1_500;
/** Held links are asked for again while their minute surely lasts. */
const HOLD_MAX_MS = 40_000;
/** How long the audit log may take to be complete: a withdrawal that was cut short is sent again after 15 s. */
const AUDIT_MAX_MS = 60_000;
const PAGE = 10_000;

/** Runs it all; the result has the counts and the faults found. */
export async function crash({ kills, seed, report = () => {} }) {
  const started = performance.now();
  const random = generator(seed);
  const server = new Server();
  const platform = await openPlatform((batch, queue) => server.deliver(batch, queue), random);
  const client = new Client("http://127.0.0.1:1", { sockets: SOCKETS });
  const clients = new Clients(client, random);
  try {
    const killed = await underFire({ kills, random, server, platform, client, clients, report });
    const log = await settle(clients, client, platform);
    const faults = [...clients.faults, ...log.faults, ...verify(log, server.folder)];
    const seconds = (performance.now() - started) / 1000;
    const winners = clients.links.filter(({ went, redeemed }) => went.size + redeemed.size > 0).length;
    const { answers, unanswered, links } = clients;
    return { ...killed, seed, seconds, answers, unanswered, links: links.length, winners, entries: log.lines.length, segments: server.segments(), faults };
  } finally {
    await server.kill().catch(() => {});
    client.close();
    platform.close();
    server.remove();
  }
}

/** The killing itself. Ends with a running worker and no story left untold. */
async function underFire({ kills, random, server, platform, client, clients, report }) {
  await server.start(platform);
  client.aim(server.origin);
  let isOver = false;
  const lane = async () => {
    while (!isOver) await clients.play();
  };
  const lanes = Promise.all(Array.from({ length: LANES }, lane));
  lanes.catch(() => {});
  let cut = 0;
  let rechecks = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    // One worker in five dies while it starts; the others once they have begun to answer.
    if (random() < 0.8) await clients.inspect(clients.links.at(-1) ?? (await clients.mint("payment.retry")));
    await Promise.race([sleep(UP_MIN_MS + random() * (UP_MAX_MS - UP_MIN_MS)), lanes]);
    cut += clients.underWay > 0 ? 1 : 0;
    await server.kill();
    await server.start(platform);
    client.aim(server.origin);
    rechecks += await recheck(clients);
    report(`kill ${kill}: ${clients.links.length} links, ${clients.answers} answers, ${clients.faults.length} faults`);
  }
  isOver = true;
  await lanes;
  return { kills, cut, rechecks };
}

/** Asks again for every link that is still held. */
async function recheck(clients) {
  const isHeld = ({ held, claims }) => held && Date.now() - claims.get(held).at < HOLD_MAX_MS;
  const held = clients.links.filter(isHeld);
  await spread(held, 4, (link) => clients.recheck(link));
  return held.length;
}

/** Looks at every link, which wakes its gate, and waits until the audit log tells the same story. */
async function settle(clients, client, platform) {
  const states = await spread(clients.links, LANES, (link) => clients.inspect(link));
  // What the queue still holds is not lost: the log's time begins when it has been delivered.
  while (platform.backlog() > 0) await sleep(100);
  const end = Date.now() + AUDIT_MAX_MS;
  for (;;) {
    const log = await readLog(client);
    const events = Map.groupBy(log.lines.map((line) => JSON.parse(line).event), ({ link }) => link);
    const faults = clients.links.flatMap((link, at) => linkFaults(link, states[at], events.get(auditName(link.id)) ?? []));
    if (faults.length === 0 || Date.now() > end) return { ...log, faults };
    await sleep(1_000);
  }
}

export async function readLog(client) {
  const lines = [];
  for (;;) {
    const headers = { authorization: `Bearer ${API_KEY}` };
    const answer = await client.send("GET", `/v1/audit?from=${lines.length + 1}&limit=${PAGE}`, { headers });
    if (answer.status !== 200) throw new Error(`reading the audit log: ${answer.status} ${answer.text}`);
    const page = answer.text.split("\n").filter(Boolean);
    lines.push(...page);
    if (page.length < PAGE) return { lines, head: answer.headers["postern-audit-head"] };
  }
}

/** Checks the chain twice: by the dozen lines of docs/audit.md, and by the `postern` command. */
export function* verify({ lines, head }, folder) {
  try {
    const computed = chainHead(lines);
    if (computed !== head) yield `the log's head is ${computed}, the door says ${head}`;
  } catch (error) {
    yield error.message;
  }
  const file = join(folder, "audit.ndjson");
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  const args = ["run", "--quiet", "--locked", "--bin", "postern", "--", "audit", "verify", file, "--head", head];
  const { status, stdout, stderr } = spawnSync("cargo", args, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) yield `postern audit verify: ${stdout}${stderr}`;
}

/** Reproducible numbers from 0 to 1 (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The result in one line. */
export function summary({ kills, cut, rechecks, links, answers, unanswered, winners, entries, segments, faults, seconds, seed }) {
  return `crash: ${kills} kills (${cut} with requests under way), ${links} links, ${answers} requests answered, ` +
    `${unanswered} cut off and repeated, ${winners} links with a winner, ${rechecks} held links asked for again, ` +
    `${entries} audit entries in ${segments} segments verified, ${faults.length} faults, ${seconds.toFixed(0)} s, seed ${seed}`;
}
