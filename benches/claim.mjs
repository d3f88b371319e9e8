// A redemption of a single-use link: the POST that claims it at its gate, from the token to the redirect.
//
// The peer does the least that is single use: one durable insert in one of 32 Durable Objects, nothing else.
// Every link is redeemed once; both keep their rows in SQLite on local disk.
import { contest } from "./contest.mjs";
import { mint } from "./mint.mjs";
import { claimBody, ours } from "./ours.mjs";
import { peer } from "./peers.mjs";
import { result } from "./result.mjs";
import { HOST, ONCE, post, singleUse } from "./scene.mjs";

const PLAN = { rounds: 21, count: 1_000, warmUp: 3_000 };

export const names = ["claim"];

export async function run({ peersOnly }) {
  const links = singleUse(PLAN.warmUp + PLAN.rounds * PLAN.count);
  const requests = links.map((claims) => post(mint(claims, HOST), claimBody(claims), ONCE.location));
  const gate = { durableObjects: [{ className: "Gate", binding: "GATE" }] };
  const entries = [{ contestant: peer("js_do", ONCE.location, gate), requests }];
  if (!peersOnly) entries.unshift({ contestant: ours(), requests });
  const rounds = await contest("claim", entries, PLAN);
  return [result("claim", "cpu µs/request", rounds, (round) => round.cpu_us)];
}
