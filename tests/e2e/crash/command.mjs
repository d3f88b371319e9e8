// What the commands of `make crash` share: `--kills N --seed N --quiet` and their own, faults named, and 1 as exit code if
// there were any, or if no kill met what it was meant to meet.
import { parseArgs } from "node:util";

const SHOWN = 20;

/**
 * Runs `crash({ kills, seed, report, ...own })` and says how it went. `options` are further ones, as `parseArgs` has
 * them; `summary` and `hasMet` are asked of the result.
 */
export async function command({ kills, options = {}, crash, summary, hasMet }) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: String(kills) },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      quiet: { type: "boolean", default: false },
      ...options,
    },
  });
  const { quiet, ...own } = values;
  const result = await crash({
    ...own,
    kills: Number(values.kills),
    seed: Number(values.seed),
    report: quiet ? undefined : console.log,
  });
  for (const fault of result.faults.slice(0, SHOWN)) console.error(`crash: ${fault}`);
  console.log(summary(result));
  process.exitCode = result.faults.length > 0 || !hasMet(result) ? 1 : 0;
}
