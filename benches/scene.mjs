// What every contestant is asked: the same host, the same visitor's headers, the same destination.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { claimsList } from "./mint.mjs";
import { root } from "./server.mjs";

export const output = path.join(root, "target/bench");

export const HOST = "go.example.com";
/** Where the example policy sends a desktop browser, by scope. */
export const MANY = { scope: 4, location: "https://www.example.com/help/getting-started" };
export const ONCE = { scope: 3, location: "https://www.example.com/onboarding" };
export const PROVEN = { scope: 6, location: "https://www.example.com/details" };
/** Western Europe (docs/token.md). */
const REGION = 4;
/** Within every scope's lifetime, beyond every benchmark's duration. */
const LIFETIME_S = 50 * 60;

export const HEADERS = [
  `Host: ${HOST}`,
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: de-DE,de;q=0.9,en;q=0.8",
];

/** `count` many-use claims, each for another link. */
export const manyUse = (count) => claimsList(count, { once: false, scope: MANY.scope, ...rest() });

/** `count` single-use claims, each for another link. */
export const singleUse = (count) => claimsList(count, { once: true, scope: ONCE.scope, ...rest() });

/** `count` single-use claims that ask for proof of nobody yet, each for another link. */
export const provenUse = (count) => claimsList(count, { once: true, scope: PROVEN.scope, ...rest(), seed: "proven" });

const rest = () => ({ region: REGION, expires: Math.floor(Date.now() / 1000) + LIFETIME_S });

/** Requests as the load generator reads them. */
export const get = (token, location) => `GET\t/l/${token}\t\t303\t${location}`;
export const look = (token) => `GET\t/l/${token}\t\t200\t`;
export const post = (token, body, location) => `POST\t/l/${token}\t${body}\t303\t${location}`;

/** Writes requests to a file and returns its name. */
export function writeRequests(name, lines) {
  const folder = path.join(output, "requests");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.tsv`);
  writeFileSync(file, lines.join("\n"));
  return file;
}
