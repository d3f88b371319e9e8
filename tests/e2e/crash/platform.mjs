// What outlives a killed worker: a key-value store and queues, in this process, as workerd's bindings speak to them.
// A queue promises what the platform's does: a message it took is delivered until it is acknowledged, at least once
// and in no particular order. Unless a test has it lose some.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const DELIVER_EVERY_MS = 25;
/** By name, as in wrangler.toml: the messages of one delivery. */
const BATCH_MAX = { "postern-audit": 100, "postern-outreach": 10 };
export const OUTREACH = "postern-outreach";

/**
 * Serves all. `deliver(messages, queue)` hands a batch to the worker and resolves to the numbers that it acknowledged;
 * a write to the store takes `writeMs`.
 */
export async function openPlatform(deliver, random, { writeMs = 0 } = {}) {
  const values = new Map();
  const kv = await serve(async (request, body) => {
    const key = new URL(request.url, "http://kv").pathname;
    if (request.method === "PUT") {
      await sleep(writeMs);
      values.set(key, body);
    }
    return values.has(key) ? { status: 200, body: values.get(key) } : { status: 404 };
  });
  const queues = {};
  const entrances = {};
  for (const name of Object.keys(BATCH_MAX)) {
    const queue = new Queue((batch) => deliver(batch, name), random, BATCH_MAX[name]);
    queues[name] = queue;
    entrances[name] = await serve(async (request, body) => {
      queue.takeAll(request.url, body);
      const metrics = { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 };
      return { status: 200, body: JSON.stringify({ metadata: { metrics } }) };
    });
  }
  return {
    values,
    kv: kv.address().port,
    queues: Object.fromEntries(Object.entries(entrances).map(([name, entrance]) => [name, entrance.address().port])),
    backlog: (name = "postern-audit") => queues[name].waiting.size,
    /** Forgets each waiting message of a queue with this probability; how many it forgot. */
    lose: (name, share) => queues[name].lose(share),
    close() {
      for (const queue of Object.values(queues)) queue.stop();
      for (const server of [kv, ...Object.values(entrances)]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

class Queue {
  waiting = new Map();
  taken = 0;

  constructor(deliver, random, batchMax) {
    this.deliver = deliver;
    this.random = random;
    this.batchMax = batchMax;
    this.timer = setTimeout(() => this.turn(), DELIVER_EVERY_MS);
  }

  takeAll(path, text) {
    const document = JSON.parse(text);
    if (path !== "/batch") return this.take(document);
    for (const { body, contentType } of document.messages) {
      const text = Buffer.from(body, "base64").toString();
      this.take(contentType === "text" ? text : JSON.parse(text));
    }
  }

  take(body) {
    this.taken += 1;
    this.waiting.set(this.taken, body);
  }

  async turn() {
    const mixed = [...this.waiting].map((message) => [this.random(), message]).sort(([a], [b]) => a - b);
    const batch = mixed.slice(0, this.batchMax).map(([, [number, body]]) => ({ number, body }));
    if (batch.length > 0) {
      // A worker that is killed acknowledges nothing.
      const acknowledged = await this.deliver(batch).catch(() => []);
      for (const number of acknowledged) this.waiting.delete(number);
    }
    if (this.timer) this.timer = setTimeout(() => this.turn(), DELIVER_EVERY_MS);
  }

  lose(share) {
    const before = this.waiting.size;
    for (const number of this.waiting.keys()) if (this.random() < share) this.waiting.delete(number);
    return before - this.waiting.size;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

async function serve(answer) {
  const server = createServer((request, response) => {
    const parts = [];
    request.on("error", () => {});
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      const { status, body } = await answer(request, Buffer.concat(parts).toString());
      response.writeHead(status).end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
