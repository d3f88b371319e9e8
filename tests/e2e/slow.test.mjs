// A gate or a KV that is slow, wrong, gone or behind: whoever asks is told to try again in bounded time, nobody is let in
// twice, and whoever asks again gets through. Deadlines pass in real time; everything else waits for a promise.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { BROWSER, ROOT, eventually, forge } from "./door.mjs";
import { HANG_UP, hold, openWithGate, openWithKv } from "./slow.mjs";

const LIMITS = readFileSync(join(ROOT, "src/limits.rs"), "utf8");
const limit = (name) => Number(LIMITS.match(new RegExp(`const ${name}: u64 = ([\\d_]+);`))[1].replaceAll("_", ""));
const GATE_TIMEOUT_MS = limit("GATE_TIMEOUT_MS");
const PORT_TIMEOUT_MS = limit("PORT_TIMEOUT_MS");
const RULES_TIMEOUT_MS = limit("RULES_TIMEOUT_MS");
/** Beyond its own deadline, what an answer may take on a busy machine. */
const SLACK_MS = 5_000;

const nonce = () => randomBytes(12).toString("base64url");
const HELD = 1;
const DIRECT = 3;
const MANY = { once: false, scope: 4 };

/** The answer to `ask`, which must come no sooner than its deadline, and soon after it. */
async function atDeadline(deadlineMs, ask) {
  const { answer, ms } = await timed(deadlineMs + SLACK_MS, ask);
  assert.ok(ms >= deadlineMs - 50, `after ${ms} ms, before the deadline: it did not wait for what was slow`);
  return answer;
}

/** The answer to `ask`, which must not wait for what is slow. */
const atOnce = async (ask) => (await timed(SLACK_MS, ask)).answer;

async function timed(withinMs, ask) {
  const started = performance.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs);
  });
  try {
    return { answer: await Promise.race([ask(), late]), ms: performance.now() - started };
  } finally {
    clearTimeout(timer);
  }
}

/** The try-again page, whose reference is in the log with its cause. */
async function isTryAgainPage(door, response, cause) {
  const html = await response.text();
  assert.equal(response.status, 503, html);
  assert.match(response.headers.get("content-type"), /^text\/html/);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("location"), null);
  assert.equal(response.headers.get("retry-after"), "5");
  await isExplained(door, html.match(/<code[^>]*>([\w-]+)<\/code>/)?.[1], cause);
}

/** The same for a program. */
async function isTryAgain(door, { status, headers, body }, cause) {
  assert.deepEqual([status, body.code], [503, "try_again"]);
  assert.equal(headers.get("retry-after"), "5");
  assert.equal(body.grant, undefined);
  await isExplained(door, body.reference, cause);
}

async function isExplained(door, reference, cause) {
  assert.ok(reference, "a reference is told");
  const line = ({ message }) => message.includes(`reference=${reference}`) && message.includes(cause);
  await eventually(`${reference} is in the log, with: ${cause}`, () => door.logs.some(line), 5);
}

const logged = (door, text) => eventually(`the log says: ${text}`, () => door.logs.some(({ message }) => message.includes(text)), 5);

let door;
let gate;
/** How many links let somebody in. */
let taken = 0;
before(async () => ({ door, gate } = await openWithGate()));
after(() => door?.stop());

describe("a gate", () => {
  const isLetIn = async (token, by) => {
    const claim = await door.claim(token, by);
    assert.equal(claim.status, 200, JSON.stringify(claim.body));
    // But for the time that is left of it, which runs.
    const { expires_in_s: left, ...lasting } = claim.body;
    assert.ok(left === undefined || (left > 0 && left <= 60), `${left} s`);
    return lasting;
  };
  const isRefused = async (token, code, by) => {
    const { status, body } = await door.claim(token, by);
    assert.deepEqual([status, body.code], [{ busy: 409, used: 410, revoked: 410 }[code], code]);
  };

  describe("that is slow", { concurrency: true }, () => {
    it("and never answers holds up its own link only, and the same browser gets in once it is back", async () => {
      const [token, other] = [forge({ scope: DIRECT }), forge()];
      const stalled = hold();
      gate.on(token, { asked: stalled.wait });
      const look = async (headers) => {
        const page = await door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER, ...headers } });
        return { page, nonce: (await page.text()).match(/name="nonce" value="([^"]+)"/)?.[1] };
      };
      const form = (by, headers) => ({ method: "POST", headers: { "user-agent": BROWSER, ...headers }, body: `nonce=${by}` });
      const first = await look({});
      const headers = { cookie: first.page.headers.get("set-cookie").split(";")[0] };
      const pressed = atDeadline(GATE_TIMEOUT_MS, () => door.fetch(`/l/${token}`, form(first.nonce, headers)));
      const told = atDeadline(GATE_TIMEOUT_MS, () => door.claim(token));
      await stalled.arrived;
      await atOnce(() => isLetIn(other));
      await isTryAgainPage(door, await pressed, "no answer in time");
      await isTryAgain(door, await told, "no answer in time");
      gate.off(token);
      const again = await look(headers);
      assert.equal(again.nonce, first.nonce, "the cookie keeps the nonce");
      assert.equal((await door.fetch(`/l/${token}`, form(again.nonce, headers))).status, 303);
      await isRefused(token, "used");
      taken += 2;
    });

    it("and takes a claim but answers too late answers it again to the same nonce, and refuses any other", async () => {
      await Promise.all([
        [HELD, "busy"],
        [DIRECT, "used"],
      ].map(async ([scope, code]) => {
        const [token, mine] = [forge({ scope }), nonce()];
        const stalled = hold();
        gate.on(token, { decided: stalled.wait });
        await isTryAgain(door, await atDeadline(GATE_TIMEOUT_MS, () => door.claim(token, mine)), "no answer in time");
        gate.off(token);
        await isRefused(token, code);
        const letIn = await isLetIn(token, mine);
        stalled.release();
        await isRefused(token, code);
        assert.deepEqual(await isLetIn(token, mine), letIn, "the same answer again");
        taken += 1;
      }));
    });

    it("and hears of a claim too late takes it for that claim's nonce, or not at all", async () => {
      await Promise.all([true, false].map(async (isFirst) => {
        const [token, mine, other] = [forge(), nonce(), nonce()];
        const [underway, decided] = [hold(), hold()];
        gate.on(token, { asked: underway.wait });
        await isTryAgain(door, await atDeadline(GATE_TIMEOUT_MS, () => door.claim(token, mine)), "no answer in time");
        gate.off(token);
        const arrive = async () => {
          gate.on(token, { decided: decided.wait });
          underway.release();
          await decided.arrived;
          gate.off(token);
        };
        const [winner, loser] = isFirst ? [mine, other] : [other, mine];
        if (!isFirst) await isLetIn(token, winner);
        await arrive();
        await isRefused(token, "busy", loser);
        const { grant } = await isLetIn(token, winner);
        const exchanges = await Promise.all([1, 2, 3].map(() => door.api("POST", "/v1/grants", { grant })));
        assert.deepEqual(exchanges.map(({ status }) => status).toSorted(), [200, 409, 409]);
        taken += 1;
      }));
    });

    it("and takes an exchange but answers too late answers it again under the same key, and no other", async () => {
      const token = forge();
      const { grant } = await isLetIn(token);
      const exchange = (key) => door.api("POST", "/v1/grants", { grant }, { headers: { "idempotency-key": key } });
      const stalled = hold();
      gate.on(token, { decided: stalled.wait });
      await isTryAgain(door, await atDeadline(GATE_TIMEOUT_MS, () => exchange("first")), "no answer in time");
      gate.off(token);
      const other = await exchange("second");
      assert.deepEqual([other.status, other.body.code], [409, "grant_used"]);
      const again = await exchange("first");
      assert.deepEqual([again.status, again.body.outcome], [200, "redeemed"]);
      taken += 1;
    });

    it("withdraws no link unheard, and one withdrawn too late stays withdrawn", async () => {
      await Promise.all(["asked", "decided"].map(async (point) => {
        const { token, id } = await door.mint("payment.retry");
        const stalled = hold();
        gate.on(token, { [point]: stalled.wait });
        const [revoked, seen] = ["DELETE", "GET"].map((method) =>
          atDeadline(GATE_TIMEOUT_MS, () => door.api(method, `/v1/links/${id}`)));
        await isTryAgain(door, await revoked, "no answer in time");
        await isTryAgain(door, await seen, "no answer in time");
        gate.off(token);
        const { body } = await door.api("GET", `/v1/links/${id}`);
        assert.equal(body.state, point === "asked" ? "open" : "revoked");
        assert.equal((await door.api("DELETE", `/v1/links/${id}`)).body.state, "revoked");
        await isRefused(token, "revoked");
      }));
    });
  });

  // One at a time: a gate that hangs up does so to all of its links.
  const FAILURES = [
    ["answers 500", () => new Response(null, { status: 500 }), "the object answered 500"],
    ["hangs up", () => HANG_UP, "hung up"],
    ["answers without saying anything", () => new Response(), "the object answered 200"],
    ["answers what cannot be read", () => new Response(null, { headers: { "postern-answer": "granted?" } }), "could not be read"],
  ];
  for (const [how, fail, cause] of FAILURES) {
    it(`that ${how}, before it decided or after, lets nobody in, and then the same nonce`, async () => {
      for (const point of ["asked", "decided"]) {
        // A form's nonce is never an app's, so each has a link of its own.
        const [token, pressed, mine] = [forge(), forge(), nonce()];
        for (const link of [token, pressed]) gate.on(link, { [point]: fail });
        const press = { method: "POST", headers: { "user-agent": BROWSER }, body: `nonce=${mine}` };
        await isTryAgainPage(door, await atOnce(() => door.fetch(`/l/${pressed}`, press)), cause);
        await isTryAgain(door, await atOnce(() => door.claim(token, mine)), cause);
        for (const link of [token, pressed]) gate.off(link);
        if (point === "decided") await isRefused(token, "busy");
        await isLetIn(token, mine);
        await isRefused(token, "busy");
        assert.equal((await door.fetch(`/l/${pressed}`, press)).status, 200);
        await isRefused(pressed, "busy");
        taken += 2;
      }
    });
  }

});

test("after all that the audit log has each link taken once, by one visitor", async () => {
  const changes = ["link.claimed", "link.spent", "link.revoked"];
  const takings = (entries) => entries.filter(({ event }) => changes.includes(event.kind)).map(({ event }) => event);
  const links = (events) => new Set(events.filter(({ kind }) => kind !== "link.revoked").map(({ link }) => link));
  const { entries } = await door.audit((entries) => links(takings(entries)).size >= taken);
  const events = takings(entries);
  assert.equal(links(events).size, taken);
  const once = new Set(events.map(({ kind, link }) => `${kind} ${link}`));
  assert.equal(once.size, events.length, JSON.stringify(events));
  assert.ok(events.every(({ count }) => (count ?? 1) === 1));
  assert.deepEqual(door.leaks(), [], "invariant 3");
});

/** Opens a door with such a KV, runs `body` with both, and stops it. */
async function withKv(change, body) {
  const { door, kv } = await openWithKv(change);
  try {
    await body(door, kv);
    assert.deepEqual(door.leaks(), [], "invariant 3");
  } finally {
    await door.stop();
  }
}

const happens = (door, subject, type) => {
  const event = { specversion: "1.0", id: `${type} ${door.now()}`, source: "/", type, subject, time: new Date(door.now()).toISOString() };
  return door.api("POST", "/v1/events", JSON.stringify(event), { headers: { "content-type": "application/cloudevents+json" } });
};

/** Noon in London; a person who is in no control group and whose first e-mail is due as soon as a payment fails. */
async function atNoon(door) {
  await door.setTime(Date.UTC(2026, 10, 24, 12));
  const person = { zone: "Europe/London", addresses: { email: "a@b.example.com" } };
  assert.equal((await door.api("PUT", "/v1/people/customer-1", person)).status, 200);
}

const tap = (door, token, more = {}) => door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER }, ...more });

describe("a KV", { concurrency: true }, () => {
  for (const slow of ["policy", "deny"]) {
    it(`that never answers for "${slow}" leaves a new door closed, in bounded time, until it does`, async () => {
      const stalled = hold();
      await withKv({ first: (_, key) => (key === slow ? stalled.wait() : undefined) }, async (door) => {
        const [once, many] = [forge(), forge(MANY)];
        const late = (ask) => atDeadline(PORT_TIMEOUT_MS, ask);
        const [look, go, press, mint, health] = await Promise.all([
          late(() => tap(door, once)),
          late(() => tap(door, many)),
          late(() => door.claim(once)),
          late(() => door.api("POST", "/v1/links", { scope: "payment.retry" })),
          late(() => door.api("GET", "/healthz")),
        ]);
        await isTryAgainPage(door, look, "no policy fresh enough");
        await isTryAgainPage(door, go, "no policy fresh enough");
        await isTryAgain(door, press, "no policy fresh enough");
        await isTryAgain(door, mint, "no policy fresh enough");
        assert.deepEqual([health.status, health.body.status], [503, "no policy"]);
        await logged(door, "KV could not be reached: no answer in time");
        stalled.release();
        assert.equal((await tap(door, many)).status, 303);
        assert.equal((await door.claim(once)).status, 200, "nothing was taken");
      });
    });
  }

  it("that stops answering delays a page by its deadline, and nobody who is let in", async () => {
    await withKv({}, async (door, kv) => {
      const [once, many] = [forge({ scope: DIRECT }), forge(MANY)];
      assert.equal((await tap(door, many)).status, 303);
      const stalled = hold();
      kv.first = stalled.wait;
      await door.advance(31_000);
      for (let time = 0; time < 3; time += 1) assert.equal((await atOnce(() => tap(door, many))).status, 303);
      await stalled.arrived;
      const page = atDeadline(PORT_TIMEOUT_MS, () => tap(door, once));
      const claim = await atOnce(() => door.claim(once));
      assert.equal(claim.status, 200);
      assert.equal((await atOnce(() => door.claim(once))).body.code, "used", "the marker was not needed for that");
      assert.equal((await page).status, 200, "unknown to KV: the page that changes nothing");
      await logged(door, "a marker was not replicated: KV could not be reached: no answer in time");
      stalled.release();
    });
  });

  it("that answers with errors is done without for ten minutes, then the door says try again, until it is back", async () => {
    await withKv({}, async (door, kv) => {
      const many = forge(MANY);
      assert.equal((await tap(door, many)).status, 303);
      kv.first = () => new Response("no", { status: 500 });
      await door.advance(31_000);
      assert.equal((await tap(door, many)).status, 303);
      await logged(door, "the last good policy stays in force");
      assert.equal((await tap(door, forge())).status, 200);
      const once = forge({ scope: DIRECT });
      assert.equal((await door.claim(once)).status, 200);
      assert.equal((await door.claim(once)).body.code, "used");
      await logged(door, "a marker was not replicated");
      await door.advance(11 * 60_000);
      const later = forge({ ...MANY, expires: Math.floor(door.now() / 1000) + 600 });
      await isTryAgainPage(door, await tap(door, later), "no policy fresh enough");
      await isTryAgain(door, await door.claim(later), "no policy fresh enough");
      kv.first = () => undefined;
      assert.equal((await tap(door, later)).status, 303);
    });
  });

  it("that stops answering delays shards by less than their callers wait, and what needs no policy goes on for good", async () => {
    await withKv({}, async (door, kv) => {
      await atNoon(door);
      const stalled = hold();
      kv.first = stalled.wait;
      await door.advance(31_000);
      const { answer } = await timed(RULES_TIMEOUT_MS + SLACK_MS, () => happens(door, "customer-1", "payment.failed"));
      assert.deepEqual([answer.status, answer.body?.result], [200, "entered"], answer.text);
      await door.advance(11 * 60_000);
      const told = [
        happens(door, "customer-1", "payment.disputed"),
        door.api("PUT", "/v1/people/customer-1", { opted_out: true }),
        door.api("DELETE", "/v1/people/customer-2"),
      ];
      const answers = (await timed(PORT_TIMEOUT_MS + 2 * RULES_TIMEOUT_MS + SLACK_MS, () => Promise.all(told))).answer;
      assert.deepEqual(answers.map(({ status }) => status), [503, 200, 200]);
      assert.ok((await door.api("GET", "/v1/people/customer-1")).body.opted_out);
      stalled.release();
    });
  });

  it("that cannot say that a journey goes on holds it for two minutes, not for hours", async () => {
    await withKv({}, async (door, kv) => {
      await atNoon(door);
      assert.equal((await door.api("POST", "/v1/journeys/payment.failed/pause")).status, 200);
      await door.advance(31_000);
      assert.equal((await happens(door, "customer-1", "payment.failed")).body.result, "entered");
      const pending = async () => (await door.api("GET", "/v1/people/customer-1")).body.pending.length;
      assert.equal(await pending(), 0, "paused");
      assert.equal((await door.api("POST", "/v1/journeys/payment.failed/resume")).status, 200);
      kv.first = () => new Response("no", { status: 500 });
      await door.advance(125_000);
      const worker = await door.miniflare.getWorker();
      // The shard tells the roster a moment after the call.
      await eventually("the journey goes on", async () => {
        await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(door.now()) });
        return (await pending()) === 1;
      });
    });
  });

  it("that has not heard of a claim or a withdrawal shows the page, and the gate refuses the press", async () => {
    await withKv({ first: (method) => (method === "PUT" ? new Response() : undefined) }, async (door, kv) => {
      const spent = (await door.mint("onboarding.resume")).token;
      assert.equal((await door.claim(spent)).status, 200);
      const revoked = await door.mint("onboarding.resume");
      assert.equal((await door.api("DELETE", `/v1/links/${revoked.id}`)).body.state, "revoked");
      for (const [token, code] of [[spent, "used"], [revoked.token, "revoked"]]) {
        assert.equal((await tap(door, token)).status, 200);
        const { status, body } = await door.claim(token);
        assert.deepEqual([status, body.code], [410, code]);
      }
      assert.equal(kv.values.size, 0, "KV was told, and forgot");
    });
  });

  it("that gives an old deny-list lets a withdrawn many-use link through until it catches up, and no longer", async () => {
    await withKv({}, async (door, kv) => {
      const { token, id } = await door.mint("help.article");
      assert.equal((await tap(door, token)).status, 303);
      kv.first = (method, key) => (method === "GET" && key === "deny" ? new Response(null, { status: 404 }) : undefined);
      assert.equal((await door.api("DELETE", `/v1/links/${id}`)).body.state, "revoked");
      await eventually("the deny-list is published", () => kv.values.has("deny"));
      await door.advance(31_000);
      assert.equal((await tap(door, token)).status, 303, "as old as KV is");
      assert.equal((await door.api("GET", `/v1/links/${id}`)).body.state, "revoked", "the registry knows");
      kv.first = () => undefined;
      await door.advance(31_000);
      await eventually("the link is refused", async () => (await tap(door, token)).status === 410, 5);
    });
  });

  it("that has lost its policy, or gives one that was in force before, is believed no further than what it says", async () => {
    await withKv({}, async (door, kv) => {
      const read = (name) => JSON.parse(readFileSync(join(ROOT, "policy", `${name}.json`), "utf8"));
      const bundle = { ...read("site"), ...read("scopes"), ...read("destinations") };
      const policy = (version) => JSON.stringify({ version, ...bundle });
      const version = async () => (await door.api("GET", "/healthz")).body.policy_version;
      kv.values.set("policy", policy(41));
      assert.equal(await version(), 41);
      kv.values.delete("policy");
      await door.advance(31_000);
      assert.equal((await tap(door, forge(MANY))).status, 303);
      await logged(door, "KV has it no more");
      assert.equal(await version(), 41, "the example does not take its place");
      await door.advance(11 * 60_000);
      const many = forge({ ...MANY, expires: Math.floor(door.now() / 1000) + 600 });
      await isTryAgainPage(door, await tap(door, many), "no policy fresh enough");
      kv.values.set("policy", policy(40));
      assert.equal((await tap(door, many)).status, 303);
      assert.equal(await version(), 40, "the deployment may go back to an older one");
    });
  });
});
