//! The local outbox: messages that a local door did not send, in KV, and the page that shows them.
//!
//! A key begins with the time, counted down, so that KV lists the newest first. In any other build nothing is kept and
//! there is no page.

use crate::delivery::Letter;
use crate::edge::world::World;
use crate::port::{Outbox, Unreachable};

impl Outbox for World {
    #[cfg(feature = "local")]
    async fn leave(&self, letter: &Letter) -> Result<(), Unreachable> {
        let key = format!(
            "{PREFIX}{:013}/{}/{}",
            DOOMSDAY - letter.at.millis().min(DOOMSDAY),
            letter.touch,
            letter.attempt
        );
        let failed = |error: serde_json::Error| Unreachable { what: "the outbox", cause: error.to_string() };
        self.kv_put(&key, &serde_json::to_string(letter).map_err(failed)?, None).await
    }

    #[cfg(not(feature = "local"))]
    async fn leave(&self, _letter: &Letter) -> Result<(), Unreachable> {
        Err(Unreachable { what: "the outbox", cause: "there is none in this build".into() })
    }
}

#[cfg(feature = "local")]
pub use shown::show;
#[cfg(feature = "local")]
use shown::{DOOMSDAY, PREFIX};

#[cfg(feature = "local")]
mod shown {
    use crate::delivery::Letter;
    use crate::edge::world::World;
    use crate::flow::outbox;
    use crate::http::problem::{Code, Problem, json};
    use crate::http::{Request, Response};
    use crate::limits::OUTBOX_MAX;
    use crate::port::Unreachable;

    pub const PREFIX: &str = "outbox/";
    /// The largest time in 13 digits, in the year 2286.
    pub const DOOMSDAY: u64 = 9_999_999_999_999;

    /// `GET /__local/outbox`: a page, or JSON for whoever asks for that.
    pub async fn show(request: &Request, world: &World) -> Response {
        let letters = match letters(world).await {
            Ok(letters) => letters,
            Err(error) => return Problem::new(Code::TryAgain, error.to_string()).response(),
        };
        let wants_json =
            request.headers.accept.as_deref().is_some_and(|types| types.contains("application/json"));
        if wants_json { json(200, &letters) } else { outbox(&letters) }
    }

    /// Newest first.
    async fn letters(world: &World) -> Result<Vec<Letter>, Unreachable> {
        let mut letters = Vec::new();
        for key in world.kv_keys(PREFIX, OUTBOX_MAX).await? {
            let text = world.kv_fresh(&key).await?.unwrap_or_default();
            letters.extend(crate::json::read::<Letter>(&text));
        }
        Ok(letters)
    }
}
