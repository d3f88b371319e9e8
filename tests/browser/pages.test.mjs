// Every page in Chromium, as rendered by the native test `render_all`, under the policy it is served with.
//
// Screenshots to look at: SCREENSHOTS=1 node --test tests/browser/pages.test.mjs writes target/pages/*.png.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RENDER = ["test", "--locked", "--quiet", "--lib", "--", "--ignored", "--exact", "http::page::tests::render_all"];
const TYPES = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", svg: "image/svg+xml" };
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const GRANT_POSTED = "POST /destination grant=g1.AQIDBAUGBwgJCgsM";
const SCREENS = [
  { name: "phone", width: 360, height: 740 },
  { name: "phone-dark", width: 360, height: 740, colorScheme: "dark" },
  { name: "narrow", width: 320, height: 640 },
  // A phone of 360 pixels at 200 %.
  { name: "zoomed", width: 180, height: 370 },
  { name: "wide", width: 1280, height: 800 },
];

let server;
let browser;
let pages;
/** The door. */
let origin;
/** Where links lead: the same server, but to a browser another origin. */
let destination;
/** What door and destination received, as "METHOD path body". */
let received = [];

before(async () => {
  server = createServer(answer);
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  origin = `http://127.0.0.1:${port}`;
  destination = `http://localhost:${port}/destination?from=link&step=1`;
  const env = { ...process.env, DESTINATION: destination };
  execFileSync("cargo", RENDER, { cwd: ROOT, env, stdio: ["ignore", "ignore", "inherit"] });
  pages = readFileSync(`${ROOT}target/pages/index.tsv`, "utf8").trim().split("\n").map((line) => {
    const [file, status, policy] = line.split("\t");
    return { file, status: Number(status), policy, language: file.slice(0, 2), name: file.slice(3, -".html".length) };
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--disable-quic", "--no-first-run",
    ],
  });
});

after(async () => {
  await browser?.close();
  server?.close();
});

async function answer(request, response) {
  const { pathname } = new URL(request.url, origin);
  if (pathname.startsWith("/assets/")) {
    const file = pathname.slice("/assets/".length);
    response.writeHead(200, { "content-type": TYPES[file.split(".").pop()] });
    return response.end(readFileSync(`${ROOT}www/${file}`));
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.method === "POST") {
    received.push(`POST ${pathname} ${body}`);
  }
  if (pathname === "/destination") {
    // One more redirect to another origin, as a destination's sign-in may need.
    return response.writeHead(303, { location: `${origin}/arrived` }).end();
  }
  if (pathname === "/arrived") {
    return response.writeHead(200, { "content-type": "text/html" }).end('<link rel="icon" href="data:,">arrived');
  }
  const page = pages.find(({ file }) => `/${file}` === pathname);
  if (!page) {
    return response.writeHead(404).end();
  }
  if (request.method === "POST") {
    await new Promise((later) => setTimeout(later, 300));
    return response.writeHead(303, { location: destination }).end();
  }
  response.writeHead(page.status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": page.policy,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
  return response.end(readFileSync(`${ROOT}target/pages/${page.file}`));
}

async function open(options = {}) {
  received = [];
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

test("every page passes axe, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await open({ colorScheme });
    // The script would leave the hand-off before it is looked at.
    await context.route("**/enhance.js*", (route) => route.abort());
    for (const { file } of pages.filter(({ language, name }) => language === "en" || name === "busy")) {
      await page.goto(`${origin}/${file}`);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), AXE_RULES);
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      assert.deepEqual(found, [], `${file} (${colorScheme})`);
    }
    await context.close();
  }
});

test("every page fits every screen, and its buttons are large enough to press", async () => {
  for (const { name, width, height, colorScheme } of SCREENS) {
    const { context, page } = await open({ viewport: { width, height }, colorScheme, javaScriptEnabled: false });
    for (const { file } of pages.filter(({ language }) => language === "en" || width <= 320)) {
      await page.goto(`${origin}/${file}`);
      const { overflow, small } = await page.evaluate(() => {
        const tooSmall = (button) => {
          const { width, height } = button.getBoundingClientRect();
          return width < 44 || height < 44;
        };
        // Without script, what a passkey needs is hidden.
        const buttons = [...document.querySelectorAll("button, .button")].filter((button) => button.checkVisibility());
        return {
          overflow: document.documentElement.scrollWidth - innerWidth,
          small: buttons.filter(tooSmall).map((button) => button.textContent),
        };
      });
      assert.ok(overflow <= 0, `${file} is ${overflow} px too wide on ${name}`);
      assert.deepEqual(small, [], `${file}: buttons under 44 px on ${name}`);
      if (process.env.SCREENSHOTS) {
        await page.screenshot({ path: `${ROOT}target/pages/${name}-${file.replace("html", "png")}`, fullPage: true });
      }
    }
    await context.close();
  }
});

test("no page breaks its own security policy", async () => {
  const { context, page, complaints } = await open();
  for (const { file, status } of pages.filter(({ language, name }) => language === "en" && !name.includes("scheme") && !name.includes("goes_on"))) {
    await page.goto(`${origin}/${file}`);
    // Chromium reports a refusal's own status as a failed load.
    const unexpected = complaints.filter((text) => status < 400 || !text.startsWith("Failed to load resource"));
    assert.deepEqual(unexpected, [], file);
    complaints.length = 0;
  }
  await context.close();
});

test("the landing page posts its nonce, once, however often the button is pressed, and goes on", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { context, page } = await open({ javaScriptEnabled });
    await page.goto(`${origin}/en-landing.html`);
    const button = page.locator("#web");
    if (javaScriptEnabled) {
      await button.evaluate((element) => [0, 60, 120].forEach((ms) => setTimeout(() => element.click(), ms)));
    } else {
      await button.click();
    }
    await page.waitForURL(`${origin}/arrived`);
    assert.deepEqual(received, ["POST /en-landing.html nonce=AQEBAQEBAQEBAQEB"]);
    await context.close();
  }
});

test("the landing page does nothing by itself", async () => {
  const { context, page } = await open();
  await page.goto(`${origin}/en-landing.html`);
  await page.waitForTimeout(1_000);
  assert.equal(page.url(), `${origin}/en-landing.html`);
  assert.deepEqual(received, []);
  await context.close();
});

test("the hand-off does nothing by itself, and its button posts the grant, with script or without", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { context, page } = await open({ javaScriptEnabled });
    await page.goto(`${origin}/en-hand_off_web.html`);
    await page.waitForTimeout(500);
    assert.deepEqual(received, []);
    await page.getByRole("button").press("Enter");
    await page.waitForURL(`${origin}/arrived`);
    assert.deepEqual(received, [GRANT_POSTED]);
    received.length = 0;
    await context.close();
  }
});

test("the hand-off after a press that named the way goes on by itself, once, and leaves no page to go back to", async () => {
  const { context, page } = await open();
  await page.goto(`${origin}/en-landing.html`);
  await page.goto(`${origin}/en-hand_off_goes_on.html`);
  await page.waitForURL(`${origin}/arrived`);
  assert.deepEqual(received, [GRANT_POSTED]);
  await context.close();
});

test("the hand-off to an app waits for a tap, and the browser is the second way", async () => {
  const { context, page } = await open();
  await page.goto(`${origin}/en-hand_off_app.html`);
  await page.waitForTimeout(500);
  assert.deepEqual(received, []);
  const app = page.getByRole("link", { name: "Update your payment details in the app" });
  assert.equal(await app.getAttribute("href"), "https://app.example.com/billing#grant=g1.AQID");
  await page.locator("#web").click();
  await page.waitForURL(`${origin}/arrived`);
  assert.deepEqual(received, [GRANT_POSTED]);
  await context.close();
});

test("where a custom scheme opens nothing, the web is offered after a while", async () => {
  for (const name of ["hand_off_scheme", "open_scheme"]) {
    const { context, page } = await open();
    await page.goto(`${origin}/en-${name}.html`);
    const note = page.getByText("The app did not open.");
    await page.waitForTimeout(2_500);
    assert.equal(await note.isVisible(), false, "nothing happens before the tap");
    await page.locator("#app").click();
    await page.waitForTimeout(700);
    assert.equal(await note.isVisible(), false, "too early");
    await note.waitFor({ timeout: 5_000 });
    assert.match(await page.locator("#web").getAttribute("class"), /primary/);
    assert.match(await page.locator("#app").getAttribute("class"), /quiet/);
    assert.deepEqual(received, [], "offered, not taken");
    await context.close();
  }
});

test("where a custom scheme opens the app, the page leaves it at that", async () => {
  const { context, page } = await open();
  await page.goto(`${origin}/en-hand_off_scheme.html`);
  await page.locator("#app").click();
  await page.waitForTimeout(500);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.waitForTimeout(2_500);
  assert.equal(await page.getByText("The app did not open.").isVisible(), false);
  await context.close();
});

test("the keyboard reaches everything in reading order, visibly", async () => {
  const { context, page } = await open();
  await page.goto(`${origin}/en-busy.html`);
  const seen = [];
  for (let presses = 0; presses < 4; presses += 1) {
    await page.keyboard.press("Tab");
    seen.push(await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return [document.activeElement.textContent, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
    }));
  }
  assert.deepEqual(seen, [["Try again", true], ["Get a new link", true], ["Get help", true], ["Call +46\u00a077\u00a0123\u00a045\u00a067", true]]);
  await context.close();
});
