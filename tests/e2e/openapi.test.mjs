// docs/openapi.json against the running door: what it says is answered, and what is answered it says.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import { API_KEY, API_KEYS, BROWSER, ROOT, forge, formOf, hashOf, open } from "./door.mjs";

const DOCUMENT = JSON.parse(readFileSync(join(ROOT, "docs/openapi.json"), "utf8"));
const NARROW = `pk_narrow_${"A".repeat(43)}`;
// What no request can bring about here: a full deny-list, association files that are too large, a door without
// settings (settings.test.mjs does).
const UNREACHED = new Set([
  "deny_list_full", "not_found", "not_configured",
  // Held in control.test.mjs, delivery.test.mjs and host.test.mjs, and natively in tests/it/flow/access.rs and close.rs.
  "policy_changes_links", "receipt_not_understood", "misdirected", "scope_forbidden", "settled",
]);
/** Parameters of paths, the first of which a call may set. */
const PARAMETER = /\{\w+\}/;

// Responses may hold what is documented and nothing else.
const strict = structuredClone(DOCUMENT);
for (const schema of Object.values(strict.components.schemas)) {
  if (schema.type === "object") schema.additionalProperties = schema === strict.components.schemas.Claim;
}
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(strict, "openapi");
const pointer = (...parts) => `openapi#/${parts.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;

let door;
/** "operationId status" and problem codes that were seen. */
const seen = new Set();
before(async () => {
  const keys = [...API_KEYS, { id: "narrow", hash: hashOf(NARROW), roles: [] }];
  door = await open({ bindings: { POSTERN_API_KEYS: JSON.stringify(keys) } });
});
after(() => door?.stop());

/** Calls a documented operation and holds the answer against the document. */
async function call(method, template, { parameter = "", query = "", headers = {}, body, at = door } = {}) {
  const operation = DOCUMENT.paths[template]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${template} is not documented`);
  const path = template.replace(PARAMETER, parameter) + query;
  const authorization = template.startsWith("/v1/") ? { authorization: `Bearer ${API_KEY}` } : {};
  const response = await at.fetch(path, { method, headers: { ...authorization, ...headers }, body });
  const text = await response.text();
  const what = `${method} ${template} answered ${response.status} ${text.slice(0, 300)}`;
  const documented = operation.responses[response.status];
  assert.ok(documented, `not documented: ${what}`);
  seen.add(`${operation.operationId} ${response.status}`);
  for (const [name, header] of Object.entries(documented.headers ?? {})) {
    const value = response.headers.get(name);
    assert.ok(value !== null || !header.required, `${name} is missing: ${what}`);
    if (value !== null) {
      const typed = header.schema.type === "integer" ? Number(value) : value;
      assert.ok(ajv.validate(header.schema, typed), `${name}: ${value}: ${what}`);
    }
  }
  if (method === "HEAD" || response.status === 303) return { response, text };
  const media = response.headers.get("content-type").split(";")[0];
  assert.ok(documented.content?.[media], `${media} is not documented: ${what}`);
  if (/[/+]json$/.test(media)) {
    const json = JSON.parse(text);
    const validate = ajv.getSchema(
      pointer("paths", template, method.toLowerCase(), "responses", String(response.status), "content", media, "schema"),
    );
    assert.ok(validate(json), `${ajv.errorsText(validate.errors)}: ${what}`);
    if (json.code) seen.add(json.code);
    return { response, json };
  }
  return { response, text };
}

/** What journeys added for machines. */
const OUTREACH = Object.entries(DOCUMENT.paths)
  .filter(([template]) => /^\/v1\/(events|people|inbox|policy|journeys|deliveries)/.test(template))
  .flatMap(([template, item]) => Object.keys(item).map((method) => [method.toUpperCase(), template]));
const JSON_BODY = { "content-type": "application/json" };
const AS_APP = { ...JSON_BODY, accept: "application/json" };
const nonce = (letter) => JSON.stringify({ nonce: letter.repeat(16) });

test("the document is a JSON Schema 2020-12 through and through", () => {
  for (const name of Object.keys(strict.components.schemas)) assert.ok(ajv.getSchema(pointer("components", "schemas", name)));
  assert.match(DOCUMENT.openapi, /^3\.1\./);
  const { version } = readFileSync(join(ROOT, "Cargo.toml"), "utf8").match(/^version = "(?<version>.+)"$/m).groups;
  assert.equal(DOCUMENT.info.version, version);
});

test("every documented path and method exists", async () => {
  for (const [template, item] of Object.entries(DOCUMENT.paths)) {
    for (const method of ["get", "head", "post", "put", "delete", "options", "patch"]) {
      const name = { "{name}": "site.css", "{provider}": "gateway" }[template.match(PARAMETER)?.[0]] ?? "x";
      const response = await door.fetch(template.replace(PARAMETER, name), { method: method.toUpperCase() });
      const text = await response.text();
      const what = `${method} ${template}: ${response.status}`;
      if (item[method]) {
        assert.notEqual(response.status, 405, what);
        // Of images there are only those that the policy names.
        assert.ok(template === "/brand/{file}" || !/"code":"not_found"|There is nothing here/.test(text), what);
      } else {
        assert.equal(response.status, 405, what);
        const allow = response.headers.get("allow").toLowerCase().split(", ").toSorted();
        assert.deepEqual(allow, ["get", "head", "post", "put", "delete"].filter((name) => item[name]).toSorted(), what);
        seen.add("method_not_allowed");
      }
    }
  }
});

test("what visitors and sites are answered is documented", async () => {
  for (const method of ["GET", "HEAD"]) {
    for (const template of ["/", "/robots.txt", "/healthz", "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"]) {
      await call(method, template);
    }
    for (const parameter of ["site.css", "enhance.js", "mark.svg", "nothing.css"]) await call(method, "/assets/{name}", { parameter });
  }
  const [help, pay, resume, gone] = await Promise.all(
    ["help.article", "payment.retry", "onboarding.resume", "payment.retry"].map((scope) => door.mint(scope)),
  );
  const page = await (await door.fetch(`/l/${pay.token}`, { headers: { "user-agent": BROWSER } })).text();
  for (const method of ["GET", "HEAD"]) {
    for (const parameter of [page.match(/\/brand\/([\w.-]+)/)[1], "nothing.png"]) await call(method, "/brand/{file}", { parameter });
    await call(method, "/favicon.ico");
  }
  await door.api("DELETE", `/v1/links/${gone.id}`);
  const expired = forge({ expires: Math.floor(Date.now() / 1000) - 10 });
  for (const headers of [{ "user-agent": BROWSER }, { accept: "application/json" }]) {
    for (const method of ["GET", "HEAD"]) {
      for (const parameter of [help.token, pay.token, "x", expired]) await call(method, "/l/{token}", { parameter, headers });
    }
  }
  for (const headers of [AS_APP, JSON_BODY]) {
    for (const { token } of [help, pay, resume, gone, { token: "x" }, { token: expired }]) {
      for (const body of [nonce("A"), nonce("B"), "{}"]) await call("POST", "/l/{token}", { parameter: token, headers, body });
    }
    await call("POST", "/l/{token}", { parameter: help.token, headers, body: "x".repeat(3_000) });
  }
  const locked = await door.mint("payment.retry");
  for (let failure = 0; failure < 15; failure += 1) {
    const { json } = await call("POST", "/l/{token}", { parameter: locked.token, headers: AS_APP, body: nonce("A") });
    await call("POST", "/v1/grants", { headers: JSON_BODY, body: JSON.stringify({ grant: json.grant, action: "fail" }) });
  }
  await call("POST", "/l/{token}", { parameter: locked.token, headers: AS_APP, body: nonce("A") });
});

test("what machines are answered is documented", async () => {
  const mint = (body, headers = {}) => call("POST", "/v1/links", { headers: { ...JSON_BODY, ...headers }, body });
  const { json: link } = await mint('{"scope":"payment.retry","customer_ref":"a"}');
  await mint('{"links":[{"scope":"help.article"}]}', { "idempotency-key": "1" });
  await mint('{"links":[]}', { "idempotency-key": "1" });
  await mint('{"scope":"help.article"}', { "idempotency-key": "1" });
  await mint('{"scope":"help.article"}', { "idempotency-key": "" });
  await mint("{");
  await mint(" ".repeat(600_000));
  await mint("{}", { "content-type": "text/plain" });
  const { response: compressed } = await mint("{}", { "content-encoding": "gzip" });
  assert.deepEqual([compressed.status, compressed.headers.get("accept-encoding")], [415, "identity"]);
  assert.equal((await mint('{"scope":"help.article","lifetime_s":600.0}')).response.status, 201);
  assert.equal((await mint('{"scope":"payment.retry","customer_ref":".."}')).response.status, 422);
  for (const method of ["GET", "DELETE"]) {
    const { response } = await call(method, "/v1/links/{id}", { parameter: "x".repeat(5_000) });
    assert.equal(response.status, 400, "a long path is answered by its resource");
  }
  const exchange = (body, headers = {}) => call("POST", "/v1/grants", { headers: { ...JSON_BODY, ...headers }, body });
  const claim = async (token) => (await call("POST", "/l/{token}", { parameter: token, headers: AS_APP, body: nonce("C") })).json;
  const { grant } = await claim(link.token);
  await exchange(JSON.stringify({ grant, action: "release" }));
  await exchange(JSON.stringify({ grant }));
  const second = (await claim(link.token)).grant;
  await exchange(JSON.stringify({ grant: second }), { "idempotency-key": "" });
  await exchange(JSON.stringify({ grant: second }));
  await exchange(JSON.stringify({ grant: second }));
  await exchange('{"grant":"x"}');
  await exchange("{}");
  await exchange("[");
  await exchange(" ".repeat(600_000));
  await exchange("{}", { "content-type": "text/plain" });
  const late = await claim(forge());
  await door.advance(60_000);
  await exchange(JSON.stringify({ grant: late.grant }));
  const others = [link.id, (await door.mint("payment.retry")).id, (await door.mint("help.article")).id, forge({ expires: 1_000 }).slice(0, 28), forge({ scope: 999 }).slice(0, 28), "x"];
  for (const method of ["GET", "DELETE", "GET"]) {
    for (const parameter of others) await call(method, "/v1/links/{id}", { parameter });
  }
  for (const query of ["", "?from=2&limit=3", "?limit=0"]) await call("GET", "/v1/audit", { query });
  for (const authorization of ["Bearer x", `Bearer ${NARROW}`]) {
    for (const [method, template] of [["POST", "/v1/links"], ["POST", "/v1/grants"], ["GET", "/v1/audit"], ["GET", "/v1/links/{id}"], ["DELETE", "/v1/links/{id}"]]) {
      await call(method, template, { parameter: link.id, headers: { authorization } });
    }
  }
});

test("what machines are answered about events, people, policies and journeys is documented", async () => {
  const at = () => new Date(door.now()).toISOString();
  const event = (id, more = {}) => ({ specversion: "1.0", id, source: "/", type: "payment.failed", subject: "a", time: at(), ...more });
  const send = (body, type = "application/cloudevents+json") =>
    call("POST", "/v1/events", { headers: { "content-type": type }, body: typeof body === "string" ? body : JSON.stringify(body) });
  const batch = (events) => send(events, "application/cloudevents-batch+json");
  await send(event("1"));
  await send(event("1", { time: "2020-01-01T00:00:00Z", id: "2" }));
  await send(event("3", { time: "2099-01-01T00:00:00Z" }));
  await batch(Array.from({ length: 128 }, (_, id) => event(`busy ${id}`, { type: "note", subject: "busy" })));
  await send(event("busy", { subject: "busy" }));
  await send({});
  await send("{");
  await send(event("4"), "text/plain");
  await send(" ".repeat(1_100_000));
  await batch([event("5"), event("6", { type: "payment.succeeded" }), event("7", { time: "2020-01-01T00:00:00Z" }), 7]);
  const json = (method, template, parameter, body, headers = {}) =>
    call(method, template, { parameter, headers: { ...JSON_BODY, ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });
  const person = "/v1/people/{ref}";
  const full = { language: "en", zone: "Europe/London", consents: [{ channel: "sms", purpose: "service", said: "yes" }], masks: { card: "•••1" }, addresses: { email: "a@b.example.com" }, facts: { gone: null }, passkeys: null, forget_devices: true };
  for (const customer of ["c-1", "c-2", "c-3"]) {
    await json("PUT", person, customer, full);
    await send(event(`fail ${customer}`, { subject: customer, data: { flags: { renews_itself: false } } }));
  }
  await json("PUT", person, "nowhere", { language: null, zone: null, addresses: null });
  await json("PUT", person, "%", full);
  await json("PUT", person, "c-1", { zone: "x" });
  await json("PUT", person, "c-9", { zone: "x", opted_out: true });
  await json("PUT", person, "c-1", "{");
  await json("PUT", person, "c-1", " ".repeat(600_000));
  await json("PUT", person, "c-1", "{}", { "content-type": "text/plain" });
  await door.advance(2 * 3_600_000);
  for (const customer of ["c-1", "c-2", "c-3"]) {
    await send(event(`open ${customer}`, { subject: customer, type: "app.opened" }));
    const { json: inbox } = await call("GET", "/v1/inbox/{ref}", { parameter: customer });
    await json("POST", "/v1/inbox/{ref}", customer, { shown: inbox.messages.map(({ touch }) => touch) });
    await call("GET", person, { parameter: customer });
  }
  await call("GET", "/v1/inbox/{ref}", { parameter: "%" });
  await json("POST", "/v1/inbox/{ref}", "%", { shown: [] });
  await json("POST", "/v1/inbox/{ref}", "a", { shown: ["x"] });
  await json("POST", "/v1/inbox/{ref}", "a", "{");
  await json("POST", "/v1/inbox/{ref}", "a", " ".repeat(600_000));
  await json("POST", "/v1/inbox/{ref}", "a", "{}", { "content-type": "text/plain" });
  for (const parameter of ["nobody", "%", "c-1"]) await call("GET", person, { parameter });
  for (const parameter of ["nobody", "%", "c-1"]) await call("DELETE", person, { parameter });

  const bundle = execFileSync("cargo", ["run", "-q", "--locked", "--", "policy", "bundle", "policy", "--version", "2"], { cwd: ROOT, encoding: "utf8" });
  const policy = (body, headers) => json("PUT", "/v1/policy", "", body, headers);
  for (const body of [bundle, bundle, bundle.replace('"Example', '"Sample'), "{}", " ".repeat(600_000)]) await policy(body);
  await policy(bundle, { "content-type": "text/plain" });
  await call("GET", "/v1/policy");
  for (const parameter of ["current", "9"]) await call("GET", "/v1/policy/{version}", { parameter });
  for (const parameter of ["2", "9"]) await call("POST", "/v1/policy/{version}/activate", { parameter });
  for (const parameter of ["payment.failed", "nothing"]) {
    await call("POST", "/v1/journeys/{id}/pause", { parameter });
    await call("POST", "/v1/journeys/{id}/resume", { parameter });
    await json("POST", "/v1/journeys/{id}/move", parameter, { to: 2 });
  }
  const move = (body, headers) => json("POST", "/v1/journeys/{id}/move", "payment.failed", body, headers);
  for (const body of [{ to: 9 }, {}, "{", " ".repeat(600_000)]) await move(body);
  await move({ to: 2 }, { "content-type": "text/plain" });
  for (const query of ["?state=dead", "", "?state=dead&after=63", "?state=dead&after=+5"]) await call("GET", "/v1/deliveries", { query });
  await call("POST", "/v1/deliveries/{touch}/redrive", { parameter: "x" });
  for (const authorization of ["Bearer x", `Bearer ${NARROW}`]) {
    for (const [method, template] of OUTREACH) await call(method, template, { parameter: "x", headers: { authorization } });
  }
});

/** A link to somebody's choices. */
const choices = () => forge({ once: false, scope: 65_535, subject: randomBytes(12), expires: Math.floor(door.now() / 1000) + 60 * 86_400 });
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** What people are answered who choose what they hear. */
async function choose(at = door) {
  for (const template of ["/u/{token}", "/p/{token}"]) {
    for (const parameter of [choices(), "x"]) {
      for (const method of ["GET", "HEAD"]) await call(method, template, { parameter, at });
      for (const body of ["List-Unsubscribe=One-Click", "a=b"]) await call("POST", template, { parameter, headers: FORM, body, at });
    }
  }
}

test("what people and providers are answered is documented", async () => {
  await choose();
  for (const template of ["/u/{token}", "/p/{token}"]) {
    for (const query of ["", "?choices"]) {
      await call("POST", template, { parameter: choices(), query, headers: FORM, body: "x".repeat(3_000) });
    }
  }
  for (const parameter of ["gateway", "postmark", "whatsapp_cloud", "nobody"]) {
    await call("GET", "/v1/receipts/{provider}", { parameter });
    await call("POST", "/v1/receipts/{provider}", { parameter, headers: JSON_BODY, body: "{}" });
  }
  await call("POST", "/v1/receipts/{provider}", { parameter: "gateway", headers: JSON_BODY, body: " ".repeat(600_000) });
});

test("what a door without KV, gates and log answers is documented, and what a crowd is told", async () => {
  // A grant of this moment: the main door's clock has moved on.
  const giver = await open();
  const { grant } = (await giver.claim(forge())).body;
  await giver.stop();
  const poor = await open({ kvNamespaces: {}, durableObjects: {}, queueProducers: {}, queueConsumers: {} });
  try {
    for (const template of ["/", "/robots.txt", "/healthz", "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"]) {
      for (const method of ["GET", "HEAD"]) await call(method, template, { at: poor });
    }
    for (const method of ["GET", "HEAD"]) {
      await call(method, "/assets/{name}", { parameter: "nothing", at: poor });
      await call(method, "/brand/{file}", { parameter: "nothing.png", at: poor });
      await call(method, "/favicon.ico", { at: poor });
      await call(method, "/l/{token}", { parameter: forge(), at: poor });
    }
    for (const headers of [AS_APP, JSON_BODY]) await call("POST", "/l/{token}", { parameter: forge(), headers, body: nonce("A"), at: poor });
    await call("POST", "/v1/links", { headers: JSON_BODY, body: '{"scope":"help.article"}', at: poor });
    await call("POST", "/v1/grants", { headers: JSON_BODY, body: JSON.stringify({ grant }), at: poor });
    for (const parameter of [forge(), forge({ once: false, scope: 4 })].map((token) => token.slice(0, 28))) {
      for (const method of ["GET", "DELETE"]) await call(method, "/v1/links/{id}", { parameter, at: poor });
    }
    await call("GET", "/v1/audit", { at: poor });
    await choose(poor);
    const events = [{ specversion: "1.0", id: "1", source: "/", type: "a", subject: "a", time: new Date().toISOString() }];
    const send = (type, body) => call("POST", "/v1/events", { headers: { "content-type": type }, body: JSON.stringify(body), at: poor });
    await send("application/cloudevents+json", events[0]);
    await send("application/cloudevents-batch+json", events);
    const policy = execFileSync("cargo", ["run", "-q", "--locked", "--", "policy", "bundle", "policy", "--version", "2"], { cwd: ROOT, encoding: "utf8" });
    const bodies = { "PUT /v1/policy": policy, "POST /v1/journeys/{id}/move": '{"to":2}', "POST /v1/inbox/{ref}": '{"shown":[]}', "PUT /v1/people/{ref}": "{}" };
    for (const [method, template] of OUTREACH.filter(([, template]) => template !== "/v1/events")) {
      const parameter = { "{version}": "2", "{touch}": "A".repeat(32) }[template.match(PARAMETER)?.[0]] ?? "payment.failed";
      const query = template === "/v1/deliveries" ? "?state=dead" : "";
      await call(method, template, { parameter, query, headers: JSON_BODY, body: bodies[`${method} ${template}`], at: poor });
    }
    for (const method of ["GET", "HEAD", "POST"]) await call(method, "/verify", { at: poor, ...(method === "POST" ? { body: "form=go" } : {}) });
  } finally {
    await poor.stop();
  }
  const crowded = await open({ ratelimits: { DAMPER: { namespace_id: "1", simple: { limit: 3, period: 60 } } } });
  try {
    for (let time = 0; time < 5; time += 1) await call("GET", "/l/{token}", { parameter: "x", at: crowded });
    await call("HEAD", "/l/{token}", { parameter: "x", at: crowded });
    await choose(crowded);
    const authorization = "Bearer x";
    for (const [method, template] of [["POST", "/v1/links"], ["POST", "/v1/grants"], ["GET", "/v1/audit"], ["GET", "/v1/links/{id}"], ["DELETE", "/v1/links/{id}"]]) {
      await call(method, template, { parameter: "x", headers: { authorization }, at: crowded });
    }
    for (const [method, template] of OUTREACH) await call(method, template, { parameter: "x", headers: { authorization }, at: crowded });
  } finally {
    await crowded.stop();
  }
});

test("what people who prove who they are, and their apps, are answered is documented", async () => {
  const reference = "prover";
  const put = { addresses: { sms: "+46701234567" }, facts: { customer_number: "12345678" } };
  const { body: { subject } } = await door.api("PUT", `/v1/people/${reference}`, put);
  const link = (scope, who = reference) => door.mint(scope, { customer_ref: who });
  const step = (session, body) => call("POST", "/verify", { headers: AS_APP, body: JSON.stringify({ session, ...body }) });
  const begin = async (scope, letter, who) => {
    const { token } = await link(scope, who);
    return (await call("POST", "/l/{token}", { parameter: token, headers: AS_APP, body: nonce(letter) })).json.session;
  };
  const confirm = (session, who) =>
    call("POST", "/v1/grants", { headers: JSON_BODY, body: JSON.stringify({ session, action: "confirm", subject: who }) });
  for (const method of ["GET", "HEAD"]) await call(method, "/verify");
  await step("x", { form: "go" });
  await confirm("x", subject);
  const session = await begin("details.change", "P");
  await step(session, { form: "send", channel: "sms" });
  await step(session, { form: "send", channel: "sms" });
  await step(session, { form: "code", code: "000000" });
  await confirm(session, "A".repeat(16));
  await confirm(session, subject);
  await step(session, { form: "go" });
  const high = await begin("contract.sign", "Q");
  for (let tries = 0; tries < 6; tries += 1) await step(high, { form: "fact", facts: { customer_number: "87654321" } });
  await step(high, { form: "relay" });
  const unknown = await begin("details.change", "R", "nobody");
  await step(unknown, { form: "send", channel: "sms" });
  const crowded = await begin("details.change", "S");
  await step(crowded, { form: "send", channel: "sms" });
  const { token } = await link("details.change");
  const [one, other] = await Promise.all(
    ["T", "U"].map((letter) => call("POST", "/l/{token}", { parameter: token, headers: AS_APP, body: nonce(letter) })),
  );
  await step(one.json.session, { form: "send", channel: "sms" });
  await step(other.json.session, { form: "send", channel: "sms" });
  await call("POST", "/verify", { headers: AS_APP, body: "x".repeat(20_000) });
  // In a browser, at a link in each of its states.
  const form = { "user-agent": BROWSER, "content-type": "application/x-www-form-urlencoded" };
  const press = async ({ token: pressed }) => {
    const name = `__Host-postern=${randomBytes(16).toString("base64url")}`;
    const { text } = await call("GET", "/l/{token}", { parameter: pressed, headers: { ...form, cookie: name } });
    const body = `nonce=${/name="nonce" value="([^"]+)"/.exec(text)[1]}`;
    const { response } = await call("POST", "/l/{token}", { parameter: pressed, headers: { ...form, cookie: name }, body });
    const session = response.headers.get("set-cookie").split(";")[0];
    return { ...form, cookie: `${name}; ${session}`, attempt: formOf(session.split("=")[1]) };
  };
  const post = ({ attempt, ...headers }, body) => call("POST", "/verify", { headers, body: `${body}&attempt=${attempt}` });
  const everyWay = async (visitor) => {
    for (const method of ["GET", "HEAD"]) await call(method, "/verify", { headers: { cookie: visitor.cookie } });
    await post(visitor, "form=code&code=000000");
  };
  const [held, gone, shut] = await Promise.all([1, 2, 3].map(() => link("contract.sign", "nobody")));
  const visitors = await Promise.all([held, gone, shut].map(press));
  await post(visitors[0], "form=relay");
  await everyWay(visitors[0]);
  await door.api("DELETE", `/v1/links/${gone.id}`);
  await everyWay(visitors[1]);
  for (let tries = 0; tries < 15; tries += 1) await post(visitors[2], "form=code&code=000000");
  await everyWay(visitors[2]);
  const mine = await link("details.change");
  const second = await press(mine);
  const app = (await call("POST", "/l/{token}", { parameter: mine.token, headers: AS_APP, body: nonce("W") })).json.session;
  await call("GET", "/verify", { headers: { cookie: second.cookie } });
  await call("HEAD", "/verify", { headers: { cookie: second.cookie } });
  await confirm(app, subject);
  await everyWay(second);
  await call("POST", "/l/{token}", { parameter: token, headers: { "user-agent": BROWSER, "content-type": "application/x-www-form-urlencoded" }, body: `nonce=${"V".repeat(16)}` });
});

test("every documented code and status has been seen", () => {
  const codes = DOCUMENT.components.schemas.Problem.properties.code.enum;
  assert.deepEqual(codes.filter((code) => !seen.has(code) && !UNREACHED.has(code)), []);
  const only = new Set(["appleAppSiteAssociation 404", "appleAppSiteAssociationHead 404", "assetLinks 404", "assetLinksHead 404", "revokeLink 507", // Such a message takes a day of failures, and such a receipt a provider's signature: other tests have them.
    "takeReceipts 413", "takeReceipts 422", "takeReceipts 429", "confirmReceiptsAddress 429",
    // The example has an icon, and control.test.mjs activates a version that changes live links.
    "favicon 404", "faviconHead 404", "activatePolicy 409",
    "redriveDelivery 200", "confirmReceiptsAddress 200", "confirmReceiptsAddress 503", "takeReceipts 200", "takeReceipts 503",
    "robots 503", "robotsHead 503",
    // A destination without a hand-off, and a key that was retired meanwhile.
    "showProof 303", "showProofHead 303", "showProof 404", "showProofHead 404", "takeStep 404"]);
  const missing = Object.values(DOCUMENT.paths)
    .flatMap((item) => Object.values(item).filter((operation) => operation.operationId))
    .flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => `${operationId} ${status}`))
    .filter((name) => !seen.has(name) && !only.has(name));
  assert.deepEqual(missing, []);
});
