// `node benches/run.mjs [NAME...] [--peers-only]`: runs the named benchmarks, or all of them.
import { availableParallelism, cpus, loadavg } from "node:os";

import { table, write } from "./result.mjs";
import { hasTwoCores } from "./tools.mjs";

const modules = await Promise.all(["click", "claim", "verify", "passkey", "code-check", "start", "size", "cost", "step", "tick", "ingest", "simulate"].map((file) => import(`./${file}.mjs`)));

const words = process.argv.slice(2);
const peersOnly = words.includes("--peers-only");
const wanted = words.filter((word) => !word.startsWith("--"));
const known = modules.flatMap((module) => module.names);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`bench: no benchmark ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}

console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}`);
if (!hasTwoCores) console.log("Without taskset and a second core, server and load share what there is: rates mean little.");
for (const module of modules) {
  if (wanted.length > 0 && !module.names.some((name) => wanted.includes(name))) continue;
  for (const result of await module.run({ peersOnly })) {
    if (wanted.length > 0 && !wanted.includes(result.document.name)) continue;
    write(result);
    console.log(`\n${table(result)}`);
  }
}
