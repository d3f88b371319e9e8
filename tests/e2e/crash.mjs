// `make crash`: kills the worker again and again under load and checks that nothing confirmed was lost, nobody won
// twice and the audit log tells it all (invariants 2, 6 and 7).
//
//   node tests/e2e/crash.mjs [--kills 50] [--seed N] [--quiet]
//
// The seed fixes what clients do and when the worker is killed, not how the machine schedules it.
import { command } from "./crash/command.mjs";
import { crash, summary } from "./crash/run.mjs";

await command({ kills: 50, crash, summary, hasMet: ({ cut }) => cut > 0 });
