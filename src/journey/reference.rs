//! What a touch is called at a provider, and in what the provider sends back.
//!
//! ```text
//! reference = base64url( touch id (24 bytes) || HMAC(touch id, channel) truncated to 16 bytes )     54 characters
//! ```
//!
//! Subjects stand in every token, and a touch's id begins with one: without the MAC, whoever guessed a webhook's log-in
//! could tell of touches that never were. The MAC says as well by which channel the touch went. A touch that was decided
//! before there were MACs keeps its bare id, 32 characters, and is the only one that a bare id counts for.

use crate::id::{TouchId, decode_bytes, encode_bytes};
use crate::key::MacKey;
use crate::policy::{Channel, Provider};

const MAC_LENGTH: usize = 16;
const LENGTH: usize = TouchId::LENGTH + MAC_LENGTH;

/// The reference of a touch.
pub fn reference(lots: &MacKey, touch: TouchId, channel: Channel) -> String {
    let mut bytes = touch.0.to_vec();
    bytes.extend_from_slice(&mac(lots, touch, channel));
    encode_bytes(&bytes)
}

/// The touch that a reference names, and its channel: one that the provider carries. The channel is `None` for a bare id,
/// which proves nothing.
pub fn read_reference(lots: &MacKey, text: &str, provider: Provider) -> Option<(TouchId, Option<Channel>)> {
    if let Ok(touch) = text.parse() {
        return Some((touch, None));
    }
    let bytes: [u8; LENGTH] = decode_bytes(text).ok()?;
    let (touch, tag) = bytes.split_first_chunk::<{ TouchId::LENGTH }>()?;
    let touch = TouchId(*touch);
    let is_its = |channel: &Channel| {
        provider.carries(*channel) && lots.verify(&[b"reference/", &touch.0, channel.name().as_bytes()], tag)
    };
    Channel::ALL.into_iter().find(is_its).map(|channel| (touch, Some(channel)))
}

fn mac(lots: &MacKey, touch: TouchId, channel: Channel) -> [u8; MAC_LENGTH] {
    lots.tag(&[b"reference/", &touch.0, channel.name().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::{read_reference, reference};
    use crate::id::TouchId;
    use crate::key::MacKey;
    use crate::policy::{Channel, Provider};

    const TOUCH: TouchId = TouchId([7; 24]);

    #[test]
    fn a_reference_names_its_touch_and_channel_to_whoever_has_the_key() {
        let key = MacKey::new(b"lots");
        for channel in Channel::ALL {
            let text = reference(&key, TOUCH, channel);
            assert_eq!((text.len(), &text[..32]), (54, &*TOUCH.to_string()));
            let read = |key: &MacKey, text: &str| read_reference(key, text, Provider::Gateway);
            assert_eq!(read(&key, &text), Some((TOUCH, Some(channel))));
            assert_eq!(read(&MacKey::new(b"other"), &text), None);
            let is_email = channel == Channel::Email;
            assert_eq!(read_reference(&key, &text, Provider::Postmark).is_some(), is_email, "{channel:?}");
            for at in 0..text.len() {
                let mut forged = text.clone();
                forged.replace_range(at..=at, if &text[at..=at] == "B" { "C" } else { "B" });
                assert_eq!(read(&key, &forged), None, "{forged}");
            }
        }
    }

    #[test]
    fn a_bare_id_proves_no_channel_and_nothing_else_is_a_reference() {
        let key = MacKey::new(b"lots");
        let read = |text: &str| read_reference(&key, text, Provider::Gateway);
        assert_eq!(read(&TOUCH.to_string()), Some((TOUCH, None)));
        let text = reference(&key, TOUCH, Channel::Sms);
        for bad in ["", "x", &text[..53], &format!("{text}A"), &format!("{TOUCH}.{TOUCH}")] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
