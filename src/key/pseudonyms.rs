//! What people, links, networks and events are called, so that nobody is named.

use core::net::IpAddr;

use crate::id::{AuditId, EventHash, LinkId, Nonce, Subject, Tag, encode_bytes};
use crate::key::MacKey;

/// Keyed hashes that stand for people, links and visitors.
#[derive(Clone, Debug)]
pub struct Pseudonyms {
    pub(super) subject: MacKey,
    pub(super) audit: MacKey,
    pub(super) session: MacKey,
    pub(super) event: MacKey,
}

impl Pseudonyms {
    /// The subject of a customer reference.
    pub fn subject(&self, customer_ref: &str) -> Subject {
        Subject(self.subject.tag(&[customer_ref.as_bytes()]))
    }

    /// An event by the `source` and `id` that CloudEvents makes unique together.
    pub fn event(&self, source: &str, id: &str) -> EventHash {
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        let length = (source.len() as u64).to_be_bytes();
        EventHash(self.event.tag(&[b"event/", &length, source.as_bytes(), id.as_bytes()]))
    }

    /// What an event of a person is about, such as an invoice. Two people's hashes of one thing differ.
    pub fn about(&self, subject: Subject, about: &str) -> EventHash {
        EventHash(self.event.tag(&[b"about/", &subject.0, about.as_bytes()]))
    }

    /// A link as the audit log names it.
    pub fn audit_link(&self, link: LinkId) -> AuditId {
        AuditId(self.audit.tag(&[b"link/", &link.0]))
    }

    /// A subject as the audit log names it.
    pub fn audit_subject(&self, subject: Subject) -> AuditId {
        AuditId(self.audit.tag(&[b"subject/", &subject.0]))
    }

    /// A network as the damper knows it: an IPv4 address, or the first 64 bits of an IPv6 address (one household).
    pub fn network(&self, address: &str) -> String {
        let tag: [u8; 9] = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(v4)) => self.session.tag(&[b"network/", &v4.octets()]),
            Ok(IpAddr::V6(v6)) => {
                let octets = v6.octets();
                self.session.tag(&[b"network/", octets.first_chunk::<8>().unwrap_or(&[0; 8])])
            }
            Err(_) => self.session.tag(&[b"network/unknown"]),
        };
        encode_bytes(&tag)
    }

    /// A visitor's network as the audit log names it: the first 24 bits of an IPv4 address, or the first 48 of an IPv6
    /// address (one site). Many of one network look alike, and nobody is told from their neighbours.
    pub fn audit_network(&self, address: &str) -> Option<AuditId> {
        let name = |prefix: &[u8]| AuditId(self.audit.tag(&[b"network/", prefix]));
        match address.parse().ok()? {
            IpAddr::V4(v4) => v4.octets().first_chunk::<3>().map(|prefix| name(prefix)),
            IpAddr::V6(v6) => v6.octets().first_chunk::<6>().map(|prefix| name(prefix)),
        }
    }

    /// Unpredictable bytes that are the same for the same request of the same caller.
    pub fn repeatable(&self, name: &[u8; 32], body: &[u8; 32]) -> [u8; 32] {
        self.session.mac(&[b"repeatable/", name, body])
    }

    /// The nonce a browser has for a link: the same each time it opens the page.
    pub fn nonce(&self, browser: &[u8; 16], link: LinkId) -> Nonce {
        Nonce(self.session.tag(&[b"nonce/", browser, &link.0]))
    }

    /// The nonce of a form that came without its browser's cookie. What such a form posts names no attempt of a browser
    /// that has one.
    pub fn bare_nonce(&self, link: LinkId, posted: Nonce) -> Nonce {
        Nonce(self.session.tag(&[b"bare/", &link.0, &posted.0]))
    }

    /// The nonce of an app's attempt. What an app posts names attempts of apps alone.
    pub fn app_nonce(&self, link: LinkId, posted: Nonce) -> Nonce {
        Nonce(self.session.tag(&[b"app/", &link.0, &posted.0]))
    }

    /// The nonce of a browser's attempt at proof, which begins with what is random about the page that was pressed.
    pub fn proof_nonce(&self, browser: &[u8; 16], link: LinkId, page: Nonce) -> Nonce {
        Nonce(self.session.tag(&[b"proof/", browser, &link.0, &page.0]))
    }

    /// What the forms of an attempt carry to say which they were made for.
    pub fn form(&self, link: LinkId, nonce: Nonce) -> Tag {
        Tag(self.session.tag(&[b"form/", &link.0, &nonce.0]))
    }
}
