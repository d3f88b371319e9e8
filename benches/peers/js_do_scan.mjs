// The same due scan written the usual way: a JavaScript Durable Object that selects who is due, and for each row reads
// its state, decides, and writes it back, with an outbox row and an audit row for each message; then the outbox goes to
// the queue. It knows one journey, asks for consent and a cap, and nothing else: no quiet hours, no conditions, no
// holdout, no pinned versions.
import { DurableObject } from "cloudflare:workers";

import { fill, reset } from "./population.mjs";

let now = Date.now();

const TURN = 500;
const PACK = 100;
const LEASE_MS = 300_000;
const HOUR_MS = 3_600_000;
const TOUCHES = [
  { channel: "email", after_h: 0 },
  { channel: "sms", after_h: 24 },
  { channel: "in_app", after_h: 48 },
  { channel: "email", after_h: 72 },
];
const CAP = { max: 3, per_h: 24 };

export class People extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS people (
        id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, due INTEGER, is_dead INTEGER NOT NULL, row TEXT NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS people_due ON people (due) WHERE due IS NOT NULL;
      CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, touch TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, touch TEXT NOT NULL) STRICT;
    `);
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    const body = await request.json();
    if (pathname === "/fill") return Response.json(fill(this.sql, body));
    if (pathname === "/reset") {
      this.sql.exec("DELETE FROM audit");
      return Response.json(reset(this.sql, body));
    }
    return Response.json(await this.tick(body.errand.tick.scheduled));
  }

  async tick(until) {
    let advanced = 0;
    for (;;) {
      const rows = this.sql.exec("SELECT id, subject, row FROM people WHERE due <= ? ORDER BY due LIMIT ?", until, TURN).toArray();
      this.ctx.storage.transactionSync(() => {
        for (const { id, subject, row } of rows) this.advance(id, subject, row);
      });
      advanced += rows.length;
      await this.drain();
      if (rows.length < TURN) return { answer: { done: { ticked: { advanced } } } };
      await scheduler.wait(0);
    }
  }

  advance(id, subject, row) {
    const person = JSON.parse(row.slice(1));
    const [enrolment] = person.e;
    const index = TOUCHES.findIndex((touch, at) => !(enrolment.d & (1 << at)) && enrolment.t + touch.after_h * HOUR_MS <= now);
    if (index >= 0) {
      const { channel } = TOUCHES[index];
      enrolment.d |= 1 << index;
      const hasConsent = person.c.some((consent) => consent.c === channel && consent.p === "service" && consent.s === "yes");
      const isCapped = person.h.filter((sent) => sent.t > now - CAP.per_h * HOUR_MS).length >= CAP.max;
      const touch = `${subject}${enrolment.g}`;
      if (hasConsent && !isCapped) {
        person.w = [{ i: touch, j: enrolment.j, v: enrolment.v, g: enrolment.g, n: index, c: channel, o: now, d: now + LEASE_MS }];
        person.h.push({ i: touch, j: enrolment.j, n: index, c: channel, t: now, s: "queued" });
        this.sql.exec("INSERT INTO outbox (touch) VALUES (?)", touch);
        this.sql.exec("INSERT INTO audit (at, kind, touch) VALUES (?, ?, ?)", now, "touch.queued", touch);
      } else {
        this.sql.exec("INSERT INTO audit (at, kind, touch) VALUES (?, ?, ?)", now, "touch.refused", touch);
      }
    }
    const next = TOUCHES.find((_, at) => !(enrolment.d & (1 << at)));
    enrolment.n = next ? enrolment.t + next.after_h * HOUR_MS : null;
    const due = Math.min(enrolment.n ?? Infinity, ...(person.w ?? []).map((pending) => pending.d));
    this.sql.exec("UPDATE people SET due = ?, row = ? WHERE id = ?", Number.isFinite(due) ? due : null, `1${JSON.stringify(person)}`, id);
  }

  async drain() {
    for (;;) {
      const rows = this.sql.exec("SELECT id, touch FROM outbox ORDER BY id LIMIT ?", PACK).toArray();
      if (rows.length === 0) return;
      await this.env.OUTREACH_QUEUE.send(JSON.stringify({ shard: 0, touches: rows.map(({ touch }) => touch) }));
      this.sql.exec("DELETE FROM outbox WHERE id <= ?", rows.at(-1).id);
    }
  }
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/clock") {
      now = Number(await request.text());
      return new Response(null);
    }
    const stub = env.PEOPLE.get(env.PEOPLE.idFromName("people-0"));
    return stub.fetch(`http://object${url.pathname.slice("/people".length)}`, request);
  },
};
