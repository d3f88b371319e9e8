//! The door as a relying party.

use crate::key::sha256;

/// Who asks for passkeys: the door's host and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    id_hash: [u8; 32],
    origin: String,
}

impl RelyingParty {
    /// `host` is the door's, with its port if it has one. `None` where browsers allow no passkeys: an id is a domain,
    /// and an address of the network is none.
    pub fn new(host: &str) -> Option<Self> {
        let id = host.split_once(':').map_or(host, |(name, _)| name);
        let is_address =
            id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || host.starts_with('[');
        if is_address {
            return None;
        }
        // A browser's one secure context without TLS that has a name.
        let scheme = if id == "localhost" { "http" } else { "https" };
        let id = id.to_ascii_lowercase();
        let origin = format!("{scheme}://{}", host.to_ascii_lowercase());
        Some(Self { id_hash: sha256(&[id.as_bytes()]), id, origin })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) const fn id_hash(&self) -> &[u8; 32] {
        &self.id_hash
    }
}

#[cfg(test)]
mod tests {
    use super::RelyingParty;

    #[test]
    fn a_host_is_a_relying_party_if_it_has_a_name() {
        for (host, id, origin) in [
            ("go.example.com", "go.example.com", "https://go.example.com"),
            ("Go.Example.com:8443", "go.example.com", "https://go.example.com:8443"),
            ("localhost:8787", "localhost", "http://localhost:8787"),
        ] {
            let party = RelyingParty::new(host).unwrap();
            assert_eq!((party.id(), party.origin()), (id, origin));
        }
        for host in ["127.0.0.1:8787", "127.0.0.1", "[::1]:8787", ""] {
            assert_eq!(RelyingParty::new(host), None, "{host}");
        }
    }
}
