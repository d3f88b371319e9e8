// One HTTP exchange over a connection of its own; Node's `fetch` keeps connections that workerd has closed.
import { request } from "node:http";

/** Resolves to `{ status, headers, text }`. `headers` are lines, as in `scene.mjs`. */
export function ask(port, path, { method = "GET", headers = [], body } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, agent: false, headers: fields(headers) };
    const outgoing = request(options, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode, headers: incoming.headers, text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const fields = (lines) => Object.fromEntries(lines.map((line) => {
  const colon = line.indexOf(": ");
  return [line.slice(0, colon), line.slice(colon + 2)];
}));
