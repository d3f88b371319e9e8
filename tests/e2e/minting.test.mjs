// Links minted outside the worker, by the programs that docs/token.md shows, open the running door.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac, hkdfSync } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { BROWSER, HOST, RING, ROOT, open } from "./door.mjs";

const run = promisify(execFile);
const derive = (secret, info) => Buffer.from(hkdfSync("sha256", Buffer.from(secret, "base64url"), "", `postern/v1/${info}`, 32)).toString("base64url");
const TOKEN_KEY = derive(RING.keys[0].secret, "token");
const SUBJECT_KEY = derive(RING.pseudonym, "subject");
const CUSTOMER = "kund-nr 4711 å";

let door;
before(async () => (door = await open()));
after(() => door?.stop());

for (const [name, program, script] of [
  ["JavaScript with WebCrypto", process.execPath, "mint.mjs"],
  ["Python", "python3", "mint.py"],
]) {
  const mint = async (use, scope, ...more) => {
    const args = [join(ROOT, "tests/minting", script), "1", HOST, String(scope), "4", "600", use, ...more];
    const env = { ...process.env, POSTERN_TOKEN_KEY: TOKEN_KEY, POSTERN_SUBJECT_KEY: SUBJECT_KEY };
    const { stdout } = await run(program, args, { env });
    const token = stdout.trim().match(/^https:\/\/go\.example\.com\/l\/([\w-]+)$/)?.[1];
    assert.ok(token, stdout);
    return token;
  };

  test(`${name} mints a many-use link that redirects`, async () => {
    const token = await mint("many", 4);
    assert.equal(token.length, 50);
    const response = await door.fetch(`/l/${token}`, { headers: { "user-agent": BROWSER } });
    assert.equal(response.status, 303);
  });

  test(`${name} mints a single-use link whose grant names the same subject as the worker`, async () => {
    const token = await mint("once", 1, CUSTOMER);
    assert.equal(token.length, 66);
    const { status, body } = await door.claim(token);
    assert.equal(status, 200);
    const redeemed = await door.api("POST", "/v1/grants", { grant: body.grant });
    const minted = await door.mint("payment.retry", { customer_ref: CUSTOMER });
    assert.equal(redeemed.body.subject, minted.subject);
    assert.equal(redeemed.body.subject, createHmac("sha256", Buffer.from(SUBJECT_KEY, "base64url")).update(CUSTOMER).digest().subarray(0, 12).toString("base64url"));
    assert.equal((await door.claim(token)).body.code, "used");
  });

  test(`${name} cannot mint for longer than the policy allows, nor for another host`, async () => {
    const args = (host, lifetime) => [join(ROOT, "tests/minting", script), "1", host, "1", "4", lifetime, "once"];
    const env = { ...process.env, POSTERN_TOKEN_KEY: TOKEN_KEY };
    for (const [host, lifetime] of [[HOST, "90000"], ["go.example.org", "600"]]) {
      const { stdout } = await run(program, args(host, lifetime), { env });
      assert.equal((await door.claim(stdout.trim().split("/l/")[1])).body.code, "not_valid", `${host} ${lifetime}`);
    }
  });
}
