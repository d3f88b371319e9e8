// Tokens for the benchmarks: ours (docs/token.md) and JWTs with the same claims, from fixed keys and a seeded
// generator, so that every run answers the same requests.
import { createHmac, hkdfSync } from "node:crypto";

const MAC_DOMAIN = "postern/token/v1";
const FLAG_ONCE = 0b01;
const FLAG_SUBJECT = 0b10;

/** Root secrets of the benchmark's key ring: worthless, and the same on every machine. */
const ROOT = Buffer.alloc(32, 1);
const PSEUDONYM = Buffer.alloc(32, 9);

export const KEY_RING = JSON.stringify({
  version: 1,
  minting: 1,
  pseudonym: PSEUDONYM.toString("base64url"),
  keys: [{ id: 1, secret: ROOT.toString("base64url") }],
});

/** The key that signs tokens: HKDF-SHA-256 of the root secret, without salt. */
export const TOKEN_KEY = Buffer.from(hkdfSync("sha256", ROOT, Buffer.alloc(0), "postern/v1/token", 32));

/**
 * One token: `{ once, expires, scope, region, link, subject? }`, `link` and `subject` 12 bytes each.
 * `tagLength` is 16, or 32 for the peer that verifies whole tags.
 */
export function mint(claims, host, tagLength = 16) {
  const header = Buffer.alloc(21);
  const flags = (claims.once ? FLAG_ONCE : 0) | (claims.subject ? FLAG_SUBJECT : 0);
  header.writeUInt8((1 << 4) | flags, 0);
  header.writeUInt8(1, 1);
  header.writeUInt32BE(claims.expires, 2);
  header.writeUInt16BE(claims.scope, 6);
  header.writeUInt8(claims.region, 8);
  claims.link.copy(header, 9);
  const signed = Buffer.concat([header, claims.subject ?? Buffer.alloc(0)]);
  const mac = createHmac("sha256", TOKEN_KEY).update(MAC_DOMAIN).update(host).update(signed).digest();
  return Buffer.concat([signed, mac.subarray(0, tagLength)]).toString("base64url");
}

/** The same claims as an HS256 JWT under the same key. */
export function mintJwt(claims, host) {
  const header = encode({ alg: "HS256", typ: "JWT" });
  const payload = encode({
    aud: host,
    exp: claims.expires,
    jti: claims.link.toString("base64url"),
    sub: claims.subject?.toString("base64url"),
    scope: claims.scope,
    region: claims.region,
    once: claims.once,
  });
  const mac = createHmac("sha256", TOKEN_KEY).update(`${header}.${payload}`).digest("base64url");
  return `${header}.${payload}.${mac}`;
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** `count` claims with links and subjects from a counter under HMAC: distinct, and the same on every run. */
export function claimsList(count, { once, scope, region, expires, subject = true, seed = "links" }) {
  return Array.from({ length: count }, (_, at) => {
    const random = createHmac("sha256", seed).update(String(at)).digest();
    const claims = { once, scope, region, expires, link: random.subarray(0, 12) };
    return subject ? { ...claims, subject: random.subarray(12, 24) } : claims;
  });
}
