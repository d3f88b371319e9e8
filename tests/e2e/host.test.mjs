// A door answers for its own host alone; a local one also for whoever calls this machine.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BROWSER, HOST, open } from "./door.mjs";

const PATHS = ["/l/x", "/", "/healthz", "/p/x", "/u/x", "/verify", "/robots.txt", "/.well-known/assetlinks.json", "/v1/links", "/nothing"];

const ask = (door, method, path, host) =>
  door.raw(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept-Language: sv\r\nUser-Agent: ${BROWSER}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);

for (const environment of ["local", "production"]) {
  describe(`a door in the environment ${environment}`, () => {
    let door;
    before(async () => {
      door = await open({ bindings: { ENVIRONMENT: environment } });
    });
    after(() => door?.stop());

    test("another host is told nothing, whatever it asks", async () => {
      for (const host of ["evil.example", `evil-${HOST}`, `${HOST}.evil.example`, `${HOST}:8443`, "postern.example.workers.dev"]) {
        for (const method of ["GET", "HEAD", "POST"]) {
          for (const path of PATHS) {
            const { status, text } = await ask(door, method, path, host);
            assert.equal(status, 421, `${method} ${path} for ${host}`);
            assert.ok(!/Example|policy_version|set-cookie/.test(text), text);
            if (path.startsWith("/v1/") && method !== "HEAD") assert.match(text, /"code":"misdirected"/);
          }
        }
      }
    });

    test("a link that redirects at once does not do so for another host", async () => {
      const { token } = await door.mint("help.article");
      for (const [host, status] of [[HOST, 303], [HOST.toUpperCase(), 303], ["evil.example", 421], [HOST, 303]]) {
        assert.equal((await ask(door, "GET", `/l/${token}`, host)).status, status, host);
      }
    });

    test("this machine's own addresses are for local doors", async () => {
      const expected = environment === "local" ? 200 : 421;
      for (const host of ["localhost", "127.0.0.1:1", "[::1]:8787"]) {
        assert.equal((await ask(door, "GET", "/healthz", host)).status, expected, host);
      }
      assert.equal((await ask(door, "GET", "/healthz", HOST)).status, 200);
    });
  });
}
