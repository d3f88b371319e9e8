// What must hold when the dust has settled, link by link, and of the audit log as a whole.
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { RING } from "../door.mjs";
import { GIVEN_BACK } from "./story.mjs";

const LEASE_MS = 60_000;
const CHANGES = ["link.claimed", "link.spent", "link.released", "link.failed", "link.revoked"];

const pseudonym = Buffer.from(RING.pseudonym, "base64url");
const auditKey = Buffer.from(hkdfSync("sha256", pseudonym, Buffer.alloc(0), "postern/v1/audit", 32));

/** A link's name in the audit log, from its public name. */
export function auditName(id) {
  const link = Buffer.from(id, "base64url").subarray(9, 21);
  const tag = createHmac("sha256", auditKey).update("link/").update(link).digest();
  return tag.subarray(0, 12).toString("base64url");
}

/** What is wrong with one link: `state` as inspected after the last crash, `events` its audit events in log order. */
export function linkFaults(link, state, events) {
  return [...winnerFaults(link), ...memoryFaults(link, state), ...auditFaults(link, state, events)]
    .map((fault) => `${link.id} (${link.scope}): ${fault}`);
}

/** Two winners? */
function* winnerFaults({ claims, went, redeemed, sentBack, revoked }) {
  if (went.size > 1) yield `${went.size} nonces were let through`;
  if (redeemed.size > 1) yield `${redeemed.size} grants were redeemed`;
  if (revoked.length > 0 && went.size + redeemed.size > 0) yield "withdrawn, and yet used";
  for (const grant of redeemed) if (sentBack.has(grant)) yield "a grant was redeemed after it was given back";
  const held = [...claims].sort(([, a], [, b]) => a.at - b.at);
  for (let at = 1; at < held.length; at += 1) {
    const [[grant, before], [, next]] = [held[at - 1], held[at]];
    const isOver = sentBack.has(grant) || next.at - before.at >= LEASE_MS;
    if (!isOver) yield `held by ${before.nonce} from ${before.at} and by ${next.nonce} from ${next.at}`;
  }
}

/** Something forgotten that was confirmed, or done that nobody asked for? */
function* memoryFaults({ scope, went, redeemed, revoked, abandoned, isRevokeSent }, state) {
  const isUsed = went.size + redeemed.size > 0;
  if (isUsed && state.state !== "spent") yield `used, and now ${state.state}`;
  if (revoked.length > 0 && state.state !== "revoked") yield `withdrawn, and now ${state.state}`;
  if (revoked.some((at) => at !== state.at)) yield `withdrawn at ${revoked}, now at ${state.at}`;
  const mayBeUsed = isUsed || (scope === "onboarding.resume" && abandoned > 0);
  if (state.state === "spent" && !mayBeUsed) yield "spent, and nobody came in";
  if (state.state === "revoked" && !isRevokeSent) yield "withdrawn by nobody";
}

/** A confirmed change that is not on record, or a record that the state machine does not allow? */
function* auditFaults({ claims, wasGivenBack, scope }, state, events) {
  if (!events.some(({ kind }) => kind === "link.issued")) yield "its issuance is not on record";
  const changes = distinct(events.filter(({ kind }) => CHANGES.includes(kind)));
  const count = (kind) => changes.filter((change) => change.kind === kind).length;
  for (const { nonce, at } of claims.values()) {
    const isKnown = changes.some((change) => change.kind === "link.claimed" && change.at === at);
    if (!isKnown) yield `the claim of ${nonce} at ${at} is not on record`;
  }
  for (const action of Object.keys(GIVEN_BACK)) {
    const told = wasGivenBack.filter((done) => done === action).length;
    if (count(GIVEN_BACK[action]) < told) yield `a ${action} is not on record`;
  }
  if (state.state === "revoked" && !changes.some(({ kind, at }) => kind === "link.revoked" && at === state.at)) {
    yield "its withdrawal is not on record";
  }
  if (scope === "help.article") return;
  const after = replay(changes, scope === "payment.retry");
  const claimed = state.state === "open" ? ["open", "claimed"] : [state.state];
  if (!claimed.includes(after)) yield `${state.state}, but its record says ${after}: ${JSON.stringify(changes)}`;
}

/** The state that a link's record leads to. */
function replay(changes, hasHandOff) {
  let state = "open";
  let since = 0;
  for (const { kind, at } of changes) {
    const isFree = state === "open" || (state === "claimed" && at - since >= LEASE_MS);
    const legal = {
      "link.claimed": hasHandOff && isFree,
      "link.spent": hasHandOff ? state === "claimed" : state === "open",
      "link.released": state === "claimed",
      "link.failed": state === "claimed",
      "link.revoked": state === "open" || state === "claimed",
    };
    if (!legal[kind]) return `an impossible ${kind} at ${at}`;
    const next = { "link.claimed": "claimed", "link.spent": "spent", "link.revoked": "revoked" };
    state = next[kind] ?? "open";
    since = at;
  }
  return state;
}

/** Changes once each, oldest first: the log holds them at least once. */
function distinct(events) {
  const known = new Map();
  for (const event of events) known.set(`${event.kind} ${event.at}`, known.get(`${event.kind} ${event.at}`) ?? event);
  return [...known.values()].sort((a, b) => a.at - b.at);
}

/** Whether every line follows from the one before (docs/audit.md); the log's head if so. */
export function chainHead(lines) {
  let before = Buffer.alloc(32);
  lines.forEach((line, at) => {
    const [covered, seal] = [line.slice(0, -54), line.slice(-54)];
    const digest = createHash("sha256").update("postern/audit/v1").update(before).update(covered).digest();
    if (seal !== `,"hash":"${digest.toString("base64url")}"}` || JSON.parse(line).seq !== at + 1) {
      throw new Error(`entry ${at + 1} does not follow entry ${at}`);
    }
    before = digest;
  });
  return `${lines.length}:${before.toString("base64url")}`;
}
