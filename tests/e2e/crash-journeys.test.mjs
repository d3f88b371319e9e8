// A short second part of `make crash`.
import assert from "node:assert/strict";
import { it } from "node:test";
import { crashJourneys, journeysSummary } from "./crash/outreach.mjs";

it("invariants 5, 6 and 7: a killed worker loses no touch, sends none twice, and none that was called off", async () => {
  const result = await crashJourneys({ kills: 4, seed: 3, hours: 168 });
  console.log(journeysSummary(result));
  assert.deepEqual(result.faults.slice(0, 5), []);
  assert.ok(result.delivered > 0 && result.lost + result.duplicates > 0, "there was something to lose or to repeat");
});
