// Proof by a passkey, in nanoseconds of CPU time: ours end to end, from the browser's JSON to a used passkey, against
// WebCrypto's verification of the same signature alone, in the same V8 (workerd's, in one isolate).
//
// `subtle` has the key imported and everything at hand, which no real verifier has; `subtle_import` imports the key first.
import { createHash, generateKeyPairSync, sign } from "node:crypto";

import { ask } from "./ask.mjs";
import { result } from "./result.mjs";
import { HOST } from "./scene.mjs";
import { cpuTime, prepare, remove, start } from "./server.mjs";
import { bundle, hasTwoCores, wasmVerifier } from "./tools.mjs";

const ASSERTIONS = 400;
const PASSES = 8;
const ROUNDS = 15;
const CHALLENGE = Buffer.alloc(32, 5).toString("base64url");
const ID = Buffer.alloc(32, 7).toString("base64url");

export const names = ["passkey"];

export async function run() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x, y } = publicKey.export({ format: "jwk" });
  const key = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const assertions = Array.from({ length: ASSERTIONS }, (_, at) => assertion(privateKey, at + 1));
  const body = { host: HOST, challenge: CHALLENGE, id: ID, key: key.toString("base64url"), assertions };

  const folder = prepare({
    name: "passkey",
    modules: [
      { name: "passkey.mjs", text: bundle("passkey") },
      { name: "verify.wasm", file: wasmVerifier(), type: "wasm" },
    ],
  });
  const server = await start(folder, hasTwoCores ? 0 : undefined);
  try {
    const said = async (path, options) => {
      const { status, text } = await ask(server.port, path, options);
      if (status !== 200) throw new Error(`${path}: ${text}\n${server.said()}`);
      return JSON.parse(text);
    };
    const { ok } = await said("/", { method: "POST", body: JSON.stringify(body) });
    if (!ok) throw new Error("the passkey was refused");
    const measure = async (way) => {
      const before = cpuTime(server.pid);
      const { good } = await said(`/${way}?passes=${PASSES}`);
      const used = cpuTime(server.pid) - before;
      const wanted = ASSERTIONS * PASSES;
      if (good !== wanted) throw new Error(`${way}: ${good} of ${wanted} assertions were good`);
      return used / wanted;
    };
    const rounds = { ours: [], subtle: [], subtle_import: [] };
    for (let turn = -1; turn < ROUNDS; turn++) {
      const took = {};
      for (const way of Object.keys(rounds)) took[way] = await measure(way);
      if (turn >= 0) for (const [name, value] of Object.entries(took)) rounds[name].push(value);
    }
    return [result("passkey", "ns/assertion", rounds)];
  } finally {
    await server.stop();
    remove(folder);
  }
}

/** What a browser would say, and the same as WebCrypto takes it. */
function assertion(privateKey, counter) {
  const clientData = Buffer.from(
    JSON.stringify({ type: "webauthn.get", challenge: CHALLENGE, origin: `https://${HOST}`, crossOrigin: false }),
  );
  const authenticatorData = Buffer.alloc(37);
  createHash("sha256").update(HOST).digest().copy(authenticatorData);
  authenticatorData[32] = 0x05;
  authenticatorData.writeUInt32BE(counter, 33);
  const data = Buffer.concat([authenticatorData, createHash("sha256").update(clientData).digest()]);
  const base64url = (bytes) => bytes.toString("base64url");
  const response = {
    clientDataJSON: base64url(clientData),
    authenticatorData: base64url(authenticatorData),
    signature: base64url(sign("sha256", data, privateKey)),
  };
  // The second signature is another one, as ECDSA's are; both are right.
  const signature = sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const json = JSON.stringify({ id: ID, rawId: ID, type: "public-key", response });
  return { json, signature: base64url(signature), data: base64url(data) };
}
