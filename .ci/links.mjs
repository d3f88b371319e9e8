// Mints a link for every scope of the example policy through the machine API of the door that `make dev` serves. Links end
// when their time is over, by the door's clock; these begin when they are asked for.

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { known } from "./example.mjs";

/** A link for every scope, and whom they are for. */
export async function links(call) {
  const { scopes } = JSON.parse(await readFile("policy/scopes.json", "utf8"));
  const person = await known(call);
  const lines = [];
  for (const [scope, { label, use }] of Object.entries(scopes)) {
    const link = await call("POST", "/v1/links", { scope, customer_ref: person.reference });
    lines.push(`  ${label?.en ?? scope} (${scope}, ${use === "once" ? "opens once" : "opens again and again"})\n    ${link.url}`);
  }
  return { person, text: lines.join("\n") };
}

/** Calls the machine API with the local key. */
export async function caller(host) {
  const key = (await readFile(".dev/api-key", "utf8")).trim();
  return async (method, path, body, type = "application/json") => {
    const response = await fetch(`http://${host}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": type, accept: "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.detail ?? answer.title ?? ""}`);
    return answer;
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const host = `localhost:${process.env.PORT || 8787}`;
  try {
    console.log((await links(await caller(host))).text);
  } catch (error) {
    console.error(`no links from http://${host}: ${error.cause?.message ?? error.message}. Is \`make dev\` running there?`);
    process.exitCode = 1;
  }
}
