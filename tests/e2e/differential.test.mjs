// The simulator and the worker are told the same, by the same clock, and come to the same touches: what was decided about
// each, why, and at which millisecond. One side is `postern simulate`, the other is the built worker with its Durable
// Objects, queue, cron trigger and providers.
//
// `make differential` takes 1,000 people; PEOPLE, TRIGGERS and SEED say how many, how much happens, and who they are.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { promisify } from "node:util";
import { HOST, RING, ROOT, eventually, open, referenceOf } from "./door.mjs";
import { gateway } from "./providers/gateway.mjs";
import { postmark } from "./providers/postmark.mjs";
import { twilio } from "./providers/twilio.mjs";
import { whatsapp } from "./providers/whatsapp.mjs";

/** Few people to whom much happens: so caps and outcomes cross journeys. */
const { PEOPLE = "100", TRIGGERS = "40", SEED = "1" } = process.env;
const DAYS = 7;
/** Monday, 2 November 2026: the simulator's own default. */
const START = Date.UTC(2026, 10, 2);
const HOUR = 60 * 60 * 1000;
const SHARDS = 64;
const [WAIT_S, LOOK_MS] = [20, 5];
const SHOWN_MAX = 40;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ACCOUNT = "AC00000000000000000000000000000001";
const BASIC = `Basic ${Buffer.from("u:open-sesame-open-sesame").toString("base64")}`;
const QUEUES = {
  "postern-audit": { maxBatchSize: 100, maxBatchTimeout: 0, maxRetries: 100, retryDelay: 1 },
  "postern-outreach": { maxBatchSize: 10, maxBatchTimeout: 0, maxRetries: 3, retryDelay: 1, deadLetterQueue: "postern-outreach-dead" },
  "postern-outreach-dead": { maxBatchSize: 10, maxBatchTimeout: 0 },
};

/** The provider of each channel: its double, and what it answers to an address that it refuses. */
const DOUBLES = {
  email: { name: "postmark", start: () => postmark("server-token"), refusal: { status: 422, body: { ErrorCode: 300, Message: "Invalid 'To' address" } } },
  sms: { name: "twilio", start: () => twilio(ACCOUNT, "12345"), refusal: { status: 400, body: { code: 21211, message: "Invalid 'To' Phone Number", status: 400 } } },
  whatsapp: { name: "whatsapp_cloud", start: () => whatsapp("meta-token", "app-secret"), refusal: { status: 400, body: { error: { code: 131021, message: "?", type: "OAuthException" } } } },
  voice: { name: "gateway", start: () => gateway(SECRET, () => door.now()), refusal: { status: 422 } },
};
/** Postmark and a gateway do not say that it is the address; the simulator's provider always does. */
const SAYS_LESS = { email: "bad_message", voice: "bad_message" };

let door;
let folder;
let told;
let expected;
const doubles = {};
/** What went otherwise than foretold on the way. */
const surprises = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-differential-"));
  ({ told, expected } = await simulate());
  for (const [channel, { name, start, refusal }] of Object.entries(DOUBLES)) {
    const double = start();
    const answer = double.answer;
    double.answer = (request) => (isBad(addressee(channel, request)) ? refusal : answer(request));
    doubles[name] = await double.start();
  }
  const receipts = { user: "u", password: "open-sesame-open-sesame" };
  const providers = {
    postmark: { url: doubles.postmark.url, token: "server-token", receipts },
    twilio: { url: doubles.twilio.url, account_sid: ACCOUNT, auth_token: "12345" },
    whatsapp_cloud: { url: `${doubles.whatsapp_cloud.url}/v23.0`, token: "meta-token", app_secret: "app-secret" },
    gateway: { url: `${doubles.gateway.url}/in`, secret: SECRET },
  };
  door = await open({ bindings: { POSTERN_PROVIDERS: JSON.stringify(providers) }, queueConsumers: QUEUES });
  await door.setTime(START, { stands: true });
});
after(async () => {
  await door?.stop();
  await Promise.all(Object.values(doubles).map((double) => double.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** What the company tells in the rehearsal, and what was decided about each touch. */
async function simulate() {
  const [ring, events, touches] = ["ring.json", "events.ndjson", "touches.ndjson"].map((name) => join(folder, name));
  await writeFile(ring, JSON.stringify(RING), { mode: 0o600 });
  const settings = ["--people", PEOPLE, "--days", `${DAYS}`, "--seed", SEED, "--start", new Date(START).toISOString(), "--tick-s", `${HOUR / 1000}`, "--triggers", TRIGGERS];
  const files = ["--keys", ring, "--events", events, "--touches", touches];
  const run = ["run", "--quiet", "--locked", "--bin", "postern", "--", "simulate", "policy", ...settings, ...files];
  await promisify(execFile)("cargo", run, { cwd: ROOT, maxBuffer: 2 ** 26 });
  const lines = async (file) => (await readFile(file, "utf8")).split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return { told: await lines(events), expected: await lines(touches) };
}

/** Whether a provider's double is to refuse this address: see docs/simulate.md. */
const isBad = (address) => /^bad-|^\+?46701/.test(address ?? "");

function addressee(channel, { body }) {
  if (channel === "email") return JSON.parse(body).To;
  if (channel === "sms") return new URLSearchParams(body).get("To");
  return channel === "whatsapp" ? JSON.parse(body).to : JSON.parse(body).data?.to;
}

const shardOf = (subject) => Buffer.from(subject, "base64url").readUInt16BE(0) % SHARDS;
/** The subject is the first half of a touch's id, its name in the audit log the second. */
const halves = (touch) => [touch.slice(0, 16), touch.slice(16)];

/** Everybody who was told of, as the worker has them: by the company's reference. */
const people = new Map();
const references = new Map();

/** Looks again what the worker has of people, once nothing of theirs is on its way. */
async function settled(refs) {
  await Promise.all([...refs].map(async (ref) => {
    const person = await eventually(`the touches of ${ref} have left`, async () => {
      const { status, body } = await door.api("GET", `/v1/people/${ref}`);
      if (status === 404) return {};
      assert.equal(status, 200);
      return body.pending.every(({ channel, dead }) => channel === "in_app" || dead) && body;
    }, WAIT_S, LOOK_MS);
    people.set(ref, person);
    if (person.subject) references.set(person.subject, ref);
  }));
}

async function done(what) {
  const { status, text } = await what;
  assert.equal(status, 200, text);
}

/** One line of what the company told. */
async function tell({ put, event, receipt }) {
  if (put) {
    await done(door.api("PUT", `/v1/people/${put.ref}`, put.body));
    return put.ref;
  }
  if (event) {
    const headers = { "content-type": "application/cloudevents+json" };
    await done(door.api("POST", "/v1/events", JSON.stringify(event), { headers }));
    return event.subject;
  }
  const [subject, name] = halves(receipt.touch);
  const { channel } = expected.find(({ id }) => id === name);
  const ref = references.get(subject);
  if (channel === "in_app") {
    const { body } = await door.api("GET", `/v1/inbox/${ref}`);
    if (!body.messages.some(({ touch }) => touch === receipt.touch)) {
      surprises.push(`${new Date(door.now()).toISOString()} ${name} is not in the inbox`);
    }
    await done(door.api("POST", `/v1/inbox/${ref}`, { shown: [receipt.touch] }));
  } else {
    await call(channel, receipt);
  }
  return ref;
}

/** A provider's webhook. */
async function call(channel, receipt) {
  const { says } = receipt;
  const touch = referenceOf(receipt.touch, channel);
  const post = async (path, body, headers) => {
    const response = await door.fetch(path, { method: "POST", body, headers });
    assert.equal(response.status, 200, await response.text());
  };
  if (channel === "email") {
    const record = { delivered: { RecordType: "Delivery" }, bounced: { RecordType: "Bounce", Inactive: true }, complained: { RecordType: "SpamComplaint" } }[says];
    return post("/v1/receipts/postmark", JSON.stringify({ ...record, Metadata: { touch } }), { authorization: BASIC });
  }
  assert.notEqual(says, "complained", "nobody complains of anything but e-mail");
  if (channel === "sms") {
    const path = `/v1/receipts/twilio?touch=${touch}`;
    const form = says === "delivered" ? { MessageStatus: "delivered" } : { MessageStatus: "undelivered", ErrorCode: "30005" };
    const signature = doubles.twilio.sign(`http://${HOST}${path}`, form);
    const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature };
    return post(path, new URLSearchParams(form).toString(), headers);
  }
  assert.equal(channel, "whatsapp");
  const status = says === "delivered" ? { status: "delivered" } : { status: "failed", errors: [{ code: 131026 }] };
  const value = { statuses: [{ ...status, biz_opaque_callback_data: touch }] };
  const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ changes: [{ field: "messages", value }] }] });
  return post("/v1/receipts/whatsapp_cloud", body, { "x-hub-signature-256": doubles.whatsapp_cloud.sign(body) });
}

/** The cron trigger fires on the hour, once the roster knows who is due. */
async function tick(hour) {
  const next = ({ enrolments = [] }) => Math.min(...enrolments.map(({ next }) => next ?? Infinity));
  const due = [...people].filter(([, person]) => next(person) <= hour);
  if (due.length === 0) return;
  await door.setTime(hour, { stands: true });
  const shards = new Set(due.map(([, { subject }]) => shardOf(subject)));
  const isKnown = async () => [...shards].every(Set.prototype.has, new Set(await dueShards(hour)));
  await eventually("the roster knows who is due", isKnown, WAIT_S, LOOK_MS);
  const worker = await door.miniflare.getWorker();
  const { outcome } = await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(hour) });
  assert.equal(outcome, "ok");
  await settled(due.map(([ref]) => ref));
}

async function dueShards(at) {
  const namespace = await door.miniflare.getDurableObjectNamespace("REGISTRY");
  const stub = namespace.get(namespace.idFromName("registry"));
  return (await stub.fetch("http://object/", { method: "POST", body: JSON.stringify({ due_shards: { at } }) })).json();
}

/** What the worker's audit log says of touches. */
async function decided() {
  const events = [];
  for (let from = 1; ; ) {
    const { text } = await door.api("GET", `/v1/audit?limit=10000&from=${from}`);
    const entries = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    if (entries.length === 0) return events;
    from += entries.length;
    events.push(...entries.map(({ event }) => event).filter(({ touch }) => touch));
  }
}

/** One decision as a line of text. Lines sort by time. */
const line = ({ at, journey, kind, reason, touch }) => `${new Date(at).toISOString()} ${touch} ${journey} ${kind} ${reason ?? "-"}`;

function saidByTheSimulator({ at, journey, kind, reason, id, channel }) {
  const isAddress = kind === "touch.failed" && reason === "bad_address";
  return line({ at, journey, kind, reason: isAddress ? (SAYS_LESS[channel] ?? reason) : reason, touch: id });
}

/** Lines of one list that the other has not, each as often as it is missing there. */
function without(lines, others) {
  const left = new Map();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return lines.filter((one) => {
    const count = left.get(one) ?? 0;
    left.set(one, count - 1);
    return count <= 0;
  });
}

it(`${PEOPLE} people, ${DAYS} days: the worker comes to the touches that the simulator foretold`, async (test) => {
  let at = 0;
  for (let hour = START; hour < START + DAYS * 24 * HOUR; hour += HOUR) {
    for (; at < told.length && told[at].at <= hour; at += 1) {
      if (told[at].at !== told[at - 1]?.at) await door.setTime(told[at].at, { stands: true });
      await settled([await tell(told[at])]);
    }
    await tick(hour);
  }
  for (; at < told.length; at += 1) {
    await door.setTime(told[at].at, { stands: true });
    await settled([await tell(told[at])]);
  }

  const foretold = expected.map(saidByTheSimulator).sort();
  assert.ok(foretold.length > told.length / 2, "there is something to compare");
  let events = [];
  const isComplete = async () => (events = await decided()).reduce((sum, { count }) => sum + count, 0) >= foretold.length;
  await eventually("the audit log has everything", isComplete, 10).catch(() => undefined);
  const found = events.flatMap((event) => Array(event.count).fill(line(event))).sort();
  const missing = without(foretold, found).map((one) => `foretold  ${one}`);
  const surplus = [...without(found, foretold), ...surprises].map((one) => `found     ${one}`);
  const differences = [...missing, ...surplus].sort((one, other) => one.slice(10).localeCompare(other.slice(10)));
  assert.equal(differences.slice(0, SHOWN_MAX).join("\n"), "", `${differences.length} differences in ${foretold.length} decisions`);
  test.diagnostic(`${told.length} lines told, ${foretold.length} decisions about ${new Set(expected.map(({ id }) => id)).size} touches`);

  // Each of them has one name in the log, by the same key.
  const names = new Map(events.map(({ touch, subject }) => [touch, subject]));
  const bySubject = new Map(expected.map(({ id, subject }) => [subject, names.get(id)]));
  assert.ok(expected.every(({ id, subject }) => bySubject.get(subject) === names.get(id)));
  assert.equal(new Set(bySubject.values()).size, bySubject.size);
  for (const [name, { complaints }] of Object.entries(doubles)) assert.deepEqual(complaints, [], name);
});
