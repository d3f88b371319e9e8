// The simulator, in person-days a second of CPU time: the example policy, 100,000 people, a week, without a report. No
// peer: what others sell as a preview does not run the sender's own code.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { result } from "./result.mjs";
import { root } from "./server.mjs";
import { hasTwoCores, pinned } from "./tools.mjs";

const PEOPLE = 100_000;
const DAYS = 7;
const ROUNDS = 5;

export const names = ["simulate"];

export async function run() {
  const silent = { cwd: root, stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("cargo", ["build", "--quiet", "--locked", "--profile", "simulate", "--bin", "postern"], silent);
  const program = path.join(root, "target/simulate/postern");
  const asked = ["simulate", "policy/", "--people", PEOPLE, "--days", DAYS, "--seed", "1"].map(String);
  const [command, ...args] = pinned(hasTwoCores ? 0 : undefined, [program, ...asked]);
  const rounds = { ours: [] };
  for (let round = -1; round < ROUNDS; round++) {
    const before = childCpuSeconds();
    execFileSync(command, args, { cwd: root, stdio: "ignore" });
    if (round >= 0) rounds.ours.push((PEOPLE * DAYS) / (childCpuSeconds() - before));
  }
  return [result("simulate", "person-days/s", rounds)];
}

/** CPU seconds of this program's finished children, in steps of a hundredth. */
function childCpuSeconds() {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
