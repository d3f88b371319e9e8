// What the benchmarks need built, each built once per run: the load generator, the native and the wasm verifier,
// bundled peers.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";

import { root } from "./server.mjs";

const manifest = path.join(root, "benches/tools/Cargo.toml");
const target = path.join(root, "target/bench/build");
const hasTaskset = spawnSync("taskset", ["--version"]).status === 0;

/** Whether server and load generator can each have a core of their own. */
export const hasTwoCores = hasTaskset && availableParallelism() >= 2;

/** A command pinned to a core. */
export const pinned = (core, command) => (core === undefined ? command : ["taskset", "-c", String(core), ...command]);

const once = (build) => {
  let built;
  return () => (built ??= build());
};

function cargo(...args) {
  execFileSync("cargo", ["build", "--quiet", "--release", "--manifest-path", manifest, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CARGO_TARGET_DIR: target },
    // The flags of the worker's own build live in the package's `.cargo/config.toml`.
    cwd: root,
  });
}

export const loadTool = once(() => {
  cargo("--bin", "load");
  return path.join(target, "release/load");
});

export const nativeVerifier = once(() => {
  cargo("--bin", "native");
  return path.join(target, "release/native");
});

export const nativeStep = once(() => {
  cargo("--bin", "step");
  return path.join(target, "release/step");
});

/** Verifier and core as a bare wasm module, through the same optimiser as the worker. */
export const wasmVerifier = once(() => {
  cargo("--lib", "--target", "wasm32-unknown-unknown");
  const built = path.join(target, "wasm32-unknown-unknown/release/postern_bench.wasm");
  const optimised = path.join(target, "verify.wasm");
  const features = ["--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int",
    "--enable-sign-ext", "--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue"];
  execFileSync(path.join(root, "node_modules/.bin/wasm-opt"), [built, "-o", optimised, "-O", ...features]);
  return optimised;
});

const bundled = new Map();

/** A peer with its npm packages in one module. */
export function bundle(peer) {
  if (!bundled.has(peer)) {
    const outfile = path.join(target, `${peer}.mjs`);
    mkdirSync(target, { recursive: true });
    execFileSync(path.join(root, "node_modules/.bin/esbuild"), [
      path.join(root, `benches/peers/${peer}.mjs`),
      ...["--bundle", "--format=esm", "--minify", "--conditions=workerd", "--external:cloudflare:*"],
      ...["--external:*.wasm", "--external:./worker.js", "--log-level=warning", `--outfile=${outfile}`],
    ]);
    bundled.set(peer, readFileSync(outfile, "utf8"));
  }
  return bundled.get(peer);
}
