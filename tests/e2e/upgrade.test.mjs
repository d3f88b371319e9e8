// A shard whose tables an earlier version of the program made: the first schema, as it was deployed, with rows as they
// were written, opens in the worker of today; one that a later version made is left alone.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { open } from "./door.mjs";

/** Never to be changed: it is what was deployed. */
const FIRST_SCHEMA = `
  CREATE TABLE people (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, due INTEGER, is_dead INTEGER NOT NULL, row TEXT NOT NULL
  ) STRICT;
  CREATE INDEX people_due ON people (due) WHERE due IS NOT NULL;
  CREATE INDEX people_dead ON people (id) WHERE is_dead = 1;
  CREATE TABLE unsent (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, events TEXT NOT NULL) STRICT;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE migration (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
  INSERT INTO migration (version, at) VALUES (1, 1795518000000);
`;
const CUSTOMERS = ["upgraded-1", "upgraded-2"];

/** Runs `act` on the database of each object that has people, while nothing else has them open. */
async function withShards(folder, act) {
  const files = (await readdir(folder, { recursive: true })).filter((name) => /people/i.test(name) && name.endsWith(".sqlite"));
  let shards = 0;
  for (const name of files) {
    const database = new DatabaseSync(join(folder, name));
    try {
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      if (!tables.some(({ name }) => name === "people")) continue;
      act(database);
      shards += 1;
    } finally {
      database.close();
    }
  }
  assert.ok(shards > 0, "there are shards");
}

/** The same rows in the tables of the first schema. */
function rebuild(database) {
  const people = database.prepare("SELECT id, subject, due, is_dead, row FROM people").all();
  const meta = database.prepare("SELECT name, value FROM meta WHERE name = 'shard' OR name = 'versions'").all();
  const ours = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").all();
  for (const { name } of ours) database.exec(`DROP TABLE "${name}"`);
  database.exec(FIRST_SCHEMA);
  const insert = database.prepare("INSERT INTO people (id, subject, due, is_dead, row) VALUES (?, ?, ?, ?, ?)");
  for (const { id, subject, due, is_dead, row } of people) {
    assert.match(row, /^2/, "rows are still of the form that was deployed first; keep one of them here when they are not");
    insert.run(id, subject, due, is_dead, row);
  }
  const name = database.prepare("INSERT INTO meta (name, value) VALUES (?, ?)");
  for (const { name: key, value } of meta) name.run(key, value);
}

/** Two people in a journey, one of them with a message on its way, on storage that stays. */
async function before(folder) {
  const door = await open({ persist: folder });
  try {
    const said = [];
    for (const customer of CUSTOMERS) {
      const person = { language: "sv", zone: "Europe/Stockholm", addresses: { email: `${customer}@mail.example.com` } };
      assert.equal((await door.api("PUT", `/v1/people/${customer}`, person)).status, 200);
      const event = {
        specversion: "1.0", id: `${customer}-1`, source: "/billing", type: "kyc.refresh_due", subject: customer,
        time: new Date(door.now()).toISOString(),
      };
      const taken = await door.api("POST", "/v1/events", event, { headers: { "content-type": "application/cloudevents+json" } });
      assert.ok(taken.status < 300, taken.text);
      said.push((await door.api("GET", `/v1/people/${customer}`)).body);
    }
    return said;
  } finally {
    await door.stop();
  }
}

describe("a shard that an earlier version made", () => {
  it("opens with everybody in it, and takes what is new", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postern-upgrade-"));
    try {
      const known = await before(folder);
      await withShards(folder, rebuild);
      const door = await open({ persist: folder });
      try {
        for (const [at, customer] of CUSTOMERS.entries()) {
          const { status, body, text } = await door.api("GET", `/v1/people/${customer}`);
          assert.equal(status, 200, text);
          const { enrolments, addresses, zone, subject } = known[at];
          assert.deepEqual({ addresses: body.addresses, zone: body.zone, subject: body.subject }, { addresses, zone, subject });
          assert.deepEqual(body.enrolments.map(({ journey }) => journey), enrolments.map(({ journey }) => journey));
          assert.equal(enrolments.length, 1);
          assert.equal((await door.api("PUT", `/v1/people/${customer}`, { zone: "Europe/Oslo" })).status, 200);
          assert.equal((await door.api("GET", `/v1/people/${customer}`)).body.zone, "Europe/Oslo");
        }
      } finally {
        await door.stop();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("is not touched if that version was a later one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postern-upgrade-"));
    try {
      await before(folder);
      await withShards(folder, (database) => database.exec("INSERT INTO migration (version, at) VALUES (999, 1)"));
      const door = await open({ persist: folder });
      try {
        const { status, body } = await door.api("GET", `/v1/people/${CUSTOMERS[0]}`);
        assert.deepEqual([status, body.code], [503, "try_again"]);
        assert.ok(door.logs.some(({ message }) => message.includes("its schema is of a newer version")), "the log says why");
      } finally {
        await door.stop();
      }
      await withShards(folder, (database) => {
        assert.equal(database.prepare("SELECT max(version) AS version FROM migration").get().version, 999);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
