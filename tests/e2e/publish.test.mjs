// Withdrawn many-use links reach the deny-list soon, however withdrawals and publications fall together.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "./client.mjs";
import { openPlatform } from "./crash/platform.mjs";
import { Server } from "./crash/server.mjs";
import { API_KEY } from "./door.mjs";

/** How long the store takes to write: long enough for a withdrawal to come meanwhile. */
const WRITE_MS = 900;
const PUBLISH_MS = 1_100;
const SOON_MS = 6_000;
const LINK_CHARACTERS = 16;

const bearer = { authorization: `Bearer ${API_KEY}` };
let server;
let platform;
let client;

before(async () => {
  server = new Server();
  platform = await openPlatform(async () => [], Math.random, { writeMs: WRITE_MS });
  await server.start(platform);
  client = new Client(server.origin);
});
after(async () => {
  await server.kill();
  client.close();
  platform.close();
  server.remove();
});

it("a link that is withdrawn while the list is being published is published next", async () => {
  const [first, second] = await mint(2);
  await withdraw(first);
  // The first publication has begun, and is still being written.
  await sleep(PUBLISH_MS + WRITE_MS / 2);
  await withdraw(second);
  await published(2);
});

it("a steady stream of withdrawals does not put off the publication", async () => {
  const before = count();
  for (const link of await mint(16)) {
    await withdraw(link);
    await sleep(PUBLISH_MS / 3);
  }
  assert.ok(count() > before, "some were published while others still came");
  await published(before + 16);
});

async function mint(count) {
  const { body } = await client.json("POST", "/v1/links", { links: Array(count).fill({ scope: "help.article" }) }, bearer);
  return body.links;
}

async function withdraw({ id }) {
  const { body } = await client.json("DELETE", `/v1/links/${id}`, undefined, bearer);
  assert.equal(body.state, "revoked");
}

const count = () => (platform.values.get("/deny") ?? "").length / LINK_CHARACTERS;

async function published(expected) {
  const end = Date.now() + SOON_MS;
  while (count() < expected && Date.now() < end) await sleep(100);
  assert.equal(count(), expected);
}
