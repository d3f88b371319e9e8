// Our worker as a contestant: what `make build` left in build/release, with everything it binds to.
import { existsSync } from "node:fs";
import path from "node:path";

import { KEY_RING } from "./mint.mjs";
import { HOST } from "./scene.mjs";
import { root, text } from "./server.mjs";
import { bundle } from "./tools.mjs";

const release = path.join(root, "build/release");

/** The files that are deployed. */
export function deployed() {
  const files = ["worker.js", "index.js", "index_bg.wasm"].map((name) => path.join(release, name));
  if (!files.every(existsSync)) throw new Error("the worker is not built: run `make build`, or pass --peers-only");
  return files;
}

/**
 * The contestant. KV and the queue are small workers in the same process, so what they use counts as ours. There is
 * no rate limiter in raw workerd; without one the worker lets everything pass.
 */
export function ours() {
  const [entry, script, wasm] = deployed();
  return {
    name: "ours",
    modules: [
      { name: "worker.js", file: entry },
      { name: "index.js", file: script },
      { name: "index_bg.wasm", file: wasm, type: "wasm" },
    ],
    bindings: [
      text("ENVIRONMENT", "production"),
      text("POSTERN_HOST", HOST),
      text("POSTERN_KEYS", KEY_RING),
      text("POSTERN_API_KEYS", "[]"),
      `(name = "POSTERN_KV", kvNamespace = "kv")`,
      `(name = "AUDIT_QUEUE", queue = "queue")`,
      `(name = "OUTREACH_QUEUE", queue = "queue")`,
    ],
    durableObjects: [
      { className: "Gate", binding: "GATE" },
      { className: "Registry", binding: "REGISTRY" },
      { className: "AuditLog", binding: "AUDIT" },
      { className: "People", binding: "PEOPLE" },
    ],
    services: {
      kv: { modules: [{ name: "kv.mjs", text: bundle("kv") }] },
      queue: { modules: [{ name: "queue.mjs", text: bundle("queue") }] },
    },
  };
}

/** The form that a landing page posts for a link: a nonce of 12 bytes. */
export const claimBody = (claims) => `nonce=${claims.link.toString("base64url")}`;
