//! Any answer of a browser: no panic, and nothing passes that differs from what it should be in a byte that matters.
//!
//! Parts come as they are, or as the right ones with some bytes changed, so that what lies behind a check is reached too.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use postern::id::encode_bytes;
use postern::key::sha256;
use postern::limits::{PASSKEY_ID_MAX, PASSKEY_ID_MIN};
use postern::passkey::{
    Assertion, CredentialId, Passkey, PublicKey, Registration, RelyingParty, UserVerification,
};
use postern::person::{Counted, Person};

const CHALLENGE: [u8; 32] = [5; 32];
const ID: [u8; 16] = [7; 16];
const ES256: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const ED25519: [u8; 10] = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];

#[derive(Arbitrary, Debug)]
struct Attempt<'a> {
    is_registration: bool,
    is_required: bool,
    is_es256: bool,
    id: Option<&'a [u8]>,
    client_data: Part<'a>,
    /// Of the authenticator, without the attestation object around them.
    data: Part<'a>,
    flags: Option<u8>,
    counter: u32,
    stored: u32,
    extensions: Option<&'a [u8]>,
    statement: Option<&'a [u8]>,
    object: Part<'a>,
    signature: Part<'a>,
    text: Option<&'a str>,
}

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Right,
    Changed { at: u16, to: u8 },
    Cut { at: u16 },
    Other(&'a [u8]),
}

impl Part<'_> {
    fn of(&self, mut right: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Right => {}
            Self::Changed { at, to } => {
                let length = right.len().max(1);
                if let Some(byte) = right.get_mut(usize::from(*at) % length) {
                    *byte = *to;
                }
            }
            Self::Cut { at } => right.truncate((*at).into()),
            Self::Other(bytes) => return bytes.to_vec(),
        }
        right
    }
}

fuzz_target!(|attempt: Attempt<'_>| {
    let party = RelyingParty::new("go.example.com").unwrap();
    let verification =
        if attempt.is_required { UserVerification::Required } else { UserVerification::Preferred };
    let id = attempt.id.unwrap_or(&ID).to_vec();
    let right_client_data = client_data(attempt.is_registration);
    let client_data = attempt.client_data.of(right_client_data.clone());
    let data = attempt.data.of(authenticator_data(&attempt, &id));
    let json = match attempt.text {
        Some(text) => text.to_owned(),
        None => json(&attempt, &id, &client_data, &data),
    };
    if attempt.is_registration {
        let Ok(made) = Registration::read(&json, &party, &CHALLENGE, verification) else { return };
        let kept = serde_json::to_string(&made.passkey).unwrap();
        assert_eq!(serde_json::from_str::<Passkey>(&kept).unwrap(), made.passkey);
        assert!((PASSKEY_ID_MIN..=PASSKEY_ID_MAX).contains(&made.passkey.id.as_bytes().len()));
        assert!(made.is_user_verified || !attempt.is_required);
        return;
    }
    let Ok(assertion) = Assertion::read(&json) else { return };
    let Some(stored) = CredentialId::new(id) else { return };
    let key = if attempt.is_es256 { PublicKey::Es256([4; 65]) } else { PublicKey::EdDsa([1; 32]) };
    let passkeys = [Passkey { id: stored.clone(), key, counter: attempt.stored }];
    let Ok(signed) = assertion.check(&party, &CHALLENGE, verification, &passkeys, &[3; 16]) else { return };
    // Whatever passed is what a passkey signs for us: the right host, and a present, verified person.
    assert_eq!(signed.data().len(), data.len() + 32);
    assert_eq!(&signed.data()[..32], sha256(&[b"go.example.com"]));
    assert!(signed.data()[32] & 1 == 1 && (signed.data()[32] & 4 == 4 || !attempt.is_required));
    assert_eq!(&signed.data()[data.len()..], sha256(&[&client_data]));
    let counter = u32::from_be_bytes(signed.data()[33..37].try_into().unwrap());
    let used = signed.settle(true).unwrap();
    assert!(used.id == stored && used.counter == counter);
    let mut person = Person { passkeys: passkeys.to_vec(), ..Person::default() };
    let counted = person.count_passkey(&used.id, used.counter);
    let has_grown = counter > attempt.stored || counter == 0 && attempt.stored == 0;
    assert_eq!(counted == Some(Counted::Fresh), has_grown);
    assert_eq!(person.passkeys[0].counter, counter.max(attempt.stored));
});

fn client_data(is_registration: bool) -> Vec<u8> {
    let kind = if is_registration { "create" } else { "get" };
    let challenge = encode_bytes(&CHALLENGE);
    format!(
        r#"{{"type":"webauthn.{kind}","challenge":"{challenge}","origin":"https://go.example.com","crossOrigin":false}}"#
    )
    .into_bytes()
}

fn authenticator_data(attempt: &Attempt<'_>, id: &[u8]) -> Vec<u8> {
    let mut data = sha256(&[b"go.example.com"]).to_vec();
    let attested = if attempt.is_registration { 0x40 } else { 0 };
    let extended = if attempt.extensions.is_some() { 0x80 } else { 0 };
    data.push(attempt.flags.unwrap_or(0x05 | attested | extended));
    data.extend(attempt.counter.to_be_bytes());
    if attempt.is_registration {
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(id);
        data.extend(if attempt.is_es256 { ES256 } else { ED25519 });
        data.extend([2; 32]);
        if attempt.is_es256 {
            data.extend([0x22, 0x58, 0x20]);
            data.extend([2; 32]);
        }
    }
    data.extend(attempt.extensions.unwrap_or_default());
    data
}

fn json(attempt: &Attempt<'_>, id: &[u8], client_data: &[u8], data: &[u8]) -> String {
    let id = encode_bytes(id);
    let client_data = encode_bytes(client_data);
    let rest = if attempt.is_registration {
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt".to_vec();
        object.extend(attempt.statement.unwrap_or(b"\xa0"));
        object.extend(b"\x68authData\x59");
        object.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
        object.extend(data);
        // A short one has a shorter head.
        if data.len() < 256 {
            let at = object.len() - data.len() - 3;
            object.splice(at..at + 2, [0x58]);
        }
        format!(r#""attestationObject":"{}""#, encode_bytes(&attempt.object.of(object)))
    } else {
        let right = if attempt.is_es256 {
            [&[0x30, 0x44, 0x02, 0x20][..], &[1; 32], &[0x02, 0x20], &[1; 32]].concat()
        } else {
            vec![1; 64]
        };
        let signature = encode_bytes(&attempt.signature.of(right));
        format!(r#""authenticatorData":"{}","signature":"{signature}""#, encode_bytes(data))
    };
    format!(
        r#"{{"id":"{id}","rawId":"{id}","type":"public-key","response":{{"clientDataJSON":"{client_data}",{rest}}}}}"#
    )
}
