// Mints a Postern link: POSTERN_TOKEN_KEY=… node mint.mjs KEY_ID HOST SCOPE REGION LIFETIME_S once|many [CUSTOMER_REF]
import { Buffer } from "node:buffer";
import process from "node:process";

async function hmac(key, message) {
  const hash = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, hash, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", imported, message));
}

const subjectOf = async (subjectKey, customerRef) =>
  (await hmac(subjectKey, Buffer.from(customerRef))).subarray(0, 12);

async function mint({ tokenKey, keyId, host, scope, region, lifetimeS, singleUse, subject }) {
  const head = Buffer.alloc(9);
  head.writeUInt8((1 << 4) | (subject ? 2 : 0) | (singleUse ? 1 : 0), 0);
  head.writeUInt8(keyId, 1);
  head.writeUInt32BE(Math.floor(Date.now() / 1000) + lifetimeS, 2);
  head.writeUInt16BE(scope, 6);
  head.writeUInt8(region, 8);
  const link = crypto.getRandomValues(Buffer.alloc(12));
  const signed = Buffer.concat([head, link, subject ?? Buffer.alloc(0)]);
  const mac = await hmac(tokenKey, Buffer.concat([Buffer.from("postern/token/v1" + host), signed]));
  return Buffer.concat([signed, mac.subarray(0, 16)]).toString("base64url");
}

const [keyId, host, scope, region, lifetimeS, use, customerRef] = process.argv.slice(2);
const secret = (name) => Buffer.from(process.env[name], "base64url");
const subject = customerRef && (await subjectOf(secret("POSTERN_SUBJECT_KEY"), customerRef));
const token = await mint({
  tokenKey: secret("POSTERN_TOKEN_KEY"),
  keyId: Number(keyId),
  host,
  scope: Number(scope),
  region: Number(region),
  lifetimeS: Number(lifetimeS),
  singleUse: use === "once",
  subject,
});
console.log(`https://${host}/l/${token}`);
