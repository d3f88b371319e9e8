//! Sessions: one attempt at proof, between its steps.
//!
//! ```text
//! 0       holder: 1 a browser, 2 an app, 3 a ticket, 4 a ticket of before the press, 5 a browser whose step completed the
//!         proof
//! 1..22   the link's name, as in the token
//! 22..34  subject
//! 34..46  nonce of the attempt
//! 46..52  when it began, milliseconds since the Unix epoch, big endian
//! last 16 HMAC-SHA-256, truncated to 128 bits, over "postern/session/v1" || host || browser || all bytes before it
//! ```
//!
//! in base64url: 91 characters. `browser` is the value of the cookie that names the browser, all zeros for an app: a
//! session's cookie that is carried to another browser opens nothing there. A session says who is trying, and proves
//! nothing: what was shown is in the link's row at its gate, which ends it by forgetting the attempt, by locking, or by
//! being told to withdraw the link. The MAC key is derived from the ring key that signed the link's token.
//!
//! The step that completes a proof is answered with a session sealed anew (5). Only that one may add a passkey: a text
//! that was known before the proof is worth no more after it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{Nonce, Subject, decode_bytes, encode_bytes};
use crate::key::{KeyRing, MacKeys, Purpose, TAG_LENGTH_MIN};
use crate::limits::{CLOCK_SKEW_S, PRESS_MAX_S};
use crate::time::{Instant, Span};
use crate::token::{Claims, LinkRef};

const DOMAIN: &[u8] = b"postern/session/v1";
const NAME_LENGTH: usize = 21;
const INSTANT_LENGTH: usize = 6;
const MAC_LENGTH: usize = TAG_LENGTH_MIN;
const LENGTH: usize = 1 + NAME_LENGTH + Subject::LENGTH + Nonce::LENGTH + INSTANT_LENGTH + MAC_LENGTH;
const NO_BROWSER: [u8; 16] = [0; 16];

/// Who holds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The browser with this name, in a cookie.
    Browser([u8; 16]),
    /// An app, which sends it along.
    App,
    /// Whoever opens the app from a page. It lets the app begin an attempt of its own, and nothing else: the page's
    /// browser knows the ticket as well, and must not gain what is then proved in the app.
    Ticket,
    /// Whoever opens the app from the link's own page, before anything was pressed. The app's redeeming is the press: it
    /// needs the link to be alive, and begins what the press starts.
    Landing,
}

/// What a session says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub link: LinkRef,
    pub subject: Subject,
    pub nonce: Nonce,
    pub began: Instant,
    /// Whether it was sealed for the browser whose step completed the proof. Never for an app.
    pub completed: bool,
}

impl Session {
    /// What the link's token says.
    pub const fn claims(&self) -> Claims {
        let LinkRef { usage, expires, scope, region, link, .. } = self.link;
        Claims { usage, expires, scope, region, link, subject: Some(self.subject) }
    }
}

/// Why a session is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSession {
    #[error("not a session of this door and of whoever sent it")]
    Invalid,
    #[error("the session's time is over")]
    Expired,
}

/// Makes and reads sessions for one host.
#[derive(Clone, Debug)]
pub struct SessionSeal {
    keys: MacKeys,
}

impl SessionSeal {
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        Self { keys: MacKeys::new(ring, Purpose::Session, &[DOMAIN, host.as_bytes()]) }
    }

    /// The session's text. `None` when the link's key has ended, or the link is nobody's.
    pub fn seal(&self, session: &Session, holder: Holder) -> Option<String> {
        let mac = self.keys.live(session.link.key, session.began).filter(|_| session.link.has_subject)?;
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(holder.code(session.completed));
        bytes.extend_from_slice(&decode_bytes::<NAME_LENGTH>(&session.link.to_string()).ok()?);
        bytes.extend_from_slice(&session.subject.0);
        bytes.extend_from_slice(&session.nonce.0);
        bytes.extend_from_slice(session.began.millis().to_be_bytes().last_chunk::<INSTANT_LENGTH>()?);
        let tag: [u8; MAC_LENGTH] = mac.tag(&[&holder.browser(), &bytes]);
        bytes.extend_from_slice(&tag);
        Some(encode_bytes(&bytes))
    }

    /// Reads a session back, for who holds it now. Its scope says when exactly it is over.
    ///
    /// # Errors
    /// [`BadSession`]; whether the attempt still stands is the gate's to say.
    pub fn open(&self, text: &str, holder: Holder, now: Instant) -> Result<Session, BadSession> {
        let session = self.read(text, holder, now).ok_or(BadSession::Invalid)?;
        let ahead = session.began.since(now) > Span::from_secs(CLOCK_SKEW_S);
        let ends = match holder {
            Holder::Landing => Instant::from_secs(session.link.expires),
            Holder::Browser(_) | Holder::App | Holder::Ticket => session.began + Span::from_secs(PRESS_MAX_S),
        };
        if ahead || now >= ends {
            return Err(BadSession::Expired);
        }
        Ok(session)
    }

    fn read(&self, text: &str, holder: Holder, now: Instant) -> Option<Session> {
        let mut buffer = [0; LENGTH];
        if text.len() > (LENGTH * 8).div_ceil(6) {
            return None;
        }
        let length =
            URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).ok().filter(|length| *length == LENGTH)?;
        let (signed, tag) = buffer.get(..length)?.split_last_chunk::<MAC_LENGTH>()?;
        let (code, rest) = signed.split_first()?;
        let (name, rest) = rest.split_first_chunk::<NAME_LENGTH>()?;
        let link: LinkRef = encode_bytes(name).parse().ok()?;
        let mac = self.keys.live(link.key, now)?;
        let completed = *code == holder.code(true) && *code != holder.code(false);
        if !(completed || *code == holder.code(false)) || !mac.verify(&[&holder.browser(), signed], tag) {
            return None;
        }
        let (subject, rest) = rest.split_first_chunk::<{ Subject::LENGTH }>()?;
        let (nonce, at) = rest.split_first_chunk::<{ Nonce::LENGTH }>()?;
        let millis = at.iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte));
        let (subject, nonce) = (Subject(*subject), Nonce(*nonce));
        Some(Session { link, subject, nonce, began: Instant::from_millis(millis), completed })
    }
}

impl Holder {
    const fn code(self, completed: bool) -> u8 {
        match self {
            Self::Browser(_) if completed => 5,
            Self::Browser(_) => 1,
            Self::App => 2,
            Self::Ticket => 3,
            Self::Landing => 4,
        }
    }

    const fn browser(self) -> [u8; 16] {
        match self {
            Self::Browser(name) => name,
            Self::App | Self::Ticket | Self::Landing => NO_BROWSER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadSession, Holder, Session, SessionSeal};
    use crate::id::{KeyId, LinkId, Nonce, Region, ScopeCode, Subject};
    use crate::key::{KeyRing, Secret};
    use crate::limits::PRESS_MAX_S;
    use crate::time::{Instant, Span};
    use crate::token::{LinkRef, Use};

    const HOLDERS: [Holder; 5] =
        [Holder::Browser([1; 16]), Holder::Browser([2; 16]), Holder::App, Holder::Ticket, Holder::Landing];

    fn seal() -> SessionSeal {
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
        SessionSeal::new(&ring, "go.example.com")
    }

    fn session() -> Session {
        let link = LinkRef {
            key: KeyId(1),
            usage: Use::Once,
            has_subject: true,
            expires: 2_000_000_000,
            scope: ScopeCode(3),
            region: Region::Weur,
            link: LinkId([5; 12]),
        };
        let began = Instant::from_millis(1_799_999_999_123);
        Session { link, subject: Subject([6; 12]), nonce: Nonce([7; 12]), began, completed: false }
    }

    #[test]
    fn a_session_opens_for_its_holder_alone_and_for_as_long_as_any_press_lasts() {
        for holder in HOLDERS {
            let text = seal().seal(&session(), holder).unwrap();
            assert_eq!(text.len(), 91);
            let end = match holder {
                Holder::Landing => Instant::from_secs(session().link.expires),
                _ => session().began + Span::from_secs(PRESS_MAX_S),
            };
            assert_eq!(seal().open(&text, holder, session().began), Ok(session()));
            assert_eq!(seal().open(&text, holder, Instant::from_millis(end.millis() - 1)), Ok(session()));
            assert_eq!(seal().open(&text, holder, end), Err(BadSession::Expired));
            for other in HOLDERS.into_iter().filter(|other| *other != holder) {
                assert_eq!(seal().open(&text, other, session().began), Err(BadSession::Invalid), "{other:?}");
            }
        }
    }

    #[test]
    fn only_a_browser_completes_a_proof() {
        for holder in HOLDERS {
            let text = seal().seal(&Session { completed: true, ..session() }, holder).unwrap();
            let completed = matches!(holder, Holder::Browser(_));
            let expected = Session { completed, ..session() };
            assert_eq!(seal().open(&text, holder, session().began), Ok(expected), "{holder:?}");
        }
    }

    #[test]
    fn a_changed_session_is_none() {
        let text = seal().seal(&session(), Holder::App).unwrap();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let opened = seal().open(&changed, Holder::App, session().began);
            assert_eq!(opened, Err(BadSession::Invalid), "character {at}");
            assert_eq!(
                seal().open(&text[..at], Holder::App, session().began),
                Err(BadSession::Invalid),
                "{at} characters"
            );
        }
        let ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
        let other = SessionSeal::new(&ring, "go.example.org");
        assert_eq!(other.open(&text, Holder::App, session().began), Err(BadSession::Invalid));
    }

    #[test]
    fn a_session_is_of_somebody() {
        let link = LinkRef { has_subject: false, ..session().link };
        assert_eq!(seal().seal(&Session { link, ..session() }, Holder::App), None);
    }

    #[test]
    fn a_session_from_the_future_is_believed_within_clock_skew_alone() {
        let text = seal().seal(&session(), Holder::App).unwrap();
        let began = session().began.millis();
        let skew = u64::from(crate::limits::CLOCK_SKEW_S) * 1_000;
        assert!(seal().open(&text, Holder::App, Instant::from_millis(began - skew)).is_ok());
        let earlier = Instant::from_millis(began - skew - 1);
        assert_eq!(seal().open(&text, Holder::App, earlier), Err(BadSession::Expired));
    }
}
