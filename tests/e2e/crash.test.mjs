// A short `make crash`.
import assert from "node:assert/strict";
import { it } from "node:test";
import { crash, summary } from "./crash/run.mjs";

it("invariants 2, 6 and 7: a killed worker forgets nothing it confirmed and lets nobody in twice", async () => {
  const result = await crash({ kills: 5, seed: 1 });
  console.log(summary(result));
  assert.deepEqual(result.faults.slice(0, 5), []);
  assert.ok(result.cut > 0, "some request was under way when the worker was killed");
  assert.ok(result.segments > 1, "the audit log went on in another object meanwhile");
  assert.ok(result.winners > 0 && result.rechecks > 0, "there was something to forget");
});
