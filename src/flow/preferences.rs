//! A person's own choices: `GET`, `HEAD` and `POST` of `/p/{token}` and `/u/{token}`.
//!
//! `/u/` is what the `List-Unsubscribe` header of an e-mail names: a POST stops that person's e-mail at once, without
//! cookie, redirect or question (RFC 8058). `/p/` shows every channel and purpose, what was sent of late and why. Both
//! take the same token. Looking changes nothing, and neither does saving what was not touched.
//!
//! A text that is no token, a forged one, one of another scope and one that is too old get the same answer. A token that
//! is good gets the same page whether or not anything is known of the person. Whoever holds the link may choose: it
//! came with the person's own mail, and all that can be done with it is to say what may be sent to that person.

use crate::audit::{Event, Kind};
use crate::click::Cause;
use crate::flow::Snapshot;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::refusal::{no_policy_for, page};
use crate::flow::request::{Damped, damped, network};
use crate::gate::Trace;
use crate::http::page::{ALL_CHOICES, Choice, ChoicesPage, Heard, Pages};
use crate::http::{Method, Request, Response};
use crate::id::{Shard, Subject};
use crate::journey::{has_consent, touches_by_id};
use crate::limits::{FORM_BODY_MAX, HISTORY_SHOWN_MAX};
use crate::person::{Consent, Person, Said, Sent};
use crate::policy::slot::fill;
use crate::policy::{Channel, Journey, Policy, Purpose, Touch};
use crate::port::{Damper, People, Unreachable};
use crate::shard::{Answer, Change, Errand};
use crate::time::Instant;
use crate::zone::Zone;

/// How the form names the choice that is above all others.
const NOTHING: &str = "nothing";

/// Answers `/u/{token}`.
pub async fn unsubscribe(
    context: &Context<'_>,
    request: &Request,
    token: &str,
    ports: &(impl Damper + People),
) -> Outcome {
    if Some(&*request.query) == ALL_CHOICES.strip_prefix('?') {
        return preferences(context, request, token, ports).await;
    }
    let visit = match Visit::begin(context, request, token, ports).await {
        Ok(visit) => visit,
        Err(outcome) => return *outcome,
    };
    if request.method != Method::Post {
        return visit.done(visit.pages.unsubscribe(200));
    }
    if !is_one_click(&request.body) {
        return visit.done(visit.pages.unsubscribe(400));
    }
    let no = |purpose| Consent { channel: Channel::Email, purpose, said: Said::No, at: context.now };
    let change = Change { consents: Purpose::ALL.map(no).to_vec(), ..Change::default() };
    match visit.put(change, ports).await {
        Ok(()) => visit.done(visit.pages.unsubscribed()),
        Err(error) => visit.failed(&error),
    }
}

/// Answers `/p/{token}`.
pub async fn preferences(
    context: &Context<'_>,
    request: &Request,
    token: &str,
    ports: &(impl Damper + People),
) -> Outcome {
    let visit = match Visit::begin(context, request, token, ports).await {
        Ok(visit) => visit,
        Err(outcome) => return *outcome,
    };
    let form = (request.method == Method::Post).then(|| Form::read(&request.body)).flatten();
    let is_saved = form.is_some();
    let change = form.map(|form| form.change(&visit.snapshot.policy, context.now)).unwrap_or_default();
    if change != Change::default()
        && let Err(error) = visit.put(change, ports).await
    {
        return visit.failed(&error);
    }
    match visit.person(ports).await {
        Ok(person) => visit.done(visit.show(&person, is_saved)),
        Err(error) => visit.failed(&error),
    }
}

/// Somebody with a good link to choices.
struct Visit<'a> {
    context: &'a Context<'a>,
    snapshot: &'a Snapshot,
    pages: Pages<'a>,
    subject: Subject,
    trace: Trace,
}

impl<'a> Visit<'a> {
    /// Any policy will do, however old: a right to say no does not wait for a fresh one.
    async fn begin(
        context: &'a Context<'a>,
        request: &Request,
        token: &str,
        ports: &impl Damper,
    ) -> Result<Self, Box<Outcome>> {
        let Some(snapshot) = context.snapshot else { return Err(Box::new(no_policy_for(context, request))) };
        let pages = Pages::new(&snapshot.policy, None, request.headers.accept_language.as_deref());
        let verified = context.door.verifier.verify(token, context.now);
        let chooser = verified.map(|verified| Some((*verified.claims(), verified.chooser(context.now)?)));
        let (cause, trace) = match chooser {
            Ok(Some((claims, subject))) => {
                let trace = context.trace(&claims);
                // A mailbox provider posts for thousands from one network, and no word of theirs may be lost.
                let damped = if request.method == Method::Post {
                    let is_allowed = ports.allows(&trace.link.to_string()).await;
                    if is_allowed { Damped::No } else { Damped::Link }
                } else {
                    damped(context, request, trace.link, ports).await
                };
                match damped {
                    Damped::No => return Ok(Self { context, snapshot, pages, subject, trace }),
                    Damped::Link => (Cause::Damped, Some(trace)),
                    Damped::Network => (Cause::Damped, None),
                }
            }
            _ if !ports.allows(&network(context, request)).await => (Cause::Damped, None),
            Ok(None) => (Cause::UnknownScope, None),
            Err(refused) => (Cause::from(refused), None),
        };
        let response =
            if cause == Cause::Damped { page(context, cause, &pages) } else { pages.choices_closed() };
        Err(Box::new(Outcome::new(response).event(context.refused(cause, trace))))
    }

    async fn put(&self, change: Change, ports: &impl People) -> Result<(), Unreachable> {
        let errand = Errand::Put { subject: self.subject, change, by: None };
        match ports.visit(Shard::of(self.subject), &errand).await? {
            Answer::Put { .. } => Ok(()),
            _ => Err(astray()),
        }
    }

    /// The person, or somebody of whom nothing is known.
    async fn person(&self, ports: &impl People) -> Result<Person, Unreachable> {
        let errand = Errand::Get { subject: self.subject };
        match ports.visit(Shard::of(self.subject), &errand).await? {
            Answer::Person { person } => Ok(person.map(|person| *person).unwrap_or_default()),
            Answer::Unknown => Ok(Person::default()),
            _ => Err(astray()),
        }
    }

    fn show(&self, person: &Person, is_saved: bool) -> Response {
        let policy = &self.snapshot.policy;
        let wanted = |(channel, purpose)| {
            let is_wanted = is_wanted(person, policy, channel, purpose);
            Choice { channel, purpose, is_wanted }
        };
        let choices: Vec<Choice> = offered(policy).map(wanted).collect();
        let history = if person.is_protected { Vec::new() } else { self.history(person) };
        let is_stopped = person.opted_out.is_some();
        self.pages.choices(ChoicesPage { choices: &choices, is_stopped, is_saved, history: &history })
    }

    /// What reached the person of late, newest first.
    fn history(&self, person: &Person) -> Vec<Heard> {
        let policy = &self.snapshot.policy;
        let touches = touches_by_id(&self.context.door.lots, self.subject, person, policy);
        let reached = person.history.iter().rev().filter(|one| has_left(&one.said));
        let heard = reached.take(HISTORY_SHOWN_MAX).map(|one| {
            let touch = touches.iter().find(|(id, _)| *id == one.id);
            let template = touch.and_then(|(_, touch)| policy.templates.get(&touch.template));
            let why = template.and_then(|template| template.wording(self.pages.language()));
            let why = why.and_then(|wording| fill(&wording.why, &policy.site.name, None, |_| None));
            let date = date(one.at, person.zone.as_ref());
            Heard { date, channel: one.channel, why: why.unwrap_or_default() }
        });
        heard.collect()
    }

    fn done(&self, response: Response) -> Outcome {
        let event = self.context.event(Kind::Validated, Some(self.trace));
        Outcome::new(response).event(event)
    }

    fn failed(&self, error: &Unreachable) -> Outcome {
        let response = page(self.context, Cause::GateUnreachable, &self.pages);
        let event: Event = self.context.refused(Cause::GateUnreachable, Some(self.trace));
        Outcome::new(response)
            .event(event)
            .failure(self.context.failure("shard_unreachable", error.to_string()))
    }
}

/// The form of the page of choices, as far as it can be read.
struct Form<'a> {
    /// Names of choices that were ticked when the page was made, and of those that were not.
    on: Vec<&'a str>,
    off: Vec<&'a str>,
    /// Names of choices that are ticked now.
    want: Vec<&'a str>,
}

impl<'a> Form<'a> {
    /// `None` for a post that does not say that it is that form: it must not untick everything.
    fn read(body: &'a [u8]) -> Option<Self> {
        let text = core::str::from_utf8(body).ok().filter(|text| text.len() <= FORM_BODY_MAX)?;
        // Our values need no escaping in a form, so a plain split reads them.
        let fields: Vec<(&str, &str)> = text.split('&').filter_map(|field| field.split_once('=')).collect();
        fields.contains(&("form", "choices")).then_some(())?;
        let of = |wanted: &str| {
            fields.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect()
        };
        Some(Self { on: of("on"), off: of("off"), want: of("want") })
    }

    /// What differs from what the page showed.
    fn change(&self, policy: &Policy, at: Instant) -> Change {
        let consents = offered(policy).filter_map(|(channel, purpose)| {
            let name = Choice { channel, purpose, is_wanted: false }.name();
            let said = if self.changed(&name)? { Said::Yes } else { Said::No };
            Some(Consent { channel, purpose, said, at })
        });
        Change { consents: consents.collect(), opted_out: self.changed(NOTHING), ..Change::default() }
    }

    /// What a choice was changed to.
    fn changed(&self, name: &str) -> Option<bool> {
        let is_wanted = self.want.contains(&name);
        let was_other = if is_wanted { &self.off } else { &self.on };
        was_other.contains(&name).then_some(is_wanted)
    }
}

/// Every channel and purpose that the policy's journeys use.
fn offered(policy: &Policy) -> impl Iterator<Item = (Channel, Purpose)> {
    let all = Purpose::ALL.into_iter().flat_map(|purpose| Channel::ALL.map(|channel| (channel, purpose)));
    all.filter(|(channel, purpose)| touches(policy, *channel, *purpose).next().is_some())
}

/// Whether anything goes there, by the gate that every touch passes.
fn is_wanted(person: &Person, policy: &Policy, channel: Channel, purpose: Purpose) -> bool {
    touches(policy, channel, purpose).any(|(journey, touch)| has_consent(person, touch, journey))
}

fn touches(policy: &Policy, channel: Channel, purpose: Purpose) -> impl Iterator<Item = (&Journey, &Touch)> {
    let journeys = policy.journeys.values().filter(move |journey| journey.purpose == purpose);
    let touches = journeys.flat_map(|journey| journey.touches.iter().map(move |touch| (journey, touch)));
    touches.filter(move |(_, touch)| touch.channel == channel)
}

const fn has_left(said: &Sent) -> bool {
    matches!(said, Sent::Accepted | Sent::Delivered | Sent::Complained)
}

/// `List-Unsubscribe=One-Click`, as a form or as one part of a multipart body (RFC 8058 §3.2).
fn is_one_click(body: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(body) else { return false };
    if text.len() > FORM_BODY_MAX {
        return false;
    }
    if text.split('&').any(|field| field.trim() == "List-Unsubscribe=One-Click") {
        return true;
    }
    let part = text.split_once("name=\"List-Unsubscribe\"").map(|(_, part)| part);
    let value = part.and_then(|part| part.split_once("\r\n\r\n")).map(|(_, value)| value);
    value.is_some_and(|value| value.split("\r\n").next() == Some("One-Click"))
}

/// The day where the person is, or else in UTC.
fn date(at: Instant, zone: Option<&Zone>) -> String {
    let date = zone.and_then(|zone| zone.date(at).ok()).or_else(|| Zone::parse("UTC").ok()?.date(at).ok());
    date.unwrap_or_default()
}

fn astray() -> Unreachable {
    Unreachable { what: "a shard of people", cause: "its answer is none to this errand".to_owned() }
}
