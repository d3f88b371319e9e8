// Kills the worker with SIGKILL while people enter journeys, the cron trigger ticks and touches are on their way to a
// provider; starts it again on the same storage, delivers what is left, and looks at what became of every touch.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, spread } from "../client.mjs";
import { API_KEY, ROOT } from "../door.mjs";
import { Callers } from "./callers.mjs";
import { OUTREACH, openPlatform } from "./platform.mjs";
import { openProvider } from "./provider.mjs";
import { generator, readLog, verify } from "./run.mjs";
import { Server } from "./server.mjs";
import { personFaults, wholeFaults } from "./touches.mjs";

const LANES = 6;
const SHORT_MAX_MS = 1_500;
const LONG_MAX_MS = 8_000;
/** Deliveries that a worker lives to see, at most. */
const ARRIVALS_MAX = 25;
const LOOK_EVERY_MS = 5;
const TICK_EVERY_MS = 200;
/** Ticks under way at once: a cron trigger does not wait for the last one. */
const TICKS_MAX = 2;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** How far the clock is moved while the worker is down: past a lease, to the next touch, over a night. */
const LEAPS = [MINUTE, 6 * MINUTE, 6 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR];
/** And in all: a worker that hardly lives delivers little, and what is due must not become too late by that alone. */
const LEAPS_SUM = 72 * HOUR;
/** While it runs, less than a lease in all: what is under way is not to be taken for lost. */
const STEP_MS = 5_000;
/** Of the messages that wait in the queue when the worker dies, as many are lost as are delivered again. */
const LOST_SHARE = 0.5;
const DRAIN_STEP = 6 * HOUR + MINUTE;
/** No touch is planned later than this after its journey's time limit. */
const DRAIN_MORE = 2 * HOUR;
const IDLE_MAX_MS = 60_000;
const AUDIT_MAX_MS = 30_000;
const NAMES = ["site", "scopes", "destinations", "outreach", "journeys", "templates"];

/** Runs it all, over the example's journeys that end within `hours`; the result has the counts and the faults found. */
export async function crashJourneys({ kills, seed, hours = Infinity, build, report = () => {} }) {
  const started = performance.now();
  const run = await Run.open({ seed, build });
  try {
    const policy = await example();
    const journeys = Object.fromEntries(Object.entries(policy.journeys).filter(([, { time_limit_h: limit }]) => limit <= hours));
    await run.begin(policy, journeys);
    const killed = await run.underFire(kills, report);
    await run.drain(Math.max(...Object.values(journeys).map(({ time_limit_h: limit }) => limit)) * HOUR);
    const found = await run.look(journeys);
    return { ...killed, ...found, seed, seconds: (performance.now() - started) / 1000 };
  } finally {
    await run.close();
  }
}

/** The example policy with one gateway for every channel. */
async function example() {
  const read = async (name) => JSON.parse(await readFile(join(ROOT, "policy", `${name}.json`), "utf8"));
  const { $schema, ...policy } = Object.assign({ version: 2 }, ...(await Promise.all(NAMES.map(read))));
  for (const sender of Object.values(policy.outreach.senders)) if (sender.provider !== "inbox") sender.provider = "gateway";
  return policy;
}

class Run {
  life = 0;
  ahead = 0;
  leapt = 0;
  isUp = false;
  lost = 0;

  static async open({ seed, build }) {
    const run = new Run();
    run.random = generator(seed);
    run.provider = await openProvider(generator(seed + 1), () => run.now(), () => run.life);
    run.server = new Server({ build, bindings: { POSTERN_PROVIDERS: run.provider.binding } });
    run.platform = await openPlatform((batch, queue) => run.deliver(batch, queue), generator(seed + 2));
    run.client = new Client("http://127.0.0.1:1", { sockets: 32 });
    return run;
  }

  async close() {
    await this.server.kill().catch(() => {});
    this.client.close();
    this.platform.close();
    await this.provider.stop();
    this.server.remove();
  }

  /** The present as the worker sees it. */
  now() {
    return Math.round(Date.now() + this.ahead);
  }

  /** A worker is given nothing before its clock is right: elsewhere none starts in the past. */
  async deliver(batch, queue) {
    return this.isUp ? this.server.deliver(batch, queue) : [];
  }

  async begin(policy, journeys) {
    await this.start(0);
    const bearer = { authorization: `Bearer ${API_KEY}` };
    for (const [method, path, body] of [["PUT", "/v1/policy", policy], ["POST", "/v1/policy/2/activate"]]) {
      const { status, text } = await this.client.json(method, path, body, bearer);
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    }
    while (JSON.parse(this.platform.values.get("/policy") ?? "{}").version !== 2) await sleep(50);
    this.callers = new Callers(this.client, this.random, journeys, this);
    // The example that an isolate began with is looked up again by the next one only.
    await this.kill();
    await this.start(MINUTE);
  }

  /** Starts the worker, `leap` later than it ended. */
  async start(leap) {
    await this.server.start(this.platform);
    this.life += 1;
    this.ahead += this.leapt + leap > LEAPS_SUM ? 6 * MINUTE : leap;
    this.leapt += leap;
    await fetch(`${this.server.origin}/__local/time`, { method: "POST", body: JSON.stringify({ now: this.now() }) });
    this.client.aim(this.server.origin);
    this.isUp = true;
  }

  async kill() {
    this.isUp = false;
    await this.server.kill();
  }

  async advance(ms) {
    this.ahead += ms;
    const { status } = await this.client.json("POST", "/__local/time", { now: this.now() });
    if (status !== 200) throw new Error(`moving the clock: ${status}`);
  }

  /** The killing itself. Ends with a running worker and no call unanswered. */
  async underFire(kills, report) {
    let isOver = false;
    const lane = async () => {
      while (!isOver) await this.callers.play();
    };
    const lanes = Promise.all(Array.from({ length: LANES }, lane));
    lanes.catch(() => {});
    const cut = { calls: 0, deliveries: 0 };
    for (let kill = 1; kill <= kills; kill += 1) {
      await Promise.race([this.up(), lanes]);
      const { arrivals } = this.provider;
      cut.calls += this.callers.underWay > 0 ? 1 : 0;
      cut.deliveries += arrivals.some(({ at }) => performance.now() - at < 50) ? 1 : 0;
      await this.kill();
      this.lost += this.platform.lose(OUTREACH, LOST_SHARE);
      await this.start(this.callers.pick(LEAPS));
      report(`kill ${kill}: ${this.callers.people.length} people, ${arrivals.length} arrivals, ${this.callers.faults.length} faults`);
    }
    isOver = true;
    await lanes;
    return { kills, cut };
  }

  /**
   * A life of the worker, in which the cron trigger fires more often than it does. One in five ends while the worker
   * starts, the others among their first deliveries, or when there are none for long.
   */
  async up() {
    const { arrivals } = this.provider;
    const isShort = this.random() < 0.2;
    const end = performance.now() + (isShort ? this.random() * SHORT_MAX_MS : LONG_MAX_MS);
    const enough = arrivals.length + 1 + this.random() * ARRIVALS_MAX;
    let [ticks, next] = [0, 0];
    while (performance.now() < end && arrivals.length < enough) {
      if (performance.now() > next && ticks < TICKS_MAX) {
        ticks += 1;
        this.server.tick(this.now()).catch(() => {}).then(() => (ticks -= 1));
        next = performance.now() + TICK_EVERY_MS;
        await this.advance(STEP_MS).catch(() => {});
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Asks about everything that was taken, then delivers until no journey can be under way. */
  async drain(limit) {
    await this.callers.askAgain(this.callers.people.flatMap(({ told }) => told));
    // The roster may have lost a shard: each minute another tenth of them is woken all the same.
    for (let minute = 0; minute < 10; minute += 1) await this.pass(MINUTE);
    const end = this.now() + limit + DRAIN_MORE;
    while (this.now() < end) await this.pass(DRAIN_STEP);
  }

  async pass(ms) {
    await this.advance(ms);
    const { outcome } = await this.server.tick(this.now());
    if (outcome !== "ok") this.callers.faults.push(`a tick ended as ${outcome}`);
    await this.idle(OUTREACH);
  }

  async idle(queue) {
    const end = performance.now() + IDLE_MAX_MS;
    while (this.platform.backlog(queue) > 0) {
      if (performance.now() > end) throw new Error(`${queue} is not emptied`);
      await sleep(5);
    }
  }

  /** What became of everybody. The record may take a moment to be complete. */
  async look(journeys) {
    const { callers, provider, platform, server, client } = this;
    const { people } = callers;
    const states = (await spread(people, LANES, ({ ref }) => callers.person(ref))).map(({ body }) => body);
    const strangers = await spread(callers.strangers, LANES, async (ref) => ({ ref, status: (await callers.person(ref)).status }));
    const left = strangers.filter(({ status }) => status !== 404).map(({ ref }) => `${ref}: a refused event left something`);
    const { body: dead } = await callers.call("GET", "/v1/deliveries?state=dead", undefined, { authorization: `Bearer ${API_KEY}` });
    if (dead.deliveries.length > 0) left.push(`put aside: ${JSON.stringify(dead.deliveries)}`);
    const arrivals = Map.groupBy(provider.arrivals, ({ touch }) => touch);
    const end = Date.now() + AUDIT_MAX_MS;
    for (;;) {
      while (platform.backlog() > 0) await sleep(50);
      const log = await readLog(client);
      const events = log.lines.map((line) => JSON.parse(line).event);
      const records = Map.groupBy(events.filter(({ touch }) => touch), ({ touch }) => touch);
      const faults = people.flatMap((person, at) => personFaults(person, states[at], { journeys, records, arrivals }));
      faults.push(...wholeFaults({ people, states, arrivals, events }));
      if (faults.length > 0 && Date.now() < end) {
        await sleep(1_000);
        continue;
      }
      const all = [...callers.faults, ...provider.complaints, ...left, ...faults, ...verify(log, server.folder)];
      return { ...this.counts(states, arrivals), entries: log.lines.length, faults: all };
    }
  }

  counts(states, arrivals) {
    const { people, repeats, answers, unanswered, strangers } = this.callers;
    const lines = states.flatMap(({ history }) => history);
    const several = [...arrivals.values()].map((all) => all.filter(({ isBusy }) => !isBusy));
    const repeated = several.flatMap((all) => all.slice(1).map((next, at) => ({ next, before: all[at] })));
    return {
      people: people.length,
      enrolments: states.reduce((sum, { enrolments }) => sum + enrolments.length, 0),
      touches: lines.length,
      delivered: this.provider.taken(),
      taken: several.filter((all) => all.length > 0).length,
      refused: lines.filter(({ result }) => result === "not_sent").length,
      unsure: lines.filter(({ result }) => result === "tried").length,
      duplicates: repeated.length,
      afterKill: repeated.filter(({ next, before }) => !before.isLost && next.life > before.life).length,
      stops: people.reduce((sum, { stops }) => sum + stops.length, 0),
      lost: this.lost,
      strangers: strangers.length,
      repeats,
      answers,
      unanswered,
    };
  }
}

/** The result in one line. */
export function journeysSummary(result) {
  const { kills, cut, people, enrolments, touches, delivered, refused, unsure, duplicates, afterKill } = result;
  const { lost, stops, repeats, strangers, unanswered, entries, faults, seconds, seed } = result;
  return `crash of journeys: ${kills} kills (${cut.calls} with calls, ${cut.deliveries} with deliveries under way), ${people} people, ` +
    `${enrolments} enrolments, ${touches} touches: ${delivered} delivered once each, ${refused} refused, ${unsure} cut off and then refused; ` +
    `${duplicates} repetitions that the provider's ids absorbed (${afterKill} after a kill), ${lost} queue messages lost, ` +
    `${stops} outcomes and refusals obeyed, ${repeats} events asked for again, ${strangers} people known from refused events only, ` +
    `${unanswered} calls cut off and repeated, ${entries} audit entries verified, ${faults.length} faults, ${seconds.toFixed(0)} s, seed ${seed}`;
}
