// Our worker with a shard of people that can be filled: its table is written as the worker itself writes it, from a
// row that the worker made. The clock is the benchmark's: it stands still, at an hour at which people are contacted.
import * as built from "./worker.js";

import { countedState } from "./counted.mjs";
import { fill, reset } from "./population.mjs";

let now = Date.now();
Date.now = () => now;

export const { AuditLog, Gate, Registry } = built;

export class People {
  constructor(state, env) {
    this.counts = { rowsRead: 0, rowsWritten: 0 };
    // Counting costs, so it is only done where nothing is timed.
    this.object = new built.People(env.COUNT ? countedState(state, this.counts) : state, env);
    this.sql = state.storage.sql;
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return this.object.fetch(request);
    const body = await request.json();
    if (pathname === "/fill") return Response.json(fill(this.sql, body));
    if (pathname === "/counts") return Response.json(this.counts);
    if (pathname === "/row") return Response.json(this.sql.exec("SELECT subject, due, row FROM people WHERE due IS NOT NULL ORDER BY due LIMIT 1000").toArray());
    if (pathname === "/reset") {
      this.sql.exec("DELETE FROM unsent");
      return Response.json(reset(this.sql, body));
    }
    return new Response(null, { status: 404 });
  }

  alarm() {
    return this.object.alarm();
  }
}

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    if (url.pathname === "/clock") {
      now = Number(await request.text());
      return new Response(null);
    }
    if (!url.pathname.startsWith("/people")) return built.default.fetch(request, env, context);
    const stub = env.PEOPLE.get(env.PEOPLE.idFromName(url.searchParams.get("shard") ?? "people-0"));
    return stub.fetch(`http://object${url.pathname.slice("/people".length)}`, request);
  },
};
