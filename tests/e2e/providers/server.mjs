// What the mock providers share: an HTTP server on this machine that keeps what it accepted, and fails on demand.
//
// None of them knows the worker's code. Each is written from what its provider publishes, and holds requests to it: a
// request that the provider would refuse is refused here, and told in `complaints`. Their own answers are held to it too.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Ajv } from "ajv";

/** The formats that the descriptions name. What is said of them in words only is any text here. */
const FORMATS = {
  currency: /^[A-Za-z]{3}$/,
  "date-time": /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
  "date-time-rfc-2822": /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$/,
  "phone-number": true,
  uri: (text) => URL.canParse(text),
  "uri-map": true,
  url: (text) => URL.canParse(text),
};
const ajv = new Ajv({ strict: false, allErrors: true, formats: FORMATS });

/** A function that gives what is wrong with a value, or nothing. */
export function schema(definition) {
  const validate = ajv.compile(definition);
  const told = ({ instancePath, message, params }) => `${instancePath} ${message} ${params.additionalProperty ?? ""}`.trim();
  return (value) => (validate(value) ? undefined : validate.errors.map(told).join("; "));
}

/** A function that gives back an answer, if it is as defined. */
export function answers(definition) {
  const check = schema(definition);
  return (body) => {
    const wrong = check(body);
    if (wrong) throw new Error(`the mock's own answer is not as published: ${wrong}`);
    return body;
  };
}

/**
 * What a provider publishes, from a file next to this one: JSON Schema, by name, the source in its `$comment`. Names
 * that an object does not have are refused, which the provider itself may not do.
 */
export function published(file) {
  return closed(JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8"))).definitions;
}

function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).map(([name, member]) => [name, closed(member)]);
  return { ...Object.fromEntries(members), ...(value.properties ? { additionalProperties: false } : {}) };
}

export class Provider {
  /** Requests that were accepted, oldest first. */
  accepted = [];
  /** What the provider would have refused. */
  complaints = [];
  /** What goes wrong with the next requests: see `#misbehave`. */
  faults = [];

  /**
   * `answer(request)` gives `{ status, body, headers }`, or a promise of it; `complaint` in it means that the request
   * was bad, `drops` that the line is cut instead of an answer.
   */
  constructor(answer) {
    this.answer = answer;
    this.server = createServer((request, response) => this.#serve(request, response));
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(incoming, response) {
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const request = {
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
      body: Buffer.concat(parts).toString(),
    };
    const fault = this.faults.shift();
    if (fault && !fault.accepts) return this.#misbehave(fault, response);
    const { status, body = {}, headers = {}, complaint, repeated, drops } = await this.#answer(request);
    if (complaint) this.complaints.push(complaint);
    else if (status < 300 && !repeated) this.accepted.push(request);
    if (fault || drops) return this.#misbehave(fault ?? { drops }, response);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  }

  async #answer(request) {
    try {
      return await this.answer(request);
    } catch (error) {
      return { status: 500, complaint: error.message };
    }
  }

  /** `{ status, body, headers }` is answered instead; `{ hangs }` never; `{ drops }` cuts the line. */
  #misbehave({ hangs, drops, status = 503, body = "", headers = {} }, response) {
    if (hangs) return;
    if (drops) return void response.destroy();
    response.writeHead(status, headers);
    response.end(body);
  }
}
