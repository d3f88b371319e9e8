// How long answers take that are meant to be alike, interleaved over one connection to a running door: whoever measures
// must not learn what the words do not say. Prints medians and quartiles; asserts that the answers are the same and
// nothing about their times, which the machine decides. Run by hand: node tests/e2e/timing.mjs
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Client, spread } from "./client.mjs";
import { API_KEY, forge, open } from "./door.mjs";
import { Mailbox } from "./mailbox.mjs";

const SAMPLES = Number(process.env.SAMPLES ?? 600);
const TRIES = 3;
const WARM = 50;
const WIDTH = 8;
const CODE_LIFETIME_MS = 600_000;
const bearer = { authorization: `Bearer ${API_KEY}` };

const mailbox = await Mailbox.open();
const door = await open({ bindings: mailbox.bindings });
const client = new Client(door.origin, { sockets: WIDTH });
await door.setTime(Date.now(), { stands: true });
let people = 0;

const nonce = () => randomBytes(12).toString("base64url");
const step = (session, form) => client.json("POST", "/verify", { session, ...form });

/** Somebody who has pressed a link of their own, and has asked for a code if they wish. */
async function visitor(asks) {
  people += 1;
  const [customer_ref, email] = [`anna-${people}`, `anna${people}@mail.example.com`];
  await client.json("PUT", `/v1/people/${customer_ref}`, { language: "en", addresses: { email } }, bearer);
  const { body } = await client.json("POST", "/v1/links", { scope: "details.change", customer_ref }, bearer);
  const { session } = (await client.json("POST", `/l/${body.token}`, { nonce: nonce() })).body;
  if (asks) assert.equal((await step(session, { form: "send", channel: "email" })).status, 200);
  const [right] = mailbox.of(email);
  return { session, wrong: right === "000000" ? "111111" : "000000", right };
}

const visitors = (asks) => spread(Array(Math.ceil(SAMPLES / TRIES)).fill(asks), WIDTH, visitor);

function quartiles(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))]);
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** Asks in turn, each round in another order, and holds the answers against one another. */
async function measure(title, kinds) {
  const times = kinds.map(() => []);
  let expected;
  for (let round = 0; round < SAMPLES; round += 1) {
    for (let turn = 0; turn < kinds.length; turn += 1) {
      const at = (round + turn) % kinds.length;
      const began = process.hrtime.bigint();
      const { status, text } = await kinds[at].ask(round);
      const took = Number(process.hrtime.bigint() - began) / 1000;
      expected ??= { status, text };
      assert.deepEqual({ status, text }, expected, `${title}: ${kinds[at].name}`);
      if (round >= WARM) times[at].push(took);
    }
  }
  console.log(`${title} (${expected.status}), ${SAMPLES - WARM} each, µs`);
  for (const [at, { name }] of kinds.entries()) {
    const { lower, median, upper } = quartiles(times[at]);
    console.log(`  ${name.padEnd(34)} median ${median}  quartiles ${lower} to ${upper}`);
  }
}

try {
  const [over, old] = [await visitors(true), await visitor(false)];
  await door.setTime(door.now() + CODE_LIFETIME_MS, { stands: true });
  const [living, none] = [await visitors(true), await visitors(false)];
  const of = (all, round) => all[Math.floor(round / TRIES)];
  await measure("codes", [
    { name: "wrong, while one lives", ask: (round) => step(of(living, round).session, { form: "code", code: of(living, round).wrong }) },
    { name: "right, and its time is over", ask: (round) => step(of(over, round).session, { form: "code", code: of(over, round).right }) },
    { name: "none was ever sent", ask: (round) => step(of(none, round).session, { form: "code", code: of(none, round).wrong }) },
  ]);
  const { session } = old;
  await door.setTime(door.now() + CODE_LIFETIME_MS, { stands: true });
  const garbage = randomBytes(Buffer.from(session, "base64url").length).toString("base64url");
  await measure("sessions", [
    { name: "over", ask: () => step(session, { form: "code", code: "000000" }) },
    { name: "none of this door", ask: () => step(garbage, { form: "code", code: "000000" }) },
  ]);
  const expires = Math.floor(door.now() / 1000) + 600;
  const press = (token) => client.json("POST", `/l/${token}`, { nonce: nonce() });
  // Made before: whoever asks must not be timed as well.
  const forged = (how) => Array.from({ length: SAMPLES }, () => forge({ ...how, expires }));
  const [others, unknown] = [forged({ secret: Buffer.alloc(32, 9) }), forged({ key: 77 })];
  await measure("links", [
    { name: "another key under a known id", ask: (round) => press(others[round]) },
    { name: "an unknown id of a key", ask: (round) => press(unknown[round]) },
    { name: "no token at all", ask: () => press("A".repeat(50)) },
  ]);
} finally {
  client.close();
  await door.stop();
  mailbox.close();
}
