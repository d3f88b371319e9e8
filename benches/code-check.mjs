// One code check, end to end: a right code typed by a person to whom it was sent, from POST /verify to the grant.
//
// Ours opens the session, hashes the code, asks the link's gate once, which loads the link's row, judges, claims the link
// and writes the row; then it makes a grant. Before the measurement each link has its own person, begun attempt and sent
// code, by the ordinary requests; a stand-in for the SMS provider notes the codes. The session comes in the form, as an
// app may send it, for the load generator has the same cookies for all requests.
//
// The peer keeps one row per link in one of 32 Durable Objects, and does what a code check needs: SELECT, compare the
// hash of the code, UPDATE. Its sessions are not signed, its codes' hashes have no key, it writes no audit.
// Both keep their rows in SQLite on local disk.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

import { ask } from "./ask.mjs";
import { contest } from "./contest.mjs";
import { mint } from "./mint.mjs";
import { claimBody, ours } from "./ours.mjs";
import { peer } from "./peers.mjs";
import { result } from "./result.mjs";
import { HEADERS, HOST, PROVEN, provenUse } from "./scene.mjs";
import { text } from "./server.mjs";

const PLAN = { rounds: 15, count: 300, warmUp: 1_000 };
/** One more than are measured: it is tried beforehand. */
const LINKS = PLAN.warmUp + PLAN.rounds * PLAN.count + 1;
/** Requests under way at once while links are made ready. */
const PARALLEL = 16;
/** Longer than a gate puts off what it sends to the audit log. */
const SETTLE_MS = 7_000;
const PEOPLE_KEY = `pk_bench_${Buffer.alloc(32, 7).toString("base64url")}`;
const APP = [...HEADERS.filter((header) => !header.startsWith("Accept:")), "Accept: application/json"];
const FORM = "Content-Type: application/x-www-form-urlencoded";

export const names = ["code-check"];

export async function run({ peersOnly }) {
  const provider = await startProvider();
  try {
    const links = provenUse(LINKS);
    const gate = { durableObjects: [{ className: "Gate", binding: "GATE" }] };
    const bare = { ...peer("js_do_code", PROVEN.location, gate), name: "js_do" };
    const entries = [{ contestant: bare, requests: (server) => challenged(server, links), headers: APP }];
    if (!peersOnly) {
      const requests = (server) => sent(server, links, provider);
      entries.unshift({ contestant: withPeople(provider), requests, headers: APP });
    }
    const rounds = await contest("code-check", entries, PLAN);
    return [result("code-check", "cpu µs/request", rounds, (round) => round.cpu_us)];
  } finally {
    provider.stop();
  }
}

/** Our worker with a key for putting people, and calls to providers led to the stand-in. */
function withPeople(provider) {
  const contestant = ours();
  const keys = [{ id: "bench", hash: createHash("sha256").update(PEOPLE_KEY).digest("base64url"), roles: ["people"] }];
  const twilio = { url: "https://provider.example.com", account_sid: "AC00", auth_token: "bench" };
  const isReplaced = (binding) => binding.includes(`"POSTERN_API_KEYS"`);
  return {
    ...contestant,
    bindings: [
      ...contestant.bindings.filter((binding) => !isReplaced(binding)),
      text("POSTERN_API_KEYS", JSON.stringify(keys)),
      text("POSTERN_PROVIDERS", JSON.stringify({ twilio })),
    ],
    outbound: provider.address,
  };
}

/** An SMS provider that remembers the last code for each number. */
async function startProvider() {
  const codes = new Map();
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const fields = new URLSearchParams(Buffer.concat(parts).toString());
    codes.set(fields.get("To"), /#(\d{6})$/.exec(fields.get("Body") ?? "")?.[1]);
    response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify({ sid: "SM00" }));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    codes,
    address: `127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Puts a person for each link, presses it, has a code sent; returns the requests that type the codes. */
async function sent(server, links, { codes }) {
  const say = said(server);
  const requests = await each(links, async (claims, at) => {
    const number = `+4670${1_000_000 + at}`;
    const { subject } = await say(`/v1/people/bench-${at}`, {
      method: "PUT",
      headers: [...APP, `Authorization: Bearer ${PEOPLE_KEY}`, "Content-Type: application/json"],
      body: JSON.stringify({ language: "en", addresses: { sms: number } }),
    });
    const token = mint({ ...claims, subject: Buffer.from(subject, "base64url") }, HOST);
    const form = (path, body) => say(path, { method: "POST", headers: [...APP, FORM], body });
    const { session } = await form(`/l/${token}`, claimBody(claims));
    const { outcome } = await form("/verify", `session=${session}&form=send&channel=sms`);
    const code = codes.get(number);
    if (outcome !== "code_sent" || !code) throw new Error(`no code was sent: ${outcome}`);
    return { session, code };
  });
  await proves(say, requests.pop());
  await setTimeout(SETTLE_MS);
  return requests.map(typed);
}

/** That a right code is all it takes: a status alone would not show it. */
async function proves(say, { session, code }) {
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
  const type = (code, status) =>
    say("/verify", { method: "POST", headers: [...APP, FORM], body: body({ session, code }) }, status);
  await type(wrong, 422);
  const { outcome } = await type(code);
  if (outcome !== "granted") throw new Error(`a right code was answered ${outcome}`);
}

/** Has a code kept for each link by the peer; returns the requests that type them. */
async function challenged(server, links) {
  const say = said(server);
  const requests = await each(links, async (claims, at) => {
    const code = String(at).padStart(6, "0");
    const { session } = await say("/send", { method: "POST", headers: [...APP, FORM], body: `link=${claims.link.toString("base64url")}&code=${code}` });
    return { session, code };
  });
  await proves(say, requests.pop());
  await setTimeout(SETTLE_MS);
  return requests.map(typed);
}

const body = ({ session, code }) => `session=${session}&form=code&code=${code}`;
const typed = (proof) => `POST\t/verify\t${body(proof)}\t200\t`;

const said = (server) => async (path, options, wanted = 200) => {
  const { status, text } = await ask(server.port, path, options);
  if (status !== wanted) throw new Error(`${path} answered ${status}: ${text}\n${server.said()}`);
  return JSON.parse(text);
};

/** `work` for every item, some at once; results in order. */
async function each(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at], at);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}
