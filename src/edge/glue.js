// The boundary between JavaScript and Rust on the hot paths. Each function crosses once with all it needs:
// a crossing per header or per property would cost more than verifying a token.

// "METHOD\nauthority\npath?query\nuser agent\nplatform\npurpose": what a click needs. Header values hold no line breaks.
export function readClick(request) {
  const url = request.url;
  const at = url.indexOf("/", 8);
  const authority = url.slice(url.indexOf("//") + 2, at < 0 ? undefined : at);
  const h = request.headers;
  return `${request.method}\n${authority}\n${at < 0 ? "/" : url.slice(at)}\n${h.get("user-agent") ?? ""}\n${h.get("sec-ch-ua-platform") ?? ""}\n${h.get("sec-purpose") ?? ""}`;
}

const NAMES = ["accept", "accept-language", "authorization", "content-type", "content-encoding", "idempotency-key", "cf-connecting-ip"];

// The other headers that any route reads, one line each; "\0" where there is none. The last line is the whole `Cookie`
// header, which `http::Cookies` reads.
export function readHeaders(request) {
  const h = request.headers;
  const lines = NAMES.map((name) => h.get(name) ?? "\0");
  lines.push(h.get("cookie") ?? "");
  return lines.join("\n");
}

const ATTRIBUTES = ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"];

// The attributes of a CloudEvent in binary mode, as in `readHeaders`.
export function readEventHeaders(request) {
  return ATTRIBUTES.map((name) => request.headers.get(name) ?? "\0").join("\n");
}

// The body, or null as soon as it exceeds `max` bytes.
export async function readBody(request, max) {
  const length = request.headers.get("content-length");
  if (length !== null) {
    // The platform holds a body to the length it announces, so there is nothing to count.
    return Number(length) > max ? null : new Uint8Array(await request.arrayBuffer());
  }
  if (!request.body) return new Uint8Array();
  const parts = [];
  let size = 0;
  for await (const part of request.body) {
    size += part.byteLength;
    if (size > max) return null;
    parts.push(part);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

// `headers` is "name\nvalue\nname\nvalue"; an absent body is undefined. Pairs, because an answer may set two cookies.
export function respond(status, headers, body) {
  if (status === 303 && !headers.includes("set-cookie")) return new Response(null, kept(headers, () => ({ status, headers: new Headers(pairs(headers)) })));
  return new Response(body ?? null, { status, headers: pairs(headers) });
}

// The body as bytes, from base64.
export function respondBytes(status, headers, base64) {
  const body = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Response(body, { status, headers: pairs(headers) });
}

function pairs(headers) {
  const flat = headers.split("\n");
  const all = [];
  for (let at = 0; at < flat.length; at += 2) all.push([flat[at], flat[at + 1]]);
  return all;
}

const redirects = new Map();

// A policy has few destinations, so what a redirect to each is made of is made once.
function kept(key, make) {
  let init = redirects.get(key);
  if (init === undefined) {
    if (redirects.size >= 1024) redirects.clear();
    init = make();
    redirects.set(key, init);
  }
  return init;
}

// A redirect carries the same three headers each time; `http::page::redirect` lists them and a test compares.
export function redirect(location) {
  return new Response(null, kept(location, () => {
    const headers = new Headers({ location, "cache-control": "no-store", "referrer-policy": "no-referrer" });
    return { status: 303, headers };
  }));
}

const ids = new Map();

// Asks a Durable Object: the errand goes in a header, the answer comes in one, so no body is streamed.
export function ask(namespace, name, hint, errand, timeoutMs) {
  let id = ids.get(name);
  if (id === undefined) {
    if (ids.size >= 4096) ids.clear();
    id = namespace.idFromName(name);
    ids.set(name, id);
  }
  const stub = namespace.get(id, hint ? { locationHint: hint } : undefined);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
    const answered = (response) => {
      clearTimeout(timer);
      const answer = response.headers.get("postern-answer");
      if (answer === null) reject(new Error(`the object answered ${response.status}`));
      else resolve(answer);
    };
    const failed = (error) => {
      clearTimeout(timer);
      reject(error);
    };
    stub.fetch("http://gate/", { headers: { "postern-errand": `${name} ${errand}` } }).then(answered, failed);
  });
}

// "place errand" of a request made by `ask`, inside the object.
export function readErrand(request) {
  return request.headers.get("postern-errand") ?? "";
}

export function answerErrand(answer) {
  return new Response(null, { headers: { "postern-answer": answer } });
}

// Sends a body to a Durable Object that is not on the click's path, and returns what it says.
export async function post(namespace, name, body) {
  const response = await namespace.get(namespace.idFromName(name)).fetch("http://object/", { method: "POST", body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the object answered ${response.status}`);
  return text;
}

export function loadLink(sql, id) {
  for (const row of sql.exec("SELECT row FROM link WHERE id = ?", id)) return row.row;
  return undefined;
}

// Whether there was no such row.
export function insertLink(sql, id, stamp, row) {
  return sql.exec("INSERT INTO link (id, stamp, row) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, stamp, row).rowsWritten > 0;
}

export function updateLink(sql, id, stamp, row) {
  sql.exec("UPDATE link SET stamp = ?, row = ? WHERE id = ?", stamp, row, id);
}

// The texts of keys in KV, which are lines here; `null` where there is none.
export function kvRead(kv, keys, cacheTtl, timeoutMs) {
  return inTime(Promise.all(keys.split("\n").map((key) => kv.get(key, { cacheTtl }))), timeoutMs);
}

// For so many seconds, or for good.
export function kvWrite(kv, key, text, expirationTtl, timeoutMs) {
  return inTime(kv.put(key, text, expirationTtl === undefined ? {} : { expirationTtl }), timeoutMs);
}

function inTime(promise, timeoutMs) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
    const then = (settle) => (value) => {
      clearTimeout(timer);
      settle(value);
    };
    promise.then(then(resolve), then(reject));
  });
}

// Whether a rate limiter lets `key` pass.
export async function allows(limiter, key) {
  return (await limiter.limit({ key })).success;
}

// Goes on with a task once its promise has settled.
export function follow(promise, task, resume) {
  return promise.then((value) => resume(task, value, true), (error) => resume(task, error, false));
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function entropy() {
  return crypto.getRandomValues(new Uint8Array(32));
}

// Whether a key signed `data`. The arguments are views of wasm's memory, which may move while we wait.
export async function verifySignature(isEcdsa, key, signature, data) {
  const [signed, by] = [data.slice(), signature.slice()];
  const kind = isEcdsa ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.slice(), kind, false, ["verify"]);
  } catch (error) {
    if (error.name === "DataError") return false;
    throw error;
  }
  return crypto.subtle.verify(isEcdsa ? { name: "ECDSA", hash: "SHA-256" } : kind, imported, by, signed);
}

const SIGNATURES = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-twilio-signature", "x-hub-signature-256"];

// By what a provider's webhook is signed, one line each; "\0" where there is none.
export function readSignatures(request) {
  return SIGNATURES.map((name) => request.headers.get(name) ?? "\0").join("\n");
}

// Makes a call to a provider: "status\nretry-after\nerror type\nbody", "\0" for a header that is absent. At most `max`
// bytes of the body are read. Redirects are not followed: an address was checked, and no other.
export async function callProvider(url, headers, body, timeoutMs, max) {
  const flat = headers.split("\n");
  const pairs = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at], flat[at + 1]]);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error("no answer in time")), timeoutMs);
  try {
    const init = { method: "POST", headers: pairs, body, redirect: "manual", signal: abort.signal };
    const response = await fetch(url, init);
    const text = await readText(response, max);
    const header = (name) => response.headers.get(name)?.replace(/\s/g, " ") ?? "\0";
    return `${response.status}\n${header("retry-after")}\n${header("x-amzn-errortype")}\n${text}`;
  } finally {
    clearTimeout(timer);
  }
}

async function readText(response, max) {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  let left = max;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    const part = value.subarray(0, left);
    text += decoder.decode(part, { stream: true });
    left -= part.byteLength;
    if (left <= 0) {
      await reader.cancel();
      return text;
    }
  }
}
