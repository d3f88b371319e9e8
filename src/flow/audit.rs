//! `GET /v1/audit`: the log, a page at a time.

use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::unreachable;
use crate::http::Request;
use crate::http::problem::{Code, Problem, text};
use crate::limits::AUDIT_EXPORT_MAX;
use crate::port::Ports;

/// Entries as newline-delimited JSON, from sequence number `from` (default 1), at most `limit` of them.
pub async fn export(context: &Context<'_>, request: &Request, ports: &impl Ports) -> Outcome {
    let (from, limit) = match (number(&request.query, "from", 1), number(&request.query, "limit", 1_000)) {
        (Some(from), Some(limit)) if from >= 1 && (1..=AUDIT_EXPORT_MAX as u64).contains(&limit) => {
            (from, limit)
        }
        _ => {
            let detail =
                format!("`from` is a sequence number from 1, `limit` a number from 1 to {AUDIT_EXPORT_MAX}.");
            return Outcome::new(Problem::new(Code::Invalid, detail).response());
        }
    };
    match ports.export(from, usize::try_from(limit).unwrap_or(AUDIT_EXPORT_MAX)).await {
        Ok(export) => {
            let mut response = text(200, "application/x-ndjson", export.lines);
            response.headers.push(("postern-audit-head", export.head.into()));
            Outcome::new(response)
        }
        Err(error) => unreachable(context, "audit_unreachable", &error),
    }
}

/// A number from the query; `default` if it is not named there, nothing if it is not a number.
fn number(query: &str, name: &str, default: u64) -> Option<u64> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    values.next().map_or(Some(default), |value| value.parse().ok())
}
