// Token verification alone, three ways in one isolate. POST / takes what to verify as JSON; GET /WAY?passes=N then
// verifies every token N times, one after another, and answers how many were good. The clock is outside: the one
// that workers see moves in milliseconds.
import { jwtVerify } from "jose";

import { open, verifier } from "./token.mjs";
import module from "./verify.wasm";

// The library's other imports, if it has any, belong to parts that are not called here.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = () => {
    throw new Error(`${from}.${name} is not part of this benchmark`);
  };
}
const wasm = new WebAssembly.Instance(module, imports).exports;
const encoder = new TextEncoder();
const buffer = wasm.buffer();
const write = (text) => encoder.encodeInto(text, new Uint8Array(wasm.memory.buffer, buffer)).written;

let given;

const ways = {
  /** All tokens in one call: verification inside wasm and nothing else. */
  wasm: {
    prepare: () => write(given.tokens.join("")),
    pass: () => wasm.verify_all(given.tokens.length, given.tokens[0].length, given.now),
  },
  /** One call per token, its text copied into wasm each time. */
  wasm_call: {
    pass: () => {
      let good = 0;
      for (const token of given.tokens) good += wasm.verify_one(write(token), given.now);
      return good;
    },
  },
  subtle: {
    pass: async () => {
      let good = 0;
      for (const token of given.whole) {
        if ((await open(token, given.verifier, given.now * 1_000)) !== null) good += 1;
      }
      return good;
    },
  },
  jose: {
    pass: async () => {
      const options = { algorithms: ["HS256"], audience: given.host };
      let good = 0;
      for (const token of given.jwts) {
        const { payload } = await jwtVerify(token, given.verifier.key, options);
        if (payload.exp > given.now) good += 1;
      }
      return good;
    },
  },
};

export default {
  async fetch(request) {
    if (request.method === "POST") {
      given = await request.json();
      given.verifier = await verifier(given.key, given.host);
      return Response.json({ ok: wasm.set_keys(write(given.ring)) === 1 });
    }
    const url = new URL(request.url);
    const way = ways[url.pathname.slice(1)];
    let good = 0;
    way.prepare?.();
    for (let pass = 0; pass < Number(url.searchParams.get("passes")); pass++) good += await way.pass();
    return Response.json({ good });
  },
};
