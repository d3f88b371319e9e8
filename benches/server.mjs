// Runs one contestant: raw `workerd serve` from a generated configuration in a folder of its own.
//
// A contestant is { name, modules, bindings?, durableObjects?, services?, outbound? }:
//   modules         [{ name, file | text, type: "esModule" | "wasm" | "text" }], the entry point first
//   bindings        Cap'n Proto binding expressions, such as `(name = "HOST", text = "go.example")`
//   durableObjects  [{ className, binding }], with SQLite on local disk
//   services        further workers by name, each { modules, bindings? }
//   outbound        an address, such as "127.0.0.1:8080", that answers whatever the contestant fetches
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const workerd = path.join(root, "node_modules/.bin/workerd");
/** The deployed worker's, for every contestant. */
const COMPATIBILITY_DATE = readFileSync(path.join(root, "wrangler.toml"), "utf8").match(/compatibility_date = "(.*)"/)[1];

/** A string as a Cap'n Proto text literal. */
export const quote = (text) => JSON.stringify(text);

export const text = (name, value) => `(name = ${quote(name)}, text = ${quote(value)})`;

/** Writes a contestant's configuration and modules into a new folder, and returns the folder. */
export function prepare(contestant) {
  const folder = mkdtempSync(path.join(tmpdir(), `postern-bench-${contestant.name}-`));
  const workers = { main: contestant, ...contestant.services };
  const services = Object.keys(workers).map((name) => `(name = ${quote(name)}, worker = .${name})`);
  const hasObjects = (contestant.durableObjects ?? []).length > 0;
  if (hasObjects) {
    mkdirSync(path.join(folder, "objects"));
    services.push(`(name = "objects", disk = (path = ${quote(path.join(folder, "objects"))}, writable = true))`);
  }
  if (contestant.outbound) {
    services.push(`(name = "outbound", external = (address = ${quote(contestant.outbound)}, http = ()))`);
  }
  const config = [
    `using Workerd = import "/workerd/workerd.capnp";`,
    `const config :Workerd.Config = (`,
    `  services = [${services.join(", ")}],`,
    `  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],`,
    `);`,
    ...Object.entries(workers).map(([name, worker]) => workerConfig(folder, name, worker)),
  ];
  writeFileSync(path.join(folder, "config.capnp"), config.join("\n"));
  return folder;
}

function workerConfig(folder, name, worker) {
  const modules = worker.modules.map((module, at) => {
    const file = `${name}-${at}`;
    if (module.file) copyFileSync(module.file, path.join(folder, file));
    else writeFileSync(path.join(folder, file), module.text);
    return `(name = ${quote(module.name)}, ${module.type ?? "esModule"} = embed ${quote(file)})`;
  });
  const objects = worker.durableObjects ?? [];
  const bindings = [
    ...(worker.bindings ?? []),
    ...objects.map(({ className, binding }) =>
      `(name = ${quote(binding)}, durableObjectNamespace = ${quote(className)})`),
  ];
  const namespaces = objects.map(({ className }) =>
    `(className = ${quote(className)}, uniqueKey = ${quote(className)}, enableSql = true)`);
  return [
    `const ${name} :Workerd.Worker = (`,
    `  modules = [${modules.join(", ")}],`,
    `  compatibilityDate = ${quote(COMPATIBILITY_DATE)},`,
    `  compatibilityFlags = [${(worker.flags ?? []).map(quote).join(", ")}],`,
    `  bindings = [${bindings.join(", ")}],`,
    `  durableObjectNamespaces = [${namespaces.join(", ")}],`,
    worker.outbound ? `  globalOutbound = "outbound",` : "",
    objects.length > 0 ? `  durableObjectStorage = (localDisk = "objects"),` : "",
    `);`,
  ].join("\n");
}

/** Starts `workerd serve` in a prepared folder, pinned to one core where `taskset` exists. */
export async function start(folder, core) {
  const pin = core === undefined ? [] : ["taskset", "-c", String(core)];
  const [command, ...args] = [...pin, workerd, "serve", "--control-fd=3", path.join(folder, "config.capnp")];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  // Nothing is kept: its folder goes next.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const log = [];
  child.stdout.on("data", (data) => log.push(data));
  child.stderr.on("data", (data) => log.push(data));
  const said = () => Buffer.concat(log).toString().slice(0, 4000);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const port = await Promise.race([
    listening(child.stdio[3]),
    exited.then((code) => { throw new Error(`workerd ended with ${code}\n${said()}`); }),
  ]);
  return {
    port,
    pid: child.pid,
    said,
    stop: async () => {
      kill();
      await exited;
      process.removeListener("exit", kill);
    },
  };
}

/** The port, from workerd's first control message. */
function listening(stream) {
  return new Promise((resolve) => {
    let text = "";
    stream.on("data", (data) => {
      text += data;
      const line = text.split("\n").find((line) => line.includes('"listen"'));
      if (line) resolve(JSON.parse(line).port);
    });
  });
}

/** CPU time used so far by all threads of a process, in nanoseconds. Exact while the process is idle. */
export function cpuTime(pid) {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder)
    .map((task) => Number(readFileSync(path.join(folder, task, "schedstat"), "utf8").split(" ")[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0);
}

export function remove(folder) {
  rmSync(folder, { recursive: true, force: true });
}
