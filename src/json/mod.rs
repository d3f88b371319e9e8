//! Strict JSON: bytes in, a small tree out, and a reader that reports every mistake with its place.
//!
//! [`Json::parse`] takes one RFC 8259 text and refuses what is ambiguous or unbounded: invalid UTF-8, a byte order
//! mark, more bytes than the caller allows, nesting deeper than [`JSON_DEPTH_MAX`](crate::limits::JSON_DEPTH_MAX),
//! a name twice in one object (RFC 8259 §4 leaves its meaning open), text after the value, and numbers beyond `f64`.
//!
//! A [`Node`] is a value together with its [`Path`]. Its accessors give `None` for a wrong value and tell the
//! [`Report`], so a reader looks at everything first and only then gives up:
//!
//! ```
//! use postern::json::{Json, Node, Report, Values};
//!
//! let json = Json::parse(br#"{ "scope": "help.article", "uses": 0, "regoin": "weur" }"#, 1_000)?;
//! let report = Report::new(Values::Shown, 10);
//! let link = |node: Node<'_>| {
//!     let fields = node.fields(&["scope", "uses", "region"])?;
//!     let scope = fields.required("scope").and_then(|node| node.string().map(str::to_owned));
//!     let uses = fields.required("uses").and_then(|node| node.u32_in(1..=5, "link.uses"));
//!     Some((scope?, uses?))
//! };
//! let problems = report.finish(link(Node::root(&json, &report))).unwrap_err();
//! assert_eq!(
//!     problems.to_string(),
//!     "$.regoin: \"weur\"; expected a known field; did you mean `region`? [field.unknown]\n\
//!      $.uses: 0; expected a whole number from 1 to 5 [link.uses]"
//! );
//! # Ok::<(), postern::json::JsonError>(())
//! ```
//!
//! There is no streaming: documents here are small. What we write ourselves is read into derived types ([`read`]);
//! hand-written readers say more about a mistake than a derived one can. `null` is a value like any other; leave an optional field out instead.

mod items;
pub mod map;
mod node;
mod path;
mod read;
mod report;
mod tree;

pub use items::items;
pub use node::{Fields, Node, nearest};
pub use path::Path;
pub use read::{Misfit, ReadError, read};
pub use report::{Problem, Problems, Report, Values};
pub use tree::{Json, JsonError, Number};
