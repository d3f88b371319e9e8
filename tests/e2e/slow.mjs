// Doors whose gate or KV does what a test says: it stalls, fails, hangs up or lags behind. The door is the real one and
// so are the gates; what answers slowly stands between them, and a promise of the test's own lets it go on.
import { open } from "./door.mjs";

/** The id of a token's link, which is the first word of every errand. */
export const linkOf = (token) => Buffer.from(token, "base64url").subarray(9, 21).toString("base64url");

/** Where a request waits: `arrived` once one does, until `release` lets it and all later ones go on. */
export function hold() {
  const arrived = Promise.withResolvers();
  const released = Promise.withResolvers();
  const wait = () => {
    arrived.resolve();
    return released.promise;
  };
  return { wait, arrived: arrived.promise, release: released.resolve };
}

/** What a gate may be told to do besides waiting. */
export const HANG_UP = new Response(null, { headers: { do: "hang up" } });
export const GO_ON = new Response(null, { headers: { do: "go on" } });

const BETWEEN = `
  import { DurableObject } from "cloudflare:workers";

  export class Between extends DurableObject {
    async fetch(request) {
      const { env, ctx } = this;
      const { headers } = request;
      const tell = async (point) => {
        const told = await env.TEST.fetch("http://test/" + point, { headers });
        if (told.headers.get("do") === "go on") return undefined;
        if (told.headers.get("do") !== "hang up") return told;
        ctx.abort("hung up");
      };
      const asked = await tell("asked");
      if (asked) return asked;
      const gate = env.GATES.get(env.GATES.idFromName(headers.get("postern-errand").split(" ")[0]));
      const answer = await gate.fetch("http://gate/", { headers });
      return (await tell("decided")) ?? answer;
    }
  }

  export default { fetch: () => new Response(null, { status: 404 }) };
`;

/**
 * A door with something between it and its gates. `gate.on(token, { asked, decided })` sets what happens to errands for
 * a link before its gate hears of them, and after it has decided: a function that returns (a promise of) nothing to
 * go on, `HANG_UP`, or a response to give instead.
 */
export async function openWithGate(change = {}) {
  const scripts = new Map();
  const gate = { on: (token, script) => scripts.set(linkOf(token), script), off: (token) => scripts.delete(linkOf(token)) };
  const between = {
    name: "between",
    modules: [{ type: "ESModule", path: "between.js", contents: BETWEEN }],
    compatibilityDate: "2026-10-01",
    durableObjects: {
      BETWEEN: { className: "Between", useSQLite: true },
      GATES: { className: "Gate", scriptName: "postern", useSQLite: true },
    },
    serviceBindings: {
      TEST: async (request) => {
        const link = request.headers.get("postern-errand").split(" ")[1];
        const point = new URL(request.url).pathname.slice(1);
        const told = (await scripts.get(link)?.[point]?.()) ?? GO_ON;
        return new Response(told.body, told);
      },
    },
  };
  const durableObjects = {
    GATE: { className: "Between", scriptName: "between", useSQLite: true },
    REGISTRY: { className: "Registry", useSQLite: true },
    AUDIT: { className: "AuditLog", useSQLite: true },
  };
  const additionalUnboundDurableObjects = [{ className: "Gate", useSQLite: true }];
  return { door: await open({ durableObjects, additionalUnboundDurableObjects, beside: [between], ...change }), gate };
}

/**
 * A door whose KV is `kv`: `kv.values`, and `kv.first`, which is asked (method, key) before each request is served and
 * returns (a promise of) nothing to go on or a response to give instead.
 */
export async function openWithKv({ first, ...change } = {}) {
  const kv = { values: new Map(), first: first ?? (() => undefined) };
  const serve = async (request) => {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    const told = await kv.first(request.method, key);
    if (told) return told;
    if (request.method === "PUT") {
      kv.values.set(key, await request.text());
      return new Response();
    }
    const value = kv.values.get(key);
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  };
  const store = {
    name: "store",
    modules: [
      {
        type: "ESModule",
        path: "store.js",
        contents: "export default { fetch: (request, env) => env.TEST.fetch(request) };",
      },
    ],
    compatibilityDate: "2026-10-01",
    serviceBindings: { TEST: serve },
  };
  const plugin = { package: import.meta.filename, name: "kv-by-service" };
  const unsafeBindings = [{ name: "POSTERN_KV", type: "kv-by-service", plugin, options: { worker: store.name } }];
  return { door: await open({ kvNamespaces: {}, unsafeBindings, beside: [store], ...change }), kv };
}

/** Binds workerd's own KV client to another worker, as Miniflare binds it to its store. */
export const plugins = {
  "kv-by-service": {
    getBindings: ({ config }) =>
      Object.entries(config.env ?? {})
        .filter(([, binding]) => binding.type === "unsafe:kv-by-service")
        .map(([name, { dev }]) => ({ name, kvNamespace: { name: `core:user:${dev.options.worker}` } })),
    getNodeBindings: () => ({}),
    getServices: () => [],
  },
};
