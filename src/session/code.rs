//! One-time codes as people see and type them, and as the gate knows them.
//!
//! A code is 6 to 8 digits. It leaves in a message and is kept nowhere: the gate keeps its keyed hash, bound to link and
//! nonce, so a code that was sent to one attempt is none for another. There are few codes, so the hash protects them
//! only from who has the rows without the keys.

use crate::digit;
use crate::id::{LinkId, Nonce, Tag};
use crate::key::{KeyRing, MacKeys, Purpose, Sealed};
use crate::limits::{CODE_TYPED_CHARS_MAX, RELAY_DIGITS};
use crate::time::Instant;
use crate::token::LinkRef;

const DOMAIN: &[u8] = b"postern/code/v1";

/// Draws a code of so many digits, each as likely as any other.
pub fn draw(entropy: &[u8; 32], digits: u8) -> String {
    let (chunks, _) = entropy.as_chunks::<8>();
    let count = 10_u64.pow(u32::from(digits.min(18)));
    // Below this bound every remainder occurs equally often; all four chunks lie above it less than once in 2^128.
    let fair = u64::MAX - u64::MAX % count;
    let mut numbers = chunks.iter().map(|chunk| u64::from_be_bytes(*chunk));
    let number = numbers.find(|number| *number < fair).unwrap_or_default() % count;
    format!("{number:0width$}", width = usize::from(digits))
}

/// The digits of what somebody typed: spaces and hyphens left out, digits of every script read as what they are, as well
/// as the signs around a code that came along (`306821.`, `"306821"`) and the letters that some write before one
/// (`G-306821`). Nothing, if it cannot be a code of so many digits; then no gate needs to be asked, and no try is spent.
pub fn read(typed: &str, digits: u8) -> Option<String> {
    if typed.len() > CODE_TYPED_CHARS_MAX * 4 {
        return None;
    }
    let typed = typed.trim_matches(|character: char| !character.is_alphanumeric());
    let typed = match typed.split_once('-') {
        Some((letters, rest)) if letters.chars().all(|letter| letter.is_ascii_alphabetic()) => rest,
        _ => typed,
    };
    let mut code = String::with_capacity(usize::from(digits));
    for character in typed.chars().filter(|character| !is_between(*character)) {
        code.push(digit::ascii(character)?);
    }
    (code.len() == usize::from(digits)).then_some(code)
}

/// Hashes codes for one host.
#[derive(Clone, Debug)]
pub struct CodeSeal {
    keys: MacKeys,
}

impl CodeSeal {
    pub fn new(ring: &KeyRing, host: &str) -> Self {
        Self { keys: MacKeys::new(ring, Purpose::Session, &[DOMAIN, host.as_bytes()]) }
    }

    /// The tag of a code that was sent to, or typed in, one attempt. `None` when the link's key has ended.
    pub fn code(&self, link: &LinkRef, nonce: Nonce, code: &str, now: Instant) -> Option<Tag> {
        let mac = self.keys.live(link.key, Sealed::Grants, now)?;
        Some(Tag(mac.tag(&[b"/code/", &link.link.0, &nonce.0, code.as_bytes()])))
    }

    /// The tag of a code that one browser shows and another one types: bound to the link alone.
    pub fn relay(&self, link: &LinkRef, code: &str, now: Instant) -> Option<Tag> {
        let mac = self.keys.live(link.key, Sealed::Grants, now)?;
        Some(Tag(mac.tag(&[b"/relay/", &link.link.0, code.as_bytes()])))
    }
}

const fn is_between(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

const _: () = assert!(LinkId::LENGTH == 12 && Nonce::LENGTH == 12 && RELAY_DIGITS <= 18);

#[cfg(test)]
mod tests {
    use super::{CodeSeal, draw, read};
    use crate::id::{KeyId, LinkId, Nonce, Region, ScopeCode};
    use crate::key::{KeyRing, Secret, sha256};
    use crate::time::Instant;
    use crate::token::{LinkRef, Use};

    #[test]
    fn what_people_type_is_read_as_digits() {
        for (typed, expected) in [
            ("123456", Some("123456")),
            ("123 456", Some("123456")),
            (" 123-456\t", Some("123456")),
            ("12\u{a0}34\u{2011}56", Some("123456")),
            ("１２３４５６", Some("123456")),
            ("١٢٣٤٥٦", Some("123456")),
            ("۱۲۳۴۵۶", Some("123456")),
            ("१२३४५६", Some("123456")),
            ("\u{200f}123456", Some("123456")),
            ("000000", Some("000000")),
            ("", None),
            ("12345", None),
            ("1234567", None),
            ("12345O", None),
            ("306821.", Some("306821")),
            ("\"306821\"", Some("306821")),
            ("«306821»", Some("306821")),
            ("(306 821),", Some("306821")),
            ("#306821", Some("306821")),
            ("G-306821", Some("306821")),
            ("\u{de9}\u{de6}\u{dec}\u{dee}\u{de8}\u{de7}", Some("306821")),
            ("៣០៦៨២១", Some("306821")),
            ("၃၀၆၈၂၁", Some("306821")),
            ("𝟑𝟎𝟔𝟖𝟐𝟏", Some("306821")),
            ("12.34.56", None),
            ("G306821", None),
            ("G-3-0682", None),
            ("1-306821", None),
            ("306821 and", None),
            ("½23456", None),
            ("②②②②②②", None),
        ] {
            assert_eq!(read(typed, 6).as_deref(), expected, "{typed:?}");
        }
        assert_eq!(read("1234 5678", 8).as_deref(), Some("12345678"));
        assert_eq!(read(&" ".repeat(10_000), 6), None);
        assert_eq!(read(&format!("{}123456", " ".repeat(10_000)), 6), None);
    }

    #[test]
    fn a_code_has_its_length_and_every_digit_everywhere() {
        for digits in 6..=8_u8 {
            let mut seen = vec![[0_u32; 10]; usize::from(digits)];
            for round in 0..20_000_u32 {
                let code = draw(&sha256(&[&round.to_be_bytes()]), digits);
                assert_eq!(code.len(), usize::from(digits));
                for (place, digit) in code.bytes().enumerate() {
                    seen[place][usize::from(digit - b'0')] += 1;
                }
            }
            // Nine degrees of freedom: 33.7 is passed once in 10,000 by chance.
            for place in seen {
                let expected = 2_000.0;
                let chi: f64 =
                    place.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
                assert!(chi < 33.7, "{digits} digits: {place:?}");
            }
        }
    }

    #[test]
    fn a_number_beyond_the_last_whole_round_is_drawn_again() {
        let mut entropy = [0xff; 32];
        entropy[15] = 7;
        entropy[8..15].fill(0);
        assert_eq!(draw(&entropy, 6), "000007");
    }

    #[test]
    fn a_tag_is_bound_to_link_nonce_kind_host_and_key() {
        let mut ring = KeyRing::new(KeyId(1), Secret::from_bytes([1; 32]), Secret::from_bytes([9; 32]));
        ring.rotate(KeyId(2), Secret::from_bytes([2; 32])).unwrap();
        ring.end(KeyId(1), 1_000, Instant::default()).unwrap();
        let link = LinkRef {
            key: KeyId(1),
            usage: Use::Once,
            has_subject: true,
            expires: 2_000,
            scope: ScopeCode(3),
            region: Region::Weur,
            link: LinkId([5; 12]),
        };
        let (seal, now) = (CodeSeal::new(&ring, "go.example.com"), Instant::from_secs(1));
        let other_host = CodeSeal::new(&ring, "go.example.org");
        let nonce = Nonce([7; 12]);
        let all = [
            seal.code(&link, nonce, "123456", now),
            seal.code(&link, nonce, "123457", now),
            seal.code(&link, Nonce([8; 12]), "123456", now),
            seal.code(&LinkRef { link: LinkId([6; 12]), ..link }, nonce, "123456", now),
            seal.code(&LinkRef { key: KeyId(2), ..link }, nonce, "123456", now),
            seal.relay(&link, "123456", now),
            other_host.code(&link, nonce, "123456", now),
        ];
        for (at, tag) in all.iter().enumerate() {
            assert!(tag.is_some(), "{at}");
            assert!(!all[..at].contains(tag), "{at}");
        }
        assert_eq!(seal.code(&link, nonce, "123456", Instant::from_secs(1_000)), None, "its key has ended");
    }
}
