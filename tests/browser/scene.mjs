// A door, a browser, and the company's site behind the door: one server for every https://*.example.com, which hands the
// door's own host on to the door and answers as the company's site for all others.
//
// stub.pem holds that server's key and self-signed certificate; nothing else ever trusts them.
import { readFileSync } from "node:fs";
import { request as ask } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { HOST, open } from "../e2e/door.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// Without it Chromium says that it is headless, which no person's browser does.
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";

export async function openScene(change) {
  const door = await open(change);
  const site = await openSite(door.origin);
  const rules = `MAP *.example.com:443 127.0.0.1:${site.port}`;
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, `--host-resolver-rules=${rules}`] });
  return new Scene(door, site, browser);
}

class Scene {
  constructor(door, site, browser) {
    Object.assign(this, { door, site, browser });
  }

  /** A person with a browser of their own, in which everything that a console would show is collected. */
  async person(options = {}) {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, userAgent: DESKTOP, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const complaints = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return { context, page, complaints };
  }

  /** A fresh link: its page's address and its name. */
  async link(scope, more) {
    const { id, token } = await this.door.mint(scope, more);
    return { id, token, address: `https://${HOST}/l/${token}` };
  }

  /** Exchanges a grant as the company's back end does. */
  exchange(grant) {
    return this.door.api("POST", "/v1/grants", { grant });
  }

  async state(id) {
    return (await this.door.api("GET", `/v1/links/${id}`)).body.state;
  }

  async close() {
    await this.browser.close();
    await this.site.close();
    await this.door.stop();
  }
}

/** Records every request to the company's site, and answers each with a page. */
async function openSite(door) {
  const pem = readFileSync(join(import.meta.dirname, "stub.pem"));
  const requests = [];
  const answers = {};
  const server = createServer({ key: pem, cert: pem }, (request, response) => {
    if (request.headers.host === HOST) return handOn(request, response, door, answers);
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const { method, url, headers } = request;
      if (url !== "/favicon.ico") requests.push({ method, url, headers, body: Buffer.concat(parts).toString() });
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end(`<!doctype html><html lang="en"><title>The company's site</title><link rel="icon" href="data:,"><h1>Arrived</h1></html>`);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    /** `answers.refresh`: the seconds after which the door's pages lead back, if they do. Nobody waits for a minute in a test. */
    answers,
    /** What arrived since the last time this was asked. */
    arrivals: () => requests.splice(0),
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

/** As the platform's edge does: ends TLS and passes everything on. */
function handOn(request, response, door, { refresh }) {
  const { method, url, headers } = request;
  const onward = ask(door + url, { method, headers }, (answer) => {
    const sooner = refresh && answer.headers.refresh ? { refresh } : {};
    response.writeHead(answer.statusCode, { ...answer.headers, ...sooner });
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}
