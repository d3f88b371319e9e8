// Of any number of parallel claims on one link, exactly one nonce wins (invariant 2): over HTTP, through the real
// worker, gate and storage. Half of the claims are made as a page's form makes them, half as an app does.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Client, spread } from "./client.mjs";
import { API_KEY, open } from "./door.mjs";

const LINKS = 200;
const CLAIMS = 100;
const REDEMPTIONS = 5;
/** Enough for two links at full width. */
const SOCKETS = 2 * CLAIMS;
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

const bearer = { authorization: `Bearer ${API_KEY}` };
let door;
let client;

before(async () => {
  door = await open();
  client = new Client(door.origin, { sockets: SOCKETS });
});
after(async () => {
  client?.close();
  await door?.stop();
});

describe("invariant 2: however many claim a link at once, one nonce wins", () => {
  it(`${LINKS / 2} links with hand-off, ${CLAIMS} claims each: one grant, and it is redeemed once`, async () => {
    await race("payment.retry", async (winner, token) => {
      const asked = Array.from({ length: REDEMPTIONS }, () => redeem(winner.grant));
      const answers = await Promise.all(asked);
      const good = answers.filter(({ status }) => status === 200);
      assert.equal(good.length, 1, "one exchange is good");
      assert.equal(good[0].body.outcome, "redeemed");
      const others = answers.filter(({ status }) => status !== 200).map(({ body }) => body.code);
      assert.deepEqual(others, Array(REDEMPTIONS - 1).fill("grant_used"));
      const late = await claim(token, winner.nonce, winner.visitor);
      assert.equal(late.outcome, "used", "after the exchange not even the winner holds the link");
    });
  });

  it(`${LINKS / 2} links that lead on directly, ${CLAIMS} claims each: one visitor goes on`, async () => {
    await race("onboarding.resume", async (winner, token) => {
      const again = await claim(token, winner.nonce, winner.visitor);
      assert.equal(again.outcome, "go", "the winner is shown the way again");
      const other = await claim(token, nonce(), "app");
      assert.equal(other.outcome, "used", "nobody else is");
    });
  });
});

async function race(scope, judge) {
  const started = performance.now();
  const minted = await client.json("POST", "/v1/links", { links: Array(LINKS / 2).fill({ scope }) }, bearer);
  assert.equal(minted.status, 201, minted.text);
  const told = {};
  await spread(minted.body.links, SOCKETS / CLAIMS, async ({ token }) => {
    const nonces = Array.from({ length: CLAIMS }, nonce);
    const claims = await Promise.all(nonces.map((nonce, at) => claim(token, nonce, at % 2 ? "app" : "browser")));
    const winners = claims.filter(({ outcome }) => outcome === "granted" || outcome === "go");
    assert.equal(winners.length, 1, `${winners.length} winners of one ${scope} link`);
    const allowed = scope === "payment.retry" ? "busy" : "used";
    for (const { outcome } of claims) told[outcome] = (told[outcome] ?? 0) + 1;
    const refused = claims.filter(({ outcome }) => outcome === allowed);
    assert.equal(refused.length, CLAIMS - 1, `every other claim is told ${allowed}`);
    await judge(winners[0], token);
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${scope}: ${(LINKS / 2) * CLAIMS} claims in ${seconds} s: ${JSON.stringify(told)}`);
}

/** One claim, as its visitor understands the answer: `granted`, `go`, or the refusal's code. */
async function claim(token, nonce, visitor) {
  if (visitor === "app") {
    const { body } = await client.json("POST", `/l/${token}`, { nonce });
    return { nonce, visitor, outcome: body.outcome ?? body.code, grant: body.grant };
  }
  const headers = { "content-type": "application/x-www-form-urlencoded", "user-agent": DESKTOP };
  const { status, text } = await client.send("POST", `/l/${token}`, { headers, body: `nonce=${nonce}` });
  const grant = text.match(/name="grant" value="([^"]+)"/)?.[1];
  const outcomes = { 200: grant && "granted", 303: "go", 409: "busy", 410: "used" };
  return { nonce, visitor, outcome: outcomes[status] ?? status, grant };
}

const redeem = (grant) => client.json("POST", "/v1/grants", { grant }, bearer);

function nonce() {
  return randomBytes(12).toString("base64url");
}
