//! The library over the platform: the registry writes, KV is read.

use crate::audit::Event;
use crate::edge::registry::RegistryErrand;
use crate::edge::world::{REGISTRY, World};
use crate::flow::{PAUSED_KEY, kept_policy_key};
use crate::journey::Paused;
use crate::json;
use crate::limits::{BRAND_CACHE_S, POLICY_CACHE_S};
use crate::port::{Activation, Kept, Library, Shelf, Unreachable};

impl Library for World {
    async fn shelf(&self) -> Result<Shelf, Unreachable> {
        self.post(REGISTRY, "registry", &RegistryErrand::Shelf).await
    }

    async fn bundle(&self, version: u32) -> Result<Option<String>, Unreachable> {
        self.kv_text(&kept_policy_key(version), POLICY_CACHE_S).await
    }

    async fn keep(
        &self,
        version: u32,
        bundle: &str,
        images: Vec<(String, String)>,
        event: Event,
    ) -> Result<Kept, Unreachable> {
        let errand = RegistryErrand::Keep { version, bundle: bundle.to_owned(), images, event };
        self.post(REGISTRY, "registry", &errand).await
    }

    async fn image(&self, key: &str) -> Result<Option<String>, Unreachable> {
        self.kv_text(key, BRAND_CACHE_S).await
    }

    async fn activate(&self, version: u32, event: Event) -> Result<Activation, Unreachable> {
        self.post(REGISTRY, "registry", &RegistryErrand::Activate { version, event }).await
    }

    async fn paused(&self) -> Result<Paused, Unreachable> {
        let text = self.kv_text(PAUSED_KEY, POLICY_CACHE_S).await?;
        let read = text.map_or_else(|| Ok(Paused::default()), |text| json::read(&text));
        read.map_err(|error| Unreachable { what: "the list of paused journeys", cause: error.to_string() })
    }

    async fn set_paused(&self, journey: &str, is_paused: bool, event: Event) -> Result<(), Unreachable> {
        let errand = RegistryErrand::SetPaused { journey: journey.to_owned(), is_paused, event };
        self.post(REGISTRY, "registry", &errand).await
    }
}
