// HTTP over a bounded number of kept connections, for tests that send tens of thousands of requests.
import { Agent, request } from "node:http";

const ANSWER_MAX_MS = 30_000;

export class Client {
  /** At most `sockets` requests are under way at once; the rest wait their turn. */
  constructor(origin, { sockets = 64 } = {}) {
    this.agent = new Agent({ keepAlive: true, maxSockets: sockets, maxFreeSockets: sockets });
    this.aim(origin);
  }

  /** Sends what follows to another origin. */
  aim(origin) {
    const { hostname, port } = new URL(origin);
    this.address = { host: hostname, port };
  }

  /** Rejects when no complete answer came: the caller then knows nothing about what happened. */
  send(method, path, { headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
      const options = { ...this.address, agent: this.agent, method, path, headers: { ...headers, ...length } };
      const sent = request(options, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("aborted", () => reject(new Error("the answer was cut off")));
        response.on("end", () => {
          if (!response.complete) return reject(new Error("the answer was cut off"));
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() });
        });
      });
      sent.setTimeout(ANSWER_MAX_MS, () => sent.destroy(new Error("no answer in time")));
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** As `send`, with a JSON body, and the JSON answer in `body`. */
  async json(method, path, document, headers = {}) {
    const body = document === undefined ? undefined : JSON.stringify(document);
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const answer = await this.send(method, path, { headers: { accept: "application/json", ...type, ...headers }, body });
    const isJson = /[/+]json$/.test(answer.headers["content-type"] ?? "");
    return { ...answer, body: isJson ? JSON.parse(answer.text) : undefined };
  }

  close() {
    this.agent.destroy();
  }
}

/** Runs `work` over `items`, at most `width` at a time; the results come in the order of the items. */
export async function spread(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at], at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
