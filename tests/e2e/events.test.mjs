// Events and people through the machine API: each mode of CloudEvents, bad input, and what is held afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { API_KEY, eventually, open } from "./door.mjs";

const STRUCTURED = "application/cloudevents+json";
const BATCHED = "application/cloudevents-batch+json";
const DAY_MS = 24 * 3_600_000;

let door;
before(async () => {
  door = await open();
});
after(() => door?.stop());

const iso = (ms) => new Date(ms).toISOString();
const event = (id, more = {}) => ({
  specversion: "1.0",
  id,
  source: "/billing",
  type: "payment.failed",
  subject: "customer-1",
  time: iso(door.now()),
  ...more,
});
const post = (type, body, headers = {}) =>
  door.api("POST", "/v1/events", typeof body === "string" ? body : JSON.stringify(body), { headers: { "content-type": type, ...headers } });
const send = (body) => post(STRUCTURED, body);
const results = ({ body, text }) => {
  assert.ok(body?.results, text);
  return body.results.map(({ result }) => result);
};
const person = async (ref) => (await door.api("GET", `/v1/people/${ref}`)).body;

function isProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.body.code, code);
}

test("an event enters a person once, in whichever mode it comes", async () => {
  const first = event("mode-1", { data: { about: "invoice-7", flags: { renews_itself: false, paid: false }, masks: { order: "•••1234", card: "•••99" } } });
  const journeys = (result) => [{ journey: "payment.failed", result }];
  assert.deepEqual((await send(first)).body, { result: "entered", journeys: journeys("entered"), not_kept: ["flags.paid", "masks.card"] });
  assert.deepEqual((await send(first)).body, { result: "repeated" });
  assert.deepEqual(results(await post(BATCHED, [first, first])), ["repeated", "repeated"]);
  const headers = Object.fromEntries(
    ["specversion", "id", "source", "type", "subject", "time"].map((name) => [`ce-${name}`, encodeURIComponent(first[name])]),
  );
  const binary = await post("application/json", first.data, headers);
  assert.deepEqual(binary.body, { result: "repeated" });
  const held = await person("customer-1");
  assert.deepEqual([held.flags, held.masks], [{ renews_itself: false }, { order: "•••1234" }]);
  assert.equal(held.enrolments.length, 1);
  assert.equal(held.enrolments[0].journey, "payment.failed");
  const ended = await send(event("mode-2", { type: "payment.succeeded", data: { about: "invoice-7" } }));
  assert.deepEqual(ended.body, { result: "ended", journeys: journeys("ended") });
  assert.equal((await person("customer-1")).enrolments[0].ended, "resolved");
  const late = await send(event("mode-3", { type: "payment.succeeded", data: { about: "invoice-7" } }));
  assert.deepEqual(late.body, { result: "taken" }, "nothing is left to end");
});

test("the outcome may come before the trigger: nobody is reminded of what is paid", async () => {
  const now = door.now();
  const at = (id, type, ms) => event(id, { subject: "early", type, time: iso(ms), data: { about: "invoice-9" } });
  await send(at("early-2", "payment.succeeded", now - 1_000));
  const journeys = [{ journey: "payment.failed", result: "resolved" }];
  assert.deepEqual((await send(at("early-1", "payment.failed", now - 60_000))).body, { result: "taken", journeys });
  assert.deepEqual((await person("early")).enrolments, []);
});

test("one bad event never blocks its batch", async () => {
  const good = (id) => JSON.stringify(event(id, { subject: `batch-${id}` }));
  const items = [
    good("b1"),
    good("b2").replace('"id":"b2"', '"id":"b2","id":"b2"'),
    good("b3").replace('"id":"b3"', `"id":"b3","deep":${"[".repeat(5_000)}${"]".repeat(5_000)}`),
    "7",
    JSON.stringify(event("b4", { time: iso(door.now() - 8 * DAY_MS) })),
    JSON.stringify(event("b5", { time: iso(door.now() + DAY_MS) })),
    JSON.stringify(event("b6", { data: { email: "anna@example.com" } })),
    JSON.stringify(event("b7", { type: "nobody.listens", subject: "stranger" })),
    good("b1"),
  ];
  const answer = await post(BATCHED, `[${items.join(",")}]`);
  assert.equal(answer.status, 207, answer.text);
  assert.deepEqual(results(answer), ["entered", "invalid", "invalid", "invalid", "too_old", "from_the_future", "invalid", "taken", "repeated"]);
  const rules = answer.body.results.map(({ errors }) => errors?.[0].rule);
  assert.deepEqual(rules, [undefined, "json.duplicate", "json.depth", "field.type", undefined, undefined, "field.unknown", undefined, undefined]);
  assert.ok(!answer.text.includes("anna@"));
  const { entries } = await door.audit((entries) => entries.filter(({ event }) => event.kind === "event.refused").length >= 3);
  const refused = entries.map(({ event }) => event).filter(({ kind }) => kind === "event.refused");
  const reasons = new Map(refused.map(({ reason, count }) => [reason, count]));
  assert.deepEqual([...reasons.keys()].toSorted(), ["from_the_future", "invalid", "too_old"]);
});

test("a thousand people in one call, and nothing larger", async () => {
  const batch = Array.from({ length: 1_000 }, (_, at) => event(`full-${at}`, { subject: `full-${at}` }));
  const answer = await post(BATCHED, batch);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(results(answer).filter((result) => result === "entered").length, 1_000);
  assert.deepEqual(new Set(results(await post(BATCHED, batch))), new Set(["repeated"]));
  isProblem(await post(BATCHED, [...batch, event("full-x")]), 422, "invalid");
  isProblem(await post(BATCHED, `[${" ".repeat(1024 * 1024)}]`), 413, "body_too_large");
  isProblem(await send(" ".repeat(1024 * 1024 + 1)), 413, "body_too_large");
});

test("what is no event is refused as a whole", async () => {
  for (const body of ["", "{", "[]]", "nonsense"]) isProblem(await send(body), 400, "bad_json");
  for (const body of ["{}", "[", "[{},]"]) isProblem(await post(BATCHED, body), 400, "bad_json");
  isProblem(await post("application/json", { id: "plain" }), 415, "unsupported_media_type");
  isProblem(await post("text/plain", event("plain")), 415, "unsupported_media_type");
  isProblem(await send([]), 422, "invalid");
  isProblem(await send(event("old", { time: iso(door.now() - 8 * DAY_MS) })), 422, "event_too_old");
  isProblem(await send(event("ahead", { time: iso(door.now() + DAY_MS) })), 422, "event_from_the_future");
  const many = Array.from({ length: 140 }, (_, at) => event(`many-${at}`, { subject: "busy", type: "note" }));
  const answers = results(await post(BATCHED, many));
  assert.deepEqual([answers.filter((result) => result === "taken").length, answers.at(-1)], [128, "too_many"]);
  isProblem(await send(event("many-x", { subject: "busy" })), 422, "too_many_events");
});

test("openings of the app leave room for what matters, and nobody behind", async () => {
  for (let call = 0; call < 10; call += 1) {
    const opens = Array.from({ length: 1000 }, (_, at) => event(`open-${call}-${at}`, { subject: "all-day", type: "app.opened" }));
    assert.deepEqual(new Set(results(await post(BATCHED, opens))), new Set(["taken"]));
  }
  isProblem(await door.api("GET", "/v1/people/all-day"), 404, "unknown_person");
  assert.equal((await send(event("all-day-1", { subject: "all-day" }))).body.result, "entered");
});

test("the answer says of each journey why nobody entered", async () => {
  const expiring = (id, about, flags) => event(id, { type: "subscription.expiring", subject: "answers", data: { about, flags } });
  const journeys = async (body) => (await send(body)).body.journeys;
  const of = (result) => [{ journey: "subscription.expiring", result }];
  assert.deepEqual(await journeys(expiring("a-1", "may", { renews_itself: true })), of("condition"));
  assert.deepEqual(await journeys(expiring("a-2", "june", {})), of("condition"));
  assert.deepEqual(await journeys(expiring("a-3", "july", { renews_itself: false })), of("entered"));
  assert.deepEqual(await journeys(expiring("a-4", "july", { renews_itself: false })), of("entered_before"));
  assert.equal(await journeys(expiring("a-4", "july", {})), undefined, "a repetition");
  const { body } = await post(BATCHED, [expiring("a-5", "august", {}), event("a-6", { type: "note", subject: "answers" })]);
  assert.deepEqual(body.results, [{ result: "taken", journeys: of("reentry") }, { result: "taken" }]);
  assert.deepEqual(await journeys(event("a-7", { type: "subscription.renewed", subject: "answers" })), of("ended"));
});

test("an event that comes before its person waits for them, and no longer than ten minutes", async () => {
  // At noon of tomorrow, so that no quiet hours are near whatever the time is now.
  await door.setTime(Math.ceil(door.now() / DAY_MS) * DAY_MS + DAY_MS / 2);
  const early = ["early-1", "early-2", "early-3", "early-4"];
  for (const subject of [...early, "never"]) assert.equal((await send(event(subject, { subject }))).body.result, "entered");
  await door.advance(2_000);
  const zone = { zone: "Europe/London", addresses: { email: "a@b.example.com" } };
  for (const subject of early) assert.equal((await door.api("PUT", `/v1/people/${subject}`, zone)).status, 200);
  const decided = (await Promise.all(early.map(person))).map(({ history }) => history.map(({ at, reason }) => [at, reason]));
  for (const lines of decided) assert.equal(lines.length, 1, "the tick was not waited for");
  // One in twenty is in the control group.
  assert.ok(decided.some(([[, reason]]) => reason === null), JSON.stringify(decided));
  assert.deepEqual((await person("never")).history, []);
  await door.advance(600_000);
  const worker = await door.miniflare.getWorker();
  const line = await eventually("the wait is over", async () => {
    await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(door.now()) });
    return (await person("never")).history[0];
  });
  assert.deepEqual([line.result, line.reason], ["not_sent", "unknown_zone"]);
});

test("a person is put, shown without their addresses, and erased", async () => {
  const ref = "/v1/people/" + encodeURIComponent("kund å/7");
  const put = await door.api("PUT", ref, {
    language: "sv",
    zone: "Europe/Stockholm",
    consents: [{ channel: "sms", purpose: "service", said: "yes" }],
    masks: { order: "•••1234", card: "•••99" },
    addresses: { email: "anna.svensson@mail.example.com", sms: "+46701234567" },
  });
  assert.equal(put.status, 200, put.text);
  assert.match(put.body.subject, /^[\w-]{16}$/);
  assert.deepEqual(put.body.not_kept, ["masks.card"]);
  const shown = await door.api("GET", ref);
  assert.deepEqual(shown.body.addresses, { email: "a•••@m•••.com", sms: "+46•••67" });
  assert.deepEqual([shown.body.language, shown.body.zone, shown.body.consents.length], ["sv", "Europe/Stockholm", 1]);
  for (const secret of ["anna.svensson", "46701234567", "kund"]) assert.ok(!shown.text.includes(secret));
  isProblem(await door.api("PUT", ref, { zone: "Europe/Stokholm" }), 422, "invalid");
  assert.match((await door.api("PUT", ref, { zone: "Europe/Stokholm" })).text, /did you mean `Europe\/Stockholm`/);
  isProblem(await door.api("PUT", ref, { addresses: { sms: "070" } }), 422, "invalid");
  await door.api("PUT", ref, { addresses: null, zone: null });
  const { addresses, zone, language } = (await door.api("GET", ref)).body;
  assert.deepEqual([addresses, zone, language], [{}, null, "sv"]);
  assert.deepEqual((await door.api("DELETE", ref)).body.erased, true);
  isProblem(await door.api("GET", ref), 404, "unknown_person");
  assert.deepEqual((await door.api("DELETE", ref)).body.erased, false);
  const { entries } = await door.audit((entries) => entries.some(({ event }) => event.kind === "person.erased"));
  assert.equal(entries.find(({ event }) => event.kind === "person.erased").event.actor, "test");
});

test("a message waits in the app, with a link that opens, until it was shown", async () => {
  // At noon of tomorrow, so that no quiet hours are near whatever the time is now.
  await door.setTime(Math.ceil(door.now() / DAY_MS) * DAY_MS + DAY_MS / 2);
  const customers = ["inbox-1", "inbox-2", "inbox-3", "inbox-4"];
  for (const customer of customers) {
    await door.api("PUT", `/v1/people/${customer}`, { zone: "Europe/London", addresses: { email: "a@b.example.com" } });
    await send(event(`fail-${customer}`, { subject: customer }));
  }
  await door.advance(2 * 3_600_000);
  for (const customer of customers) await send(event(`open-${customer}`, { subject: customer, type: "app.opened" }));
  const inboxes = await Promise.all(customers.map(async (customer) => (await door.api("GET", `/v1/inbox/${customer}`)).body.messages));
  // One in twenty is in the control group and gets nothing.
  const at = inboxes.findIndex((messages) => messages.length === 1);
  assert.ok(at >= 0, JSON.stringify(inboxes));
  const [message] = inboxes[at];
  assert.equal(message.journey, "payment.failed");
  const { pathname } = new URL(message.action.url);
  assert.equal((await door.fetch(pathname)).status, 200);
  const path = `/v1/inbox/${customers[at]}`;
  assert.deepEqual((await door.api("GET", path)).body.messages, inboxes[at], "reading changes nothing");
  assert.deepEqual((await door.api("POST", path, { shown: [message.touch] })).body, { shown: 1 });
  assert.deepEqual((await door.api("GET", path)).body.messages, []);
});

test("invariant 3: the worker's log holds no reference, no address and no key", () => {
  const text = door.logs.map((line) => line.message).join("\n");
  for (const secret of ["customer-1", "anna", "+4670", API_KEY]) assert.ok(!text.includes(secret), secret);
  assert.deepEqual(door.leaks(), []);
});
