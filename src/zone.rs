//! Time zones by their IANA names, from one compiled-in database on every target.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A zone that the database knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);

/// The database has no zone of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IANA time zone such as `Europe/Stockholm`")]
pub struct UnknownZone;

impl Zone {
    /// # Errors
    /// [`UnknownZone`]
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        jiff::tz::db().get(name).map(|_| Self(name.to_owned())).map_err(|_| UnknownZone)
    }

    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}
