//! A shard's store in `SQLite`.
//!
//! `people` holds a person a row: their line ([`Person::write_row`]) behind one character for its form, so that a later form can
//! stand beside it. Rows lie in the order in which people came, because those who came together are due together: what
//! a tick reads and writes lies on few pages. `due` is indexed where there is one, so a tick costs what is due and not
//! what is stored.

use core::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::audit::Event;
use crate::edge::glue;
use crate::id::{Subject, text_of};
use crate::json;
use crate::limits::{AUDIT_BATCH_MAX, QUEUE_SEND_MAX_BYTES};
use crate::person::Person;
use crate::shard::{Among, Job, Page, Store, StoreError};
use crate::time::Instant;

#[wasm_bindgen(module = "/src/edge/people.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = loadPeople)]
    fn load_people(sql: &JsValue, subjects: &str) -> Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(catch, js_name = duePeople)]
    fn due_people(sql: &JsValue, until: f64, limit: u32) -> Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(catch, js_name = peopleHolding)]
    fn people_holding(sql: &JsValue, text: &str, after: f64, span: f64) -> Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(catch, js_name = deadPeople)]
    fn dead_people(sql: &JsValue, after: f64, limit: u32) -> Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(catch, js_name = replacePeople)]
    fn replace_people(sql: &JsValue, numbers: &[f64], lines: &[u8]) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = insertPeople)]
    fn insert_people(sql: &JsValue, numbers: &[f64], lines: &[u8]) -> Result<(), JsValue>;
    #[wasm_bindgen(catch)]
    fn first(sql: &JsValue, query: &str) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(catch)]
    fn run(sql: &JsValue, query: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = run)]
    fn run_with(sql: &JsValue, query: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = run)]
    fn run_with_two(sql: &JsValue, query: &str, one: &str, two: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = unsentEvents)]
    fn unsent_events(sql: &JsValue, max: usize, max_bytes: usize) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = endsOf)]
    fn ends_of(messages: &JsValue, most: usize) -> Result<String, JsValue>;
    #[wasm_bindgen(catch)]
    fn transact(storage: &JsValue, work: &mut dyn FnMut() -> Result<(), JsValue>) -> Result<(), JsValue>;
}

/// What each version of the schema adds to the one before. A version that was deployed is never changed.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE people (
        id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, due INTEGER, is_dead INTEGER NOT NULL, row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX people_due ON people (due) WHERE due IS NOT NULL;
    CREATE INDEX people_dead ON people (id) WHERE is_dead = 1;
    CREATE TABLE unsent (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, events TEXT NOT NULL) STRICT;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"];
/// What of a message's first and last events tells it from any other.
const ENDS_BYTES: usize = 512;
/// The form of a row: the person's line of fields. The first form was never deployed.
const FORM: u8 = b'2';

/// The tables of one object.
pub struct Table {
    storage: JsValue,
    sql: JsValue,
    /// Numbers of the rows that were read in this turn, in that order, so that they are found again without their
    /// subject.
    rows: RefCell<Vec<(Subject, u64)>>,
}

/// Audit events that wait in the tables, as messages for the log. Their text stays where it was read, in JavaScript.
pub struct Unsent {
    pub messages: JsValue,
    pub ends: Vec<Ends>,
}

/// What tells a message from any other.
pub struct Ends {
    /// The last row in it.
    pub last: String,
    /// Of its text.
    pub length: String,
    /// Its first and last characters.
    pub text: String,
}

impl Table {
    pub fn new(storage: JsValue) -> Self {
        let sql = js_sys::Reflect::get(&storage, &JsValue::from_str("sql")).unwrap_or(JsValue::UNDEFINED);
        Self { storage, sql, rows: RefCell::default() }
    }

    /// Runs `work` in a transaction of its own; it is rolled back if `work` fails.
    pub fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let storage = self.storage.clone();
        let mut work = Some(work);
        let mut done = None;
        transact(&storage, &mut || {
            let Some(work) = work.take() else { return Ok(()) };
            done = Some(self.within(work).map_err(|StoreError(cause)| JsValue::from_str(&cause))?);
            Ok(())
        })
        .map_err(failed)?;
        done.ok_or_else(|| StoreError("the transaction did not run".into()))
    }

    /// Runs `work` in a transaction that the caller opened.
    pub fn within<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.rows.borrow_mut().clear();
        work(self)
    }

    /// What transactions are opened on.
    pub fn storage(&self) -> JsValue {
        self.storage.clone()
    }

    /// Whether anything was ever stored here.
    pub fn exists(&self) -> Result<bool, StoreError> {
        let query = "SELECT 1 FROM sqlite_master WHERE name = 'migration'";
        Ok(first(&self.sql, query).map_err(failed)?.is_some())
    }

    /// Brings the schema up to date.
    pub fn migrate(&mut self, now: Instant) -> Result<(), StoreError> {
        let known = if self.exists()? {
            self.first("SELECT max(version) FROM migration")?.and_then(|text| text.parse().ok()).unwrap_or(0)
        } else {
            0
        };
        if known > MIGRATIONS.len() {
            return Err(StoreError("its schema is of a newer version of this program; deploy that".into()));
        }
        if known == MIGRATIONS.len() {
            return Ok(());
        }
        self.transact(|table| {
            table.run("CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT")?;
            for (version, migration) in (1..).zip(MIGRATIONS).skip(known) {
                table.run(migration)?;
                table.run(&format!("INSERT INTO migration (version, at) VALUES ({version}, {})", now.millis()))?;
            }
            Ok(())
        })
    }

    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.first(&format!("SELECT value FROM meta WHERE name = '{name}'"))
    }

    pub fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let query = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        run_with_two(&self.sql, query, name, value).map_err(failed)
    }

    /// How many audit events wait.
    pub fn count_unsent(&self) -> Result<usize, StoreError> {
        let count = self.first("SELECT sum(count) FROM unsent")?;
        Ok(count.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// The oldest audit events that wait: those of at least one row, at most `AUDIT_BATCH_MAX` in a message, and as
    /// many messages as a queue takes in one call.
    pub fn unsent(&self) -> Result<Option<Unsent>, StoreError> {
        let messages = unsent_events(&self.sql, AUDIT_BATCH_MAX, QUEUE_SEND_MAX_BYTES).map_err(failed)?;
        let ends = ends_of(&messages, ENDS_BYTES).map_err(failed)?;
        let ends: Vec<Ends> = ends.lines().filter_map(Ends::read).collect();
        Ok((!ends.is_empty()).then_some(Unsent { messages, ends }))
    }

    /// The log has the events up to this row.
    pub fn forget(&self, last: &str) -> Result<(), StoreError> {
        run_with(&self.sql, "DELETE FROM unsent WHERE id <= ?", last).map_err(failed)
    }

    fn first(&self, query: &str) -> Result<Option<String>, StoreError> {
        first(&self.sql, query).map_err(failed)
    }

    fn run(&self, query: &str) -> Result<(), StoreError> {
        run(&self.sql, query).map_err(failed)
    }

    /// People from lines of `ID SUBJECT ROW`.
    fn read(&self, lines: &str) -> Result<Vec<(Subject, Person)>, StoreError> {
        let people = lines.lines().map(|line| self.read_line(line).ok_or_else(|| unreadable(line)));
        people.collect()
    }

    /// As [`read`](Self::read), without those that cannot be read.
    fn read_some(&self, lines: &str) -> Vec<(Subject, Person)> {
        let readable = |line| {
            self.read_line(line).or_else(|| {
                worker::console_error!("{}", unreadable(line));
                None
            })
        };
        lines.lines().filter_map(readable).collect()
    }

    fn read_line(&self, line: &str) -> Option<(Subject, Person)> {
        let (id, rest) = line.split_once(' ')?;
        let (subject, text) = rest.split_once(' ')?;
        let subject: Subject = subject.parse().ok()?;
        let person = Person::read_row(text.strip_prefix(char::from(FORM))?, subject)?;
        self.rows.borrow_mut().push((subject, id.parse().ok()?));
        Some((subject, person))
    }

    fn last_id(lines: &str) -> Option<String> {
        lines.lines().last().and_then(|line| line.split_once(' ')).map(|(id, _)| id.to_owned())
    }
}

impl Store for Table {
    fn load(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Person)>, StoreError> {
        if subjects.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = serde_json::to_string(subjects).map_err(|error| StoreError(error.to_string()))?;
        self.read(&lines(load_people(&self.sql, &wanted))?)
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Subject, Person)>, StoreError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let lines = lines(due_people(&self.sql, number(until.millis()), limit))?;
        let mut people = Vec::new();
        for line in lines.lines() {
            if let Some(person) = self.read_line(line) {
                people.push(person);
            } else {
                // It must not stand before everyone else for ever. The row stays as it is, and whoever asks for the
                // person hears of it.
                let id = line.split(' ').next().unwrap_or_default();
                worker::console_error!("the person in row {id} cannot be read and is no longer advanced");
                run_with(&self.sql, "UPDATE people SET due = NULL WHERE id = ?", id).map_err(failed)?;
            }
        }
        Ok(people)
    }

    fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        let due = self.first("SELECT due FROM people WHERE due IS NOT NULL ORDER BY due LIMIT 1")?;
        Ok(due.and_then(|text| text.parse().ok()).map(Instant::from_millis))
    }

    fn page(&self, among: Among<'_>, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        let after: u64 = after.and_then(|text| text.parse().ok()).unwrap_or(0);
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match among {
            Among::Dead => {
                let lines = lines(dead_people(&self.sql, number(after), limit))?;
                let next = Self::last_id(&lines).filter(|_| lines.lines().count() >= limit as usize);
                Ok(Page { people: self.read_some(&lines), next })
            }
            Among::Journey(name) => {
                let mark = Person::row_mark(name);
                let newest = self.first("SELECT max(id) FROM people")?;
                let newest: u64 = newest.and_then(|text| text.parse().ok()).unwrap_or(0);
                // A page looks at as many rows as a turn may change, however few of them are wanted.
                let span = u64::from(limit);
                let lines = lines(people_holding(&self.sql, &mark, number(after), number(span)))?;
                let next = (after + span < newest).then(|| (after + span).to_string());
                Ok(Page { people: self.read_some(&lines), next })
            }
        }
    }

    fn save(&mut self, people: &[(Subject, Person)]) -> Result<(), StoreError> {
        let rows = self.rows.borrow();
        let (mut known, mut new) = (Written::default(), Written::default());
        // Whoever was read first is mostly written first.
        let mut next = 0;
        for (subject, person) in people {
            let is_here = |at: &usize| rows.get(*at).is_some_and(|(read, _)| read == subject);
            let at = Some(next).filter(is_here).or_else(|| (0..rows.len()).find(is_here));
            if let Some((at, (_, id))) = at.and_then(|at| Some((at, rows.get(at)?))) {
                next = at + 1;
                known.begin();
                known.numbers.push(number(*id));
                known.add(*subject, person);
            } else {
                new.begin();
                new.lines.extend_from_slice(text_of(&subject.0, &mut [0; 32]).as_bytes());
                new.lines.push(b' ');
                new.add(*subject, person);
            }
        }
        if !known.lines.is_empty() {
            replace_people(&self.sql, &known.numbers, &known.lines).map_err(failed)?;
        }
        if !new.lines.is_empty() {
            insert_people(&self.sql, &new.numbers, &new.lines).map_err(failed)?;
        }
        Ok(())
    }

    fn erase(&mut self, subject: Subject) -> Result<(), StoreError> {
        run_with(&self.sql, "DELETE FROM people WHERE subject = ?", &subject.to_string()).map_err(failed)
    }

    fn record(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        // Two rows fill a message, whether or not the rows of two turns do.
        for events in events.chunks(AUDIT_BATCH_MAX / 2) {
            let text = serde_json::to_string(events).map_err(|error| StoreError(error.to_string()))?;
            let query = "INSERT INTO unsent (count, events) VALUES (?, ?)";
            run_with_two(&self.sql, query, &events.len().to_string(), &text).map_err(failed)?;
        }
        Ok(())
    }

    fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let Some(text) = self.meta("jobs")? else { return Ok(Vec::new()) };
        json::read(&text).map_err(|error| StoreError(error.to_string()))
    }

    fn set_jobs(&mut self, jobs: &[Job]) -> Result<(), StoreError> {
        let text = serde_json::to_string(jobs).map_err(|error| StoreError(error.to_string()))?;
        self.set_meta("jobs", &text)
    }
}

/// People as they go to the tables.
#[derive(Default)]
struct Written {
    /// Of each, twice the time at which they are due, or nothing, and one more for a dead touch.
    numbers: Vec<f64>,
    lines: Vec<u8>,
}

impl Written {
    fn begin(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push(b'\n');
        }
    }

    fn add(&mut self, subject: Subject, person: &Person) {
        let is_dead = person.pending.iter().any(|pending| pending.is_dead);
        let due = person.due().map_or(0, Instant::millis);
        self.numbers.push(number(2 * due + u64::from(is_dead)));
        self.lines.push(FORM);
        person.write_row(subject, &mut self.lines);
    }
}

impl Ends {
    /// From a line of `LAST LENGTH ENDS`.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        Some(Self { last: words.next()?, length: words.next()?, text: words.next()? })
    }
}

fn lines(read: Result<Vec<u8>, JsValue>) -> Result<String, StoreError> {
    String::from_utf8(read.map_err(failed)?).map_err(|error| StoreError(error.to_string()))
}

fn unreadable(line: &str) -> StoreError {
    StoreError(format!("the person in row {} cannot be read", line.split(' ').next().unwrap_or_default()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: JsValue) -> StoreError {
    StoreError(glue::describe(&error))
}

/// JavaScript's only number.
#[expect(clippy::cast_precision_loss, reason = "milliseconds and row numbers, far below 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}
