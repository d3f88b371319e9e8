// What a panic leaves behind: nothing half done, and a door that works again.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { open } from "./door.mjs";

const door = await open();
after(() => door.stop());

test("invariant 7: after a panic the door works, and what was answered before it holds", async () => {
  const link = await door.mint("payment.retry");
  const held = await door.claim(link.token);
  assert.equal(held.status, 200);
  for (let time = 0; time < 3; time += 1) {
    const panicked = await Promise.race([
      door.fetch("/__local/panic").then(({ status }) => status, () => "cut off"),
      new Promise((resolve) => setTimeout(resolve, 2_000, "no answer")),
    ]);
    assert.notEqual(panicked, 200);
    // At most one request meets the broken instance; then there is a new one.
    let healthy = 0;
    for (let tries = 0; tries < 5 && healthy < 2; tries += 1) {
      healthy += Number((await door.fetch("/healthz")).status === 200);
    }
    assert.equal(healthy, 2, "the door stays broken");
  }
  assert.equal((await door.claim(link.token)).body.code, "busy");
  assert.deepEqual((await door.claim(link.token, held.nonce)).body.grant, held.body.grant);
  assert.equal((await door.api("POST", "/v1/grants", { grant: held.body.grant })).body.outcome, "redeemed");
});
