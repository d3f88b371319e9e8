//! Passkeys against the specification's own vectors (Web Authentication Level 3 §16), and against everything near them.

use postern::id::{decode_within, encode_bytes};
use postern::passkey::{
    Assertion, CredentialId, Passkey, Refusal, Registration, RelyingParty, Used, UserVerification,
};
use postern::person::{Counted, Person};
use postern::sim::{Call, Fault, World, block_on};
use postern::time::Instant;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use serde::Deserialize;

use crate::signatures::verify;

const USER: &[u8] = b"a person's handle";
const PREFERRED: UserVerification = UserVerification::Preferred;
const REQUIRED: UserVerification = UserVerification::Required;

#[derive(Deserialize)]
struct Document {
    vectors: Vec<Vector>,
}

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    credential_id: Hex,
    registration: Registered,
    authentication: Asserted,
}

#[derive(Clone, Deserialize)]
struct Registered {
    challenge: Hex,
    client_data_json: Hex,
    attestation_object: Hex,
}

#[derive(Clone, Deserialize)]
struct Asserted {
    challenge: Hex,
    client_data_json: Hex,
    authenticator_data: Hex,
    signature: Hex,
}

#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let pairs = (0..text.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16)).collect::<Result<_, _>>().map(Self)
    }
}

impl Hex {
    fn text(&self) -> String {
        encode_bytes(&self.0)
    }

    fn challenge(&self) -> [u8; 32] {
        self.0.clone().try_into().unwrap()
    }
}

fn vectors() -> Vec<Vector> {
    let document: Document = serde_json::from_str(include_str!("../vectors/webauthn-level-3.json")).unwrap();
    document.vectors
}

fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).unwrap()
}

fn party() -> RelyingParty {
    RelyingParty::new("example.org").unwrap()
}

impl Vector {
    fn registration_json(&self) -> String {
        let id = self.credential_id.text();
        let Registered { client_data_json, attestation_object, .. } = &self.registration;
        format!(
            r#"{{"id":"{id}","rawId":"{id}","type":"public-key","clientExtensionResults":{{}},"response":
            {{"clientDataJSON":"{}","attestationObject":"{}","transports":["internal"]}}}}"#,
            client_data_json.text(),
            attestation_object.text()
        )
    }

    fn assertion_json(&self) -> String {
        let id = self.credential_id.text();
        let Asserted { client_data_json, authenticator_data, signature, .. } = &self.authentication;
        format!(
            r#"{{"id":"{id}","rawId":"{id}","type":"public-key","authenticatorAttachment":"platform","response":
            {{"clientDataJSON":"{}","authenticatorData":"{}","signature":"{}","userHandle":"{}"}}}}"#,
            client_data_json.text(),
            authenticator_data.text(),
            signature.text(),
            encode_bytes(USER)
        )
    }

    fn register(&self, verification: UserVerification) -> Result<Registration, Refusal> {
        let challenge = self.registration.challenge.challenge();
        Registration::read(&self.registration_json(), &party(), &challenge, verification)
    }

    fn assert(&self, passkey: &Passkey, verification: UserVerification) -> Result<Used, Refusal> {
        let challenge = self.authentication.challenge.challenge();
        let keys = core::slice::from_ref(passkey);
        let assertion = Assertion::read(&self.assertion_json())?;
        let signed = assertion.check(&party(), &challenge, verification, keys, USER)?;
        let is_right = verify(signed.key(), signed.signature(), signed.data());
        signed.settle(is_right)
    }
}

#[test]
fn the_vectors_of_the_specification_hold() {
    let mut held = Vec::new();
    for vector in vectors() {
        let name = vector.name.as_str();
        let registered = match vector.register(PREFERRED) {
            Ok(registered) => registered,
            Err(refusal) => {
                held.push((vector.name, Err(refusal.code())));
                continue;
            }
        };
        assert_eq!(registered.passkey.id.as_bytes(), vector.credential_id.0, "{name}");
        assert_eq!(registered.passkey.counter, 0, "{name}");
        let used = vector.assert(&registered.passkey, PREFERRED).unwrap();
        assert_eq!((used.id, used.counter), (registered.passkey.id, 0), "{name}");
        held.push((vector.name, Ok(())));
    }
    let held: Vec<_> = held.iter().map(|(name, result)| (name.as_str(), *result)).collect();
    assert_eq!(
        held,
        [
            ("none.ES256", Ok(())),
            ("packed-self.ES256", Ok(())),
            // Valid, but not for a door that nobody may frame and that keeps short ids.
            ("none.ES256.crossOrigin", Err("passkey.framed")),
            ("none.ES256.topOrigin", Err("passkey.framed")),
            ("none.ES256.long-credential-id", Err("passkey.id")),
            ("packed.EdDSA", Ok(())),
        ]
    );
}

/// §16.4 and §16.5 are right in all but where they were made.
#[test]
fn a_framed_page_is_the_only_fault_of_the_vectors_from_one() {
    for name in ["none.ES256.crossOrigin", "none.ES256.topOrigin"] {
        let mut vector = vector(name);
        let json = String::from_utf8(vector.registration.client_data_json.0).unwrap();
        let json = json.replace(r#""crossOrigin":true"#, r#""crossOrigin":false"#);
        vector.registration.client_data_json.0 = json.replace("topOrigin", "other").into_bytes();
        let registered = vector.register(PREFERRED).unwrap();
        assert_eq!(vector.assert(&registered.passkey, PREFERRED), Err(Refusal::Framed), "{name}");
    }
}

#[test]
fn user_verification_is_demanded_where_it_is_required() {
    // Of §16's flags: UV is set in the registration of one and in the assertion of the other.
    let (self_attested, plain) = (vector("packed-self.ES256"), vector("none.ES256"));
    assert!(self_attested.register(REQUIRED).unwrap().is_user_verified);
    assert_eq!(plain.register(REQUIRED), Err(Refusal::Verification));
    let passkey = plain.register(PREFERRED).unwrap().passkey;
    assert_eq!(plain.assert(&passkey, REQUIRED), Err(Refusal::Verification));
    assert!(!plain.assert(&passkey, PREFERRED).unwrap().is_user_verified);
}

#[test]
fn a_passkey_proves_for_its_owner_alone() {
    let vector = vector("none.ES256");
    let passkey = vector.register(PREFERRED).unwrap().passkey;
    let challenge = vector.authentication.challenge.challenge();
    let check = |party: &RelyingParty, challenge: &[u8; 32], keys: &[Passkey], user: &[u8]| {
        let assertion = Assertion::read(&vector.assertion_json()).unwrap();
        assertion.check(party, challenge, PREFERRED, keys, user).map(|_| ())
    };
    let keys = core::slice::from_ref(&passkey);
    assert_eq!(check(&party(), &challenge, keys, USER), Ok(()));
    assert_eq!(check(&party(), &challenge, &[], USER), Err(Refusal::Unknown));
    let other = Passkey { id: CredentialId::new(vec![0; 32]).unwrap(), ..passkey.clone() };
    assert_eq!(check(&party(), &challenge, &[other], USER), Err(Refusal::Unknown));
    assert_eq!(check(&party(), &challenge, keys, b"another"), Err(Refusal::User));
    assert_eq!(check(&party(), &[0; 32], keys, USER), Err(Refusal::Challenge));
    let elsewhere = RelyingParty::new("example.com").unwrap();
    assert_eq!(check(&elsewhere, &challenge, keys, USER), Err(Refusal::Origin));
    // Another key under the same id.
    let key = self::vector("packed-self.ES256").register(PREFERRED).unwrap().passkey.key;
    assert_eq!(vector.assert(&Passkey { key, ..passkey }, PREFERRED), Err(Refusal::Signature));
}

/// What the one who keeps a passkey makes of its counter.
fn count(passkey: &Passkey, used: &Used) -> Option<Counted> {
    let mut person = Person { passkeys: vec![passkey.clone()], ..Person::default() };
    person.count_passkey(&used.id, used.counter)
}

/// The counter grows, or is 0 on both sides (§7.2 step 22); and a wrong signature says nothing of it.
#[test]
fn a_counter_that_does_not_grow_is_told_only_of_a_right_signature() {
    let vector = vector("none.ES256");
    let passkey = vector.register(PREFERRED).unwrap().passkey;
    let ahead = Passkey { counter: 1, ..passkey.clone() };
    let used = vector.assert(&passkey, PREFERRED).unwrap();
    assert_eq!((used.counter, count(&passkey, &used)), (0, Some(Counted::Fresh)));
    let used = vector.assert(&ahead, PREFERRED).unwrap();
    assert_eq!(count(&ahead, &used), Some(Counted::Fell));
    let mut wrong = vector;
    *wrong.authentication.signature.0.last_mut().unwrap() ^= 1;
    assert_eq!(wrong.assert(&ahead, PREFERRED), Err(Refusal::Signature));
}

#[test]
fn the_port_has_the_last_word() {
    let vector = vector("packed.EdDSA");
    let passkey = vector.register(PREFERRED).unwrap().passkey;
    let challenge = vector.authentication.challenge.challenge();
    let signed = || {
        let assertion = Assertion::read(&vector.assertion_json()).unwrap();
        assertion.check(&party(), &challenge, PREFERRED, core::slice::from_ref(&passkey), USER).unwrap()
    };
    let world = World::new(Instant::from_secs(1));
    let prove = || block_on(postern::flow::prove(&world, signed()));
    assert_eq!(prove(), Ok(Err(Refusal::Signature)), "a world without a verifier believes nothing");
    world.verify_with(verify);
    assert!(prove().unwrap().is_ok());
    world.fail_next(Call::Verify, Fault::Before);
    assert!(prove().is_err());
}

#[test]
fn the_outer_json_is_read_strictly_where_it_matters() {
    let vector = vector("none.ES256");
    let json = vector.assertion_json();
    let id = vector.credential_id.text();
    let refuses = |from: &str, to: &str, refusal: Refusal| {
        assert!(json.contains(from), "{from}");
        assert_eq!(Assertion::read(&json.replacen(from, to, 1)).unwrap_err(), refusal, "{from} -> {to}");
    };
    refuses("public-key", "password", Refusal::Json);
    refuses(r#""rawId""#, r#""rawID""#, Refusal::Json);
    refuses(&format!(r#""rawId":"{id}""#), r#""rawId":"AAAAAAAAAAAAAAAAAAAAAA""#, Refusal::Id);
    refuses(&format!(r#""id":"{id}","rawId":"{id}""#), r#""id":"AA","rawId":"AA""#, Refusal::Id);
    refuses(
        &format!(r#""id":"{id}","rawId":"{id}""#),
        &format!(r#""id":"{id}=","rawId":"{id}=""#),
        Refusal::Id,
    );
    refuses(r#""signature":""#, r#""signature":"+"#, Refusal::Json);
    refuses(r#""signature""#, r#""signed""#, Refusal::Json);
    refuses(r#""response""#, r#""responses""#, Refusal::Json);
    refuses(r#""authenticatorAttachment""#, r#""type""#, Refusal::Json);
    refuses(r#""userHandle":""#, r#""userHandle":" "#, Refusal::Json);
    for none in ["null", "\"\""] {
        let json = json.replacen(&format!(r#""{}""#, encode_bytes(USER)), none, 1);
        assert!(Assertion::read(&json).is_ok(), "{none}");
    }
    for json in ["", "{}", "[]", "null", r#"{"type":"public-key"}"#] {
        assert_eq!(Assertion::read(json).unwrap_err(), Refusal::Json, "{json}");
    }
    let padded = format!("{json}{}", " ".repeat(postern::limits::PASSKEY_JSON_MAX));
    assert_eq!(Assertion::read(&padded).unwrap_err(), Refusal::Json);
}

/// Each case makes one change to the authenticator data of §16.2's registration.
#[test]
fn authenticator_data_are_of_their_form() {
    const FLAGS: usize = 32;
    let vector = vector("none.ES256");
    let object = &vector.registration.attestation_object.0;
    let (head, data) = object.split_at(30);
    assert_eq!(head[28..], [0x58, 0xa4]);
    let register = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut data = data.to_vec();
        change(&mut data);
        let mut vector = vector.clone();
        let length = u8::try_from(data.len()).unwrap();
        vector.registration.attestation_object.0 = [&head[..29], &[length], &data].concat();
        vector.register(PREFERRED).map(|_| ()).map_err(Refusal::code)
    };
    let wrong = Err("passkey.authenticator_data");
    assert_eq!(register(&|_| ()), Ok(()));
    assert_eq!(register(&|data| data[0] ^= 1), Err("passkey.relying_party"));
    assert_eq!(register(&|data| data[FLAGS] &= !0x01), Err("passkey.presence"));
    assert_eq!(register(&|data| data[FLAGS] = 0x51), Err("passkey.backup"));
    assert_eq!(register(&|data| data[FLAGS] = 0x49), Ok(()), "eligible for backup, not backed up");
    assert_eq!(register(&|data| data[FLAGS] |= 0x22), Ok(()), "bits without a meaning yet");
    assert_eq!(register(&|data| data[FLAGS] &= !0x40), wrong, "a credential that no flag announces");
    assert_eq!(register(&|data| data.truncate(37)), wrong);
    assert_eq!(
        register(&|data| {
            data.truncate(37);
            data[FLAGS] &= !0x40;
        }),
        wrong,
        "no credential"
    );
    assert_eq!(register(&|data| data.push(0)), wrong);
    assert_eq!(register(&|data| data[FLAGS] |= 0x80), wrong, "extensions are announced and absent");
    let extended = |extensions: &'static [u8]| {
        register(&move |data: &mut Vec<u8>| {
            data[FLAGS] |= 0x80;
            data.extend(extensions);
        })
    };
    assert_eq!(extended(b"\xa1\x6bcredProtect\x02"), Ok(()));
    assert_eq!(extended(b"\xa0"), Ok(()));
    assert_eq!(extended(b"\xa0\xa0"), wrong);
    assert_eq!(extended(b"\x80"), wrong, "no map");
    assert_eq!(extended(b"\xa1\x61a"), wrong, "half a pair");
    assert_eq!(extended(b"\xbf\xff"), wrong, "of no definite length");
    assert_eq!(register(&|data| data[87] ^= 1), Err("passkey.key"), "another type of key");
    assert_eq!(register(&|data| data[55] ^= 1), Err("passkey.id"), "another id than the browser says");
    assert_eq!(register(&|data| data[54] = 0), Err("passkey.key"), "an id of no length");
}

#[test]
fn attestation_objects_are_of_their_form() {
    let vector = vector("none.ES256");
    let object = vector.registration.attestation_object.0.clone();
    let data = &object[30..];
    let register = |object: Vec<u8>| {
        let mut vector = vector.clone();
        vector.registration.attestation_object.0 = object;
        vector.register(PREFERRED).map(|_| ()).map_err(Refusal::code)
    };
    let wrong = Err("passkey.attestation");
    let (format, statement) = (&b"\x63fmt\x64none"[..], &b"\x67attStmt\xa0"[..]);
    let auth_data = [b"\x68authData\x58\xa4", data].concat();
    assert_eq!(register([b"\xa3", format, statement, &auth_data].concat()), Ok(()));
    assert_eq!(register([b"\xa3", auth_data.as_slice(), statement, format].concat()), Ok(()), "any order");
    assert_eq!(register([&b"\xa3"[..], b"\x63fmt\x6dandroid-thing", statement, &auth_data].concat()), Ok(()));
    assert_eq!(register([b"\xa2", format, &auth_data].concat()), wrong);
    assert_eq!(register([b"\xa3", format, format, &auth_data].concat()), wrong, "a name twice");
    assert_eq!(register([b"\xa3", auth_data.as_slice(), &auth_data, format].concat()), wrong);
    assert_eq!(register([b"\xa4", format, statement, &auth_data, b"\x61a\x00"].concat()), wrong);
    assert_eq!(register([b"\xa3", format, statement, &auth_data, b"\x00"].concat()), wrong, "more after it");
    assert_eq!(register([b"\xa3", format, b"\x67attStmt\x80", &auth_data].concat()), wrong, "no map");
    assert_eq!(register([&b"\xa3"[..], b"\x63fmt\x00", statement, &auth_data].concat()), wrong, "no text");
    assert_eq!(register([b"\xbf", format, statement, &auth_data, b"\xff"].concat()), wrong);
    let deep = [b"\xa3", format, b"\x67attStmt\xa1\x61a\x81\x81\x81\x80", &auth_data].concat();
    assert_eq!(register(deep), wrong);
}

/// What `www/passkey.js` posted from Chromium with a virtual authenticator, in `tests/browser/passkey.test.mjs`.
#[derive(Deserialize)]
struct Answers {
    host: String,
    /// As the options had them: challenges of one byte each, and the user's handle.
    registered_for: u8,
    asserted_for: u8,
    handle: String,
    /// Each with user verification, and a later one.
    registration: String,
    assertions: Vec<String>,
}

fn check_answers(json: &str) {
    let answers: Answers = serde_json::from_str(json).unwrap();
    let party = RelyingParty::new(&answers.host).unwrap();
    let read = |challenge: u8| Registration::read(&answers.registration, &party, &[challenge; 32], REQUIRED);
    assert_eq!(read(answers.asserted_for).unwrap_err(), Refusal::Challenge);
    let mut passkey = read(answers.registered_for).unwrap().passkey;
    let handle = decode_within(&answers.handle, 64).unwrap();
    let prove = |json: &str, passkey: &Passkey| {
        let assertion = Assertion::read(json).unwrap();
        assert_eq!(assertion.id(), &passkey.id);
        let keys = core::slice::from_ref(passkey);
        let signed = assertion.check(&party, &[answers.asserted_for; 32], REQUIRED, keys, &handle).unwrap();
        let is_right = verify(signed.key(), signed.signature(), signed.data());
        signed.settle(is_right)
    };
    for json in &answers.assertions {
        let used = prove(json, &passkey).unwrap();
        assert!(used.is_user_verified && count(&passkey, &used) == Some(Counted::Fresh));
        passkey.counter = used.counter;
        let again = prove(json, &passkey).unwrap();
        assert_eq!(
            count(&passkey, &again),
            Some(Counted::Repeated),
            "once more, with the counter that was kept"
        );
    }
    assert!(answers.assertions.len() >= 2);
}

#[test]
fn what_chromium_said_proves() {
    check_answers(include_str!("../vectors/passkey-chromium.json"));
}

#[test]
#[ignore = "run by tests/browser/passkey.test.mjs, which has the answers"]
fn what_a_browser_said_just_now_proves() {
    check_answers(&std::fs::read_to_string(std::env::var("ANSWERS").unwrap()).unwrap());
}

fn flip(bytes: &mut [u8], bit: usize) {
    let length = bytes.len();
    bytes[bit / 8 % length] ^= 1 << (bit % 8);
}

/// Bits of all that the signature covers, and of the signature.
#[test]
fn an_assertion_with_any_bit_flipped_is_refused() {
    for name in ["none.ES256", "packed-self.ES256", "packed.EdDSA"] {
        let vector = vector(name);
        let passkey = vector.register(PREFERRED).unwrap().passkey;
        let lengths = [
            vector.authentication.client_data_json.0.len(),
            vector.authentication.authenticator_data.0.len(),
            vector.authentication.signature.0.len(),
        ];
        for (part, length) in lengths.into_iter().enumerate() {
            // Each bit of authenticator data; of the others as many as there is time for, all of them over the bytes.
            for bit in (0..length * 8).step_by([29, 1, 5][part]) {
                let mut vector = vector.clone();
                let Asserted { client_data_json, authenticator_data, signature, .. } =
                    &mut vector.authentication;
                flip([client_data_json, authenticator_data, signature][part].0.as_mut_slice(), bit);
                assert!(vector.assert(&passkey, PREFERRED).is_err(), "{name}: bit {bit} of part {part}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_as_any_part_are_refused(
        part in 0..5_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut vector = vector("none.ES256");
        let passkey = vector.register(PREFERRED).unwrap().passkey;
        let parts = [
            &mut vector.registration.client_data_json,
            &mut vector.registration.attestation_object,
            &mut vector.authentication.client_data_json,
            &mut vector.authentication.authenticator_data,
            &mut vector.authentication.signature,
        ];
        let part = parts.into_iter().nth(part).unwrap();
        let is_same = part.0 == bytes;
        part.0 = bytes;
        let is_good = vector.register(PREFERRED).is_ok() && vector.assert(&passkey, PREFERRED).is_ok();
        prop_assert_eq!(is_good, is_same);
    }

    /// A registration's key is whatever it says, so only its form can be wrong: what is read is what was sent.
    #[test]
    fn a_registration_with_a_bit_flipped_is_refused_or_another(bit in 0..194 * 8_usize) {
        let vector = vector("none.ES256");
        let good = vector.register(PREFERRED).unwrap();
        let mut other = vector.clone();
        flip(&mut other.registration.attestation_object.0, bit);
        if let Ok(registered) = other.register(PREFERRED) {
            // Format, AAGUID, counter, flags without effect, or the key's coordinates.
            let same_id = registered.passkey.id == good.passkey.id;
            prop_assert!(same_id);
            let used = vector.assert(&registered.passkey, PREFERRED);
            prop_assert!(used.is_ok() == (registered.passkey.key == good.passkey.key));
            let is_fresh = used.is_ok_and(|used| count(&registered.passkey, &used) == Some(Counted::Fresh));
            prop_assert!(is_fresh == (registered.passkey.key == good.passkey.key && registered.passkey.counter == 0));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,300}") {
        prop_assert!(Assertion::read(&text).is_err());
        prop_assert!(Registration::read(&text, &party(), &[0; 32], PREFERRED).is_err());
        let _ = decode_within(&text, 64);
    }
}
