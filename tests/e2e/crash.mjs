// `make crash`: kills the worker again and again under load and checks that nothing confirmed was lost, nobody won
// twice and the audit log tells it all (invariants 2, 6 and 7).
//
//   node tests/e2e/crash.mjs [--kills 50] [--seed N] [--quiet]
//
// The seed fixes what clients do and when the worker is killed, not how the machine schedules it.
import { parseArgs } from "node:util";
import { crash, summary } from "./crash/run.mjs";

const SHOWN = 20;
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    quiet: { type: "boolean", default: false },
  },
});

const result = await crash({
  kills: Number(values.kills),
  seed: Number(values.seed),
  report: values.quiet ? undefined : console.log,
});
for (const fault of result.faults.slice(0, SHOWN)) console.error(`crash: ${fault}`);
console.log(summary(result));
process.exitCode = result.faults.length > 0 || result.cut === 0 ? 1 : 0;
