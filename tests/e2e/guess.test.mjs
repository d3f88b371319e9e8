// Guessing at codes and facts over HTTP, through the real worker, gate and storage: how many guesses count, how many are
// compared with anything, and how likely the best guesser is to succeed (docs/proof.md). No rate limiter stands in front:
// what holds here are the budgets alone. Guesses that would be right are left out, so that none is right by luck.
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { auditName } from "./crash/check.mjs";
import { Client, spread } from "./client.mjs";
import { API_KEY, open } from "./door.mjs";
import { Mailbox } from "./mailbox.mjs";

const MEDIUM = "details.change";
const HIGH = "contract.sign";
const NUMBER = "12345678";
const WIDTH = 50;
const GUESSES = 10_000;
const SESSIONS = 100;
const STORMED_LINKS = 20;
const LINKS = 700;
const BATCH = 100;
const DAYS = 2;
const DAY_S = 24 * 60 * 60;

// As docs/proof.md has them.
const CODES = 10 ** 6;
const FACTS = 2 ** 20;
const FAILURES_MAX = 15;
const TRIES_MAX = 5;
const LINK_CHANCE = 25 / CODES;
const PERSON_CODES_AT_ONCE = 5;
const PERSON_CODES_MAX = 20;
const PERSON_CHANCE = 1 / 10_000;
const PERSON_FACTS_AT_ONCE = 5;
const PERSON_FACTS_MAX = 10;
const PERSON_FACT_CHANCE = 1 / 104_857;
const WAITS_S = [30, 60, 120, 240];

const bearer = { authorization: `Bearer ${API_KEY}` };
let mailbox;
let door;
let client;
let people = 0;

before(async () => {
  mailbox = await Mailbox.open();
  door = await open({ bindings: mailbox.bindings });
  client = new Client(door.origin, { sockets: WIDTH });
  await door.setTime(Date.now(), { stands: true });
});
after(async () => {
  client?.close();
  await door?.stop();
  mailbox?.close();
});

const later = (seconds) => door.setTime(door.now() + seconds * 1000, { stands: true });
const nonce = () => randomBytes(12).toString("base64url");
const number = (digits) => String(randomInt(10 ** digits)).padStart(digits, "0");

async function person() {
  people += 1;
  const [reference, address] = [`anna-${people}`, `anna${people}@mail.example.com`];
  const put = { language: "en", addresses: { email: address }, facts: { customer_number: NUMBER } };
  const { status, body, text } = await client.json("PUT", `/v1/people/${reference}`, put, bearer);
  assert.equal(status, 200, text);
  return { reference, address, subject: body.subject };
}

async function links(count, scope, { reference }) {
  const minted = [];
  while (minted.length < count) {
    const wanted = Array(Math.min(BATCH, count - minted.length)).fill({ scope, customer_ref: reference });
    const { status, body, text } = await client.json("POST", "/v1/links", { links: wanted }, bearer);
    assert.equal(status, 201, text);
    minted.push(...body.links);
  }
  return minted;
}

/** One who pressed a link, and how many codes they may type, as far as they know. */
class Visitor {
  codes = 0;

  static async press({ token }) {
    const { status, body, text } = await client.json("POST", `/l/${token}`, { nonce: nonce() });
    assert.equal(status, 200, text);
    return Object.assign(new Visitor(), { session: body.session });
  }

  step(form) {
    return client.json("POST", "/verify", { session: this.session, ...form });
  }

  /** Asks for a code; how long to wait where there is none. */
  async ask() {
    const { status, body, headers, text } = await this.step({ form: "send", channel: "email" });
    assert.ok(status === 200 || body.code === "proof_slowed", text);
    this.codes = body.codes ?? 0;
    return status === 200 ? 0 : Number(headers["retry-after"]);
  }

  /** The answer to one guess in a word. */
  async guess(code) {
    const { body } = await this.step({ form: "code", code });
    return body.code ?? body.outcome;
  }

  async look() {
    const { status, body, text } = await this.step({ form: "look" });
    assert.equal(status, 200, text);
    return body.codes;
  }

  /** Guesses one after the other until no code is left; the number of codes that guesses were compared with. */
  async guessAll(right) {
    let compared = 0;
    for (let living = await this.look(); living > 0; living = await this.look()) {
      compared += living;
      assert.equal(await this.guess(wrong(right)), "proof_wrong");
    }
    return compared;
  }

  async guessFact() {
    const { status, body, headers, text } = await this.step({ form: "fact", "fact.customer_number": wrong([NUMBER], 8) });
    assert.ok(body.code === "proof_wrong" || body.code === "proof_slowed", text);
    return status === 422 ? 0 : Number(headers["retry-after"]);
  }
}

function wrong(right, digits = 6) {
  for (;;) {
    const guess = number(digits);
    if (!right.includes(guess)) return guess;
  }
}

/** The honest person by a fresh link and a code; how long they had to wait for it. */
async function comesInByCode(anna) {
  let visitor = await Visitor.press((await links(1, MEDIUM, anna))[0]);
  const waited = await visitor.ask();
  if (waited > 0) {
    await later(waited);
    visitor = await Visitor.press((await links(1, MEDIUM, anna))[0]);
    assert.equal(await visitor.ask(), 0, "once the wait is over there is a code");
  }
  await isIn(await visitor.step({ form: "code", code: mailbox.of(anna.address).at(-1) }), "code");
  return waited;
}

async function comesInByApp(anna) {
  const visitor = await Visitor.press((await links(1, MEDIUM, anna))[0]);
  const word = { session: visitor.session, action: "confirm", subject: anna.subject };
  assert.equal((await client.json("POST", "/v1/grants", word, bearer)).status, 200);
  await isIn(await visitor.step({ form: "go" }), "app");
}

async function isIn({ body, text }, proof) {
  assert.equal(body.outcome, "granted", text);
  const exchanged = await client.json("POST", "/v1/grants", { grant: body.grant }, bearer);
  assert.deepEqual([exchanged.status, exchanged.body.proof], [200, [proof]], exchanged.text);
}

async function isLocked({ id }) {
  const { body } = await client.json("GET", `/v1/links/${id}`, undefined, bearer);
  assert.equal(body.state, "locked");
}

/** What the audit log counts of a link. */
async function recorded({ id }, kind) {
  const name = auditName(id);
  const count = (entries) =>
    entries
      .filter(({ event }) => event.kind === kind && event.link === name)
      .reduce((sum, { event }) => sum + (event.count ?? 1), 0);
  const { entries } = await door.audit((all) => count(all) >= FAILURES_MAX);
  return count(entries);
}

const tally = (words) => words.reduce((told, word) => ({ ...told, [word]: (told[word] ?? 0) + 1 }), {});

/** The most of these moments that lie within one day. */
function mostInADay(moments) {
  return Math.max(0, ...moments.map((from) => moments.filter((at) => at >= from && at - from < DAY_S * 1000).length));
}

describe("guessing at one link", () => {
  it(`${GUESSES} guesses from ${SESSIONS} sessions: ${FAILURES_MAX} count, 25 are compared with a code, none gets in`, async () => {
    const anna = await person();
    const [link] = await links(1, MEDIUM, anna);
    const visitors = await spread(Array(SESSIONS).fill(link), WIDTH, Visitor.press);
    const [best] = visitors;
    for (const wait of [...WAITS_S, 0]) {
      assert.equal(await best.ask(), 0);
      await later(wait);
    }
    const right = mailbox.of(anna.address);
    assert.equal(right.length, best.codes, "all five codes are one visitor's, and alive: more cannot be had at once");
    await later(1);
    await best.step({ form: "send", channel: "email" });
    assert.equal(mailbox.of(anna.address).length, right.length, "a sixth is not sent");

    const salvo = Array.from({ length: TRIES_MAX - 1 }, () => best.guess(wrong(right)));
    const first = await Promise.all(salvo);
    assert.deepEqual(first, first.map(() => "proof_wrong"));
    const compared = first.length * best.codes + (await best.guessAll(right));
    assert.equal(await best.look(), 0);

    const used = first.length + 1;
    const rest = Array.from({ length: GUESSES - used }, (_, at) => at);
    // Their right time is over and they were never the others': right codes are tried among the wrong ones.
    const words = await spread(rest, WIDTH, (at) =>
      visitors[at % SESSIONS].guess(at % 3 ? wrong(right) : right[at % right.length]),
    );
    const told = tally(words);
    assert.deepEqual(told, { proof_wrong: FAILURES_MAX - used - 1, too_many_tries: rest.length - FAILURES_MAX + used + 1 });
    await isLocked(link);
    assert.equal(await recorded(link, "proof.failed"), FAILURES_MAX);
    const chance = compared / CODES;
    assert.ok(compared > 0 && chance <= LINK_CHANCE, `${compared} comparisons`);
    const waited = await comesInByCode(anna);
    assert.ok(waited <= 60, "one link makes the honest person wait a minute");
    console.log(`one link: ${GUESSES} guesses, ${compared} comparisons, chance ${chance}, then in after ${waited} s`);
  });

  it(`${STORMED_LINKS} links, ${SESSIONS} guesses at once at each: ${FAILURES_MAX} count, whoever holds the codes`, async () => {
    for (let round = 0; round < STORMED_LINKS; round += 1) {
      const anna = await person();
      const [link] = await links(1, MEDIUM, anna);
      const visitors = await Promise.all(Array(4).fill(link).map(Visitor.press));
      for (const [at, wait] of WAITS_S.entries()) {
        assert.equal(await visitors[at].ask(), 0);
        await later(wait);
      }
      const right = mailbox.of(anna.address);
      assert.equal(right.length, WAITS_S.length);
      const tries = Array.from({ length: SESSIONS }, (_, at) => at % right.length);
      const other = (at) => right[(at + 1) % right.length];
      const words = await spread(tries, WIDTH, (at) => visitors[at].guess(other(at)));
      assert.deepEqual(tally(words), { proof_wrong: FAILURES_MAX - 1, too_many_tries: SESSIONS - FAILURES_MAX + 1 });
      await isLocked(link);
    }
  });
});

describe("guessing at one person", () => {
  let anna;

  it(`${LINKS} links, each until it locks: codes of five reach the person, and the honest one gets in`, async () => {
    anna = await person();
    const all = await links(LINKS, MEDIUM, anna);
    let [compared, slowed] = [0, 0];
    const words = (
      await spread(all, WIDTH, async (link) => {
        const visitor = await Visitor.press(link);
        const wait = await visitor.ask();
        slowed += wait > 0 ? 1 : 0;
        // There is one code at most, so there are as many guesses as comparisons.
        const tries = await visitor.guessAll(mailbox.of(anna.address));
        compared += tries;
        const told = Array(tries).fill("proof_wrong");
        while (told.at(-1) !== "too_many_tries") told.push(await visitor.guess(wrong(mailbox.of(anna.address))));
        return told;
      })
    ).flat();
    const sent = mailbox.of(anna.address).length;
    assert.equal(sent, PERSON_CODES_AT_ONCE);
    assert.equal(slowed, LINKS - sent);
    assert.deepEqual(tally(words), { proof_wrong: LINKS * (FAILURES_MAX - 1), too_many_tries: LINKS });
    await spread(all, WIDTH, isLocked);
    const chance = compared / CODES;
    assert.ok(compared === sent * TRIES_MAX && chance <= PERSON_CHANCE, `${compared} comparisons`);
    await comesInByApp(anna);
    const waited = await comesInByCode(anna);
    assert.ok(waited > 0 && waited <= 60, `asking in vain makes no wait longer: ${waited} s`);
    console.log(`one person: ${words.length} guesses, ${sent} codes, ${compared} comparisons, chance ${chance}, then in after ${waited} s`);
  });

  it(`${DAYS} days of guessing as fast as the door allows: the chance in any day is the documented one`, async () => {
    const victim = await person();
    const [codes, facts] = [[], []];
    let compared = 0;
    const end = door.now() + DAYS * DAY_S * 1000;
    while (door.now() < end) {
      const [medium, high] = [(await links(1, MEDIUM, victim))[0], (await links(1, HIGH, victim))[0]];
      const byCode = await Visitor.press(medium);
      const codeWait = await byCode.ask();
      if (codeWait === 0) codes.push(door.now());
      // Without a wait no time would go by.
      assert.ok(codes.length <= (DAYS + 1) * PERSON_CODES_MAX, "more codes than any days allow");
      compared += await byCode.guessAll(mailbox.of(victim.address));
      const factWait = await (await Visitor.press(high)).guessFact();
      if (factWait === 0) facts.push(door.now());
      if (facts.length === PERSON_FACTS_AT_ONCE) assert.equal(facts[0], facts.at(-1), "the first come at once");
      await later(Math.min(codeWait, factWait));
    }
    assert.equal(mailbox.of(victim.address).length, codes.length);
    assert.equal(compared, codes.length * TRIES_MAX);
    const [codesInADay, factsInADay] = [mostInADay(codes), mostInADay(facts)];
    assert.equal(codesInADay, PERSON_CODES_MAX);
    assert.equal(factsInADay, PERSON_FACTS_MAX);
    const chances = [(codesInADay * TRIES_MAX) / CODES, factsInADay / FACTS];
    assert.ok(chances[0] <= PERSON_CHANCE && chances[1] <= PERSON_FACT_CHANCE, `${chances}`);
    await comesInByApp(victim);
    await (await Visitor.press((await links(1, MEDIUM, victim))[0])).ask();
    const waited = await comesInByCode(victim);
    assert.ok(waited > 0 && waited <= DAY_S, `nobody is shut out for good: ${waited} s`);
    console.log(
      `${DAYS} days: ${codes.length} codes and ${facts.length} tries at facts, ${codesInADay} and ${factsInADay} in one day, ` +
        `chances ${chances[0]} and ${chances[1].toExponential(2)}, then in after ${waited} s`,
    );
  });
});
