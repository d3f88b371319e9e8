// The least a JavaScript worker can do for single use: one durable insert per redemption in one of 32 Durable
// Objects. It verifies no signature, reads no policy and writes no audit.
import { DurableObject } from "cloudflare:workers";

const SHARDS = 32;

export class Gate extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS claims (link BLOB PRIMARY KEY, nonce TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
  }

  async fetch(request) {
    const link = await request.arrayBuffer();
    const nonce = request.headers.get("Nonce");
    const cursor = this.ctx.storage.sql.exec(
      "INSERT INTO claims (link, nonce) VALUES (?, ?) ON CONFLICT DO NOTHING",
      link,
      nonce,
    );
    return new Response(null, { status: cursor.rowsWritten > 0 ? 204 : 409 });
  }
}

export default {
  async fetch(request, env) {
    const token = request.url.slice(request.url.lastIndexOf("/") + 1);
    const nonce = new URLSearchParams(await request.text()).get("nonce");
    const link = Uint8Array.fromBase64(token, { alphabet: "base64url" }).slice(9, 21);
    const shard = new DataView(link.buffer).getUint32(0) % SHARDS;
    const gate = env.GATE.get(env.GATE.idFromName(`gate/${shard}`));
    const answer = await gate.fetch("http://gate/", { method: "POST", body: link, headers: { Nonce: nonce } });
    if (answer.status !== 204) return new Response("This link has been used.", { status: 410 });
    return new Response(null, {
      status: 303,
      headers: { Location: env.DESTINATION, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" },
    });
  },
};
