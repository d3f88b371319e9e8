//! Signatures, verified natively: what WebCrypto does for the worker.

use ed25519_dalek::VerifyingKey as EdwardsKey;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use postern::passkey::{Algorithm, PublicKey};

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
            key.is_ok_and(|key| key.verify_strict(data, &signature.into()).is_ok())
        }
    }
}
