// A scanner that is a real browser opens a link again and again, runs its scripts, scrolls, hovers and looks around:
// nothing changes, and then a person succeeds (invariant 1).
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Client, spread } from "../e2e/client.mjs";
import { openScene } from "./scene.mjs";

const OPENED = 25;
const FETCHED = 500 - OPENED;

let scene;
let client;

before(async () => {
  scene = await openScene();
  client = new Client(scene.door.origin, { sockets: 16 });
});
after(async () => {
  client?.close();
  await scene?.close();
});

for (const scope of ["payment.retry", "onboarding.resume"]) {
  it(`invariant 1: ${OPENED} openings with scripts and ${FETCHED} fetches of a ${scope} link, then a person`, async () => {
    const link = await scene.link(scope);
    const fetches = spread(Array(FETCHED).fill(0), 8, (_, at) => client.send(at % 2 ? "GET" : "HEAD", `/l/${link.token}`));
    for (let opened = 0; opened < OPENED; opened += 1) await scan(link.address);
    await fetches;
    assert.equal(await scene.state(link.id), "open");
    assert.equal(scene.site.arrivals().length, 0, "no scanner came to the company's site");
    const { page, context } = await scene.person();
    await page.goto(link.address);
    await page.click("main form button");
    await page.waitForURL(/^https:\/\/www\.example\.com\//);
    assert.equal(scene.site.arrivals().length, 1);
    await context.close();
  });
}

async function scan(address) {
  const { page, context } = await scene.person();
  await page.goto(address, { waitUntil: "load" });
  await page.mouse.wheel(0, 2_000);
  await page.hover("main form button");
  await page.locator("main form button").focus();
  await page.evaluate(() => document.documentElement.outerHTML.length);
  await context.close();
}
