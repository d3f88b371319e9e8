// Kills the worker with SIGKILL while people are between the check of their code and the exchange of the grant, and looks
// who came in.
//
// Two visitors want each link: one has a code, the other the word of the app's back end. Both repeat whatever got no
// answer, and type the code more than once.
import { setTimeout as sleep } from "node:timers/promises";
import { Client, spread } from "../client.mjs";
import { API_KEY, eventually } from "../door.mjs";
import { Mailbox } from "../mailbox.mjs";
import { auditName, chainHead } from "./check.mjs";
import { openPlatform } from "./platform.mjs";
import { generator, readLog } from "./run.mjs";
import { Server } from "./server.mjs";
import { Clients, newNonce } from "./story.mjs";

const SCOPE = "details.change";
const LANES = 8;
const SOCKETS = 64;
/** How long whoever was let in waits before they arrive at the destination. */
const WAY_MAX_MS = 200;
const AIM_MAX_MS = 60;
const AUDIT_MAX_S = 60;

const bearer = { authorization: `Bearer ${API_KEY}` };

/** Runs it all; the result has the counts and the faults found. */
export async function crashProofs({ kills, seed, report = () => {} }) {
  const started = performance.now();
  const random = generator(seed);
  const mailbox = await Mailbox.open();
  const server = new Server({ bindings: mailbox.bindings });
  const platform = await openPlatform((batch, queue) => server.deliver(batch, queue), random);
  const client = new Client("http://127.0.0.1:1", { sockets: SOCKETS });
  const people = new People(client, random, mailbox);
  try {
    const between = await underFire({ kills, random, server, platform, client, people, report });
    const faults = [...people.faults, ...(await settle(people, client))];
    const seconds = (performance.now() - started) / 1000;
    const byCode = people.doors.filter(({ winner }) => winner === "code").length;
    const { doors, unanswered, retyped } = people;
    return { kills, between, seed, seconds, links: doors.length, byCode, unanswered, retyped, faults };
  } finally {
    await server.kill().catch(() => {});
    client.close();
    platform.close();
    mailbox.close();
    server.remove();
  }
}

/** The killing itself; how many kills met somebody between check and exchange. */
async function underFire({ kills, random, server, platform, client, people, report }) {
  await server.start(platform);
  client.aim(server.origin);
  let isOver = false;
  const lane = async () => {
    while (!isOver) await people.play();
  };
  const lanes = Promise.all(Array.from({ length: LANES }, lane));
  lanes.catch(() => {});
  let between = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    // Half of the workers die while codes are checked, half when somebody has just been let in.
    const what = random() < 0.5 ? "typed" : "granted";
    const before = people[what];
    await Promise.race([eventually(`a code is ${what}`, () => people[what] > before, 30, 1), lanes]);
    await sleep(random() * AIM_MAX_MS);
    between += people.between > 0 ? 1 : 0;
    await server.kill();
    await server.start(platform);
    client.aim(server.origin);
    report(`kill ${kill}: ${people.doors.length} links, ${people.answers} answers, ${people.faults.length} faults`);
  }
  isOver = true;
  await lanes;
  return between;
}

class People extends Clients {
  /** Links, with who came in. */
  doors = [];
  /** Visitors whose code or word is on its way, or who were let in and have not arrived. */
  between = 0;
  typed = 0;
  granted = 0;
  retyped = 0;

  constructor(client, random, mailbox) {
    super(client, random);
    this.mailbox = mailbox;
    this.count = 0;
  }

  async play() {
    const number = (this.count += 1);
    const [reference, email] = [`anna-${number}`, `anna${number}@mail.example.com`];
    const put = await this.call("PUT", `/v1/people/${reference}`, { language: "en", addresses: { email } }, bearer);
    const door = { ...(await this.link(reference)), subject: put.body.subject, grants: new Map(), redeemed: new Set() };
    this.doors.push(door);
    const [typist, app] = [await this.press(door), await this.press(door)];
    await this.step(typist, { form: "send", channel: "email" });
    const code = this.mailbox.of(email).at(-1);
    // A code may be counted and never leave, if the worker dies between the two.
    const visits = code === undefined ? [] : [this.visit(door, "code", () => this.type(door, typist, code))];
    if (visits.length === 0 || this.random() < 0.5) visits.push(this.visit(door, "app", () => this.vouch(door, app)));
    await Promise.all(visits);
    if (code !== undefined) await this.typeAgain(door, reference, typist, code);
  }

  async link(reference) {
    const { body } = await this.call("POST", "/v1/links", { scope: SCOPE, customer_ref: reference }, bearer);
    return { id: body.id, token: body.token };
  }

  /** The session of one who pressed the button. */
  async press({ token }) {
    const { body } = await this.call("POST", `/l/${token}`, { nonce: newNonce() });
    return body.session;
  }

  step(session, form) {
    return this.call("POST", "/verify", { session, ...form });
  }

  /** From the proof to the destination. */
  async visit(door, proof, prove) {
    this.between += 1;
    const grants = new Set(await prove());
    if (grants.size > 1) this.faults.push(`${door.id}: ${grants.size} grants for one visitor`);
    for (const grant of grants) {
      door.grants.set(grant, proof);
      this.granted += 1;
      await sleep(this.random() * WAY_MAX_MS);
      const same = { ...bearer, "idempotency-key": newNonce() };
      const { status, text } = await this.call("POST", "/v1/grants", { grant }, same);
      if (status === 200) door.redeemed.add(grant);
      else this.faults.push(`${door.id}: the exchange was refused: ${text}`);
      door.winner = proof;
      const again = await this.call("POST", "/v1/grants", { grant }, bearer);
      if (again.status === 200) this.faults.push(`${door.id}: one grant was exchanged twice`);
    }
    this.between -= 1;
  }

  /** Types a code twice at once. */
  async type(door, session, code) {
    this.typed += 1;
    const answers = await Promise.all([1, 2].map(() => this.step(session, { form: "code", code })));
    const bad = answers.filter(({ body }) => body.outcome !== "granted" && !["busy", "used"].includes(body.code));
    for (const { text } of bad) this.faults.push(`${door.id}: the right code was refused: ${text}`);
    return answers.flatMap(({ body }) => body.grant ?? []);
  }

  async vouch({ subject }, session) {
    await this.call("POST", "/v1/grants", { session, action: "confirm", subject }, bearer);
    const { body } = await this.step(session, { form: "go" });
    return body.grant ? [body.grant] : [];
  }

  /** A code that was typed is typed where it came from, and at another link of the person. */
  async typeAgain(door, reference, session, code) {
    const next = await this.press(await this.link(reference));
    for (const [other, answer] of [[session, "used"], [next, "proof_wrong"]]) {
      const { body, text } = await this.step(other, { form: "code", code });
      this.retyped += 1;
      if (body.code !== answer) this.faults.push(`${door.id}: a used code was answered ${text}`);
    }
  }
}

/** Looks at every link, and waits until the audit log tells who came in. */
async function settle(people, client) {
  const states = await spread(people.doors, LANES, ({ id }) => people.inspect({ id }));
  const faults = people.doors.flatMap((door, at) => [...doorFaults(door, states[at])]);
  const wanted = people.doors.filter(({ winner }) => winner === "code").map(({ id }) => auditName(id));
  let log;
  let shown;
  await eventually("the audit log has each code that was right", async () => {
    log = await readLog(client);
    const events = log.lines.map((line) => JSON.parse(line).event);
    const codes = events.filter(({ kind, reason }) => kind === "proof.shown" && reason === "code");
    shown = Map.groupBy(codes, ({ link }) => link);
    return wanted.every((link) => shown.has(link));
  }, AUDIT_MAX_S, 500);
  for (const [link, events] of shown) {
    const times = new Set(events.map(({ at }) => at)).size;
    if (times > 1) faults.push(`${link}: its codes were right ${times} times`);
  }
  if (chainHead(log.lines) !== log.head) faults.push("the audit log does not lead to its head");
  return faults;
}

function* doorFaults({ id, grants, redeemed }, { state }) {
  if (grants.size > 1) yield `${id}: ${grants.size} visitors were let in: ${[...grants.values()]}`;
  if (redeemed.size > 1) yield `${id}: ${redeemed.size} grants were exchanged`;
  if (redeemed.size === 0) yield `${id}: nobody came in`;
  if (state !== "spent") yield `${id}: used, and now ${state}`;
}

/** The result in one line. */
export function summary({ kills, between, links, byCode, unanswered, retyped, faults, seconds, seed }) {
  return `crash-proof: ${kills} kills (${between} between check and exchange), ${links} links, ${byCode} won by a code, ` +
    `${unanswered} requests cut off and repeated, ${retyped} used codes typed again, ${faults.length} faults, ` +
    `${seconds.toFixed(0)} s, seed ${seed}`;
}
