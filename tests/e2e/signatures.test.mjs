// The port for signatures as the worker has it, src/edge/glue.js, in workerd: the same answers as the native double gives
// for the specification's vectors, and no failure for what is no key.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const { vectors } = JSON.parse(read("tests/vectors/webauthn-level-3.json"));
const DATE = read("wrangler.toml").match(/compatibility_date = "(.*)"/)[1];
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ENTRY = `
import { verifySignature } from "./glue.js";
const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
export default {
  async fetch(request) {
    const { isEcdsa, key, signature, data } = await request.json();
    try {
      return Response.json(await verifySignature(isEcdsa, bytes(key), bytes(signature), bytes(data)));
    } catch (error) {
      return Response.json(String(error));
    }
  },
};`;

let worker;
before(async () => {
  worker = new Miniflare(convertV4MiniflareOptions({
    cf: false,
    modules: [
      { type: "ESModule", path: "entry.js", contents: ENTRY },
      { type: "ESModule", path: "glue.js", contents: read("src/edge/glue.js") },
    ],
    compatibilityDate: DATE,
  }));
  await worker.ready;
});
after(() => worker?.dispose());

const verify = async (question) =>
  (await worker.dispatchFetch("http://signatures/", { method: "POST", body: JSON.stringify(question) })).json();

/** The two numbers of a signature in DER, 32 bytes each. */
function numbers(der) {
  const lengthOfR = parseInt(der.slice(6, 8), 16) * 2;
  const parts = [der.slice(8, 8 + lengthOfR), der.slice(12 + lengthOfR)];
  return parts.map((part) => part.replace(/^00/, "").padStart(64, "0")).join("");
}

/** A vector as a question to the port. */
function question(name) {
  const { registration, authentication } = vectors.find((vector) => vector.name === name);
  const { authenticator_data, client_data_json, signature } = authentication;
  const hash = createHash("sha256").update(Buffer.from(client_data_json, "hex")).digest("hex");
  const data = authenticator_data + hash;
  const es256 = registration.attestation_object.match(/a5010203262001215820(.{64})225820(.{64})$/);
  if (es256) return { isEcdsa: true, key: `04${es256[1]}${es256[2]}`, signature: numbers(signature), data };
  return { isEcdsa: false, key: registration.attestation_object.slice(-64), signature, data };
}

const flip = (hex, at) => hex.slice(0, at) + ((parseInt(hex[at], 16) ^ 1).toString(16)) + hex.slice(at + 1);

test("every vector of the specification is right", async () => {
  for (const { name } of vectors) assert.equal(await verify(question(name)), true, name);
});

test("what is changed anywhere is not", async () => {
  for (const name of ["none.ES256", "packed.EdDSA"]) {
    const good = question(name);
    for (const part of ["signature", "data"]) {
      for (const at of [0, 40, good[part].length - 1]) {
        assert.equal(await verify({ ...good, [part]: flip(good[part], at) }), false, `${name}: ${part}, ${at}`);
      }
    }
    const other = question(name === "none.ES256" ? "packed-self.ES256" : "none.ES256");
    assert.equal(await verify({ ...good, data: other.data }), false);
  }
});

test("either s of a signature is right; numbers out of range are not", async () => {
  const good = question("none.ES256");
  const [r, s] = [good.signature.slice(0, 64), BigInt(`0x${good.signature.slice(64)}`)];
  const hex = (number) => number.toString(16).padStart(64, "0");
  assert.equal(await verify({ ...good, signature: r + hex(ORDER - s) }), true);
  for (const [badR, badS] of [[hex(0n), hex(s)], [r, hex(0n)], [hex(ORDER), hex(s)], [r, hex(ORDER)], ["f".repeat(64), "f".repeat(64)]]) {
    assert.equal(await verify({ ...good, signature: badR + badS }), false);
  }
});

test("what is no key verifies nothing, and is no failure", async () => {
  const ecdsa = question("none.ES256");
  const zero = "0".repeat(128);
  for (const key of [flip(ecdsa.key, 129), `04${zero}`, `04${"f".repeat(128)}`, `05${ecdsa.key.slice(2)}`]) {
    assert.equal(await verify({ ...ecdsa, key }), false, key);
  }
  const edwards = question("packed.EdDSA");
  for (const key of ["02" + "0".repeat(62), "f".repeat(64), flip(edwards.key, 5)]) {
    assert.equal(await verify({ ...edwards, key }), false, key);
  }
});
