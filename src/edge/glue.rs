//! The Rust side of `glue.js`.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::edge::task::Settled;
use crate::id::BatchId;
use crate::limits::{OBJECT_BODY_MAX, PORT_TIMEOUT_MS};
use crate::port::Unreachable;

#[wasm_bindgen(module = "/src/edge/people.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = sendAll)]
    fn send_all_js(queue: &JsValue, texts: &str) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = sendEvents)]
    fn send_events_js(queue: &JsValue, messages: &JsValue, ids: &str) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = textsOf)]
    pub fn texts_of(messages: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = turn)]
    fn turn_js(storage: &JsValue, work: &JsValue) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = postAll)]
    fn post_all_js(
        namespace: &JsValue,
        names: &str,
        bodies: &str,
        timeout_ms: u32,
    ) -> Result<js_sys::Promise, JsValue>;
}

#[wasm_bindgen(module = "/src/edge/glue.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = readClick)]
    pub fn read_click(request: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = readHeaders)]
    pub fn read_headers(request: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = readEventHeaders)]
    pub fn read_event_headers(request: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = readBody)]
    fn read_body_js(request: &JsValue, max: u32) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn respond(status: u16, headers: &str, body: Option<&str>) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = respondBytes)]
    pub fn respond_bytes(status: u16, headers: &str, base64: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn redirect(location: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = ask)]
    fn ask_js(
        namespace: &JsValue,
        name: &str,
        hint: Option<&str>,
        errand: &str,
        timeout_ms: u32,
    ) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = readErrand)]
    pub fn read_errand(request: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = answerErrand)]
    pub fn answer_errand(answer: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = post)]
    fn post_js(namespace: &JsValue, name: &str, body: &str) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = loadLink)]
    pub fn load_link(sql: &JsValue, id: &str) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(catch, js_name = readSignatures)]
    pub fn read_signatures(request: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = callProvider)]
    fn call_provider_js(
        url: &str,
        headers: &str,
        body: &str,
        timeout_ms: u32,
        max: u32,
    ) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = insertLink)]
    pub fn insert_link(sql: &JsValue, id: &str, stamp: f64, row: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(catch, js_name = updateLink)]
    pub fn update_link(sql: &JsValue, id: &str, stamp: f64, row: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = kvRead)]
    fn kv_read_js(
        kv: &JsValue,
        keys: &str,
        cache_s: u32,
        timeout_ms: u32,
    ) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = kvWrite)]
    fn kv_write_js(
        kv: &JsValue,
        key: &str,
        text: &str,
        ttl_s: Option<u32>,
        timeout_ms: u32,
    ) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = allows)]
    fn allows_js(limiter: &JsValue, key: &str) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn follow(promise: &js_sys::Promise, task: u32, resume: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    fn sleep(ms: u32) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = verifySignature)]
    fn verify_signature_js(
        is_ecdsa: bool,
        key: &[u8],
        signature: &[u8],
        data: &[u8],
    ) -> Result<js_sys::Promise, JsValue>;
    #[wasm_bindgen(catch)]
    fn entropy() -> Result<js_sys::Uint8Array, JsValue>;
}

/// Asks a Durable Object with a small errand.
///
/// # Errors
/// [`Unreachable`] when the object cannot be reached, fails, or answers anything but its own form.
pub async fn ask(
    namespace: &JsValue,
    name: &str,
    hint: Option<&str>,
    errand: &str,
    timeout_ms: u64,
) -> Result<String, Unreachable> {
    let timeout_ms = u32::try_from(timeout_ms).unwrap_or(u32::MAX);
    settle("a gate", ask_js(namespace, name, hint, errand, timeout_ms)).await
}

/// Sends a body to a Durable Object.
///
/// # Errors
/// [`Unreachable`], as [`ask`].
pub async fn post(
    namespace: &JsValue,
    what: &'static str,
    name: &str,
    body: &str,
) -> Result<String, Unreachable> {
    settle(what, post_js(namespace, name, body)).await
}

/// Sends a different body to each of many Durable Objects at once; names and bodies are lines. The answer is a JSON
/// array with `null` for every object that failed.
///
/// # Errors
/// [`Unreachable`] if nothing could be asked.
pub async fn post_all(
    namespace: &JsValue,
    what: &'static str,
    names: &str,
    bodies: &str,
    timeout_ms: u64,
) -> Result<String, Unreachable> {
    let timeout_ms = u32::try_from(timeout_ms).unwrap_or(u32::MAX);
    settle(what, post_all_js(namespace, names, bodies, timeout_ms)).await
}

/// Puts messages, which are lines, into a queue: all of them, or an error.
///
/// # Errors
/// [`Unreachable`] when the queue refuses. It may have taken them all the same.
pub async fn send_all(queue: &JsValue, texts: &str) -> Result<(), Unreachable> {
    settled("the queue", send_all_js(queue, texts)).await.map(drop)
}

/// Puts batches of audit events, whose texts JavaScript has, into a queue, as [`send_all`].
///
/// # Errors
/// [`Unreachable`], as [`send_all`].
pub async fn send_events(queue: &JsValue, messages: &JsValue, ids: &[BatchId]) -> Result<(), Unreachable> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    settled("the queue", send_events_js(queue, messages, &ids.join("\n"))).await.map(drop)
}

/// Runs `work` in a transaction on an object's storage; nobody else is let into the object before it is over.
///
/// # Errors
/// What `work` or the storage says: nothing was stored. So it is if `work` panics.
pub async fn turn(
    storage: &JsValue,
    work: impl FnOnce() -> Result<(), JsValue> + 'static,
) -> Result<(), JsValue> {
    let work = Closure::once(work);
    JsFuture::from(turn_js(storage, work.as_ref())?).await?;
    Ok(())
}

/// Makes a call to a provider; `headers` is `name\nvalue\nname\nvalue`.
///
/// # Errors
/// [`Unreachable`] when there is no answer in time.
pub async fn call_provider(
    url: &str,
    headers: &str,
    body: &str,
    timeout_ms: u64,
    max: usize,
) -> Result<String, Unreachable> {
    let timeout_ms = u32::try_from(timeout_ms).unwrap_or(u32::MAX);
    let max = u32::try_from(max).unwrap_or(u32::MAX);
    settle("a provider", call_provider_js(url, headers, body, timeout_ms, max)).await
}

/// Reads KV: the texts of the keys, which are lines; none for a key that is absent.
///
/// # Errors
/// [`Unreachable`] when there is no answer in time.
pub async fn kv_read(kv: &JsValue, keys: &str, cache_s: u32) -> Result<Vec<Option<String>>, Unreachable> {
    let timeout_ms = u32::try_from(PORT_TIMEOUT_MS).unwrap_or(u32::MAX);
    let texts = settled("KV", kv_read_js(kv, keys, cache_s, timeout_ms)).await?;
    Ok(texts.unchecked_into::<js_sys::Array>().iter().map(|text| text.as_string()).collect())
}

/// Writes to KV.
///
/// # Errors
/// [`Unreachable`] when there is no answer in time. It may have been written all the same.
pub async fn kv_write(kv: &JsValue, key: &str, text: &str, ttl_s: Option<u32>) -> Result<(), Unreachable> {
    let timeout_ms = u32::try_from(PORT_TIMEOUT_MS).unwrap_or(u32::MAX);
    settled("KV", kv_write_js(kv, key, text, ttl_s, timeout_ms)).await.map(drop)
}

async fn settle(
    what: &'static str,
    promise: Result<js_sys::Promise, JsValue>,
) -> Result<String, Unreachable> {
    let text = settled(what, promise).await?.as_string();
    text.ok_or_else(|| Unreachable { what, cause: "the answer is not text".into() })
}

async fn settled(
    what: &'static str,
    promise: Result<js_sys::Promise, JsValue>,
) -> Result<JsValue, Unreachable> {
    let failed = |error: JsValue| Unreachable { what, cause: describe(&error) };
    Settled::of(promise.map_err(failed)?).await.map_err(failed)
}

/// The request's body, or `None` when it is larger than `max` bytes or breaks off.
pub async fn read_body(request: &JsValue, max: usize) -> Option<Vec<u8>> {
    let max = u32::try_from(max).unwrap_or(u32::MAX);
    let value = Settled::of(read_body_js(request, max).ok()?).await.ok()?;
    value.dyn_into::<js_sys::Uint8Array>().ok().map(|bytes| bytes.to_vec())
}

/// Whether a rate limiter lets `key` pass. One that fails does.
pub async fn allows(limiter: &JsValue, key: &str) -> bool {
    let Ok(promise) = allows_js(limiter, key) else { return true };
    Settled::of(promise).await.map_or(true, |success| success.as_bool().unwrap_or(true))
}

/// Whether a key signed `data`: ECDSA with SHA-256 on P-256, or Ed25519.
///
/// # Errors
/// [`Unreachable`] when the platform fails. What is no key is no failure.
pub async fn verify_signature(
    is_ecdsa: bool,
    key: &[u8],
    signature: &[u8],
    data: &[u8],
) -> Result<bool, Unreachable> {
    let failed = |error: JsValue| Unreachable { what: "WebCrypto", cause: describe(&error) };
    let promise = verify_signature_js(is_ecdsa, key, signature, data).map_err(failed)?;
    Ok(Settled::of(promise).await.map_err(failed)?.is_truthy())
}

/// Inside an object: hands the body of a [`post`] to `answer` and sends back what it says.
pub async fn answer_post(
    request: &JsValue,
    answer: impl AsyncFnOnce(String) -> Result<String, JsValue>,
) -> Result<JsValue, JsValue> {
    let body = read_body(request, OBJECT_BODY_MAX).await.and_then(|bytes| String::from_utf8(bytes).ok());
    let body = body.ok_or_else(|| JsValue::from_str("no readable body"))?;
    respond(200, "content-type\napplication/json", Some(&answer(body).await?))
}

/// Waits in real time. Durable Objects and request contexts both stay alive while they wait.
pub async fn wait(ms: u64) {
    if let Ok(promise) = sleep(u32::try_from(ms).unwrap_or(u32::MAX)) {
        // A timer has nothing to fail with.
        let _ = JsFuture::from(promise).await;
    }
}

/// 32 bytes from the platform's CSPRNG.
pub fn draw() -> Option<[u8; 32]> {
    entropy().ok()?.to_vec().try_into().ok()
}

/// What an exception says, without its stack.
pub fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| "an exception without a message".into()),
    }
}
