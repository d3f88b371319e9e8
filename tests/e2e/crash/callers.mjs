// What a company's systems tell the worker about people while it is killed under them, and what they were answered.
//
// They behave as docs/openapi.json asks: a call that got no answer is repeated unchanged until it gets one, and so is the
// part of a batch for which a shard could not be reached.
import { setTimeout as sleep } from "node:timers/promises";
import { API_KEY } from "../door.mjs";
import { Clients } from "./story.mjs";

const BATCHED = "application/cloudevents-batch+json";
const PEOPLE_MAX = 10;
const BATCH_MAX = 500;
const PAUSE_MS = 40;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Ids are remembered for seven days. */
const MEMORY_MS = 6.5 * DAY_MS;
const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Europe/Paris"];
const CHANNELS = ["email", "sms", "whatsapp", "voice"];
const LATER = ["unreachable", "no_policy"];

const bearer = { authorization: `Bearer ${API_KEY}` };

export class Callers extends Clients {
  /** Each with what was said about them and answered. */
  people = [];
  /** References of which nothing was ever taken. */
  strangers = [];
  repeats = 0;
  numbers = 0;

  /** `journeys` are those of the policy; `scene` tells the time and which start of the worker is running. */
  constructor(client, random, journeys, scene) {
    super(client, random);
    this.journeys = Object.entries(journeys);
    this.scene = scene;
  }

  async play() {
    const [, story] = this.choose([
      [5, () => this.arrive()],
      [2, () => this.settle()],
      [1, () => this.refuse()],
      [2, () => this.openApp()],
      [1, () => this.askAgain()],
    ]);
    await story();
    await sleep(PAUSE_MS);
  }

  /** New people and what happened to them, in either order, and a few events that are none. */
  async arrive() {
    const people = Array.from({ length: 1 + Math.floor(this.random() * PEOPLE_MAX) }, () => this.newPerson());
    const events = people.flatMap((person) => this.triggersOf(person));
    const steps = [() => this.tell(events), () => this.putAll(people)];
    for (const step of this.random() < 0.5 ? steps : steps.reverse()) await step();
    this.people.push(...people);
  }

  newPerson() {
    const ref = `customer-${this.numbers++}`;
    const said = CHANNELS.filter(() => this.random() < 0.8);
    const consents = said.map((channel) => ({ channel, purpose: "service", said: "yes" }));
    const put = { language: "en", consents };
    if (this.random() < 0.95) put.zone = this.pick(ZONES);
    const person = { ref, put: this.random() < 0.95 ? put : undefined, told: [], triggers: new Map(), stops: [] };
    if (this.random() < 0.9) put.addresses = this.addresses();
    return person;
  }

  addresses() {
    const number = `+46701${String(100_000 + this.numbers).slice(-6)}`;
    return { email: `anna${this.numbers}@mail.example.com`, sms: number, whatsapp: number, voice: number };
  }

  triggersOf(person) {
    const journeys = this.journeys.filter(() => this.random() < 0.4);
    if (journeys.length === 0) journeys.push(this.pick(this.journeys));
    return journeys.map(([journey, { trigger }]) => {
      const told = this.event(person, trigger.event);
      person.triggers.set(journey, told);
      return told;
    });
  }

  event(person, type, time = this.scene.now()) {
    const id = `event-${this.numbers++}`;
    const sent = { specversion: "1.0", id, source: "/crash", type, subject: person.ref, time: new Date(time).toISOString() };
    return { person, sent, time };
  }

  /** Events that are refused travel along: they leave nothing. */
  badEvents() {
    if (this.random() < 0.6) return [];
    const stranger = { ref: `stranger-${this.numbers++}` };
    this.strangers.push(stranger.ref);
    const [[, { trigger }]] = this.journeys;
    const bad = [this.event(stranger, trigger.event, this.scene.now() - 9 * DAY_MS), this.event(stranger, trigger.event)];
    bad[1].sent.data = { email: "anna@mail.example.com" };
    return bad;
  }

  /** Tells events until each is answered. Resolves to their results, in order. */
  async tell(events) {
    let left = [...events.map((told) => ({ told })), ...this.badEvents().map((told) => ({ told, isBad: true }))];
    while (left.length > 0) {
      const body = left.map(({ told }) => told.sent);
      const answer = await this.call("POST", "/v1/events", body, { ...bearer, "content-type": BATCHED });
      if (![200, 207].includes(answer.status)) throw new Error(`events: ${answer.status} ${answer.text}`);
      left.forEach((one, at) => this.noteResult(one, answer.body.results[at].result, answer.attempts));
      left = left.filter((one) => LATER.includes(one.result));
    }
    return events.map(({ result }) => result);
  }

  noteResult(one, result, attempts) {
    const { told, isBad } = one;
    // Told before, to a worker that was killed or a shard that was not reached: then it may be a repetition.
    const mayRepeat = told.result !== undefined || attempts > 1 || LATER.includes(one.result);
    one.result = result;
    if (LATER.includes(result)) return;
    const wanted = isBad ? ["too_old", "invalid"] : ["taken", "entered", "ended", ...(mayRepeat ? ["repeated"] : [])];
    if (!wanted.includes(result)) this.faults.push(`${told.person.ref}: ${told.sent.type} was answered ${result}`);
    if (isBad || told.result !== undefined) return;
    told.result = result;
    told.person.told.push(told);
  }

  async putAll(people) {
    for (const person of people.filter(({ put }) => put)) await this.put(person, person.put);
  }

  async put(person, document) {
    const answer = await this.call("PUT", `/v1/people/${person.ref}`, document, bearer);
    if (answer.status !== 200) this.faults.push(`${person.ref}: PUT was answered ${answer.text}`);
  }

  /** The outcome of one of somebody's journeys: from the answer on, nothing of it is sent. */
  async settle() {
    const person = this.somebody();
    const [journey] = person ? this.pick([...person.triggers]) : [];
    if (!journey || person.stops.some((stop) => stop.journey === journey)) return;
    const stop = { journey };
    person.stops.push(stop);
    await this.tell([this.event(person, this.journeys.find(([name]) => name === journey)[1].outcomes[0])]);
    this.acknowledge(stop);
  }

  /** Somebody says no to a channel. */
  async refuse() {
    const person = this.somebody();
    if (!person?.put || person.stops.some(({ channel }) => channel)) return;
    const stop = { channel: this.pick(CHANNELS) };
    person.stops.push(stop);
    await this.put(person, { consents: [{ channel: stop.channel, purpose: "service", said: "no" }] });
    this.acknowledge(stop);
  }

  acknowledge(stop) {
    Object.assign(stop, { at: performance.now(), now: this.scene.now(), life: this.scene.life });
  }

  /** Somebody opens the app, which asks for messages and tells that it showed them. */
  async openApp() {
    const person = this.somebody();
    if (!person) return;
    await this.tell([this.event(person, "app.opened")]);
    const { body } = await this.call("GET", `/v1/inbox/${person.ref}`, undefined, bearer);
    const shown = body.messages.map(({ touch }) => touch);
    if (shown.length > 0) await this.call("POST", `/v1/inbox/${person.ref}`, { shown }, bearer);
    person.shown = [...(person.shown ?? []), ...shown];
  }

  /** What was taken is known, whatever happened since; but openings of the app, of which only those are kept that matter. */
  async askAgain(events = this.somebody()?.told ?? []) {
    const recent = events.filter(({ time, sent }) => sent.type !== "app.opened" && this.scene.now() - time < MEMORY_MS);
    for (let from = 0; from < recent.length; from += BATCH_MAX) {
      const part = recent.slice(from, from + BATCH_MAX);
      const body = part.map(({ sent }) => sent);
      const answer = await this.call("POST", "/v1/events", body, { ...bearer, "content-type": BATCHED });
      part.forEach(({ person, sent }, at) => {
        const result = answer.body?.results?.[at].result;
        if (result !== "repeated") this.faults.push(`${person.ref}: ${sent.type} was forgotten: ${result ?? answer.text}`);
      });
      this.repeats += part.length;
    }
  }

  async person(ref) {
    return this.call("GET", `/v1/people/${ref}`, undefined, bearer);
  }

  somebody() {
    return this.people.length > 0 ? this.pick(this.people) : undefined;
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }
}
