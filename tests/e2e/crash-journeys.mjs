// `make crash`, second part: kills the worker again and again while people go through journeys, and checks that no touch
// was lost, none was sent twice beyond what the provider's ids absorb, and none after it was called off (invariants 5, 6
// and 7).
//
//   node tests/e2e/crash-journeys.mjs [--kills 30] [--seed N] [--hours N] [--build FOLDER] [--quiet]
//
// `--hours` leaves out the example's journeys that take longer. The seed fixes what callers do and when the worker is
// killed, not how the machine schedules it.
import { parseArgs } from "node:util";
import { crashJourneys, journeysSummary } from "./crash/outreach.mjs";

const SHOWN = 20;
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    hours: { type: "string", default: "Infinity" },
    build: { type: "string" },
    quiet: { type: "boolean", default: false },
  },
});

const result = await crashJourneys({
  kills: Number(values.kills),
  seed: Number(values.seed),
  hours: Number(values.hours),
  build: values.build,
  report: values.quiet ? undefined : console.log,
});
for (const fault of result.faults.slice(0, SHOWN)) console.error(`crash: ${fault}`);
console.log(journeysSummary(result));
process.exitCode = result.faults.length > 0 || result.cut.deliveries === 0 ? 1 : 0;
