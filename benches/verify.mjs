// Verification of a token alone, in nanoseconds: ours inside wasm against jose and WebCrypto in the same V8
// (workerd's, in one isolate), and against the same Rust natively. The unit is CPU time of the whole process, its
// collector's threads included; natively it is the median of many short passes, which comes to the same.
//
// `verify` is the loop inside wasm, as in our worker, where the token is already inside when it is verified.
// `verify-call` is ours as a JavaScript caller would see it: one token a call, with the copy of its text.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { ask } from "./ask.mjs";
import { KEY_RING, mint, mintJwt, TOKEN_KEY } from "./mint.mjs";
import { result } from "./result.mjs";
import { HOST, manyUse, output } from "./scene.mjs";
import { cpuTime, prepare, remove, start } from "./server.mjs";
import { bundle, hasTwoCores, nativeVerifier, pinned, wasmVerifier } from "./tools.mjs";

const TOKENS = 1_000;
const ROUNDS = 15;
/** Passes over all tokens in one round; the first round of each way only warms up. */
const PASSES = { wasm: 60, wasm_call: 40, subtle: 20, jose: 10, native: 200 };

export const names = ["verify", "verify-call"];

export async function run() {
  const now = Math.floor(Date.now() / 1000);
  const links = manyUse(TOKENS);
  const tokens = links.map((claims) => mint(claims, HOST));
  const file = path.join(output, "tokens.txt");
  writeFileSync(file, [KEY_RING, now, ...tokens].join("\n"));
  const native = () => {
    const command = pinned(hasTwoCores ? 0 : undefined, [nativeVerifier(), file, String(PASSES.native)]);
    return Number(execFileSync(command[0], command.slice(1), { encoding: "utf8" }));
  };

  const folder = prepare({
    name: "verify",
    modules: [
      { name: "verify.mjs", text: bundle("verify") },
      { name: "verify.wasm", file: wasmVerifier(), type: "wasm" },
    ],
  });
  const server = await start(folder, hasTwoCores ? 0 : undefined);
  try {
    const body = {
      now, tokens, ring: KEY_RING, host: HOST, key: TOKEN_KEY.toString("base64url"),
      whole: links.map((claims) => mint(claims, HOST, 32)),
      jwts: links.map((claims) => mintJwt(claims, HOST)),
    };
    const said = async (path, options) => {
      const { status, text } = await ask(server.port, path, options);
      if (status !== 200) throw new Error(`${path}: ${text}\n${server.said()}`);
      return JSON.parse(text);
    };
    const { ok } = await said("/", { method: "POST", body: JSON.stringify(body) });
    if (!ok) throw new Error("the verifier refused the key ring");
    const measure = async (way) => {
      const before = cpuTime(server.pid);
      const { good } = await said(`/${way}?passes=${PASSES[way]}`);
      const used = cpuTime(server.pid) - before;
      const wanted = TOKENS * PASSES[way];
      if (good !== wanted) throw new Error(`${way}: ${good} of ${wanted} tokens were good`);
      return used / wanted;
    };
    const rounds = { ours: [], jose: [], subtle: [], native: [], wasm_call: [] };
    for (let turn = -1; turn < ROUNDS; turn++) {
      const took = {
        ours: await measure("wasm"),
        jose: await measure("jose"),
        subtle: await measure("subtle"),
        native: native(),
        wasm_call: await measure("wasm_call"),
      };
      if (turn >= 0) for (const [name, value] of Object.entries(took)) rounds[name].push(value);
    }
    const { wasm_call, ...inside } = rounds;
    const { jose, subtle } = rounds;
    return [result("verify", "ns/token", inside), result("verify-call", "ns/token", { ours: wasm_call, jose, subtle })];
  } finally {
    await server.stop();
    remove(folder);
  }
}
