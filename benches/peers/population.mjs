// A shard's people, made by SQLite from one row that the worker wrote: each with a subject and times of their own.
// `row`, `subject`, `entered` and `due` are that row and what stands in it; `people` are SQL expressions over the number
// `i` of a person, in the order in which they came.
const made = (people) => `
  n (i) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?),
  person (i, subject, entered, due) AS (SELECT i, ${people.subject}, ${people.entered}, ${people.due} FROM n)`;
const written = "replace(replace(replace(?, ?, subject), ?, entered), ?, due)";
const bindings = ({ first, count, row, subject, entered, due }) =>
  [first, first + count, row, subject, String(entered), String(due)];

/** `count` people from number `first` on. */
export function fill(sql, population) {
  sql.exec(
    `INSERT INTO people (id, subject, due, is_dead, row)
     WITH RECURSIVE ${made(population.people)} SELECT i + 1, subject, due, 0, ${written} FROM person`,
    ...bindings(population),
  );
  return { size: sql.databaseSize };
}

/** Puts those of them who were due back to what they were. */
export function reset(sql, population) {
  const cursor = sql.exec(
    `INSERT INTO people (id, subject, due, is_dead, row)
     WITH RECURSIVE ${made(population.people)} SELECT i + 1, subject, due, 0, ${written} FROM person
     WHERE ${population.people.isDue} ON CONFLICT (id) DO UPDATE SET due = excluded.due, row = excluded.row`,
    ...bindings(population),
  );
  return { written: cursor.rowsWritten };
}
