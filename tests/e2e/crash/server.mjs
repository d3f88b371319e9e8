// The local worker under plain `workerd serve`, on storage that stays when the process is killed.
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_KEYS, HOST, RING, ROOT } from "../door.mjs";

const COMPATIBILITY_DATE = readFileSync(join(ROOT, "wrangler.toml"), "utf8").match(/compatibility_date = "(.*)"/)[1];
const MODULES = [["worker.js", "esModule"], ["index.js", "esModule"], ["index_bg.wasm", "wasm"]];
const OBJECTS = [["GATE", "Gate"], ["REGISTRY", "Registry"], ["AUDIT", "AuditLog"], ["PEOPLE", "People"]];
const QUEUES = [["AUDIT_QUEUE", "postern-audit"], ["OUTREACH_QUEUE", "postern-outreach"]];

// Delivers a queue's messages to the worker, and fires its cron trigger, as the platform does.
const COURIER = `export default {
  async fetch(request, env) {
    const { queue, messages: sent, scheduledTime } = await request.json();
    if (scheduledTime) return Response.json(await env.WORKER.scheduled({ scheduledTime: new Date(scheduledTime), cron: "* * * * *" }));
    const messages = sent.map(({ number, body }) => ({ id: String(number), timestamp: new Date(), attempts: 1, body }));
    const { outcome, ackAll, explicitAcks } = await env.WORKER.queue(queue, messages);
    return Response.json(outcome === "ok" ? (ackAll ? sent.map(({ number }) => number) : explicitAcks.map(Number)) : []);
  },
};`;

/** Segments of the audit log small enough for a crash to meet their ends. */
const SEGMENT_BYTES = "60000";

export class Server {
  /** `bindings` are further text bindings, by name. */
  constructor({ build = join(ROOT, "build/local"), bindings = {} } = {}) {
    if (!existsSync(join(build, "index.js"))) throw new Error(`${build} is missing: run .ci/build local`);
    this.bindings = { POSTERN_AUDIT_SEGMENT_BYTES: SEGMENT_BYTES, ...bindings };
    this.folder = mkdtempSync(join(tmpdir(), "postern-crash-"));
    // The worker does not outlive this program.
    this.letGo = () => this.child?.kill("SIGKILL");
    process.once("exit", this.letGo);
    mkdirSync(join(this.folder, "objects"));
    for (const [name] of MODULES) copyFileSync(join(build, name), join(this.folder, name));
    writeFileSync(join(this.folder, "courier.js"), COURIER);
  }

  /** Starts the worker; resolves once it listens. */
  async start(platform) {
    const config = join(this.folder, "config.capnp");
    writeFileSync(config, configuration(platform, join(this.folder, "objects"), this.bindings));
    const workerd = join(ROOT, "node_modules/.bin/workerd");
    const child = spawn(workerd, ["serve", "--control-fd=3", "--experimental", config], { stdio: ["ignore", "pipe", "pipe", "pipe"] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => said.push(data));
    this.exited = new Promise((resolve) => child.once("exit", resolve));
    const failed = this.exited.then(() => Promise.reject(new Error(`workerd ended\n${Buffer.concat(said)}`)));
    failed.catch(() => {});
    const ports = await Promise.race([listening(child.stdio[3]), failed]);
    this.child = child;
    this.said = () => Buffer.concat(said).toString();
    this.origin = `http://127.0.0.1:${ports.http}`;
    this.courier = `http://127.0.0.1:${ports.courier}`;
  }

  /** SIGKILL: the process gets no chance to finish anything. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  /** A batch of a queue; the numbers of the messages that the worker acknowledged. */
  deliver(messages, queue) {
    return this.#order({ queue, messages });
  }

  /** Fires the cron trigger. */
  tick(scheduledTime) {
    return this.#order({ scheduledTime });
  }

  async #order(order) {
    const response = await fetch(this.courier, { method: "POST", body: JSON.stringify(order) });
    return response.json();
  }

  /** How many objects the audit log has come to lie in. */
  segments() {
    return readdirSync(join(this.folder, "objects", "AuditLog")).filter((name) => name.endsWith(".sqlite")).length;
  }

  remove() {
    process.removeListener("exit", this.letGo);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configuration({ kv, queues }, objects, more) {
  const quote = JSON.stringify;
  const text = (name, value) => `(name = ${quote(name)}, text = ${quote(value)})`;
  const external = (name, port) => `(name = ${quote(name)}, external = (address = "127.0.0.1:${port}", http = ()))`;
  const bindings = [
    text("ENVIRONMENT", "local"),
    text("POSTERN_HOST", HOST),
    text("POSTERN_KEYS", JSON.stringify(RING)),
    text("POSTERN_API_KEYS", JSON.stringify(API_KEYS)),
    `(name = "POSTERN_KV", kvNamespace = "kv")`,
    ...Object.entries(more).map(([name, value]) => text(name, value)),
    ...QUEUES.map(([binding, name]) => `(name = ${quote(binding)}, queue = ${quote(name)})`),
    ...OBJECTS.map(([binding, name]) => `(name = ${quote(binding)}, durableObjectNamespace = ${quote(name)})`),
  ];
  const modules = MODULES.map(([name, type]) => `(name = ${quote(name)}, ${type} = embed ${quote(name)})`);
  const namespaces = OBJECTS.map(([, name]) => `(className = ${quote(name)}, uniqueKey = ${quote(name)}, enableSql = true)`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "door", worker = .door),
    (name = "courier", worker = .courier),
    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
    ${external("kv", kv)},
    ${Object.entries(queues).map(([name, port]) => external(name, port)).join(", ")},
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "door"),
    (name = "courier", address = "127.0.0.1:0", http = (), service = "courier"),
  ],
);
const door :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${quote(COMPATIBILITY_DATE)},
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
);
const courier :Workerd.Worker = (
  modules = [(name = "courier.js", esModule = embed "courier.js")],
  compatibilityDate = ${quote(COMPATIBILITY_DATE)},
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [(name = "WORKER", service = "door")],
);
`;
}

/** The ports by socket, once both listen. */
function listening(stream) {
  return new Promise((resolve) => {
    const ports = {};
    let text = "";
    stream.on("data", (data) => {
      text += data;
      const lines = text.split("\n");
      text = lines.pop();
      for (const line of lines) {
        const { event, socket, port } = JSON.parse(line);
        if (event === "listen") ports[socket] = port;
      }
      if (ports.http && ports.courier) resolve(ports);
    });
  });
}
