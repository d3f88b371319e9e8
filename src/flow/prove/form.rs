//! What the pages of proof post, and what apps send instead: the same fields, as a form or as JSON.

use crate::flow::request::is_json;
use crate::http::Request;
use crate::http::percent_decoded;
use crate::id::Nonce;
use crate::json::Json;
use crate::limits::PROOF_BODY_MAX;
use crate::policy::Channel;
use crate::time::Instant;

/// Names and values, in their order. JSON's `facts` are named as the page names them, `fact.NAME`.
pub(super) struct Fields(Vec<(String, String)>);

/// One thing to do.
pub(super) enum Form<'a> {
    /// An app goes on with a ticket, as an attempt of its own.
    Begin {
        nonce: Nonce,
    },
    /// Enough was shown: the link, please.
    Go,
    Send {
        channel: Channel,
    },
    Code {
        code: &'a str,
        /// By which the code came, as far as the page knew.
        channel: Option<Channel>,
    },
    Facts,
    Passkey {
        issued: Instant,
        credential: &'a str,
    },
    Add {
        issued: Instant,
        credential: &'a str,
    },
    Relay,
    Follow {
        code: &'a str,
    },
}

impl Fields {
    /// Nothing that can be read is no fields.
    pub fn read(request: &Request) -> Self {
        if request.body.len() > PROOF_BODY_MAX {
            return Self(Vec::new());
        }
        let fields = if is_json(request) { from_json(&request.body) } else { from_form(&request.body) };
        Self(fields.unwrap_or_default())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the person ticked the box.
    pub fn remembers(&self) -> bool {
        self.get("remember") == Some("yes")
    }
}

impl<'a> Form<'a> {
    pub fn of(fields: &'a Fields) -> Option<Self> {
        let code = fields.get("code").unwrap_or_default();
        let ceremony = || {
            let issued: u64 = fields.get("issued")?.parse().ok()?;
            Some((Instant::from_millis(issued), fields.get("credential").unwrap_or_default()))
        };
        Some(match fields.get("form")? {
            "begin" => Self::Begin { nonce: fields.get("nonce")?.parse().ok()? },
            "go" => Self::Go,
            "send" => Self::Send { channel: channel_named(fields.get("channel"))? },
            "code" => Self::Code { code, channel: channel_named(fields.get("channel")) },
            "fact" => Self::Facts,
            "passkey" => ceremony().map(|(issued, credential)| Self::Passkey { issued, credential })?,
            "add" => ceremony().map(|(issued, credential)| Self::Add { issued, credential })?,
            "relay" => Self::Relay,
            "follow" => Self::Follow { code },
            _ => return None,
        })
    }
}

/// The channel of a name.
pub(super) fn channel_named(name: Option<&str>) -> Option<Channel> {
    Channel::ALL.into_iter().find(|known| Some(known.name()) == name)
}

/// `application/x-www-form-urlencoded`, as browsers write it.
fn from_form(body: &[u8]) -> Option<Vec<(String, String)>> {
    let text = core::str::from_utf8(body).ok()?;
    let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
    let pairs = text.split('&').filter_map(|field| field.split_once('='));
    Some(pairs.filter_map(|(name, value)| Some((decoded(name)?, decoded(value)?))).collect())
}

fn from_json(body: &[u8]) -> Option<Vec<(String, String)>> {
    let Json::Object(members) = Json::parse(body, PROOF_BODY_MAX).ok()? else { return None };
    let mut fields = Vec::new();
    for (name, value) in &members {
        match value {
            Json::String(text) => fields.push((name.clone(), text.clone())),
            Json::Object(facts) if name == "facts" => {
                fields.extend(facts.iter().filter_map(|(name, value)| match value {
                    Json::String(text) => Some((format!("fact.{name}"), text.clone())),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Form};
    use crate::http::{Headers, Method, Request};
    use crate::limits::PROOF_BODY_MAX;

    fn fields(content_type: &str, body: &str) -> Fields {
        let headers = Headers { content_type: Some(content_type.to_owned()), ..Headers::default() };
        Fields::read(&Request {
            method: Method::Post,
            path: "/verify".into(),
            query: String::new(),
            headers,
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn a_form_and_json_say_the_same() {
        let form = fields(
            "application/x-www-form-urlencoded",
            "form=fact&fact.postcode=SW1A+1AA&fact.birth_date=29%2F02%2F1980&remember=yes",
        );
        let json = fields(
            "application/json; charset=utf-8",
            r#"{"form":"fact","facts":{"postcode":"SW1A 1AA","birth_date":"29/02/1980"},"remember":"yes"}"#,
        );
        for fields in [form, json] {
            assert!(matches!(Form::of(&fields), Some(Form::Facts)));
            assert_eq!(fields.get("fact.postcode"), Some("SW1A 1AA"));
            assert_eq!(fields.get("fact.birth_date"), Some("29/02/1980"));
            assert!(fields.remembers());
        }
    }

    #[test]
    fn what_no_page_sends_is_no_form() {
        for body in [
            "",
            "form",
            "form=",
            "form=steal",
            "form=send",
            "form=send&channel=pigeon",
            "form=passkey&credential=x",
            "form=passkey&issued=soon&credential=x",
            "form=begin&nonce=short",
            "form=%ff",
            "%",
        ] {
            assert!(Form::of(&fields("application/x-www-form-urlencoded", body)).is_none(), "{body}");
        }
        for body in ["", "[]", "{", r#"{"form":1}"#, r#"{"form":"code""#] {
            assert!(Form::of(&fields("application/json", body)).is_none(), "{body}");
        }
        let long = format!("form=code&code={}", "1".repeat(PROOF_BODY_MAX));
        assert!(Form::of(&fields("application/x-www-form-urlencoded", &long)).is_none());
    }
}
