//! What must be the same in the worker's own instruction set: the golden vectors, and the MAC behind them.
//!
//! In wasm32 the SHA-256 is another implementation (simd128), so a right answer on the host proves nothing there. The
//! file builds natively too, so that it cannot rot.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic in a test is the report"
)]

use core::fmt::Write as _;

use postern::key::{MacKey, sha256};

#[path = "../vectors/check.rs"]
mod check;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_golden_vectors_hold() {
    check::check(check::FILE);
}

/// RFC 4231 §4.3 and FIPS 180-4's two-block message, at every cut.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_hash_is_sha_256() {
    let tag = MacKey::new(b"Jefe").tag::<16>(&[b"what do ya want ", b"for nothing?"]);
    assert_eq!(hex(&tag), "5bdcc146bf60754e6a042426089575c7");
    let message = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for at in 0..=message.len() {
        let (head, tail) = message.split_at(at);
        let hash = hex(&sha256(&[head, tail]));
        assert_eq!(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
}

/// A task that two things may wake is not left to wait for one of them.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn a_task_that_waits_for_either_of_two_goes_on_with_the_first() {
    use core::future::poll_fn;
    use core::pin::pin;
    use core::task::Poll;

    use js_sys::{Array, Function, Promise};
    use postern::edge::task::{Settled, run};
    use wasm_bindgen::JsValue;
    use wasm_bindgen_futures::JsFuture;

    let either = async {
        let mut never = pin!(Settled::of(Promise::new(&mut |_, _| {})));
        let mut soon = pin!(JsFuture::from(Promise::resolve(&JsValue::from(7))));
        poll_fn(|context| match never.as_mut().poll(context) {
            Poll::Pending => soon.as_mut().poll(context),
            settled => settled,
        })
        .await
    };
    // A test that nothing wakes would end without a word, and count as passed.
    let late = "return new Promise((_, fail) => setTimeout(fail, 1000, 'nobody woke it'))";
    let late = Function::new_no_args(late).call0(&JsValue::UNDEFINED).unwrap();
    let first = Promise::race(&Array::of2(&run(either).unwrap(), &late));
    assert_eq!(JsFuture::from(first).await, Ok(JsValue::from(7)));
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
