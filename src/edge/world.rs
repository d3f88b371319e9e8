//! The ports over the platform: Durable Objects, KV, a queue and a rate limiter.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use worker::Env;

use crate::audit::{Batch, segment};
use crate::edge::log::name;
use crate::edge::people::{Due, Visit, Visited};
use crate::edge::registry::RegistryErrand;
use crate::edge::{glue, isolate};
use crate::flow::{Settings, log, secret_parts};
use crate::gate::{Answer, Change, Place, Trace, Words as _};
use crate::id::{BatchId, Shard, encode_bytes};
use crate::json;
use crate::limits::{CLOCK_SKEW_S, GATE_TIMEOUT_MS, MARKER_CACHE_S, PORT_TIMEOUT_MS, TICK_TIMEOUT_MS};
use crate::passkey::{Algorithm, PublicKey};
use crate::port::{
    AuditLog, Damper, Errand, Export, Gates, Marker, Markers, MintTerms, People, Registry, Remembered,
    Segments, Signatures, Unreachable, change_event,
};
use crate::shard;
use crate::time::{Instant, Span};
use crate::token::LinkRef;

pub const KV: &str = "POSTERN_KV";
const GATE: &str = "GATE";
pub(super) const REGISTRY: &str = "REGISTRY";
const AUDIT: &str = "AUDIT";
const AUDIT_QUEUE: &str = "AUDIT_QUEUE";
const PEOPLE: &str = "PEOPLE";
const OUTREACH_QUEUE: &str = "OUTREACH_QUEUE";
const DAMPER: &str = "DAMPER";
/// KV takes no shorter time to live.
const KV_TTL_MIN_S: u32 = 60;

/// The world as one deployment's bindings give it.
#[derive(Clone)]
pub struct World(Rc<Env>);

impl World {
    pub fn new(env: Env) -> Self {
        Self(Rc::new(env))
    }

    /// The secrets and variables. Absent ones are `None`.
    pub fn settings(&self) -> Settings {
        let text = |name: &str| self.0.var(name).ok().map(|value| value.to_string());
        Settings {
            keys: text("POSTERN_KEYS"),
            api_keys: secret_parts("POSTERN_API_KEYS", text),
            host: text("POSTERN_HOST"),
            environment: text("ENVIRONMENT"),
            providers: secret_parts("POSTERN_PROVIDERS", text),
        }
    }

    /// A KV value; `None` when the key is absent.
    pub async fn kv_text(&self, key: &str, cache_s: u32) -> Result<Option<String>, Unreachable> {
        let texts = glue::kv_read(&self.namespace(KV)?, key, cache_s).await?;
        Ok(texts.into_iter().next().flatten())
    }

    /// Two KV values, asked for at once.
    pub async fn kv_texts(
        &self,
        [one, other]: [&str; 2],
        cache_s: u32,
    ) -> Result<[Option<String>; 2], Unreachable> {
        let texts = glue::kv_read(&self.namespace(KV)?, &format!("{one}\n{other}"), cache_s).await?;
        let mut texts = texts.into_iter();
        Ok([texts.next().flatten(), texts.next().flatten()])
    }

    /// A KV value that nobody has cached.
    #[cfg(feature = "local")]
    pub async fn kv_fresh(&self, key: &str) -> Result<Option<String>, Unreachable> {
        let failed = |cause: String| Unreachable { what: "KV", cause };
        let kv = self.0.kv(KV).map_err(|error| failed(error.to_string()))?;
        let read = kv.get(key).text();
        within("KV", async { read.await.map_err(|error| failed(error.to_string())) }).await
    }

    /// The first keys with a prefix, in order.
    #[cfg(feature = "local")]
    pub async fn kv_keys(&self, prefix: &str, max: usize) -> Result<Vec<String>, Unreachable> {
        let failed = |cause: String| Unreachable { what: "KV", cause };
        let kv = self.0.kv(KV).map_err(|error| failed(error.to_string()))?;
        let limit = u64::try_from(max).unwrap_or(u64::MAX);
        let listed = kv.list().prefix(prefix.to_owned()).limit(limit).execute();
        let listed = within("KV", async { listed.await.map_err(|error| failed(error.to_string())) }).await?;
        Ok(listed.keys.into_iter().map(|key| key.name).collect())
    }

    /// Writes a KV value, for `ttl_s` seconds or for good.
    pub async fn kv_put(&self, key: &str, value: &str, ttl_s: Option<u32>) -> Result<(), Unreachable> {
        let ttl_s = ttl_s.map(|ttl_s| ttl_s.max(KV_TTL_MIN_S));
        glue::kv_write(&self.namespace(KV)?, key, value, ttl_s).await
    }

    fn namespace(&self, name: &'static str) -> Result<JsValue, Unreachable> {
        match js_sys::Reflect::get(self.0.as_ref(), &JsValue::from_str(name)) {
            Ok(value) if !value.is_undefined() => Ok(value),
            _ => Err(Unreachable { what: name, cause: "the binding is missing in wrangler.toml".into() }),
        }
    }

    pub(super) async fn post<T: serde::de::DeserializeOwned>(
        &self,
        binding: &'static str,
        object: &str,
        errand: &impl serde::Serialize,
    ) -> Result<T, Unreachable> {
        let failed = |cause: String| Unreachable { what: binding, cause };
        let body = serde_json::to_string(errand).map_err(|error| failed(error.to_string()))?;
        let namespace = self.namespace(binding)?;
        let answer = within(binding, glue::post(&namespace, binding, object, &body)).await?;
        json::read(&answer).map_err(|error| failed(error.to_string()))
    }

    /// Hands packs of touches, as JSON texts, to delivery.
    pub async fn offer(&self, packs: &[String]) -> Result<(), Unreachable> {
        let queue = self.namespace(OUTREACH_QUEUE)?;
        within("the outreach queue", glue::send_all(&queue, &packs.join("\n"))).await
    }

    /// Tells the roster when shards want to be woken.
    pub async fn report(&self, dues: &[Due]) -> Result<(), Unreachable> {
        self.post(REGISTRY, "registry", &RegistryErrand::Report { dues: dues.to_vec() }).await
    }

    /// The shards that the roster has as due.
    pub async fn due_shards(&self, at: Instant) -> Result<Vec<Shard>, Unreachable> {
        self.post(REGISTRY, "registry", &RegistryErrand::DueShards { at }).await
    }

    /// Asks many shards the same thing at once. `None` for those that did not answer.
    pub async fn visit_all(
        &self,
        shards: &[Shard],
        errand: &shard::Errand,
    ) -> Result<Vec<Option<Visited>>, Unreachable> {
        let failed = |cause: String| Unreachable { what: PEOPLE, cause };
        let (mut names, mut bodies) = (Vec::new(), Vec::new());
        for shard in shards {
            names.push(shard.to_string());
            let visit = Visit { shard: *shard, errand: errand.clone(), now: None };
            bodies.push(serde_json::to_string(&visit).map_err(|error| failed(error.to_string()))?);
        }
        let namespace = self.namespace(PEOPLE)?;
        let answers =
            glue::post_all(&namespace, PEOPLE, &names.join("\n"), &bodies.join("\n"), TICK_TIMEOUT_MS)
                .await?;
        json::read(&answers).map_err(|error| failed(error.to_string()))
    }

    /// Hands batches of audit events, whose texts JavaScript has, to the log.
    pub async fn send_messages(&self, messages: &JsValue, ids: &[BatchId]) -> Result<(), Unreachable> {
        let queue = self.namespace(AUDIT_QUEUE)?;
        match within("the audit queue", glue::send_events(&queue, messages, ids)).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let failed = |cause: String| Unreachable { what: AUDIT, cause };
                let texts = glue::texts_of(messages).map_err(|error| failed(glue::describe(&error)))?;
                let mut batches = Vec::new();
                for (id, text) in ids.iter().zip(texts.lines()) {
                    let events = json::read(text).map_err(|error| failed(error.to_string()))?;
                    batches.push(Batch { id: *id, events });
                }
                self.bypass(&batches, &error).await
            }
        }
    }

    async fn enqueue(&self, text: &str) -> Result<(), Unreachable> {
        within("the audit queue", glue::send_all(&self.namespace(AUDIT_QUEUE)?, text)).await
    }

    /// The queue is the usual way, the log itself the way round it.
    async fn bypass(&self, batches: &[Batch], error: &Unreachable) -> Result<(), Unreachable> {
        worker::console_warn!("{error}; writing to the log directly");
        self.append(batches).await
    }

    /// Appends batches to the log itself, without the queue.
    pub async fn append(&self, batches: &[Batch]) -> Result<(), Unreachable> {
        log::append(batches, &isolate::get().log_reached, self).await
    }
}

/// The result of `work`, unless it takes longer than `PORT_TIMEOUT_MS`.
async fn within<T>(
    what: &'static str,
    work: impl Future<Output = Result<T, Unreachable>>,
) -> Result<T, Unreachable> {
    within_ms(PORT_TIMEOUT_MS, what, work).await
}

/// The result of `work`, unless it takes longer than that.
pub(super) async fn within_ms<T>(
    timeout_ms: u64,
    what: &'static str,
    work: impl Future<Output = Result<T, Unreachable>>,
) -> Result<T, Unreachable> {
    let mut work = pin!(work);
    let mut late = pin!(glue::wait(timeout_ms));
    poll_fn(|context| {
        if let Poll::Ready(result) = work.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        late.as_mut().poll(context).map(|()| Err(Unreachable { what, cause: "no answer in time".into() }))
    })
    .await
}

fn marker_key(link: &LinkRef) -> String {
    format!("link/{link}")
}

impl Gates for World {
    async fn ask(&self, place: Place, errand: &Errand) -> Result<Answer, Unreachable> {
        let namespace = self.namespace(GATE)?;
        let name = place.to_string();
        let answer =
            glue::ask(&namespace, &name, Some(place.region.name()), &errand.to_line(), GATE_TIMEOUT_MS)
                .await?;
        let garbled = || Unreachable { what: "a gate", cause: "its answer could not be read".into() };
        Answer::from_line(&answer).ok_or_else(garbled)
    }
}

impl Markers for World {
    async fn marker(&self, link: &LinkRef) -> Result<Option<Marker>, Unreachable> {
        let text = self.kv_text(&marker_key(link), MARKER_CACHE_S).await?;
        Ok(match text.as_deref() {
            Some("spent") => Some(Marker::Spent),
            Some("revoked") => Some(Marker::Revoked),
            Some("settled") => Some(Marker::Settled),
            Some("locked") => Some(Marker::Locked),
            _ => None,
        })
    }

    async fn mark(&self, link: &LinkRef, marker: Marker, now: Instant) -> Result<(), Unreachable> {
        let end = Instant::from_secs(link.expires) + Span::from_secs(CLOCK_SKEW_S);
        let text = match marker {
            Marker::Spent => "spent",
            Marker::Revoked => "revoked",
            Marker::Settled => "settled",
            Marker::Locked => "locked",
        };
        let ttl_s = u32::try_from(end.since(now).secs_ceil()).unwrap_or(u32::MAX);
        self.kv_put(&marker_key(link), text, Some(ttl_s)).await
    }
}

impl Registry for World {
    async fn deny(&self, link: &LinkRef, trace: Trace) -> Result<Option<Instant>, Unreachable> {
        let event = change_event(trace, Change::Revoked, isolate::now());
        let errand = RegistryErrand::Deny { link: link.link, expires: link.expires, event };
        self.post(REGISTRY, "registry", &errand).await
    }

    async fn denied(&self, link: &LinkRef) -> Result<Option<Instant>, Unreachable> {
        self.post(REGISTRY, "registry", &RegistryErrand::Denied { link: link.link }).await
    }

    async fn remember(
        &self,
        key: [u8; 32],
        body: [u8; 32],
        now: Instant,
        terms: Option<MintTerms>,
    ) -> Result<Remembered, Unreachable> {
        let (key, body) = (encode_bytes(&key), encode_bytes(&body));
        self.post(REGISTRY, "registry", &RegistryErrand::Remember { key, body, now, terms }).await
    }
}

impl Signatures for World {
    async fn verify(&self, key: &PublicKey, signature: &[u8; 64], data: &[u8]) -> Result<bool, Unreachable> {
        let is_ecdsa = key.algorithm() == Algorithm::Es256;
        glue::verify_signature(is_ecdsa, key.as_bytes(), signature, data).await
    }
}

impl Damper for World {
    async fn allows(&self, key: &str) -> bool {
        let Ok(limiter) = self.namespace(DAMPER) else { return true };
        glue::allows(&limiter, key).await
    }
}

impl AuditLog for World {
    async fn send(&self, batch: &Batch) -> Result<(), Unreachable> {
        let failed = |cause: String| Unreachable { what: "the audit queue", cause };
        let text = serde_json::to_string(batch).map_err(|error| failed(error.to_string()))?;
        match self.enqueue(&text).await {
            Ok(()) => Ok(()),
            Err(error) => self.bypass(core::slice::from_ref(batch), &error).await,
        }
    }

    async fn export(&self, from: u64, limit: usize) -> Result<Export, Unreachable> {
        log::export(from, limit, &isolate::get().log_reached, self).await
    }
}

impl Segments for World {
    async fn ask(&self, number: u32, errand: &segment::Errand) -> Result<segment::Answer, Unreachable> {
        self.post(AUDIT, &name(number), errand).await
    }
}

impl People for World {
    async fn visit(&self, shard: Shard, errand: &shard::Errand) -> Result<shard::Answer, Unreachable> {
        let visit = Visit { shard, errand: errand.clone(), now: None };
        let visited: Visited = self.post(PEOPLE, &shard.to_string(), &visit).await?;
        Ok(visited.answer)
    }
}
