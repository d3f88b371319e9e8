// `make crash`: kills the worker between the check of a code and the exchange of the grant, again and again, and checks
// that each link has one winner at most and no code works twice.
//
//   node tests/e2e/crash-proof.mjs [--kills 50] [--seed N] [--quiet]
import { command } from "./crash/command.mjs";
import { crashProofs, summary } from "./crash/proofs.mjs";

await command({ kills: 50, crash: crashProofs, summary, hasMet: ({ between }) => between > 0 });
