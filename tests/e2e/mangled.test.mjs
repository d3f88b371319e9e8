// Addresses and opt-outs as mail programs, gateways and rewriters send them, byte for byte: a client library would tidy
// them up on the way.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { BROWSER, HOST, forge, open } from "./door.mjs";

let door;
before(async () => (door = await open()));
after(() => door?.stop());

/** Sends a request whose target is `path` in UTF-8, untouched. */
const send = (method, path, { body = "", headers = "" } = {}) => {
  const length = method === "POST" ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : "";
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\nUser-Agent: ${BROWSER}\r\nConnection: close\r\n${length}${headers}\r\n`;
  return door.raw(Buffer.from(head + body, "utf8"));
};

// Without `"`, `<` and `>` as they are: browsers escape them, and the server in front refuses them.
const ENDS = [
  ".", ")", ",", ";", "'", "!", "]", ").", "*", "_", "/", "//", "%3E", "%3e", "%22", "%20", "%0D%0A", "%C2%A0",
  "%E2%80%8B", "%EF%BB%BF", "\u200b", "\u201d", "&amp;utm_source=x", "&utm_source=x&utm_medium=mail", "%3Futm_source=x", "?utm_source=x",
];
const manglings = (token) => [
  ...ENDS.map((end) => `/l/${token}${end}`),
  `//l/${token}`,
  `/l//${token}/`,
  `/l/%3C${token}%3E.`,
  `/l/${token.replaceAll("-", "%2D").replaceAll("_", "%5F")}`,
  `/l/${token.replaceAll("-", "%2d").replaceAll("_", "%5f")}%20`,
  `/l/${token.replace(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)}`,
];

test("a link that was mangled on its way opens, at once or as a page", async () => {
  const many = forge({ once: false, scope: 4 });
  const once = forge();
  for (const path of manglings(many)) {
    const { status, headers } = await send("GET", path);
    assert.equal(status, 303, path);
    assert.ok(headers.some((header) => header.toLowerCase() === "location: https://www.example.com/help/getting-started"), path);
  }
  for (const path of manglings(once)) {
    const { status, body } = await send("GET", path);
    assert.equal(status, 200, path);
    assert.match(body, /name="nonce"/, path);
  }
});

test("what is left unreadable shows the page of a link that is not valid", async () => {
  const { body: notValid } = await send("GET", "/l/nonsense");
  assert.match(notValid, /href="https:\/\/www\.example\.com/);
  const token = forge();
  for (const path of ["/l", "/l/", "//l//", "/l/a/b", `/l/${token.toLowerCase()}`, `/l/${token.slice(0, 40)}`, `/l/${token}Thanks`, `/l/${"a".repeat(3_000)}`]) {
    const { status, body } = await send("GET", path);
    assert.deepEqual([status, body], [404, notValid], path);
  }
  const { body: closed } = await send("GET", "/p/nonsense");
  for (const path of ["/p", "/u/", "/u/a/b"]) {
    const { status, body } = await send("GET", path);
    assert.deepEqual([status, body], [404, closed], path);
  }
});

/** Somebody, and the address of one-click unsubscription that their mail has. */
async function somebody() {
  const reference = randomBytes(6).toString("hex");
  const consents = [{ channel: "email", purpose: "service", said: "yes" }];
  const { body } = await door.api("PUT", `/v1/people/${reference}`, { consents });
  const subject = Buffer.from(body.subject, "base64url");
  const token = forge({ once: false, scope: 65_535, subject, expires: Math.floor(door.now() / 1000) + 86_400 });
  const said = async () => (await door.api("GET", `/v1/people/${reference}`)).body.consents.find((one) => one.channel === "email").said;
  return { reference, token, said };
}

test("an opt-out counts at any address that its own became, and with any body that means it", async () => {
  const part = (name, end) => `--x${end}Content-Disposition: form-data; name=${name}${end}${end}One-Click${end}--x--${end}`;
  const multipart = 'Content-Type: multipart/form-data; boundary="x"\r\n';
  const form = "Content-Type: application/x-www-form-urlencoded\r\n";
  const good = "List-Unsubscribe=One-Click";
  for (const [mangle, body, headers] of [
    [(token) => token, good, form],
    [(token) => `${token}/`, good, form],
    [(token) => `${token}%3E`, good, form],
    [(token) => `/${token}.`, good, form],
    [(token) => token.replaceAll("-", "%2D").replaceAll("_", "%5F"), good, form],
    [(token) => token, "List-Unsubscribe%3DOne-Click", form],
    [(token) => token, "list-unsubscribe=one-click\n", ""],
    [(token) => token, "", ""],
    [(token) => token, "", form],
    [(token) => token, part('"List-Unsubscribe"', "\r\n"), multipart],
    [(token) => token, part("List-Unsubscribe", "\n"), multipart],
    [(token) => token, good, "Content-Type: text/plain\r\n"],
    [(token) => token, `${good}&x=${"y".repeat(5_000)}`, form],
  ]) {
    const { token, said } = await somebody();
    const path = `/u/${mangle(token)}`;
    await send("GET", path, { body, headers });
    await send("HEAD", path, { headers });
    assert.equal(await said(), "yes", "looking changes nothing");
    const { status } = await send("POST", path, { body, headers });
    assert.equal(status, 200, `${path} ${body.slice(0, 40)}`);
    assert.equal(await said(), "no", `${path} ${body.slice(0, 40)}`);
  }
  const { token, said } = await somebody();
  assert.equal((await send("POST", `/u/${token}`, { body: "a=b", headers: form })).status, 400);
  assert.equal(await said(), "yes");
});

test("a mistake beside an opt-out does not lose it", async () => {
  const { reference, said } = await somebody();
  const consents = [{ channel: "email", purpose: "service", said: "no" }, { channel: "sms", purpose: "service", said: "yes" }];
  const { status, body } = await door.api("PUT", `/v1/people/${reference}`, { zone: "Europe/Stokholm", consents });
  assert.deepEqual([status, body.code, body.taken], [422, "only_opt_outs_taken", ["$.consents[0]"]]);
  assert.equal(await said(), "no");
  const { body: person } = await door.api("GET", `/v1/people/${reference}`);
  assert.deepEqual(person.consents.map((one) => one.channel), ["email"]);
});
