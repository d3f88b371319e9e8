// `make crash`: kills the worker between the check of a code and the exchange of the grant, again and again, and checks
// that each link has one winner at most and no code works twice.
//
//   node tests/e2e/crash-proof.mjs [--kills 50] [--seed N] [--quiet]
import { parseArgs } from "node:util";
import { crashProofs, summary } from "./crash/proofs.mjs";

const SHOWN = 20;
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    quiet: { type: "boolean", default: false },
  },
});

const result = await crashProofs({
  kills: Number(values.kills),
  seed: Number(values.seed),
  report: values.quiet ? undefined : console.log,
});
for (const fault of result.faults.slice(0, SHOWN)) console.error(`crash-proof: ${fault}`);
console.log(summary(result));
process.exitCode = result.faults.length > 0 || result.between === 0 ? 1 : 0;
