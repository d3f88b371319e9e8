// Runs the local worker under wrangler, waits until it answers, mints a link for every scope of the example
// policy through the machine API, lets an example person enter a journey, and prints what to do next. Each minute it
// lets the cron trigger fire, as the platform would. Ends when wrangler ends; Ctrl-C ends both.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { begin, commands } from "./example.mjs";
import { caller, links } from "./links.mjs";

const port = Number(process.env.PORT);
// By its name, because browsers make passkeys for names alone.
const host = `localhost:${port}`;
const START_MAX_MS = 60_000;
const CRON_MS = 60_000;

await main();

async function main() {
  if (!(await isFree(port))) {
    return fail("starting the door", `Port ${port} is taken: stop what listens there, or run PORT=${port + 1} make dev.`);
  }
  const server = serve();
  const ended = new Promise((resolve) => server.once("exit", (code, signal) => resolve(code ?? signal)));
  // The terminal sends Ctrl-C to wrangler too; this process only waits for it.
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      stopping = true;
      if (signal !== "SIGINT" || !process.stdin.isTTY) server.kill(signal);
    });
  }
  const hindrance = await opened(ended);
  if (hindrance === undefined) {
    await introduce().catch((error) => console.log(`dev: the door is open, but the example failed: ${error.message}`));
    setInterval(tick, CRON_MS).unref();
  } else if (!stopping) {
    server.kill();
    await ended;
    return fail("waiting for the door to open", `wrangler's own words are above; ${hindrance}`);
  }
  const code = await ended;
  if (stopping) console.log("\ndev: closed.");
  else fail("serving", `wrangler ended by itself (${code}).`);
}

function serve() {
  const options = ["--ip", "127.0.0.1", "--port", port, "--inspector-port", "0", "--persist-to", ".wrangler/state"];
  const variables = ["--var", "ENVIRONMENT:local", "--var", `POSTERN_HOST:${host}`, "--env-file", ".dev/secrets"];
  const args = ["dev", "build/local/worker.js", ...options, ...variables, "--show-interactive-dev-session=false"];
  return spawn("wrangler", args.map(String), {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, POSTERN_BUILD: "local" },
  });
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

// The reason why the door did not open, or nothing.
async function opened(ended) {
  const gone = ended.then(() => "wrangler ended");
  const deadline = Date.now() + START_MAX_MS;
  while (Date.now() < deadline) {
    const answer = fetch(`http://${host}/healthz`, { signal: AbortSignal.timeout(START_MAX_MS) });
    const response = await Promise.race([answer.catch(() => undefined), gone]);
    if (typeof response === "string") return response;
    if (response) return response.ok ? undefined : `it answers ${response.status}: ${await response.text()}`;
    await sleep(300);
  }
  return `no answer from http://${host}/healthz in ${START_MAX_MS / 1000} s`;
}

async function introduce() {
  const call = await caller(host);
  const { person, text } = await links(call);
  const story = await begin(call);
  console.log(`
The door is open. Links to tap:

${text}

Two of them ask who you are: "Change your details" for one proof, "Sign your contract" for two. Codes arrive in
http://${host}/__local/outbox; the customer number is ${person.customerNumber}. A wrong answer is told, the fifteenth closes
the link, and a new link goes on.

Another link:

  curl http://${host}/v1/links -H "authorization: Bearer $(cat .dev/api-key)" \\
    -H 'content-type: application/json' -d '{"scope": "details.change", "customer_ref": "${person.reference}"}'

Links end when their time is over, and the commands below move the clock. Fresh ones for every scope, and the real time again:

  ${port === 8787 ? "" : `PORT=${port} `}make links
  curl http://${host}/__local/time -d '{"now": null}'

${commands(story, host)}
Ctrl-C closes it, and the next start begins anew. Changes in src, www and policy are built and served as they are saved;
the clock is then the real one again.
`);
}

/** One minute of the cron trigger. A door that is being rebuilt misses one; the next makes it up. */
function tick() {
  fetch(`http://${host}/cdn-cgi/local/scheduled`).then((response) => response.text()).catch(() => {});
}

function fail(step, advice) {
  console.error(`dev failed at: ${step}. ${advice}`);
  process.exitCode = 1;
}
