// What the mock providers share: an HTTP server on this machine that keeps what it accepted, and fails on demand.
//
// None of them knows the worker's code. Each is written from what its provider publishes, and holds requests to it: a
// request that the provider would refuse is refused here, and told in `complaints`.
import { createServer } from "node:http";
import { Ajv } from "ajv";

const ajv = new Ajv({ strict: false, allErrors: true });

/** A function that gives what is wrong with a value, or nothing. */
export function schema(definition) {
  const validate = ajv.compile(definition);
  return (value) => (validate(value) ? undefined : ajv.errorsText(validate.errors, { separator: "; " }));
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
    const { status, body = {}, headers = {}, complaint, repeated, drops } = await this.answer(request);
    if (complaint) this.complaints.push(complaint);
    else if (status < 300 && !repeated) this.accepted.push(request);
    if (fault || drops) return this.#misbehave(fault ?? { drops }, response);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  }

  /** `{ status, body, headers }` is answered instead; `{ hangs }` never; `{ drops }` cuts the line. */
  #misbehave({ hangs, drops, status = 503, body = "", headers = {} }, response) {
    if (hangs) return;
    if (drops) return void response.destroy();
    response.writeHead(status, headers);
    response.end(body);
  }
}
