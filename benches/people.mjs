// A shard of people to measure: our worker, or a peer, with a population of its own.
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

import { ask } from "./ask.mjs";
import { ours } from "./ours.mjs";
import { cpuTime, prepare, remove, start } from "./server.mjs";
import { bundle, hasTwoCores } from "./tools.mjs";

/** Those who are due at once. */
export const DUE = 10_000;
/** Noon in Berlin, on a Tuesday: nobody is asleep. */
export const NOON = 1_795_518_000_000;
export const DAY_MS = 86_400_000;
/** Rows made at once. */
const CHUNK = 20_000;
/** Until everything that follows a tick is done, checkpoints of the database included. */
const SETTLE_MS = 2_500;

/** Our worker, with a way to fill a shard. */
export function shard() {
  const contestant = ours();
  const [entry, ...rest] = contestant.modules;
  return { ...contestant, modules: [{ name: "shard.mjs", text: bundle("shard") }, entry, ...rest] };
}

/** The touch that waits in a row: its second half stands in the row's item `w`, after the number of its enrolment. */
export const pendingOf = ({ subject, row }) => subject + row.match(/w11([\w-]{16})/)[1];

/** Eight digits of an instant as our rows begin with it, five bits each, and the ninth and last. */
const DIGITS = Array.from({ length: 9 }, (_, at) => 5 * at);
const digit = (shift) => (shift < 40 ? "P" : "0").charCodeAt(0);
const instant = (at) => DIGITS.map((shift) => String.fromCharCode(digit(shift) + Number((BigInt(at) >> BigInt(shift)) & 31n))).join("");
const instantSql = (at) => `char(${DIGITS.map((shift) => `${digit(shift)} + (((${at}) >> ${shift}) & 31)`).join(", ")})`;

/** A person's row after the first message: as the worker writes it, and the same facts as JSON. */
export async function sample() {
  const stand = await serve(shard());
  try {
    const entered = NOON - DAY_MS;
    await stand.say("/clock", String(entered));
    const consents = ["email", "sms"].map((c) => ({ c, p: "service", s: "yes", t: 1_700_000_000_000 }));
    const change = { zone: "Europe/Berlin", language: "de", consents, masks: { card: "Visa ending 1234" } };
    const hash = (n) => Buffer.alloc(12, n).toString("base64url");
    const event = { id: hash(1), kind: "payment.failed", at: entered, about: hash(2), flags: {}, masks: {} };
    // Some are held out of the journey by lot.
    for (const subject of ["AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC"]) {
      await stand.visit({ put: { subject, change } });
      const offered = await stand.visit({ ingest: { events: [[subject, event]] } });
      if (offered.answer.ingested.ticked.offered === 1) break;
      await stand.visit({ erase: { subject } });
    }
    const person = async () => JSON.parse(await stand.say("/people/row", "{}"))[0];
    const touch = pendingOf(await person());
    await stand.visit({ checkout: { touches: [touch] } });
    await stand.visit({ settle: { reports: [[touch, "accepted"]] } });
    const made = await person();
    const enrolment = { j: event.kind, v: 1, g: event.about, t: entered, d: 1, s: entered, n: made.due };
    const sent = { i: touch, j: event.kind, n: 0, c: "email", t: entered, s: "accepted" };
    const json = { l: "de", z: change.zone, c: consents, m: change.masks, e: [enrolment], h: [sent], s: [[event.id, entered]] };
    return { ...made, entered, json: `1${JSON.stringify(json)}` };
  } finally {
    await stand.stop();
  }
}

const subject = "printf('%08X%08X', (i * 2654435761) % 4294967296, i)";

/** Those who are due came one after another, a day ago. */
export function inOrder(stored) {
  const first = stored === DUE ? 0 : Math.floor((stored * 6) / 7);
  const isDue = `i >= ${first} AND i < ${first + DUE}`;
  return people(stored, isDue, `${NOON - 60_000} + (i - ${first}) * 6`);
}

/** Those who are due are every so-manieth of all. */
export function evenly(stored) {
  return people(stored, `i % ${stored / DUE} = 0`, `${NOON - 60_000} + (i * 7919) % 60000`);
}

function people(stored, isDue, due) {
  const later = `${NOON + 3_600_000} + (i * 7919) % ${3 * DAY_MS}`;
  const when = `CASE WHEN ${isDue} THEN ${due} ELSE ${later} END`;
  return { stored, people: { subject, isDue, due: when, entered: `(${when}) - ${DAY_MS}` } };
}

export async function serve(contestant) {
  const folder = prepare(contestant);
  const server = await start(folder, hasTwoCores ? 0 : undefined);
  const say = async (path, body) => {
    const { status, text } = await ask(server.port, path, { method: "POST", body });
    if (status !== 200) throw new Error(`${contestant.name} ${path}: ${status} ${text}\n${server.said()}`);
    return text;
  };
  return {
    server,
    say,
    visit: async (errand) => JSON.parse(await say("/people/", JSON.stringify({ shard: 0, errand }))),
    stop: async () => {
      await server.stop();
      remove(folder);
    },
  };
}

export async function open(contestant, row, { stored, people }) {
  const stand = await serve(contestant);
  const { server, say, visit } = stand;
  // Peers keep a person as JSON.
  const { json, ...written } = row;
  const population =
    contestant.name === "ours"
      ? { ...written, entered: instant(row.entered), people: { ...people, entered: instantSql(people.entered) } }
      : { ...written, row: json, people };
  await say("/clock", String(NOON));
  // The object makes its tables when it is first asked.
  await visit(contestant.name === "ours" ? { get: { subject: row.subject } } : { tick: { scheduled: 0 } });
  let size = 0;
  for (let first = 0; first < stored; first += CHUNK) {
    const count = Math.min(CHUNK, stored - first);
    ({ size } = JSON.parse(await say("/people/fill", JSON.stringify({ ...population, first, count }))));
  }
  return {
    ...stand,
    size,
    async tick() {
      await say("/people/reset", JSON.stringify({ ...population, first: 0, count: stored }));
      await setTimeout(SETTLE_MS);
      const before = cpuTime(server.pid);
      const { answer } = await visit({ tick: { scheduled: NOON } });
      await setTimeout(SETTLE_MS);
      const used = cpuTime(server.pid) - before;
      const { advanced } = answer.done.ticked;
      if (advanced !== DUE) throw new Error(`${contestant.name} advanced ${advanced}\n${server.said()}`);
      return used / DUE / 1_000;
    },
    peak: () => Math.round(Number(readFileSync(`/proc/${server.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]) / 1024),
  };
}
