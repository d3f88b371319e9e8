// A shard's SQL. A row of a person crosses as a line of text; many of them are one string, so that a turn of hundreds
// of people costs a handful of crossings.

const COLUMNS = "id || ' ' || subject || ' ' || row";

// Lines of "ID SUBJECT ROW". One text is made by SQLite itself, which is quickest; a string too long for SQLite is put
// together here.
function lines(sql, query, ...bindings) {
  try {
    return sql.exec(`SELECT group_concat(line, char(10)) FROM (${query})`, ...bindings).raw().next().value[0] ?? "";
  } catch {
    return sql.exec(query, ...bindings).raw().toArray().join("\n");
  }
}

export function loadPeople(sql, subjects) {
  return lines(sql, `SELECT ${COLUMNS} AS line FROM people WHERE subject IN (SELECT value FROM json_each(?))`, subjects);
}

export function duePeople(sql, until, limit) {
  return lines(sql, `SELECT ${COLUMNS} AS line FROM people WHERE due <= ? ORDER BY due LIMIT ?`, until, limit);
}

// Rows that hold `text` among the next `span` after row `after`.
export function peopleHolding(sql, text, after, span) {
  return lines(sql, `SELECT ${COLUMNS} AS line FROM people WHERE id > ? AND id <= ? AND instr(row, ?) > 0`, after, after + span, text);
}

export function deadPeople(sql, after, limit) {
  return lines(sql, `SELECT ${COLUMNS} AS line FROM people WHERE is_dead = 1 AND id > ? ORDER BY id LIMIT ?`, after, limit);
}

// The first column of the first row, as text; undefined without a row or for NULL.
export function first(sql, query) {
  const row = sql.exec(query).raw().next().value;
  return row === undefined || row[0] === null ? undefined : String(row[0]);
}

export function run(sql, query, ...bindings) {
  sql.exec(query, ...bindings);
}

// SQLite takes 100 bindings a statement here: four for each person.
const AT_ONCE = 25;
const statements = (head, row, tail) =>
  Array.from({ length: AT_ONCE + 1 }, (_, count) => `${head} ${Array(count).fill(row).join(", ")} ${tail}`);
const REPLACE = statements(
  "INSERT INTO people (id, subject, due, is_dead, row) VALUES", "(?, '', ?, ?, ?)",
  "ON CONFLICT (id) DO UPDATE SET due = excluded.due, is_dead = excluded.is_dead, row = excluded.row",
);
const INSERT = statements("INSERT INTO people (subject, due, is_dead, row) VALUES", "(?, ?, ?, ?)", "");

function write(sql, statements, text) {
  let bindings = [];
  let start = 0;
  while (start < text.length) {
    const key = text.indexOf(" ", start);
    const due = text.indexOf(" ", key + 1);
    const end = text.indexOf("\n", due);
    const at = text.slice(key + 1, due);
    bindings.push(text.slice(start, key), at === "-" ? null : at, text[due + 1], text.slice(due + 3, end));
    if (bindings.length === 4 * AT_ONCE) {
      sql.exec(statements[AT_ONCE], ...bindings);
      bindings = [];
    }
    start = end + 1;
  }
  if (bindings.length > 0) sql.exec(statements[bindings.length / 4], ...bindings);
}

// Lines of "ID DUE DEAD ROW", each with a line break at its end; no DUE is "-".
export function replacePeople(sql, text) {
  write(sql, REPLACE, text);
}

// The same with the subject in place of the id.
export function insertPeople(sql, text) {
  write(sql, INSERT, text);
}

// Lines of "ID COUNT EVENTS": the oldest rows, as many as hold at most `max` events together, and at least one.
export function unsentEvents(sql, max) {
  return sql.exec(
    `SELECT id || ' ' || count || ' ' || events FROM unsent WHERE id <= (
       SELECT max(id) FROM (SELECT id, count, sum(count) OVER (ORDER BY id) AS total FROM
         (SELECT id, count FROM unsent ORDER BY id LIMIT ?)) WHERE total <= ? OR total = count)
     ORDER BY id`, max, max,
  ).raw().toArray().join("\n");
}

export function transact(storage, work) {
  storage.transactionSync(() => work());
}

// Puts messages into a queue in one call. `texts` is a JSON array of strings.
export async function sendAll(queue, texts) {
  await queue.sendBatch(JSON.parse(texts).map((body) => ({ body })));
}

// Asks many objects the same thing at once: a JSON array with each one's answer, or null where there was none.
// `bodies` is one body a line, for the object of the same line in `names`.
export async function postAll(namespace, names, bodies, timeoutMs) {
  const lines = bodies.split("\n");
  const asked = names.split("\n").map(async (name, at) => {
    const stub = namespace.get(namespace.idFromName(name));
    const response = await stub.fetch("http://object/", { method: "POST", body: lines[at], signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`the object answered ${response.status}`);
    return text;
  });
  const settled = await Promise.allSettled(asked);
  return `[${settled.map(({ status, value }) => (status === "fulfilled" ? value : "null")).join(",")}]`;
}
