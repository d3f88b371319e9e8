// An assertion of a passkey, three ways in one isolate. POST / takes what to verify as JSON; GET /WAY?passes=N then
// verifies every assertion N times, one after another, and answers how many were good. The clock is outside.
import { verifySignature } from "../../src/edge/glue.js";
import module from "./verify.wasm";

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
const part = (which) => {
  const place = BigInt.asUintN(64, wasm.part(which));
  return new Uint8Array(wasm.memory.buffer, Number(place & 0xffffffffn), Number(place >> 32n));
};
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const KIND = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

let given;
let bare;

const ways = {
  /** As the worker does it: JSON in, all checks, the worker's own glue for the signature, and the end of it. */
  async ours() {
    let good = 0;
    for (const { json } of given.assertions) {
      if (wasm.check_assertion(write(json)) !== 1) continue;
      good += wasm.settle(await verifySignature(true, part(0), part(1), part(2)) ? 1 : 0);
    }
    return good;
  },
  /** The signature alone, everything else at hand. */
  async subtle() {
    let good = 0;
    for (const { signature, data } of bare.assertions) {
      if (await crypto.subtle.verify(SIGNATURE, bare.key, signature, data)) good += 1;
    }
    return good;
  },
  /** The signature, and the key as it comes from a row. */
  async subtle_import() {
    let good = 0;
    for (const { signature, data } of bare.assertions) {
      const key = await crypto.subtle.importKey("raw", bare.raw, KIND, false, ["verify"]);
      if (await crypto.subtle.verify(SIGNATURE, key, signature, data)) good += 1;
    }
    return good;
  },
};

export default {
  async fetch(request) {
    if (request.method === "POST") {
      given = await request.json();
      const raw = decode(given.key);
      const assertions = given.assertions.map(({ signature, data }) => ({ signature: decode(signature), data: decode(data) }));
      bare = { raw, key: await crypto.subtle.importKey("raw", raw, KIND, false, ["verify"]), assertions };
      return Response.json({ ok: wasm.set_passkey(write([given.host, given.challenge, given.id, given.key].join("\n"))) === 1 });
    }
    const url = new URL(request.url);
    const way = ways[url.pathname.slice(1)];
    let good = 0;
    for (let pass = 0; pass < Number(url.searchParams.get("passes")); pass++) good += await way();
    return Response.json({ good });
  },
};
