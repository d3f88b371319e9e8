// One decision of a journey, in nanoseconds: inside wasm, in this program's V8, and natively. What the core costs
// without storage, queues and crossings; `tick` has all of them. No peer: nobody else's decision asks the same.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { result } from "./result.mjs";
import { hasTwoCores, nativeStep, pinned, wasmVerifier } from "./tools.mjs";

const PEOPLE = 2_000;
const ROUNDS = 9;
/** Passes over everybody in one round. */
const PASSES = 20;

export const names = ["step"];

export async function run() {
  const module = new WebAssembly.Module(readFileSync(wasmVerifier()));
  const { wait, decide, copy } = new WebAssembly.Instance(module, refusing(module)).exports;
  const people = wait(PEOPLE);
  if (people === 0 || decide() !== people) throw new Error(`step: not all of ${people} people have a message due`);
  const rounds = { ours: [], native: [] };
  for (let turn = -1; turn < ROUNDS; turn++) {
    const ours = (took(decide) - took(copy)) / people;
    const command = pinned(hasTwoCores ? 0 : undefined, [nativeStep(), String(PEOPLE), String(PASSES)]);
    const native = Number(execFileSync(command[0], command.slice(1), { encoding: "utf8" }));
    if (turn < 0) continue;
    rounds.ours.push(ours);
    rounds.native.push(native);
  }
  return [result("step", "ns/decision", rounds)];
}

/** The library's other imports belong to parts that are not called here. */
function refusing(module) {
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => {
      throw new Error(`${from}.${name} is not part of this benchmark`);
    };
  }
  return imports;
}

/** CPU nanoseconds of one pass. */
function took(act) {
  const before = process.cpuUsage();
  for (let pass = 0; pass < PASSES; pass++) act();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / PASSES;
}
