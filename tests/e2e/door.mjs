// A door to test against: the built worker in Miniflare, with real Durable Objects, KV, a queue and a rate limiter.
import { createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

export const ROOT = join(import.meta.dirname, "../..");
export const HOST = "go.example.com";

/** Characters from which on a body does not fit into what a socket takes at once. */
const LARGE = 256 * 1024;
const CLOSED = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

const withoutUndefined = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

// Keys of this test run only.
export const RING = {
  version: 1,
  minting: 1,
  pseudonym: base64url(Buffer.alloc(32, 9)),
  keys: [{ id: 1, secret: base64url(Buffer.alloc(32, 1)) }],
};
export const ROLES = ["mint", "inspect", "revoke", "exchange", "audit", "events", "people", "inbox", "policy", "operate"];
export const API_KEY = `pk_test_${base64url(Buffer.alloc(32, 7))}`;
export const hashOf = (key) => createHash("sha256").update(key).digest("base64url");
export const API_KEYS = [{ id: "test", hash: hashOf(API_KEY), roles: ROLES }];

/** Miniflare's options for the worker in build/`flavour`; `change` may alter them. A binding that is undefined is absent. */
export function options({ flavour = "local", bindings = {}, persist, port = 0, ...change } = {}) {
  const folder = join(ROOT, "build", flavour);
  if (!existsSync(join(folder, "index.js"))) throw new Error(`build/${flavour} is missing: run .ci/build ${flavour}`);
  return {
    name: "postern",
    host: "127.0.0.1",
    port,
    cf: false,
    modulesRoot: folder,
    modules: [
      { type: "ESModule", path: join(folder, "worker.js") },
      { type: "ESModule", path: join(folder, "index.js") },
      { type: "CompiledWasm", path: join(folder, "index_bg.wasm") },
    ],
    compatibilityDate: "2026-10-01",
    bindings: withoutUndefined({
      ENVIRONMENT: "local",
      POSTERN_HOST: HOST,
      POSTERN_KEYS: JSON.stringify(RING),
      POSTERN_API_KEYS: JSON.stringify(API_KEYS),
      ...bindings,
    }),
    kvNamespaces: { POSTERN_KV: "postern" },
    durableObjects: {
      GATE: { className: "Gate", useSQLite: true },
      REGISTRY: { className: "Registry", useSQLite: true },
      AUDIT: { className: "AuditLog", useSQLite: true },
      PEOPLE: { className: "People", useSQLite: true },
    },
    queueProducers: { AUDIT_QUEUE: "postern-audit", OUTREACH_QUEUE: "postern-outreach" },
    queueConsumers: { "postern-audit": { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 100, retryDelay: 1 } },
    ...(persist ? { resourcePersistencePath: persist } : {}),
    ...change,
  };
}

/**
 * A running door. Stop it with `await door.stop()`. What the worker writes to its log is in `door.logs`.
 * `beside` are further workers, for its bindings to lead to.
 */
export async function open({ beside = [], ...change } = {}) {
  const logs = [];
  const handleStructuredLogs = ({ level, message }) => logs.push({ level, message });
  const { host, port, cf, resourcePersistencePath, ...worker } = options(change);
  const shared = { host, port, cf, resourcePersistencePath, handleStructuredLogs };
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...shared, workers: [worker, ...beside] }));
  const origin = (await miniflare.ready).origin;
  return new Door(miniflare, origin, logs);
}

export const BROWSER =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
export const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
export const ANDROID =
  "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

/** Waits until `holds()` is true or gives a value, and returns that; fails after `seconds`. Looks every `lookMs`. */
export async function eventually(what, holds, seconds = 20, lookMs = 100) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

export class Door {
  constructor(miniflare, origin, logs = []) {
    this.miniflare = miniflare;
    this.origin = origin;
    this.logs = logs;
    /** What no log may ever hold: filled by `mint` and `claim`. */
    this.secrets = new Set([API_KEY, RING.pseudonym, ...RING.keys.map((key) => key.secret)]);
    this.ahead = 0;
  }

  /** The secrets that the worker's log holds, which must be none, and the lines that hold them. */
  leaks(text = this.logs.map((line) => line.message).join("\n")) {
    return [...this.secrets].filter((secret) => text.includes(secret));
  }

  /** The present as the worker sees it, in milliseconds. */
  now() {
    return this.stopped ?? Date.now() + this.ahead;
  }

  /** Moves the worker's clock forward. */
  advance(ms) {
    return this.setTime(this.now() + ms);
  }

  /** Sends bytes as they are and reads what comes until the door closes: {status, headers, body, text}. */
  raw(bytes, seconds = 10) {
    const { hostname, port } = new URL(this.origin);
    return new Promise((resolve, reject) => {
      const parts = [];
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.setTimeout(seconds * 1000, () => socket.destroy(new Error("no answer in time")));
      socket.on("data", (part) => parts.push(part));
      socket.on("error", (error) => (parts.length > 0 ? undefined : reject(error)));
      socket.on("close", () => {
        const text = Buffer.concat(parts).toString("latin1");
        const at = text.indexOf("\r\n\r\n");
        const [line, ...headers] = (at < 0 ? text : text.slice(0, at)).split("\r\n");
        resolve({ status: Number(line.split(" ")[1]), headers, body: at < 0 ? "" : text.slice(at + 4), text });
      });
    });
  }

  stop() {
    return this.miniflare.dispose();
  }

  /**
   * A request that follows no redirect. A body that is refused for its size is refused before it is read, and the
   * connection closed under whoever still writes: the answer may be lost, so that one is asked for again. Whoever comes
   * next on that connection may be closed out with it, unread.
   */
  async fetch(path, init = {}) {
    for (let left = init.body?.length > LARGE ? 4 : 1; ; left -= 1) {
      try {
        return await fetch(this.origin + path, { redirect: "manual", ...init });
      } catch (error) {
        if (left === 0 || !CLOSED.has(error.cause?.code)) throw error;
      }
    }
  }

  /** A call of the machine API; `body` becomes JSON. */
  async api(method, path, body, { key = API_KEY, headers = {} } = {}) {
    const response = await this.fetch(path, {
      method,
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = /[/+]json$/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  /** A fresh link, as `POST /v1/links` gives it. */
  async mint(scope, more = {}) {
    const { status, body, text } = await this.api("POST", "/v1/links", { scope, ...more });
    if (status !== 201) throw new Error(`minting ${scope}: ${status} ${text}`);
    this.secrets.add(body.token);
    if (more.customer_ref) this.secrets.add(more.customer_ref);
    if (body.subject) this.secrets.add(body.subject);
    return body;
  }

  /** Presses the button as a program does. */
  async claim(token, nonce = base64url(randomBytes(12))) {
    const response = await this.fetch(`/l/${token}`, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify({ nonce }),
    });
    const body = await response.json();
    this.secrets.add(nonce);
    if (body.grant) this.secrets.add(body.grant);
    return { status: response.status, nonce, headers: response.headers, body };
  }

  /** Moves the clock that the worker sees. From there it goes on, or `stands` until it is moved again. */
  async setTime(now, { stands = false } = {}) {
    // Measured before the request: `now()` may run ahead of the worker, so `advance` never falls short.
    const before = Date.now();
    const response = await this.fetch("/__local/time", { method: "POST", body: JSON.stringify({ now, stands }) });
    if (response.status !== 200) throw new Error(`moving the clock: ${response.status}`);
    await response.text();
    this.ahead = now - before;
    this.stopped = stands ? now : undefined;
  }

  /** The audit log, once `until(entries)` holds or `seconds` have passed. */
  async audit(until = () => true, seconds = 20) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const { status, text, headers } = await this.api("GET", "/v1/audit?limit=10000");
      if (status !== 200) throw new Error(`reading the audit log: ${status} ${text}`);
      const lines = text.split("\n").filter(Boolean);
      const entries = lines.map((line) => JSON.parse(line));
      if (until(entries) || Date.now() > end) return { text, lines, entries, head: headers.get("postern-audit-head") };
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** What a provider is told that a touch is called: its id and a MAC over id and channel (docs/delivery.md). */
export function referenceOf(touch, channel) {
  const secret = Buffer.from(RING.pseudonym, "base64url");
  const key = Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), "postern/v1/lots", 32));
  const id = Buffer.from(touch, "base64url");
  const mac = createHmac("sha256", key).update("reference/").update(id).update(channel).digest();
  return Buffer.concat([id, mac.subarray(0, 16)]).toString("base64url");
}

/** The field by which the forms of a proof say for which attempt they were made, from the session's cookie. */
export function formOf(session) {
  const bytes = Buffer.from(session, "base64url");
  const key = hkdfSync("sha256", Buffer.from(RING.pseudonym, "base64url"), Buffer.alloc(0), "postern/v1/session", 32);
  const mac = createHmac("sha256", Buffer.from(key)).update("form/").update(bytes.subarray(10, 22)).update(bytes.subarray(34, 46));
  return base64url(mac.digest().subarray(0, 16));
}

/** A token made outside the worker, for what the machine API would refuse to mint. */
export function forge({ host = HOST, key = 1, secret = Buffer.alloc(32, 1), once = true, expires, scope = 1, region = 4, link = randomBytes(12), subject } = {}) {
  const derived = hkdfSync("sha256", secret, Buffer.alloc(0), "postern/v1/token", 32);
  const head = Buffer.alloc(21);
  head[0] = 0x10 | (once ? 1 : 0) | (subject ? 2 : 0);
  head[1] = key;
  head.writeUInt32BE(expires ?? Math.floor(Date.now() / 1000) + 1800, 2);
  head.writeUInt16BE(scope, 6);
  head[8] = region;
  link.copy(head, 9);
  const signed = Buffer.concat([head, subject ?? Buffer.alloc(0)]);
  const mac = createHmac("sha256", Buffer.from(derived)).update("postern/token/v1").update(host).update(signed).digest();
  return base64url(Buffer.concat([signed, mac.subarray(0, 16)]));
}
