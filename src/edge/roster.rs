//! When each shard of people wants to be woken, kept in the registry; and the cron trigger that wakes them.
//!
//! Shards report to the roster with a stamp; the later stamp is right, whatever order reports arrive in. Each minute
//! those that [`woken`] names are ticked. A tick is safe twice, late and beside another; a minute that was skipped is
//! made up by the next, because what was due stays due.

use worker::{Result, SqlStorage, SqlStorageValue};

use crate::edge::people::Due;
use crate::edge::rows::rows;
use crate::edge::world::World;
use crate::id::Shard;
use crate::port::Unreachable;
use crate::shard::{Answer, Errand, woken};
use crate::time::Instant;

pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS roster (shard INTEGER PRIMARY KEY, due INTEGER, stamp INTEGER NOT NULL) STRICT;
";

/// Takes reports of shards.
pub fn report(sql: &SqlStorage, dues: &[Due]) -> Result<()> {
    let query = "INSERT INTO roster (shard, due, stamp) VALUES (?, ?, ?) ON CONFLICT (shard)
        DO UPDATE SET due = excluded.due, stamp = excluded.stamp WHERE excluded.stamp > roster.stamp";
    for due in dues {
        let at = due.at.map_or(SqlStorageValue::Null, |at| whole(at.millis()));
        sql.exec(query, vec![i64::from(due.shard.0).into(), at, whole(due.stamp)])?;
    }
    Ok(())
}

/// The shards that are due at an instant.
pub fn due(sql: &SqlStorage, at: Instant) -> Result<Vec<Shard>> {
    let query = "SELECT shard FROM roster WHERE due <= ? ORDER BY shard";
    let rows = rows(sql, query, vec![whole(at.millis())])?;
    Ok(rows.into_iter().filter_map(|mut row| u16::try_from(row.number()).ok()).map(Shard).collect())
}

/// One minute of the cron trigger.
pub async fn tick(world: &World, scheduled: Instant) {
    let shards = match world.due_shards(scheduled).await {
        Ok(due) => woken(scheduled, &due),
        Err(error) => {
            worker::console_error!("{error}; every shard is woken instead");
            Shard::all().collect()
        }
    };
    match wake(world, scheduled, &shards).await {
        Ok(dues) => {
            // A shard that is not reported is due still, and woken again.
            if let Err(error) = world.report(&dues).await {
                worker::console_error!("{error}; the shards are woken again in a minute");
            }
        }
        Err(error) => worker::console_error!("{error}; the shards are woken again in a minute"),
    }
}

async fn wake(
    world: &World,
    scheduled: Instant,
    shards: &[Shard],
) -> core::result::Result<Vec<Due>, Unreachable> {
    let answers = world.visit_all(shards, &Errand::Tick { scheduled }).await?;
    let mut dues = Vec::new();
    for (shard, visited) in shards.iter().zip(answers) {
        match visited {
            Some(visited) => {
                if let Answer::Done { .. } = visited.answer {
                    dues.push(visited.due);
                }
            }
            None => worker::console_error!("{shard} did not answer; it is woken again in a minute"),
        }
    }
    Ok(dues)
}

#[expect(clippy::cast_possible_wrap, reason = "milliseconds far below 2^53")]
fn whole(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(number as i64)
}
