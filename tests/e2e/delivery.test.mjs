// From an event to a provider and back: the worker's own queue and cron, and providers on this machine that hold each
// request to what they publish.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { API_KEYS, HOST, ROOT, eventually, open, referenceOf } from "./door.mjs";
import { cloudflare } from "./providers/cloudflare.mjs";
import { gateway } from "./providers/gateway.mjs";
import { postmark } from "./providers/postmark.mjs";
import { ses } from "./providers/ses.mjs";
import { twilio } from "./providers/twilio.mjs";
import { whatsapp } from "./providers/whatsapp.mjs";

const HOUR = 60 * 60 * 1000;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const KEYS = { id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "eu-west-1" };
const ACCOUNT = "AC00000000000000000000000000000001";
const ROLES = [...API_KEYS[0].roles, "events", "people", "inbox", "policy", "operate"];
const QUEUES = {
  "postern-audit": { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 100, retryDelay: 1 },
  "postern-outreach": { maxBatchSize: 10, maxBatchTimeout: 0, maxRetries: 3, retryDelay: 1, deadLetterQueue: "postern-outreach-dead" },
  "postern-outreach-dead": { maxBatchSize: 10, maxBatchTimeout: 0 },
};

let door;
let mocks;
let customers = 0;

/** Of the webhooks that log in. */
const PASSWORD = "open-sesame-open-sesame";

before(async () => {
  mocks = {
    postmark: await postmark("server-token").start(),
    ses: await ses(KEYS).start(),
    cloudflare: await cloudflare("023e105f", "cf-token").start(),
    twilio: await twilio(ACCOUNT, "12345").start(),
    whatsapp: await whatsapp("meta-token", "app-secret").start(),
    gateway: await gateway(SECRET, () => door.now()).start(),
  };
  const receipts = { user: "u", password: PASSWORD };
  const providers = {
    postmark: { url: mocks.postmark.url, token: "server-token", receipts },
    ses: { url: mocks.ses.url, region: KEYS.region, access_key_id: KEYS.id, secret_access_key: KEYS.secret, receipts },
    cloudflare: { url: `${mocks.cloudflare.url}/client/v4`, account_id: "023e105f", token: "cf-token" },
    twilio: { url: mocks.twilio.url, account_sid: ACCOUNT, auth_token: "12345" },
    whatsapp_cloud: { url: `${mocks.whatsapp.url}/v23.0`, token: "meta-token", app_secret: "app-secret" },
    gateway: { url: `${mocks.gateway.url}/in`, secret: SECRET },
  };
  const keys = [{ ...API_KEYS[0], roles: ROLES }];
  const bindings = { POSTERN_PROVIDERS: JSON.stringify(providers), POSTERN_API_KEYS: JSON.stringify(keys) };
  // As deployed, with its rate limiter.
  const ratelimits = { DAMPER: { namespace_id: "1001", simple: { limit: 120, period: 60 } } };
  door = await open({ bindings, queueConsumers: QUEUES, ratelimits });
  // Noon of the next day: nobody sleeps.
  await door.setTime(Math.ceil(Date.now() / (24 * HOUR)) * 24 * HOUR + 12 * HOUR);
});
after(async () => {
  await door.stop();
  await Promise.all(Object.values(mocks).map((mock) => mock.stop()));
});
beforeEach(() => {
  for (const mock of Object.values(mocks)) Object.assign(mock, { accepted: [], complaints: [], faults: [] });
});

/** A person who wants everything, in the journey that `type` begins; no one of the control group. */
async function enter(type) {
  for (;;) {
    const customer = `customer-${++customers}`;
    const said = ["sms", "whatsapp", "voice"].map((channel) => ({ channel, purpose: "service", said: "yes" }));
    const number = `+46701${String(100000 + customers)}`;
    const addresses = { email: `anna${customers}@mail.example.com`, sms: number, whatsapp: number, voice: number };
    const person = { language: "sv", zone: "Europe/London", consents: said, addresses };
    const put = await door.api("PUT", `/v1/people/${customer}`, person);
    assert.equal(put.status, 200, put.text);
    for (const secret of Object.values(addresses)) door.secrets.add(secret);
    await happen(type, customer);
    const { body } = await door.api("GET", `/v1/people/${customer}`);
    if (!body.enrolments[0].holdout) return { customer, addresses };
  }
}

async function happen(type, customer) {
  const event = { specversion: "1.0", id: `${type}-${customer}`, source: "/test", type, subject: customer, time: new Date(door.now()).toISOString() };
  const headers = { "content-type": "application/cloudevents+json" };
  const taken = await door.api("POST", "/v1/events", JSON.stringify(event), { headers });
  assert.ok(taken.status < 300, taken.text);
}

/** Moves the clock, and lets the cron trigger fire. */
async function pass(ms) {
  await door.advance(ms);
  const worker = await door.miniflare.getWorker();
  await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(door.now()) });
}

async function history(customer) {
  const { body } = await door.api("GET", `/v1/people/${customer}`);
  return body.history;
}

/** The first message that a provider accepted for this person: others are in journeys of their own meanwhile. */
async function arrived(mock, { addresses }) {
  const read = ({ form, body }) => form ?? JSON.parse(body);
  const to = (message) => message.To ?? message.to ?? message.data?.to ?? message.Destination?.ToAddresses[0];
  const mine = () => mock.accepted.map(read).find((message) => Object.values(addresses).includes(to(message)));
  const found = await eventually("a message arrives", () => mock.complaints.length > 0 || mine());
  assert.deepEqual(mock.complaints, []);
  return found;
}
const became = (customer, result) =>
  eventually(`a touch is ${result}`, async () => (await history(customer)).find((line) => line.result === result));
const basic = { authorization: `Basic ${Buffer.from(`u:${PASSWORD}`).toString("base64")}` };
const receipt = (path, body, headers) => door.fetch(`/v1/receipts/${path}`, { method: "POST", body, headers });

describe("every channel of the example policy", () => {
  it("an event becomes an e-mail, whose links work, and whose receipt comes back", async () => {
    const person = await enter("payment.failed");
    const { customer } = person;
    const mail = await arrived(mocks.postmark, person);
    const headers = Object.fromEntries(mail.Headers.map(({ Name, Value }) => [Name, Value]));
    assert.equal(headers["Content-Language"], "sv");
    assert.equal(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    const link = new RegExp(`http://${HOST}(/l/[\\w-]+)`).exec(mail.TextBody);
    assert.equal((await door.fetch(link[1])).status, 200);
    await became(customer, "accepted");
    const { touch } = mail.Metadata;
    const told = { RecordType: "Delivery", MessageID: "x", Metadata: { touch } };
    assert.equal((await receipt("postmark", JSON.stringify(told), {})).status, 401);
    assert.equal((await receipt("postmark", JSON.stringify(told), basic)).status, 200);
    await became(customer, "delivered");
    const { entries } = await door.audit((entries) => entries.some(({ event }) => event.kind === "touch.delivered"));
    const kinds = entries.map(({ event }) => event.kind);
    for (const kind of ["journey.entered", "touch.queued", "link.issued", "touch.sent", "touch.delivered"]) {
      assert.ok(kinds.includes(kind), `${kind} is on record`);
    }
  });

  it("whoever is erased leaves a last word, and what is told of their message later is on record and makes nobody", async () => {
    const person = await enter("payment.failed");
    const { customer } = person;
    const { touch } = (await arrived(mocks.postmark, person)).Metadata;
    await became(customer, "accepted");
    assert.equal((await door.api("DELETE", `/v1/people/${customer}`)).body.erased, true);
    const told = { RecordType: "Delivery", MessageID: "x", Metadata: { touch } };
    assert.equal((await receipt("postmark", JSON.stringify(told), basic)).status, 200);
    assert.equal((await door.api("GET", `/v1/people/${customer}`)).status, 404);
    const delivered = ({ event }) => event.kind === "touch.delivered" && event.touch === touch.slice(16, 32);
    const { entries } = await door.audit((entries) => entries.some(delivered));
    const { subject, journey } = entries.find(delivered).event;
    assert.equal(journey, undefined);
    const ended = entries.filter(({ event }) => event.kind === "journey.ended" && event.subject === subject);
    assert.deepEqual(ended.map(({ event }) => event.reason), ["erased"]);
  });

  it("one-click unsubscription is obeyed", async () => {
    const person = await enter("payment.failed");
    const { customer } = person;
    const { Headers: headers } = await arrived(mocks.postmark, person);
    const { Value: value } = headers.find(({ Name }) => Name === "List-Unsubscribe");
    const path = new URL(value.slice(1, -1)).pathname;
    const form = { method: "POST", body: "List-Unsubscribe=One-Click", headers: { "content-type": "application/x-www-form-urlencoded" } };
    assert.equal((await door.fetch(path, form)).status, 200);
    const { body } = await door.api("GET", `/v1/people/${customer}`);
    assert.ok(body.consents.some(({ channel, said }) => channel === "email" && said === "no"), JSON.stringify(body.consents));
  });

  it("WhatsApp, SMS and voice follow in their time, each through its own provider", async () => {
    const person = await enter("kyc.refresh_due");
    const { customer } = person;
    await arrived(mocks.postmark, person);
    await pass(72 * HOUR);
    const template = await arrived(mocks.whatsapp, person);
    await pass(96 * HOUR);
    await arrived(mocks.twilio, person);
    await pass(168 * HOUR);
    const { type, data } = await arrived(mocks.gateway, person);
    assert.deepEqual([type, data.channel], ["touch.send", "voice"]);
    assert.ok(data.script.say.length > 0);

    const statuses = [{ id: "wamid.1", status: "read", biz_opaque_callback_data: template.biz_opaque_callback_data }];
    const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: [{ field: "messages", value: { statuses } }] }] });
    const signed = { "x-hub-signature-256": mocks.whatsapp.sign(body) };
    assert.equal((await receipt("whatsapp_cloud", body.replace("read", "sent"), signed)).status, 401);
    assert.equal((await receipt("whatsapp_cloud", body, signed)).status, 200);

    const said = JSON.stringify({ type: "touch.delivered", timestamp: new Date(door.now()).toISOString(), data: { touch: data.touch } });
    const at = Math.floor(door.now() / 1000);
    const webhook = (time) => ({ "webhook-id": "msg_1", "webhook-timestamp": String(time), "webhook-signature": mocks.gateway.sign("msg_1", time, said) });
    assert.equal((await receipt("gateway", said, webhook(at - 3600))).status, 401, "an old one is not taken");
    assert.equal((await receipt("gateway", said, webhook(at))).status, 200);
    await eventually("both are delivered", async () => (await history(customer)).filter(({ result }) => result === "delivered").length === 2);
  });
});

describe("strangers at the address of receipts", () => {
  /** A caller of another network. */
  const from = (address) => ({ "cf-connecting-ip": address });
  const complaint = (touch) => JSON.stringify({ RecordType: "SpamComplaint", Metadata: { touch } });

  it("a subject out of a token is not enough to speak for its person, whoever knows the log-in", async () => {
    const person = await enter("payment.failed");
    const { touch } = (await arrived(mocks.postmark, person)).Metadata;
    await became(person.customer, "accepted");
    assert.equal(touch, referenceOf(touch.slice(0, 32), "email"));
    const never = `${touch.slice(0, 16)}${"A".repeat(16)}`;
    for (const forged of [never, touch.slice(0, 32), `${touch.slice(0, 32)}${"A".repeat(22)}`, referenceOf(never, "sms")]) {
      await receipt("postmark", complaint(forged), basic);
    }
    const { body } = await door.api("GET", `/v1/people/${person.customer}`);
    assert.ok(!body.consents.some(({ channel, said }) => channel === "email" && said === "no"), JSON.stringify(body.consents));
    assert.equal((await receipt("postmark", complaint(touch), basic)).status, 200);
    const after = (await door.api("GET", `/v1/people/${person.customer}`)).body.consents.filter(({ said }) => said === "no");
    assert.deepEqual([...new Set(after.map(({ channel }) => channel))], ["email"]);
  });

  it("log-ins cannot be guessed without limit, nor without a trace", async () => {
    const guess = (n) => ({ ...from("198.51.100.7"), authorization: `Basic ${Buffer.from(`u:guess-${n}`).toString("base64")}` });
    const statuses = [];
    for (let n = 0; n < 160; n += 1) statuses.push((await receipt("postmark", complaint("x"), guess(n))).status);
    const count = (status) => statuses.filter((one) => one === status).length;
    assert.ok(count(401) <= 121 && count(429) >= 39 && count(401) + count(429) === 160, JSON.stringify(statuses));
    const of = (reason) => ({ event }) => event.kind === "api.refused" && event.reason === reason;
    const sum = (entries, reason) => entries.filter(of(reason)).reduce((sum, { event }) => sum + event.count, 0);
    const isAll = (entries) => sum(entries, "receipt_untrusted") >= count(401) && sum(entries, "damped") >= count(429);
    assert.ok(isAll((await door.audit(isAll)).entries), "each is on record");
    // Whoever knows it is heard, also from there.
    const known = await receipt("postmark", JSON.stringify({ RecordType: "Open" }), { ...basic, ...from("198.51.100.7") });
    assert.equal(known.status, 200);
  });

  it("a form of many fields, and a body that is too long, are refused before anything is computed", async () => {
    const fields = Array.from({ length: 4_000 }, (_, n) => `N${String(9_999 - n)}=`).join("&").slice(0, 32 * 1024 - 1);
    const signed = { ...from("198.51.100.8"), "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=" };
    assert.equal((await receipt("twilio", fields, signed)).status, 401);
    assert.equal((await receipt("twilio", "a".repeat(32 * 1024 + 1), signed)).status, 413);
    // Nobody reads what a stranger sends without any signature, however long it is.
    assert.equal((await receipt("twilio", "a".repeat(600 * 1024), from("198.51.100.8"))).status, 401);
    assert.equal((await receipt("whatsapp_cloud", "a".repeat(600 * 1024), from("198.51.100.8"))).status, 401);
    const hub = { ...from("198.51.100.8"), "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    assert.equal((await receipt("whatsapp_cloud", "a".repeat(3 * 1024 * 1024), hub)).status, 401, "as long as Meta's longest");
    assert.equal((await receipt("whatsapp_cloud", "a".repeat(3 * 1024 * 1024 + 1), hub)).status, 413);
  });

  it("a callback with more in its query, or signed with the port that goes without saying, is Twilio's", async () => {
    const person = await enter("kyc.refresh_due");
    const { touch } = (await arrived(mocks.postmark, person)).Metadata;
    const own = referenceOf(touch.slice(0, 32), "sms");
    const form = { MessageStatus: "delivered" };
    for (const [query, port] of [[`touch=${own}`, ":80"], [`a=1&touch=${own}&b=2`, ""]]) {
      const path = `/v1/receipts/twilio?${query}`;
      // This door's own address names a port, which is then the one that is signed.
      const host = HOST.includes(":") ? HOST : `${HOST}${port}`;
      const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": mocks.twilio.sign(`http://${host}${path}`, form) };
      assert.equal((await door.fetch(path, { method: "POST", body: new URLSearchParams(form).toString(), headers })).status, 200, query);
    }
  });

  it("a signed receipt that means nothing is answered 422, and the log says why", async () => {
    const answer = await receipt("postmark", JSON.stringify({ RecordType: "Wedding" }), basic);
    assert.equal(answer.status, 422);
    assert.equal((await answer.json()).code, "receipt_not_understood");
    await eventually("it is said", () => door.logs.some(({ message }) => message.includes("a signed receipt of postmark was not understood: it is of no kind")));
  });
});

describe("when a provider fails", () => {
  it("a refusal is final, and its neighbour goes", async () => {
    mocks.postmark.faults = [{ status: 422, body: '{"ErrorCode":300,"Message":"?"}' }];
    const first = await enter("payment.failed");
    await became(first.customer, "failed");
    const second = await enter("payment.failed");
    await became(second.customer, "accepted");
  });

  it("a passing fault is waited out, with the same touch", async () => {
    mocks.postmark.faults = [{ status: 429, headers: { "retry-after": "60" } }];
    const person = await enter("payment.failed");
    await eventually("the fault was met", () => mocks.postmark.faults.length === 0);
    await pass(10 * 60 * 1000);
    await arrived(mocks.postmark, person);
    await became(person.customer, "accepted");
  });

  it("an answer that is cut off after the message was taken reaches a gateway's people once", async () => {
    const person = await enter("kyc.refresh_due");
    await arrived(mocks.postmark, person);
    await pass(72 * HOUR);
    await arrived(mocks.whatsapp, person);
    await pass(96 * HOUR);
    await arrived(mocks.twilio, person);
    mocks.gateway.faults = [{ accepts: true, drops: true }];
    await pass(168 * HOUR);
    const { data } = await arrived(mocks.gateway, person);
    await eventually("the loss was noted", () => door.logs.some(({ message }) => message.includes("no_answer")));
    await pass(10 * 60 * 1000);
    await eventually("it is known that it was", async () => (await history(person.customer)).filter(({ result }) => result === "accepted").length === 4);
    const taken = mocks.gateway.accepted.filter(({ headers }) => headers["webhook-id"] === data.touch);
    assert.equal(taken.length, 1, "the gateway knew the id");
  });

  it("no address, key or token is in any log", () => {
    door.secrets.add("server-token").add("meta-token").add(KEYS.secret).add(SECRET);
    assert.deepEqual(door.leaks(), []);
  });
});

describe("without a provider", () => {
  const bindings = () => ({ POSTERN_API_KEYS: JSON.stringify([{ ...API_KEYS[0], roles: ROLES }]) });
  const sent = async (at) => {
    const response = await at.fetch("/__local/outbox", { headers: { accept: "application/json" } });
    return response.json();
  };

  it("a local door keeps its messages where a developer can read them, newest first", async () => {
    const first = door;
    door = await open({ bindings: bindings(), queueConsumers: QUEUES });
    try {
      await door.setTime(Math.ceil(Date.now() / (24 * HOUR)) * 24 * HOUR + 12 * HOUR);
      const { customer, addresses } = await enter("payment.failed");
      const [mail] = await eventually("a message lies there", async () => ((await sent(door)).length > 0 ? sent(door) : undefined));
      assert.deepEqual([mail.channel, mail.language, mail.journey], ["email", "sv", "payment.failed"]);
      assert.ok(!JSON.stringify(mail).includes(addresses.email), "the address is masked");
      assert.equal((await door.fetch(new URL(mail.link).pathname)).status, 200);
      await pass(24 * HOUR);
      await eventually("the SMS is above", async () => (await sent(door))[0].channel === "sms");
      const page = await door.fetch("/__local/outbox");
      assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
      const html = await page.text();
      assert.ok(html.includes("sandbox=") && html.includes("srcdoc=") && html.includes(mail.link));
      await happen("payment.succeeded", customer);
      await pass(72 * HOUR);
      assert.equal((await sent(door)).length, 2, "an outcome stops the rest");
    } finally {
      await door.stop();
      door = first;
    }
  });

  it("any other door has no outbox", async () => {
    const first = door;
    door = await open({ bindings: { ...bindings(), ENVIRONMENT: "production" }, queueConsumers: QUEUES });
    try {
      assert.equal((await door.fetch("/__local/outbox")).status, 404);
    } finally {
      await door.stop();
      door = first;
    }
  });
});

describe("other providers of e-mail", () => {
  for (const [name, from] of [["ses", "hello@mail.example.com"], ["cloudflare", "Example <hello@mail.example.com>"]]) {
    it(`${name} takes the same message`, async () => {
      const { body: shelf } = await door.api("GET", "/v1/policy");
      const version = 1 + Math.max(1, ...shelf.versions.map((one) => one.version ?? one));
      const bundle = await exampleBundle(version, { provider: name, from });
      const kept = await door.api("PUT", "/v1/policy", bundle);
      assert.ok(kept.status < 300, kept.text);
      const activated = await door.api("POST", `/v1/policy/${version}/activate`);
      assert.equal(activated.status, 200, activated.text);
      await pass(2 * 60 * 1000);
      await arrived(mocks[name], await enter("payment.failed"));
    });
  }
});

/** The example policy as another version, with another sender of e-mail. */
async function exampleBundle(version, email) {
  const names = ["site", "scopes", "destinations", "outreach", "journeys", "templates"];
  const documents = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(ROOT, "policy", `${name}.json`), "utf8"))));
  const { $schema, ...bundle } = Object.assign({ version }, ...documents);
  bundle.outreach.senders.email = email;
  return bundle;
}
