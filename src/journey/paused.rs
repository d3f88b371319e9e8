//! Journeys that are paused.

use serde::{Deserialize, Serialize};

/// Their names, in order: a JSON array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Paused(Vec<String>);

impl Paused {
    pub fn contains(&self, journey: &str) -> bool {
        self.0.iter().any(|name| name == journey)
    }

    /// Whether it was not among them before.
    pub fn insert(&mut self, journey: String) -> bool {
        let is_new = !self.contains(&journey);
        if is_new {
            self.0.insert(self.0.partition_point(|name| *name < journey), journey);
        }
        is_new
    }

    /// Whether it was among them.
    pub fn remove(&mut self, journey: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|name| name != journey);
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::Paused;

    #[test]
    fn each_is_there_once_and_in_order() {
        let mut paused = Paused::default();
        assert!(paused.insert("b".to_owned()));
        assert!(paused.insert("a".to_owned()));
        assert!(!paused.insert("b".to_owned()));
        assert_eq!(serde_json::to_string(&paused).unwrap(), r#"["a","b"]"#);
        assert!(paused.contains("b") && paused.remove("b"));
        assert!(!paused.contains("b") && !paused.remove("b"));
    }
}
