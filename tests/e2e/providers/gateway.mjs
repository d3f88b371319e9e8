// A company's own gateway: takes Standard Webhooks, and takes each `webhook-id` once. The signature is computed from
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
import { createHmac, timingSafeEqual } from "node:crypto";
import { Provider } from "./server.mjs";

const TOLERANCE_S = 5 * 60;

/** `now` gives the present in milliseconds, as the sender sees it: within `toleranceS`. */
export function gateway(secret, now, { toleranceS = TOLERANCE_S } = {}) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const sign = (id, timestamp, body) => `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  const seen = new Set();
  const provider = new Provider((request) => {
    const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures = "" } = request.headers;
    if (Math.abs(Number(timestamp) - now() / 1000) > toleranceS) return { status: 400, complaint: "the timestamp is not near" };
    const expected = Buffer.from(sign(id, timestamp, request.body));
    const isRight = (given) => given.length === expected.length && timingSafeEqual(Buffer.from(given), expected);
    if (!signatures.split(" ").some(isRight)) return { status: 401, complaint: "the signature is wrong" };
    if (seen.has(id)) return { status: 200, repeated: true };
    seen.add(id);
    return { status: 202 };
  });
  provider.sign = sign;
  return provider;
}
