// The story that `make dev` tells, from the event to the last message, in a worker with nothing but its own outbox.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT, eventually, open } from "./door.mjs";

const HOUR = 60 * 60 * 1000;
const MINUTE = 60 * 1000;
const QUEUES = {
  "postern-audit": { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 100, retryDelay: 1 },
  "postern-outreach": { maxBatchSize: 10, maxBatchTimeout: 0, maxRetries: 3, retryDelay: 1, deadLetterQueue: "postern-outreach-dead" },
  "postern-outreach-dead": { maxBatchSize: 10, maxBatchTimeout: 0 },
};

let door;
let people = 0;

before(async () => {
  door = await open({ queueConsumers: QUEUES });
  // Noon of the next day in London: nobody sleeps.
  await door.setTime(Math.ceil(Date.now() / (24 * HOUR)) * 24 * HOUR + 12 * HOUR);
});
after(() => door?.stop());

/** Somebody who wants everything and whose payment fails; no one of the control group. */
async function enter() {
  for (;;) {
    const person = `example-${++people}`;
    const body = {
      language: "en",
      zone: "Europe/London",
      addresses: { email: `${person}@example.com`, sms: `+4477009${String(people).padStart(5, "0")}` },
      consents: ["email", "sms", "in_app"].map((channel) => ({ channel, purpose: "service", said: "yes" })),
    };
    for (const address of Object.values(body.addresses)) door.secrets.add(address);
    const put = await door.api("PUT", `/v1/people/${person}`, body);
    assert.equal(put.status, 200, put.text);
    const entered = door.now();
    const data = { about: `invoice-${people}`, masks: { order: "•••1234" } };
    assert.equal(await happen("payment.failed", person, { data }), "entered");
    const { enrolments } = await look(person);
    if (!enrolments[0].holdout) return { person, entered };
  }
}

/** What became of an event. */
async function happen(type, person, more = {}) {
  const time = new Date(door.now()).toISOString();
  const event = { specversion: "1.0", id: `${type}-${person}`, source: "/example", type, subject: person, time, ...more };
  const headers = { "content-type": "application/cloudevents+json" };
  const { status, body, text } = await door.api("POST", "/v1/events", JSON.stringify(event), { headers });
  assert.equal(status, 200, text);
  return body.result;
}

const look = async (person) => (await door.api("GET", `/v1/people/${person}`)).body;

/** Moves the clock to so long after the entry, and lets the cron trigger fire. */
async function pass({ entered }, ms) {
  await door.setTime(entered + ms);
  const worker = await door.miniflare.getWorker();
  await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(door.now()) });
}

/** What the outbox has for one person, oldest first. */
async function letters({ person }) {
  const { subject } = await look(person);
  const response = await door.fetch("/__local/outbox", { headers: { accept: "application/json" } });
  return (await response.json()).filter(({ touch }) => touch.startsWith(subject)).reverse();
}

const channels = async (who) => (await letters(who)).map(({ channel }) => channel);
const becomes = (who, expected) =>
  eventually(expected.join(", "), async () => (await channels(who)).join() === expected.join());
const hidden = (name, page) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1];
const tokenOf = (link) => new URL(link).pathname.replace("/l/", "");

describe("a payment failed", () => {
  let who;

  it("an e-mail is in the outbox at once, and its link goes through the door, once", async () => {
    who = await enter();
    await becomes(who, ["email"]);
    const [letter] = await letters(who);
    assert.match(letter.to, /^e•+@e•+\.com$/);
    assert.ok(letter.html.includes(letter.link) && letter.text.includes(letter.link));
    const token = tokenOf(letter.link);
    const landing = await door.fetch(`/l/${token}`);
    assert.equal(landing.status, 200, "looking uses nothing up");
    const nonce = hidden("nonce", await landing.text());
    const form = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: `nonce=${nonce}` };
    const handOff = await door.fetch(`/l/${token}`, form);
    assert.equal(handOff.status, 200);
    const grant = hidden("grant", await handOff.text());
    assert.ok(grant, "the page hands a grant over");
    door.secrets.add(grant);
    const redeemed = await door.api("POST", "/v1/grants", { grant });
    assert.equal(redeemed.status, 200, redeemed.text);
    assert.equal(redeemed.body.scope, "payment.retry");
    assert.equal(redeemed.body.subject, (await look(who.person)).subject);
    assert.equal((await door.claim(token)).status, 410, "used");
  });

  it("nothing comes before its time; after a day the SMS does", async () => {
    await pass(who, 23 * HOUR);
    assert.deepEqual(await channels(who), ["email"]);
    await pass(who, 24 * HOUR + MINUTE);
    await becomes(who, ["email", "sms"]);
    const { text, link } = (await letters(who))[1];
    assert.ok(text.includes(link));
    assert.notEqual(link, (await letters(who))[0].link, "each message has a link of its own");
  });

  it("when the app opens, its message waits in the inbox", async () => {
    const inbox = async () => (await door.api("GET", `/v1/inbox/${who.person}`)).body.messages;
    assert.deepEqual(await inbox(), []);
    await pass(who, 26 * HOUR);
    assert.equal(await happen("app.opened", who.person), "taken");
    const [message, ...others] = await inbox();
    assert.deepEqual(others, []);
    assert.ok(message.action.url.includes("/l/"), JSON.stringify(message));
    assert.deepEqual(await channels(who), ["email", "sms"], "nothing was sent for it");
  });

  it("on the third day comes the second e-mail, and then nothing more", async () => {
    await pass(who, 72 * HOUR + MINUTE);
    await becomes(who, ["email", "sms", "email"]);
    await pass(who, 167 * HOUR);
    await pass(who, 169 * HOUR);
    assert.deepEqual(await channels(who), ["email", "sms", "email"]);
    const { enrolments, history } = await look(who.person);
    assert.ok(enrolments[0].ended, JSON.stringify(enrolments));
    assert.equal(history.length, 4);
  });

  it("who pays after the first e-mail hears nothing more", async () => {
    // Noon again.
    await door.setTime(Math.ceil(door.now() / (24 * HOUR)) * 24 * HOUR + 12 * HOUR);
    const payer = await enter();
    await becomes(payer, ["email"]);
    assert.equal(await happen("payment.succeeded", payer.person), "ended");
    await pass(payer, 24 * HOUR + MINUTE);
    assert.equal(await happen("app.opened", payer.person), "taken");
    await pass(payer, 72 * HOUR + MINUTE);
    await pass(payer, 73 * HOUR);
    assert.deepEqual(await channels(payer), ["email"]);
    assert.deepEqual((await door.api("GET", `/v1/inbox/${payer.person}`)).body.messages, []);
    const { enrolments } = await look(payer.person);
    assert.equal(enrolments[0].ended, "resolved");
  });

  it("the tutorial's policy is kept, put in force, and obeyed", async () => {
    const kept = await door.api("PUT", "/v1/policy", await readFile(join(ROOT, "docs/trial.json"), "utf8"));
    assert.equal(kept.status, 201, kept.text);
    assert.equal((await door.api("POST", "/v1/policy/2/activate")).status, 200);
    await door.setTime(Math.ceil(door.now() / (24 * HOUR)) * 24 * HOUR + 12 * HOUR);
    const who = { person: "tutorial", entered: door.now() };
    const body = { zone: "Europe/London", addresses: { email: "tutorial@example.com" } };
    assert.equal((await door.api("PUT", "/v1/people/tutorial", body)).status, 200);
    assert.equal(await happen("trial.ending", who.person), "entered");
    await becomes(who, ["email"]);
    assert.equal((await door.api("POST", "/v1/journeys/trial.ending/pause")).status, 200);
    await pass(who, 48 * HOUR + MINUTE);
    await pass(who, 48 * HOUR + 10 * MINUTE);
    assert.deepEqual(await channels(who), ["email"], "a paused journey sends nothing");
    assert.equal((await door.api("POST", "/v1/journeys/trial.ending/resume")).status, 200);
    // Whether or not the roster has heard of it by then: within ten minutes the safety net has looked at every shard.
    for (let minute = 13; minute < 24; minute++) await pass(who, 48 * HOUR + minute * MINUTE);
    await becomes(who, ["email", "email"]);
  });

  it("no address, token or grant is in any log", () => assert.deepEqual(door.leaks(), []));
});
