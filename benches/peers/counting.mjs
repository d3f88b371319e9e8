// Our worker with every use of its bindings counted: wraps what the runtime hands to it, and answers the counts at
// `GET /__counts`. With `REFUSE_QUEUE` set the queue takes nothing, so that the worker goes its way round it.
import * as built from "./worker.js";

import { countedState, overlay } from "./counted.mjs";

const counts = {
  gate: { requests: 0, rowsRead: 0, rowsWritten: 0 },
  registry: { requests: 0, rowsRead: 0, rowsWritten: 0 },
  audit: { requests: 0, rowsRead: 0, rowsWritten: 0 },
  kv: { reads: 0, writes: 0 },
  queue: { messages: 0, bytes: 0 },
};

const countedKv = (kv) =>
  overlay(kv, {
    get: (...args) => (counts.kv.reads++, kv.get(...args)),
    getWithMetadata: (...args) => (counts.kv.reads++, kv.getWithMetadata(...args)),
    put: (...args) => (counts.kv.writes++, kv.put(...args)),
  });

const countedQueue = (queue, refuses) =>
  overlay(queue, {
    sendBatch(messages, ...rest) {
      if (refuses) return Promise.reject(new Error("refused"));
      counts.queue.messages += messages.length;
      counts.queue.bytes += messages.reduce((sum, { body }) => sum + body.length, 0);
      return queue.sendBatch(messages, ...rest);
    },
  });

const countedNamespace = (namespace, count) =>
  overlay(namespace, {
    get(...args) {
      const stub = namespace.get(...args);
      return overlay(stub, { fetch: (...request) => (count.requests++, stub.fetch(...request)) });
    },
  });

const environments = new WeakMap();

function countedEnvironment(env) {
  if (!environments.has(env)) {
    environments.set(env, {
      ...env,
      POSTERN_KV: countedKv(env.POSTERN_KV),
      AUDIT_QUEUE: countedQueue(env.AUDIT_QUEUE, env.REFUSE_QUEUE),
      GATE: countedNamespace(env.GATE, counts.gate),
      REGISTRY: countedNamespace(env.REGISTRY, counts.registry),
      AUDIT: countedNamespace(env.AUDIT, counts.audit),
    });
  }
  return environments.get(env);
}

const counted = (Class, count) =>
  class {
    constructor(state, env) {
      this.object = new Class(countedState(state, count), countedEnvironment(env));
    }

    fetch(request) {
      return this.object.fetch(request);
    }

    alarm() {
      return this.object.alarm();
    }
  };

export const Gate = counted(built.Gate, counts.gate);
export const Registry = counted(built.Registry, counts.registry);
export const AuditLog = counted(built.AuditLog, counts.audit);
export const People = built.People;

export default {
  fetch(request, env, context) {
    if (request.url.endsWith("/__counts")) return Response.json(counts);
    const environment = countedEnvironment(env);
    // The entry point is an object of handlers or a `WorkerEntrypoint`.
    if (typeof built.default !== "function") return built.default.fetch(request, environment, context);
    return new built.default(context, environment).fetch(request);
  },
};
