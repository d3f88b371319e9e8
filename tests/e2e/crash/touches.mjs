// What must hold for people and their touches when the dust has settled: nobody's touch is lost or sent twice, and
// nothing is sent to whom it must not be.
import { auditName } from "./check.mjs";

/** The worker's clock and ours, read one after the other. */
const CLOCK_MS = 1_000;
/** A touch that passed the last check when the outcome came may still be on its way. */
const UNDER_WAY_MS = 3_000;
const SENT = ["accepted", "delivered"];

/** The name of a touch in the audit log. */
const touchName = (id) => id.slice(16);

/** What is wrong with one person: `state` as shown at the end, `records` the audit events by touch. */
export function personFaults(person, state, { journeys, records, arrivals }) {
  const faults = [...memoryFaults(person, state)];
  for (const [journey, told] of person.triggers) {
    faults.push(...journeyFaults(person, state, journey, told, journeys[journey]));
  }
  for (const line of state.history) {
    faults.push(...touchFaults(person, state, line, arrivals.get(line.touch) ?? [], records.get(touchName(line.touch)) ?? []));
  }
  return faults.map((fault) => `${person.ref}: ${fault}`);
}

/** Something forgotten that was confirmed, or something left over? */
function* memoryFaults({ put, triggers, stops }, state) {
  if (put && (state.zone ?? undefined) !== put.zone) yield `lives in ${state.zone}, not ${put.zone}`;
  for (const { channel, at } of stops) {
    const isKnown = state.consents.some((one) => one.channel === channel && one.said === "no");
    if (channel && at && !isKnown) yield `their no to ${channel} was forgotten`;
  }
  if (state.pending.length > 0) yield `still on the way: ${JSON.stringify(state.pending)}`;
  if (state.enrolments.length !== triggers.size) yield `${triggers.size} triggers, ${state.enrolments.length} enrolments`;
}

/** Every touch of an accepted trigger was decided, unless its journey ended before. */
function* journeyFaults({ stops }, state, journey, told, { touches }) {
  const enrolment = state.enrolments.find((one) => one.journey === journey);
  if (!enrolment) return yield `${journey}: ${told.sent.id} was answered ${told.result} and forgotten`;
  const stop = stops.find((one) => one.journey === journey);
  if (stop?.at && enrolment.ended !== "resolved") yield `${journey}: its outcome was taken, and it is ${enrolment.ended}`;
  if (!stop && enrolment.ended !== "completed") yield `${journey}: nothing ended it, and it is ${enrolment.ended}`;
  if (enrolment.ended === "resolved" && stop) return;
  for (const touch of touches) {
    const lines = state.history.filter((line) => line.journey === journey && line.why?.touch_goal === touch.goal);
    if (lines.length === 0) yield `${journey}: ${touch.name} was lost`;
    if (lines.length > 1) yield `${journey}: ${touch.name} has ${lines.length} ids`;
  }
}

/** One touch: what is shown, what the provider saw and what is on record are one story. */
function* touchFaults({ stops }, state, line, arrivals, record) {
  const name = `${line.journey}/${line.channel} ${line.touch}`;
  const count = (kind) => new Set(record.filter((event) => event.kind === kind).map(({ at }) => at)).size;
  const taken = arrivals.filter(({ isBusy }) => !isBusy).length;
  const isFetched = line.channel === "in_app";
  const called = stops.filter(({ journey, channel }) => journey === line.journey || channel === line.channel);
  // What waits for the app may wait in vain. Whatever else is too late was lost for too long.
  const isGood = (reason) => isFetched || called.length > 0 || !["too_late", "resolved", "paused"].includes(reason);
  const reasons = record.filter(({ kind }) => kind === "touch.refused").map(({ reason }) => reason);
  if (SENT.includes(line.result)) {
    if (taken === 0 && !isFetched) yield `${name}: is said to be ${line.result} and never arrived`;
    if (count("touch.queued") !== 1) yield `${name}: was queued ${count("touch.queued")} times`;
    if (count("touch.sent") + count("touch.delivered") !== 1) yield `${name}: its sending is not on record once`;
  } else if (line.result === "not_sent") {
    if (arrivals.length > 0) yield `${name}: refused for ${line.reason}, and sent`;
    if (!isGood(line.reason)) yield `${name}: was lost and then refused for ${line.reason}`;
    if (count("touch.refused") + count("touch.would_send") === 0) yield `${name}: its refusal is not on record`;
  } else if (line.result !== "tried" || reasons.length === 0 || !reasons.every(isGood)) {
    // One that was cut off on its way and refused when it came again, as by a cap that others had reached meanwhile, may
    // or may not have left: that is what is said of it.
    yield `${name}: ended as ${line.result}, refused for ${reasons}`;
  }
  if (arrivals.length > 0 && state.enrolments.find(({ journey }) => journey === line.journey)?.holdout) {
    yield `${name}: was sent to the control group`;
  }
  for (const stop of called) yield* stopFaults(name, stop, line, arrivals);
  yield* repetitionFaults(name, arrivals);
}

/** Sent after it was acknowledged that it must not be? */
function* stopFaults(name, stop, line, arrivals) {
  if (!stop.at || line.result === "not_sent") return;
  if (line.channel !== "in_app" && line.at > stop.now + CLOCK_MS) yield `${name}: was let go after the person's word was taken`;
  for (const { at, life } of arrivals) {
    const isLate = life > stop.life || at > stop.at + UNDER_WAY_MS;
    if (isLate) yield `${name}: arrived ${(at - stop.at).toFixed(0)} ms after the person's word was taken`;
  }
}

/** Sent again without a reason? An answer that got lost and a killed worker are one; each offer is good for one try. */
function* repetitionFaults(name, arrivals) {
  for (let at = 1; at < arrivals.length; at += 1) {
    const [before, next] = [arrivals[at - 1], arrivals[at]];
    const isExcused = before.isBusy || before.isLost || next.life > before.life;
    if (!isExcused) yield `${name}: was sent again although its answer was heard`;
    if (before.offered === next.offered) yield `${name}: one offer was sent twice`;
  }
}

/** What is wrong beyond single people. */
export function* wholeFaults({ people, states, arrivals, events }) {
  const known = new Set(states.flatMap(({ history }) => history.map(({ touch }) => touch)));
  for (const touch of arrivals.keys()) if (!known.has(touch)) yield `${touch} arrived and nobody knows of it`;
  const issued = new Set(events.filter(({ kind }) => kind === "link.issued").map(({ link }) => link));
  for (const { touch, data } of [...arrivals.values()].flat()) {
    const [, token] = /\/l\/([\w-]+)/.exec(data.link ?? "") ?? [];
    if (token && !issued.has(auditName(token))) yield `the link of ${touch} is not on record`;
  }
  const entered = new Set(events.filter(({ kind }) => kind === "journey.entered").map(({ subject, journey, at }) => `${subject} ${journey} ${at}`));
  const triggers = people.reduce((sum, person) => sum + person.triggers.size, 0);
  if (entered.size !== triggers) yield `${triggers} triggers were taken, ${entered.size} entries are on record`;
}
