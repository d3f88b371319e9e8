// The audit log: what happens is in the chain, once, with its count, and nothing secret with it.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { API_KEY, BROWSER, ROOT, eventually, forge, hashOf, open } from "./door.mjs";

const run = promisify(execFile);
const CLI = join(ROOT, "target/debug/postern");

let door;
before(async () => {
  await run("cargo", ["build", "--quiet", "--bin", "postern"], { cwd: ROOT });
  const narrow = `pk_narrow_${"A".repeat(43)}`;
  const keys = [
    { id: "test", hash: hashOf(API_KEY), roles: ["mint", "inspect", "revoke", "exchange", "audit"] },
    { id: "narrow", hash: hashOf(narrow), roles: ["mint"] },
  ];
  door = await open({ bindings: { POSTERN_API_KEYS: JSON.stringify(keys) } });
  door.narrow = narrow;
});
after(() => door?.stop());

/** What the log says, summed: "kind link scope reason actor" -> how often. */
function sums(entries) {
  const sums = {};
  for (const { event } of entries) {
    const { kind, link, scope, reason, actor } = event;
    const name = [kind, link, scope, reason, actor].filter((part) => part !== undefined).join(" ");
    sums[name] = (sums[name] ?? 0) + event.count;
  }
  return sums;
}

const total = (entries) => entries.reduce((sum, { event }) => sum + event.count, 0);

function verify(text, ...more) {
  const { status, stdout, stderr } = spawnSync(CLI, ["audit", "verify", "-", ...more], { input: text, encoding: "utf8" });
  return { status, said: stdout + stderr };
}

test("invariants 3 and 6: everything that happens is in the chain exactly once, and nothing secret is", async () => {
  const seen = [];
  const fetchAndKeep = async (path, init) => {
    const response = await door.fetch(path, init);
    seen.push(JSON.stringify([...response.headers]), await response.text());
    return response;
  };
  const look = (token) => fetchAndKeep(`/l/${token}`, { headers: { "user-agent": BROWSER } });
  const exchange = (grant, action = "redeem") => door.api("POST", "/v1/grants", { grant, action });

  const wanted = ["payment.retry", "onboarding.resume", "help.article", "payment.retry", "payment.retry", "help.article"];
  const { body } = await door.api("POST", "/v1/links", {
    links: wanted.map((scope, at) => ({ scope, customer_ref: `customer-ref-${at}` })),
  });
  for (const { token, subject, id } of body.links) for (const secret of [token, subject, id]) door.secrets.add(secret);
  for (const at of wanted.keys()) door.secrets.add(`customer-ref-${at}`);
  const [pay, resume, help, locked, revoked, withdrawn] = body.links;

  for (let time = 0; time < 3; time += 1) await look(pay.token);
  const first = await door.claim(pay.token);
  await door.claim(pay.token, first.nonce);
  await door.claim(pay.token);
  await exchange(first.body.grant, "release");
  const second = await door.claim(pay.token);
  await exchange(second.body.grant);
  await door.claim(pay.token);
  await door.claim(pay.token);

  const resumed = await door.claim(resume.token);
  await door.claim(resume.token, resumed.nonce);
  await door.claim(resume.token);

  for (let time = 0; time < 7; time += 1) await look(help.token);

  for (let time = 0; time < 15; time += 1) {
    const { body } = await door.claim(locked.token);
    await exchange(body.grant, "fail");
  }
  await door.claim(locked.token);

  await door.api("DELETE", `/v1/links/${revoked.id}`);
  await door.api("DELETE", `/v1/links/${revoked.id}`);
  await door.claim(revoked.token);
  await door.api("DELETE", `/v1/links/${withdrawn.id}`);

  await look("AAAA");
  await look(forge({ secret: Buffer.alloc(32, 8) }));
  await look(forge({ key: 9 }));
  const now = Math.floor(Date.now() / 1000);
  await look(forge({ scope: 999, link: Buffer.alloc(12, 1) }));
  await look(forge({ scope: 1, once: false, link: Buffer.alloc(12, 2) }));
  await look(forge({ scope: 1, expires: now + 90_000, link: Buffer.alloc(12, 3) }));
  await look(forge({ scope: 1, expires: now - 10, link: Buffer.alloc(12, 4) }));

  await exchange("no grant");
  await door.api("GET", "/v1/nothing");
  await door.api("POST", "/v1/links", { scope: "help.article" }, { key: null });
  await door.api("GET", "/v1/audit", undefined, { key: door.narrow });

  const expected = 6 + (4 + 2 + 1 + 1 + 1 + 2) + (1 + 1 + 1) + 7 + (15 + 15 + 1) + (1 + 1) + 1 + 7 + 3;
  const { text, lines, entries, head } = await door.audit((entries) => total(entries) >= expected);

  const issued = entries.filter(({ event }) => event.kind === "link.issued").map(({ event }) => event);
  assert.deepEqual(issued.map(({ scope }) => scope), [1, 3, 4, 1, 1, 4]);
  const [a, b, c, d, e, f] = issued.map(({ link }) => link);
  assert.equal(new Set(issued.map(({ link }) => link)).size, 6);
  assert.equal(new Set(issued.map(({ subject }) => subject)).size, 6);
  const odd = Object.fromEntries(
    entries
      .filter(({ event }) => /unknown_scope|use_mismatch|lifetime|expired/.test(event.reason))
      .map(({ event }) => [event.reason, event.link]),
  );
  assert.deepEqual(sums(entries), {
    [`link.issued ${a} 1 test`]: 1,
    [`link.issued ${b} 3 test`]: 1,
    [`link.issued ${c} 4 test`]: 1,
    [`link.issued ${d} 1 test`]: 1,
    [`link.issued ${e} 1 test`]: 1,
    [`link.issued ${f} 4 test`]: 1,
    // Three looks, and a claim repeated with its nonce.
    [`link.validated ${a} 1`]: 4,
    [`link.claimed ${a} 1`]: 2,
    [`link.refused ${a} 1 busy`]: 1,
    [`link.released ${a} 1`]: 1,
    [`link.spent ${a} 1`]: 1,
    [`link.refused ${a} 1 spent`]: 2,
    [`link.validated ${b} 3`]: 1,
    [`link.spent ${b} 3`]: 1,
    [`link.refused ${b} 3 spent`]: 1,
    [`link.validated ${c} 4`]: 7,
    [`link.claimed ${d} 1`]: 15,
    [`link.failed ${d} 1`]: 15,
    [`link.locked ${d} 1`]: 1,
    [`link.refused ${d} 1 locked`]: 1,
    [`link.revoked ${e} 1`]: 1,
    [`link.refused ${e} 1 revoked`]: 1,
    [`link.revoked ${f} 4`]: 1,
    "link.refused malformed": 1,
    "link.refused wrong_mac": 1,
    "link.refused unknown_key": 1,
    [`link.refused ${odd.unknown_scope} 999 unknown_scope`]: 1,
    [`link.refused ${odd.use_mismatch} 1 use_mismatch`]: 1,
    [`link.refused ${odd.lifetime_exceeded} 1 lifetime_exceeded`]: 1,
    [`link.refused ${odd.expired} 1 expired`]: 1,
    "api.refused grant_invalid test": 1,
    "api.refused unauthorized": 1,
    "api.refused forbidden narrow": 1,
  });
  // Read at once again, nothing has come that should not.
  assert.deepEqual(entries.map(({ seq }) => seq), lines.map((_, at) => at + 1));

  const good = verify(text);
  assert.equal(good.status, 0, good.said);
  assert.equal(verify(text, "--head", head).status, 0, "the head that came with the export");
  const wrong = head.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
  assert.notEqual(verify(text, "--head", wrong).status, 0);
  assert.notEqual(verify(`${lines.slice(0, -1).join("\n")}\n`, "--head", head).status, 0, "the end was cut off");
  assert.notEqual(verify(text.replace('"count":1', '"count":2')).status, 0, "an entry was changed");
  assert.notEqual(verify(`${lines.toSpliced(4, 1).join("\n")}\n`).status, 0, "an entry was removed");
  assert.notEqual(verify(`${lines.toSpliced(4, 2, lines[5], lines[4]).join("\n")}\n`).status, 0, "two changed places");

  // Link ids in clear, without their MAC, too: the twelve bytes are in every id.
  for (const { id } of body.links) door.secrets.add(Buffer.from(id, "base64url").subarray(9).toString("base64url"));
  assert.deepEqual(door.leaks(text), [], "in the audit log");
  assert.deepEqual(door.leaks(), [], "in the worker's log");
  const pages = seen.join("\n");
  const kept = [...door.secrets].filter((secret) => pages.includes(secret));
  assert.deepEqual(kept, [], "in a page, a header or an address we redirect to");
});

test("invariants 1 and 6: 500 scanning GETs are a handful of entries that count 500, and change nothing", async () => {
  const { id, token } = await door.mint("payment.retry");
  const { id: manyId, token: many } = await door.mint("help.article");
  const before = await door.audit((entries) => entries.at(-1)?.event.scope === 4 && entries.at(-1).event.kind === "link.issued");
  const agents = [BROWSER, "Mozilla/5.0 (compatible; bingbot/2.0)", "curl/8.0", "", "Slackbot-LinkExpanding 1.0"];
  const methods = ["GET", "HEAD"];
  for (let round = 0; round < 25; round += 1) {
    const storm = Array.from({ length: 20 }, (_, at) =>
      door.fetch(`/l/${at % 2 ? token : many}`, { method: methods[round % 2], headers: { "user-agent": agents[at % 5] } }),
    );
    for (const response of await Promise.all(storm)) {
      await response.arrayBuffer();
      assert.ok([200, 303].includes(response.status));
    }
  }
  const since = (entries) => entries.slice(before.entries.length);
  const { entries } = await door.audit((entries) => total(since(entries)) >= 500, 25);
  const fresh = since(entries);
  assert.ok(fresh.every(({ event }) => event.kind === "link.validated"));
  assert.deepEqual(Object.values(sums(fresh)), [250, 250]);
  assert.ok(fresh.length <= 250, `${fresh.length} entries for 500 fetches`);
  for (const link of [id, manyId]) assert.equal((await door.api("GET", `/v1/links/${link}`)).body.state, "open");
  assert.equal((await door.claim(token)).status, 200, "and one person comes through");
});

test("invariant 6: without a queue the events reach the log by themselves", async () => {
  const plain = await open({ queueProducers: {}, queueConsumers: {} });
  try {
    const { token } = await plain.mint("payment.retry");
    await (await plain.fetch(`/l/${token}`)).text();
    const { body } = await plain.claim(token);
    await plain.api("POST", "/v1/grants", { grant: body.grant });
    const { text, entries } = await plain.audit((entries) => entries.length >= 4);
    const kinds = entries.map(({ event }) => event.kind).toSorted();
    assert.deepEqual(kinds, ["link.claimed", "link.issued", "link.spent", "link.validated"]);
    assert.equal(verify(text).status, 0);
    const complaints = plain.logs.filter(({ message }) => message.includes("writing to the log directly"));
    assert.ok(complaints.length > 0, "and the worker's log says so");
    assert.deepEqual(plain.leaks(), []);
  } finally {
    await plain.stop();
  }
});

test("invariant 7: with neither queue nor log nothing is issued, yet a link that exists lets its visitor through", async () => {
  const deaf = await open({
    queueProducers: {},
    queueConsumers: {},
    durableObjects: {
      GATE: { className: "Gate", useSQLite: true },
      REGISTRY: { className: "Registry", useSQLite: true },
    },
  });
  try {
    const refused = await deaf.api("POST", "/v1/links", { scope: "payment.retry" });
    assert.deepEqual([refused.status, refused.body.code], [503, "try_again"]);
    assert.ok(deaf.logs.some(({ message }) => message.includes(refused.body.reference)), "its reference is in the log");
    assert.ok(!refused.text.includes("token"));
    const claim = await deaf.claim(forge());
    assert.equal(claim.status, 200);
    const redeemed = await deaf.api("POST", "/v1/grants", { grant: claim.body.grant });
    assert.equal(redeemed.body.outcome, "redeemed");
    const kept = ({ message }) => /kept and sent again|stay in their rows and are sent again/.test(message);
    await eventually("the log says that the events wait", () => deaf.logs.some(kept));
    assert.deepEqual(deaf.leaks(), []);
  } finally {
    await deaf.stop();
  }
});

test("invariant 6: what the log could not take is delivered once it can, each thing once", async () => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const persist = await mkdtemp(join(tmpdir(), "postern-audit-"));
  try {
    const noLog = { GATE: { className: "Gate", useSQLite: true }, REGISTRY: { className: "Registry", useSQLite: true } };
    const links = Array.from({ length: 5 }, () => forge());
    const deaf = await open({ persist, queueProducers: {}, queueConsumers: {}, durableObjects: noLog });
    try {
      for (const token of links) assert.equal((await deaf.claim(token)).status, 200);
      await eventually("a gate has failed to send", () =>
        deaf.logs.some(({ message }) => message.includes("stay in their rows")),
      );
    } finally {
      await deaf.stop();
    }
    const heals = await open({ persist });
    try {
      // A gate wakes when it is next asked, or by its alarm; a question about each link asks it.
      for (const token of links) assert.equal((await heals.api("GET", `/v1/links/${token.slice(0, 28)}`)).body.state, "claimed");
      const { text, entries } = await heals.audit((entries) => entries.length >= 5);
      assert.deepEqual(Object.values(sums(entries)), [1, 1, 1, 1, 1]);
      assert.ok(entries.every(({ event }) => event.kind === "link.claimed"));
      assert.equal(verify(text).status, 0);
    } finally {
      await heals.stop();
    }
  } finally {
    await rm(persist, { recursive: true, force: true });
  }
});

test("invariant 6: a message that cannot be read stops no other, and appends nothing", async () => {
  const before = await door.audit();
  const queue = await door.miniflare.getQueueProducer("AUDIT_QUEUE");
  await queue.send("not a batch");
  await queue.send('{"id":"AAAA","events":[]}');
  await door.mint("help.article");
  const { text, entries } = await door.audit((entries) => entries.length > before.entries.length);
  assert.deepEqual(entries.slice(before.entries.length).map(({ event }) => event.kind).filter((kind) => kind !== "link.claimed"), ["link.issued"]);
  assert.equal(verify(text).status, 0);
  await eventually("the log says so", () => door.logs.some(({ message }) => message.includes("could not be read")));
});

/** What a segment of the log says of itself, without its lines. */
async function segment(of, number) {
  const namespace = await of.miniflare.getDurableObjectNamespace("AUDIT");
  const stub = namespace.get(namespace.idFromName(number === 0 ? "audit" : `audit-${number}`));
  const response = await stub.fetch("http://object/", { method: "POST", body: JSON.stringify({ export: { from: 0, limit: 0 } }) });
  const answer = await response.json();
  return answer.page;
}

test("invariant 6: the log goes on in another object when one is full, and is one chain", async () => {
  const small = await open({ bindings: { POSTERN_AUDIT_SEGMENT_BYTES: "60000" } });
  try {
    const links = { links: Array.from({ length: 300 }, () => ({ scope: "help.article" })) };
    // One delivery is never split, so there must be several.
    const mint = async (count) => {
      for (let minted = 0; minted < count; minted += 300) {
        const { entries } = await small.audit();
        assert.equal((await small.api("POST", "/v1/links", links)).status, 201);
        await small.audit((now) => now.length >= entries.length + 300, 60);
      }
    };
    const count = 1200;
    await mint(count);
    const { text, entries, head } = await small.audit();
    assert.deepEqual(entries.map(({ seq }) => seq), entries.map((_, at) => at + 1));
    assert.equal(entries.length, count);
    assert.equal(verify(text, "--head", head).status, 0);

    const segments = [];
    for (let page = await segment(small, 0); page; page = await segment(small, segments.length)) segments.push(page);
    assert.ok(segments.length >= 3, `${segments.length} segments`);
    assert.deepEqual(segments.map(({ is_closed }) => is_closed), segments.map((_, at) => at < segments.length - 1));
    assert.deepEqual(segments.slice(1).map(({ after }) => after), segments.slice(0, -1).map(({ head }) => head));
    assert.equal(segments[0].reached, segments.length - 1, "the first knows how far it goes");

    // A page begins and ends where it is asked to, whichever objects that is in; parts check out like the whole.
    const last = Number(segments[0].head.split(":")[0]);
    const across = await small.api("GET", `/v1/audit?from=${last - 4}&limit=10`);
    assert.deepEqual(across.text.split("\n").filter(Boolean).map((line) => JSON.parse(line).seq), Array.from({ length: 10 }, (_, at) => last - 4 + at));
    const second = text.split("\n").slice(last).join("\n");
    assert.equal(verify(second, "--after", segments[0].head, "--head", head).status, 0);

    // What the log has is not taken again, in whichever object it is.
    const queue = await small.miniflare.getQueueProducer("AUDIT_QUEUE");
    const event = { at: Date.now() - 60_000, kind: "audit.gap", count: 1 };
    await queue.send(JSON.stringify({ id: "AAAAAAAAAAAAAAAA", events: [event] }));
    await small.audit((entries) => entries.length > count);
    await mint(600);
    await queue.send(JSON.stringify({ id: "AAAAAAAAAAAAAAAA", events: [event] }));
    await queue.send(JSON.stringify({ id: "AAAAAAAAAAAAAAAB", events: [event] }));
    const again = await small.audit((entries) => entries.length > count + 601);
    assert.equal(again.entries.filter(({ event }) => event.kind === "audit.gap").length, 2, "AA…A once, AA…B once");
    assert.equal(verify(again.text).status, 0);
  } finally {
    await small.stop();
  }
});

test("a stranger with forty links that are over makes entries by the minute, and not by the request", async () => {
  const limited = await open({ ratelimits: { DAMPER: { namespace_id: "1002", simple: { limit: 120, period: 60 } } } });
  try {
    const now = Math.floor(limited.now() / 1000);
    const tokens = Array.from({ length: 40 }, (_, at) => forge({ scope: 1, expires: now - 10, link: Buffer.alloc(12, at + 1) }));
    const headers = { "user-agent": BROWSER, "cf-connecting-ip": "198.51.100.7" };
    const began = Date.now();
    const statuses = {};
    for (let turn = 0; turn < 25; turn += 1) {
      await Promise.all(tokens.map(async (token) => {
        const { status } = await limited.fetch(`/l/${token}`, { headers });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }));
    }
    const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
    const windows = Math.ceil(seconds / 60) + 1;
    assert.ok(statuses[410] <= 120 * windows && statuses[410] + statuses[429] === 1_000, JSON.stringify(statuses));
    const refusals = (entries) => entries.filter(({ event }) => event.kind === "link.refused");
    const sum = (entries) => refusals(entries).reduce((sum, { event }) => sum + event.count, 0);
    const { entries } = await limited.audit((entries) => sum(entries) >= 1_000);
    assert.equal(sum(entries), 1_000, "none is lost");
    // Each of the links once a second as long as its network is let, and one entry a second for all that is damped.
    const count = refusals(entries).length;
    assert.ok(count <= 120 * windows + seconds, `${count} entries for 1,000 requests in ${seconds} s`);
    assert.ok(count < 400, `${count} entries`);
  } finally {
    await limited.stop();
  }
});
