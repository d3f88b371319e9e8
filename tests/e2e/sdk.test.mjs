// Events as CloudEvents' own libraries for JavaScript and Python send them, in every mode: the right person is reached, and
// where a library's headers cannot say who that is, nobody.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { CloudEvent, HTTP, Mode, emitterFor } from "cloudevents";
import { API_KEY, ROOT, open } from "./door.mjs";

const run = promisify(execFile);
const PACKAGES = join(ROOT, ".tools/python");
const noPython = existsSync(join(PACKAGES, "cloudevents")) ? false : "`.ci/setup python` did not install cloudevents from PyPI";
const BATCHED = "application/cloudevents-batch+json";
const DATA = { about: "invoice-7", masks: { order: "•••1234" } };

let door;
before(async () => (door = await open()));
after(() => door?.stop());

let last = 0;
const attributes = (subject) => ({
  id: `sdk-${++last}`,
  source: "/billing",
  type: "payment.failed",
  subject,
  time: new Date(door.now()).toISOString(),
});
// As bytes: of text `fetch` says that it is `text/plain`.
const answer = async ({ headers, body }) => {
  const response = await door.fetch("/v1/events", { method: "POST", headers: { ...headers, authorization: `Bearer ${API_KEY}` }, body: body && Buffer.from(body) });
  return { status: response.status, body: await response.json() };
};
const isKnown = async (subject) => {
  const { status, body } = await door.api("GET", `/v1/people/${encodeURIComponent(subject)}`);
  if (status === 200) assert.deepEqual(body.masks, { order: "•••1234" });
  return status === 200;
};

/** Sends an event with the library's own emitter; the header that authenticates is ours. */
const emit = (event, mode) => emitterFor(answer, { binding: HTTP, mode })(event);

for (const [mode, name] of [[Mode.BINARY, "binary"], [Mode.STRUCTURED, "structured"]]) {
  test(`JavaScript's library reaches the person in ${name} mode`, async () => {
    const subject = `js-${name}`;
    const answered = await emit(new CloudEvent({ ...attributes(subject), datacontenttype: "application/json", data: DATA }), mode);
    assert.deepEqual([answered.status, answered.body.result], [200, "entered"], JSON.stringify(answered));
    assert.ok(await isKnown(subject));
  });

  test(`JavaScript's library reaches the person in ${name} mode without data, and with bytes`, async () => {
    const empty = await emit(new CloudEvent(attributes(`js-${name}-empty`)), mode);
    assert.deepEqual([empty.status, empty.body.result], [200, "entered"], JSON.stringify(empty));
    if (mode === Mode.STRUCTURED) {
      const bytes = new CloudEvent({ ...attributes("js-bytes"), datacontenttype: "application/json", data_base64: Buffer.from(JSON.stringify(DATA)).toString("base64") });
      const answered = await emit(bytes, mode);
      assert.deepEqual([answered.status, answered.body.result], [200, "entered"], JSON.stringify(answered));
      assert.ok(await isKnown("js-bytes"));
    }
  });
}

test("a batch of JavaScript's events reaches each person", async () => {
  const events = ["js-one", "js-two", "Åsa av js"].map((subject) => new CloudEvent({ ...attributes(subject), data: DATA }));
  const { status, body } = await answer({ headers: { "content-type": BATCHED }, body: JSON.stringify(events) });
  assert.deepEqual([status, body.results.map(({ result }) => result)], [200, ["entered", "entered", "entered"]]);
  for (const subject of ["js-one", "js-two", "Åsa av js"]) assert.ok(await isKnown(subject), subject);
});

test("raw letters outside ASCII, as JavaScript's library sends them, reach nobody and say what to do", async () => {
  for (const subject of ["Åsa", "Ösa"]) {
    const event = new CloudEvent({ ...attributes(subject), datacontenttype: "application/json", data: DATA });
    const { status, body } = await emit(event, Mode.BINARY);
    assert.equal(status, 422, JSON.stringify(body));
    assert.deepEqual(body.errors.map(({ path, rule }) => [path, rule]), [["$.subject", "event.header"]]);
    assert.match(body.errors[0].expected, /percent-encode/);
    const structured = await emit(event, Mode.STRUCTURED);
    assert.equal(structured.body.result, "entered", "the same event in structured mode names them");
  }
  for (const wrong of ["\ufffdsa", "sa", "Ã\u0085sa"]) assert.ok(!(await isKnown(wrong)), wrong);
  assert.ok((await isKnown("Åsa")) && (await isKnown("Ösa")));
});

test("bytes of a header are UTF-8, quoted, or refused; one sent twice is refused", async () => {
  const send = async (subject, more = "") => {
    const { id, source, type, time } = attributes("");
    const head = Buffer.from(
      `POST /v1/events HTTP/1.1\r\nHost: ${new URL(door.origin).host}\r\nAuthorization: Bearer ${API_KEY}\r\nConnection: close\r\nContent-Length: 0\r\n` +
        `ce-specversion: 1.0\r\nce-id: ${id}\r\nce-source: ${source}\r\nce-type: ${type}\r\nce-time: "${time}"\r\n${more}ce-subject: `,
    );
    return (await door.raw(Buffer.concat([head, Buffer.from(subject), Buffer.from("\r\n\r\n")]))).status;
  };
  assert.equal(await send(Buffer.from("Åke raw")), 200, "raw UTF-8, and a quoted time");
  assert.equal((await door.api("GET", `/v1/people/${encodeURIComponent("Åke raw")}`)).status, 200);
  assert.equal(await send(Buffer.from("Åke raw", "latin1")), 422, "Latin-1");
  assert.equal(await send("twice-1", "ce-subject: twice-2\r\n"), 422);
  assert.equal(await send("%C3%85ke%20raw"), 200);
  for (const subject of ["twice-1", "twice-2", "twice-1, twice-2", "twice-2, twice-1"]) {
    assert.equal((await door.api("GET", `/v1/people/${encodeURIComponent(subject)}`)).status, 404, subject);
  }
});

test("Python's library reaches the person in every mode", { skip: noPython }, async () => {
  const made = async (subject) => {
    const event = { attributes: { ...attributes(subject), specversion: "1.0" }, data: DATA };
    const env = { ...process.env, PYTHONPATH: PACKAGES };
    const { stdout } = await run("python3", [join(ROOT, "tests/sdk/messages.py"), JSON.stringify(event)], { env });
    return JSON.parse(stdout);
  };
  for (const subject of ["py-plain", "Åsa av Python", "Ösa av Python", 'py "quoted", 100 %']) {
    const messages = await made(subject);
    const results = [];
    for (const mode of ["binary", "binary, no content type", "structured"]) {
      const { status, body } = await answer(messages[mode]);
      assert.equal(status, 200, `${mode} of ${subject}: ${JSON.stringify(body)}`);
      results.push(body.result);
    }
    assert.deepEqual(results, ["entered", "repeated", "repeated"], subject);
    assert.ok(await isKnown(subject), subject);
  }
});
