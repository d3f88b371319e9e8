// What is deployed, in bytes after gzip: the script and the wasm module, each compressed for itself.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { deployed } from "./ours.mjs";
import { result } from "./result.mjs";

export const names = ["size"];

export async function run({ peersOnly }) {
  if (peersOnly) return [];
  const bytes = deployed().reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  return [result("size", "gzip bytes", { ours: [bytes] })];
}
