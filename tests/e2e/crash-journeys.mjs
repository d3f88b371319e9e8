// `make crash`, second part: kills the worker again and again while people go through journeys, and checks that no touch
// was lost, none was sent twice beyond what the provider's ids absorb, and none after it was called off (invariants 5, 6
// and 7).
//
//   node tests/e2e/crash-journeys.mjs [--kills 30] [--seed N] [--hours N] [--build FOLDER] [--quiet]
//
// `--hours` leaves out the example's journeys that take longer. The seed fixes what callers do and when the worker is
// killed, not how the machine schedules it.
import { command } from "./crash/command.mjs";
import { crashJourneys, journeysSummary } from "./crash/outreach.mjs";

await command({
  kills: 30,
  options: { hours: { type: "string" }, build: { type: "string" } },
  crash: crashJourneys,
  summary: journeysSummary,
  hasMet: ({ cut }) => cut.deliveries > 0,
});
