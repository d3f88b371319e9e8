// Bindings of a worker with what is used of them counted.

/**
 * `target` with some of its properties replaced. Native methods keep the receiver that they insist on, and
 * `constructor` stays itself: by its name the worker knows a binding's kind.
 */
export const overlay = (target, replaced) =>
  new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(replaced, name)) return replaced[name];
      const value = target[name];
      return typeof value === "function" && name !== "constructor" ? value.bind(target) : value;
    },
  });

/** A Durable Object's state whose SQL adds the rows that it reads and writes to `count`. */
export function countedState(state, count) {
  const { sql } = state.storage;
  // Every cursor is asked again once it must be exhausted; a cursor adds to its numbers as it is read.
  const open = [];
  const settle = () => {
    for (const cursor of open.splice(0)) {
      count.rowsRead += cursor.rowsRead;
      count.rowsWritten += cursor.rowsWritten;
    }
  };
  const exec = (...args) => {
    const cursor = sql.exec(...args);
    if (open.length === 0) setTimeout(settle, 0);
    open.push(cursor);
    return cursor;
  };
  return overlay(state, { storage: overlay(state.storage, { sql: overlay(sql, { exec }) }) });
}
