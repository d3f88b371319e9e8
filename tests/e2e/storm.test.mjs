// No number of GETs and HEADs changes a link (invariant 1), whoever sends them: mail scanners, link previews,
// prefetchers, plain browsers. And what is left for the person when a scanner does press the button.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client, spread } from "./client.mjs";
import { API_KEY, open } from "./door.mjs";

const FETCHES = 500;
const LINKS = 4;
const WIDTH = 32;
const MINUTE_MS = 60_000;

// As scanners, previews, prefetchers and people announce themselves. The last scanner looks like plain Chrome.
const STORM = [
  { "user-agent": "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))" },
  { "user-agent": "WhatsApp/2.23.20.0 A" },
  { "user-agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)" },
  { "user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)" },
  { "user-agent": "Twitterbot/1.0" },
  { "user-agent": "Googlebot/2.1 (+http://www.google.com/bot.html)" },
  { "user-agent": "curl/8.5.0" },
  {},
  { "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1" },
  { "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "sec-purpose": "prefetch;prerender" },
  { "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36" },
];
const PERSON = { "user-agent": STORM.at(-1)["user-agent"] };
const FORM = { "content-type": "application/x-www-form-urlencoded" };

const bearer = { authorization: `Bearer ${API_KEY}` };
let door;
let client;

before(async () => {
  // As deployed, with its rate limiter.
  door = await open({ ratelimits: { DAMPER: { namespace_id: "1001", simple: { limit: 120, period: 60 } } } });
  client = new Client(door.origin, { sockets: WIDTH });
});
after(async () => {
  client?.close();
  await door?.stop();
});

describe(`invariant 1: ${FETCHES} GETs and HEADs change nothing, and then the person succeeds`, () => {
  for (const [scope, finish] of Object.entries({ "payment.retry": arrive, "onboarding.resume": goOn })) {
    it(scope, async () => {
      for (const { id, token } of await mint(scope, LINKS)) {
        const statuses = await storm(token);
        assert.deepEqual(statuses, { 200: FETCHES });
        assert.equal((await inspect(id)).state, "open");
        await finish(await visit(token));
        assert.equal((await inspect(id)).state, "spent");
      }
    });
  }

  it("help.article, which opens again and again: the storm may be damped, no other link is", async () => {
    const [{ id, token }] = await mint("help.article", 1);
    const statuses = await storm(token);
    assert.ok(statuses[303] > 0 && statuses[200] > 0, JSON.stringify(statuses));
    assert.deepEqual(Object.keys(statuses).filter((status) => !["200", "303", "429"].includes(status)), []);
    assert.equal((await inspect(id)).state, "open");
    const other = await mint("help.article", 1);
    assert.equal((await look(other[0].token, PERSON)).status, 303, "other links are not affected");
  });
});

describe("a scanner presses the button of a link with hand-off", () => {
  it("the person in the scanner's own browser gets the same grant again", async () => {
    const [{ token }] = await mint("payment.retry", 1);
    const page = await look(token, PERSON);
    const jar = { cookie: page.headers["set-cookie"][0].split(";")[0] };
    const pressed = await press(token, nonceOf(page.text), { ...PERSON, ...jar });
    const reopened = await look(token, { ...PERSON, ...jar });
    assert.equal(nonceOf(reopened.text), nonceOf(page.text), "the browser's cookie gives the same nonce");
    const again = await press(token, nonceOf(reopened.text), { ...PERSON, ...jar });
    assert.equal(grantOf(again.text), grantOf(pressed.text));
    await arrive({ grant: grantOf(again.text) });
  });

  it("another person is told to wait, and is let through when the scanner's minute is over", async () => {
    const [{ token }] = await mint("payment.retry", 1);
    const page = await look(token, PERSON);
    const scanner = await press(token, nonceOf(page.text), PERSON);
    const person = await look(token, PERSON);
    assert.equal(person.status, 200, "the page still opens");
    assert.notEqual(nonceOf(person.text), nonceOf(page.text));
    const early = await press(token, nonceOf(person.text), PERSON);
    assert.equal(early.status, 409);
    const wait_s = Number(early.headers["retry-after"]);
    assert.ok(wait_s > 0 && wait_s <= 60, `wait ${wait_s} s`);
    await later(MINUTE_MS, async () => {
      const late = await press(token, nonceOf(person.text), PERSON);
      assert.equal(late.status, 200);
      const stale = await exchange(grantOf(scanner.text));
      assert.notEqual(stale.status, 200, "the scanner's grant opens nothing any more");
      await arrive({ grant: grantOf(late.text) });
    });
  });
});

describe("a scanner presses the button of a link that leads on directly", () => {
  it("the person in the same browser goes on all the same; another one is shown the way to a fresh link", async () => {
    const [{ token }] = await mint("onboarding.resume", 1);
    const page = await look(token, PERSON);
    assert.equal((await press(token, nonceOf(page.text), PERSON)).status, 303);
    assert.equal((await press(token, nonceOf(page.text), PERSON)).status, 303, "the same nonce is shown the way again");
    const other = await press(token, "AAAAAAAAAAAAAAAA", PERSON);
    assert.equal(other.status, 410);
    assert.match(other.text, /<h1>[^<]*used[^<]*<\/h1>/);
    assert.match(other.text, /href="https:\/\/www\.example\.com\/fresh-link"/);
    assert.match(other.text, /href="https:\/\/www\.example\.com\/help"/);
  });
});

/** Sends the storm at one link, every kind of fetcher by GET and by HEAD; counts the statuses. */
async function storm(token) {
  const fetches = Array.from({ length: FETCHES }, (_, at) => at);
  const answers = await spread(fetches, WIDTH, (at) => look(token, STORM[at % STORM.length], at % 3 === 0 ? "HEAD" : "GET"));
  const statuses = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}

async function mint(scope, count) {
  const { status, text, body } = await client.json("POST", "/v1/links", { links: Array(count).fill({ scope }) }, bearer);
  assert.equal(status, 201, text);
  return body.links;
}

/** What a person does: opens the page and presses its button. */
async function visit(token) {
  const page = await look(token, PERSON);
  assert.equal(page.status, 200);
  const answer = await press(token, nonceOf(page.text), PERSON);
  return { status: answer.status, location: answer.headers.location, grant: grantOf(answer.text) };
}

async function arrive({ grant }) {
  assert.ok(grant, "the person has a grant");
  const { status, text, body } = await exchange(grant);
  assert.equal(status, 200, text);
  assert.equal(body.outcome, "redeemed");
}

async function goOn({ status, location }) {
  assert.deepEqual([status, location], [303, "https://www.example.com/onboarding"]);
}

/** Moves the worker's clock for as long as `work` takes. */
async function later(milliseconds, work) {
  await door.setTime(Date.now() + milliseconds);
  try {
    await work();
  } finally {
    await door.setTime(Date.now());
  }
}

const look = (token, headers, method = "GET") => client.send(method, `/l/${token}`, { headers });
const press = (token, nonce, headers) =>
  client.send("POST", `/l/${token}`, { headers: { ...FORM, ...headers }, body: `nonce=${nonce}` });
const exchange = (grant) => client.json("POST", "/v1/grants", { grant }, bearer);
const inspect = async (id) => (await client.json("GET", `/v1/links/${id}`, undefined, bearer)).body;
const nonceOf = (html) => html.match(/name="nonce" value="([^"]{16})"/)?.[1];
const grantOf = (html) => html.match(/name="grant" value="([^"]+)"/)?.[1];
