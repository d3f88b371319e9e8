// A short run of tests/e2e/crash-proof.mjs.
import assert from "node:assert/strict";
import { it } from "node:test";
import { crashProofs, summary } from "./crash/proofs.mjs";

it("killed between the check of a code and the exchange: one winner for each link, and no code works twice", async () => {
  const result = await crashProofs({ kills: 10, seed: 1 });
  console.log(summary(result));
  assert.deepEqual(result.faults.slice(0, 5), []);
  assert.ok(result.between > 0, "somebody was on the way when the worker was killed");
  assert.ok(result.byCode > 0 && result.unanswered > 0, "there was something to lose");
});
