// What outlives a killed worker: a key-value store and a queue, in this process, as workerd's bindings speak to them.
// The queue promises what the platform's does: a message it took is delivered until it is acknowledged, at least once
// and in no particular order.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const DELIVER_EVERY_MS = 25;
const BATCH_MAX = 100;

/**
 * Serves both. `deliver(messages)` hands a batch to the worker and resolves to the numbers that it acknowledged; a
 * write to the store takes `writeMs`.
 */
export async function openPlatform(deliver, random, { writeMs = 0 } = {}) {
  const values = new Map();
  const queue = new Queue(deliver, random);
  const kv = await serve(async (request, body) => {
    const key = new URL(request.url, "http://kv").pathname;
    if (request.method === "PUT") {
      await sleep(writeMs);
      values.set(key, body);
    }
    return values.has(key) ? { status: 200, body: values.get(key) } : { status: 404 };
  });
  const entrance = await serve(async (_, body) => {
    queue.take(JSON.parse(body));
    const metrics = { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 };
    return { status: 200, body: JSON.stringify({ metadata: { metrics } }) };
  });
  return {
    values,
    kv: kv.address().port,
    queue: entrance.address().port,
    backlog: () => queue.waiting.size,
    close() {
      queue.stop();
      for (const server of [kv, entrance]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

class Queue {
  waiting = new Map();
  taken = 0;

  constructor(deliver, random) {
    this.deliver = deliver;
    this.random = random;
    this.timer = setTimeout(() => this.turn(), DELIVER_EVERY_MS);
  }

  take(body) {
    this.taken += 1;
    this.waiting.set(this.taken, body);
  }

  async turn() {
    const mixed = [...this.waiting].map((message) => [this.random(), message]).sort(([a], [b]) => a - b);
    const batch = mixed.slice(0, BATCH_MAX).map(([, [number, body]]) => ({ number, body }));
    if (batch.length > 0) {
      // A worker that is killed acknowledges nothing.
      const acknowledged = await this.deliver(batch).catch(() => []);
      for (const number of acknowledged) this.waiting.delete(number);
    }
    if (this.timer) this.timer = setTimeout(() => this.turn(), DELIVER_EVERY_MS);
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
