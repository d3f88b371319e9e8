// A tap on a many-use link, from the token to the redirect.
//
// `click` is the CPU time of the whole server process per request, `click-rate` what one core answers per second.
// Peers: a worker that only redirects; a hand-written one with WebCrypto on tokens like ours; Hono with jose on JWTs
// of the same claims. Every contestant gets distinct tokens, so a cache by token would not help it.
import { contest } from "./contest.mjs";
import { mint, mintJwt } from "./mint.mjs";
import { ours } from "./ours.mjs";
import { peer } from "./peers.mjs";
import { result } from "./result.mjs";
import { get, HOST, MANY, manyUse } from "./scene.mjs";

const TOKENS = 20_000;
const PLAN = { rounds: 25, count: 3_000, warmUp: 6_000 };

export const names = ["click", "click-rate"];

export async function run({ peersOnly }) {
  const links = manyUse(TOKENS);
  const requests = (minted) => links.map((claims) => get(minted(claims), MANY.location));
  const tokens = requests((claims) => mint(claims, HOST));
  const entries = [
    { contestant: peer("js302", MANY.location), requests: tokens },
    { contestant: peer("subtle", MANY.location), requests: requests((claims) => mint(claims, HOST, 32)) },
    { contestant: peer("hono_jose", MANY.location), requests: requests((claims) => mintJwt(claims, HOST)) },
  ];
  if (!peersOnly) entries.unshift({ contestant: ours(), requests: tokens });
  const rounds = await contest("click", entries, PLAN);
  const { ours: own, js302, ...others } = rounds;
  const rate = own ? { ours: own, js302 } : { js302 };
  return [
    result("click", "cpu µs/request", { ...(own && { ours: own }), js302, ...others }, (round) => round.cpu_us),
    result("click-rate", "requests/s", rate, (round) => round.rate),
  ];
}
