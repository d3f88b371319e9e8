// Our worker as a contestant: what `make build` left in build/release, with everything it binds to.
import { existsSync } from "node:fs";
import path from "node:path";

export const release = path.join(import.meta.dirname, "../build/release");

export function ours() {
  if (!existsSync(path.join(release, "index.js"))) {
    throw new Error("the worker is not built: run `make build`, or pass --peers-only");
  }
  throw new Error("not plugged in yet");
}

/** The form that a landing page posts for a link. */
export const claimBody = (claims) => `nonce=${claims.link.subarray(0, 12).toString("base64url")}`;
