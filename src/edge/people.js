// A shard's SQL. A row of a person crosses as a line of text; many of them are one, so that a turn of hundreds of people
// costs a handful of crossings. They cross as bytes: a string would be read letter by letter.

const COLUMNS = "id || ' ' || subject || ' ' || row";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Lines of "ID SUBJECT ROW". One text is made by SQLite itself, which is quickest; one too long for SQLite is put
// together here.
function lines(sql, query, ...bindings) {
  try {
    const text = sql.exec(`SELECT CAST(group_concat(line, char(10)) AS BLOB) FROM (${query})`, ...bindings).raw().next().value[0];
    return new Uint8Array(text ?? 0);
  } catch {
    return encoder.encode(sql.exec(query, ...bindings).raw().toArray().join("\n"));
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

// SQLite takes 100 bindings a statement here: three for each person. The second is twice the time at which the person
// is due, or nothing, and one more for a dead touch.
const AT_ONCE = 33;
const statements = (head, row, tail) =>
  Array.from({ length: AT_ONCE + 1 }, (_, count) => {
    const rows = Array.from({ length: count }, (_, at) => row(3 * at + 1, 3 * at + 2, 3 * at + 3));
    return `${head} ${rows.join(", ")} ${tail}`;
  });
const VALUES = (due) => `nullif(?${due} >> 1, 0), ?${due} & 1`;
const REPLACE = statements(
  "INSERT INTO people (id, subject, due, is_dead, row) VALUES", (id, due, row) => `(?${id}, '', ${VALUES(due)}, ?${row})`,
  "ON CONFLICT (id) DO UPDATE SET due = excluded.due, is_dead = excluded.is_dead, row = excluded.row",
);
const INSERT = statements(
  "INSERT INTO people (subject, due, is_dead, row) VALUES", (subject, due, row) => `(?${subject}, ${VALUES(due)}, ?${row})`, "",
);

function write(sql, statements, bindings) {
  for (let at = 0; at < bindings.length; at += 3 * AT_ONCE) {
    const some = bindings.slice(at, at + 3 * AT_ONCE);
    sql.exec(statements[some.length / 3], ...some);
  }
}

// `text` is lines of "ROW", `numbers` the id and the second binding of each of them.
export function replacePeople(sql, numbers, text) {
  const bindings = [];
  decoder.decode(text).split("\n").forEach((row, at) => {
    bindings.push(numbers[2 * at], numbers[2 * at + 1], row);
  });
  write(sql, REPLACE, bindings);
}

// The same with lines of "SUBJECT ROW", and without ids.
export function insertPeople(sql, numbers, text) {
  const bindings = [];
  decoder.decode(text).split("\n").forEach((line, at) => {
    const end = line.indexOf(" ");
    bindings.push(line.slice(0, end), numbers[at], line.slice(end + 1));
  });
  write(sql, INSERT, bindings);
}

// The oldest audit events that wait, as JSON arrays for the messages of one call to a queue: those of at least one row,
// at most `max` in a message, and at most `maxBytes` together. `last` is the last row of a message.
export function unsentEvents(sql, max, maxBytes) {
  const rows = sql.exec(
    `SELECT id, count, events FROM unsent WHERE id <= (
       SELECT max(id) FROM (SELECT id, count, sum(count) OVER (ORDER BY id) AS total FROM
         (SELECT id, count FROM unsent ORDER BY id LIMIT ?)) WHERE total <= ? OR total = count)
     ORDER BY id`, 4 * max, 4 * max,
  ).raw().toArray();
  const messages = [];
  let size = 0;
  for (const [last, count, events] of rows) {
    const open = messages.at(-1);
    size += events.length;
    if (open && size > maxBytes) break;
    if (open && open.count + count <= max) {
      messages[messages.length - 1] = { last, count: open.count + count, events: `${open.events.slice(0, -1)},${events.slice(1)}` };
    } else {
      messages.push({ last, count, events });
    }
  }
  return messages;
}

// Of each message a line: its last row, its length, and its first and last `most` characters, of which a short one has
// none at its end.
export function endsOf(messages, most) {
  const ends = (events) => events.slice(0, most) + (events.length < most ? "" : events.slice(-most));
  return messages.map(({ last, events }) => `${last} ${events.length} ${ends(events)}`).join("\n");
}

// The messages' texts, as lines.
export function textsOf(messages) {
  return messages.map(({ events }) => events).join("\n");
}

// Puts the messages into a queue in one call, each under its id: `ids` are lines.
export async function sendEvents(queue, messages, ids) {
  const names = ids.split("\n");
  await sendTexts(queue, messages.map(({ events }, at) => `{"id":"${names[at]}","events":${events}}`));
}

export function transact(storage, work) {
  storage.transactionSync(() => work());
}

// Runs `work` in a transaction of its own, and lets nobody else in before it is over; what it throws rolls back.
// `transactionSync` lies inside another transaction, for which SQLite puts every page aside before it changes it: for
// hundreds of people in a file, at an eighth of a tick's time.
export async function turn(storage, work) {
  await storage.transaction(async () => work());
}

// Puts messages into a queue in one call. `texts` are lines.
export async function sendAll(queue, texts) {
  await sendTexts(queue, texts.split("\n"));
}

// As texts: as JSON each would be a string of JSON within JSON.
const sendTexts = (queue, texts) => queue.sendBatch(texts.map((body) => ({ body, contentType: "text" })));

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
