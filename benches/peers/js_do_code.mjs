// The usual way to check a one-time code: a row per link in one of 32 Durable Objects, with the hash of the code that was
// sent. POST /send keeps a code, POST /verify compares one: SELECT, compare, UPDATE. A session is the link's name.
import { DurableObject } from "cloudflare:workers";

const SHARDS = 32;
const TRIES = 5;
const LIFETIME_MS = 10 * 60_000;
const encoder = new TextEncoder();

export class Gate extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS challenges
       (link TEXT PRIMARY KEY, hash BLOB NOT NULL, expires INTEGER NOT NULL, failures INTEGER NOT NULL, state TEXT NOT NULL)
       STRICT, WITHOUT ROWID`,
    );
  }

  async fetch(request) {
    const { sql } = this.ctx.storage;
    const link = request.headers.get("Link");
    const hash = await request.arrayBuffer();
    if (request.method === "PUT") {
      sql.exec("INSERT INTO challenges VALUES (?, ?, ?, 0, 'sent')", link, hash, Date.now() + LIFETIME_MS);
      return new Response(null, { status: 204 });
    }
    const [row] = sql.exec("SELECT hash, expires, failures, state FROM challenges WHERE link = ?", link);
    if (row?.state !== "sent" || row.failures >= TRIES || row.expires <= Date.now()) {
      return new Response(null, { status: 410 });
    }
    if (!crypto.subtle.timingSafeEqual(row.hash, hash)) {
      sql.exec("UPDATE challenges SET failures = failures + 1 WHERE link = ?", link);
      return new Response(null, { status: 422 });
    }
    sql.exec("UPDATE challenges SET state = 'proven' WHERE link = ?", link);
    return new Response(null, { status: 204 });
  }
}

export default {
  async fetch(request, env) {
    const isSend = request.url.endsWith("/send");
    const fields = new URLSearchParams(await request.text());
    const link = fields.get(isSend ? "link" : "session");
    const hash = await crypto.subtle.digest("SHA-256", encoder.encode(`${link}/${fields.get("code")}`));
    const bytes = Uint8Array.fromBase64(link, { alphabet: "base64url" });
    const shard = new DataView(bytes.buffer).getUint32(0) % SHARDS;
    const gate = env.GATE.get(env.GATE.idFromName(`gate/${shard}`));
    const method = isSend ? "PUT" : "POST";
    const answer = await gate.fetch("http://gate/", { method, body: hash, headers: { Link: link } });
    const headers = { "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" };
    if (answer.status !== 204) return Response.json({ outcome: "refused" }, { status: answer.status, headers });
    if (isSend) return Response.json({ outcome: "code_sent", session: link }, { headers });
    const location = `${env.DESTINATION}?grant=${crypto.randomUUID()}`;
    return Response.json({ outcome: "granted", location }, { headers });
  },
};
