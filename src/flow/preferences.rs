//! A person's own choices: `GET`, `HEAD` and `POST` of `/p/{token}` and `/u/{token}`.
//!
//! `/u/` is what the `List-Unsubscribe` header of an e-mail names: a POST stops that person's e-mail at once, without
//! cookie, redirect or question (RFC 8058). `/p/` shows every channel and purpose, what was sent of late and why. Both
//! take both kinds of token. The one of the header can only say no, here and there: programs and whoever the message was
//! forwarded to have it. The one of the footer may say yes too, and the log has the link by which that was said. Looking
//! changes nothing, and neither does saving what was not touched.
//!
//! A text that is no token, a forged one, one of another scope and one that is too old get the same answer. A token that
//! is good gets the same page whether or not anything is known of the person. Whoever holds the link may choose: it
//! came with the person's own mail, and all that can be done with it is to say what may be sent to that person.

use crate::audit::{Event, Kind};
use crate::click::Cause;
use crate::flow::Snapshot;
use crate::flow::outcome::{Context, Outcome};
use crate::flow::prepare::choices_link;
use crate::flow::refusal::{no_policy_for, page};
use crate::flow::request::{Damped, damped, network};
use crate::gate::Trace;
use crate::http::page::{ALL_CHOICES, Choice, ChoicesPage, Heard, Pages, unsubscribed};
use crate::http::percent_decoded;
use crate::http::{Method, Request, Response};
use crate::id::{LinkId, Shard, Subject};
use crate::journey::{has_consent, touches_by_id};
use crate::limits::{FORM_BODY_MAX, HISTORY_SHOWN_MAX};
use crate::person::{Consent, Person, Said, Sent, Source, Unsaid};
use crate::policy::slot::fill;
use crate::policy::{Channel, Journey, Policy, Purpose, Touch};
use crate::port::{Damper, People, Unreachable};
use crate::session::Undo;
use crate::shard::{Answer, Change, Errand};
use crate::time::Instant;
use crate::token::{CHOICES, Chooser};
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
    if context.snapshot.is_none() && request.method == Method::Post {
        return unsubscribe_without_policy(context, request, token, ports).await;
    }
    let visit = match Visit::begin(context, request, token, ports).await {
        Ok(visit) => visit,
        Err(outcome) => return *outcome,
    };
    if request.method != Method::Post {
        return visit.done(visit.pages.unsubscribe(200));
    }
    if let Some(sealed) = undo_field(&request.body) {
        return visit.undo(sealed, ports).await;
    }
    if says_something_else(&request.body) {
        return visit.done(visit.pages.unsubscribe(400));
    }
    // Saying no does not depend on what is known; taking it back does.
    let before = visit.person(ports).await.ok();
    match put((visit.subject, visit.trace), no_email(context.now), ports).await {
        Ok(()) => {
            let undo = before.and_then(|person| visit.sealed_undo(&person));
            visit.done(visit.pages.unsubscribed(undo.as_deref()))
        }
        Err(error) => visit.failed(&error),
    }
}

/// Takes an opt-out where no policy can be read: only the page's looks would need one.
async fn unsubscribe_without_policy(
    context: &Context<'_>,
    request: &Request,
    token: &str,
    ports: &(impl Damper + People),
) -> Outcome {
    let verified = context.door.verifier.verify_in_path(token, context.now);
    let chooser =
        verified.ok().and_then(|verified| Some((*verified.claims(), verified.chooser(context.now)?)));
    let Some((claims, Chooser { subject, .. })) = chooser.filter(|_| !says_something_else(&request.body))
    else {
        return no_policy_for(context, request);
    };
    let trace = context.trace(&claims);
    if !ports.allows(&trace.link.to_string()).await
        || put((subject, trace), no_email(context.now), ports).await.is_err()
    {
        return no_policy_for(context, request);
    }
    let response = unsubscribed(request.headers.accept_language.as_deref());
    Outcome::new(response).event(context.event(Kind::Validated, Some(trace)))
}

/// No e-mail, whatever for.
fn no_email(at: Instant) -> Change {
    let no = |purpose| Consent { channel: Channel::Email, purpose, said: Said::No, at };
    Change { consents: Purpose::ALL.map(no).to_vec(), ..Change::default() }
}

/// Stores a person's choice, on record with the link by which it was made. A shard that does not answer is asked once more, for a mail program may never be: a deploy
/// takes each object down for a moment, and to say the same again changes nothing.
async fn put(
    (subject, trace): (Subject, Trace),
    change: Change,
    ports: &impl People,
) -> Result<(), Unreachable> {
    let source = Some(Source { link: trace.link, scope: trace.scope });
    let change = Change { source, ..change };
    let errand = Errand::Put { subject, change, by: None };
    let answer = match ports.visit(Shard::of(subject), &errand).await {
        Ok(answer) => answer,
        Err(_) => ports.visit(Shard::of(subject), &errand).await?,
    };
    if matches!(answer, Answer::Put { .. }) { Ok(()) } else { Err(astray()) }
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
    let change = form.map(|form| visit.allowed(form.change(&visit.snapshot.policy, context.now)));
    let change = change.unwrap_or_default();
    if change != Change::default()
        && let Err(error) = put((visit.subject, visit.trace), change, ports).await
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
    /// Whether a yes counts.
    may_consent: bool,
    /// That of the message through which they came.
    link: LinkId,
    trace: Trace,
}

impl<'a> Visit<'a> {
    /// What takes back the unsubscription that is being made. Nothing, if it changes nothing.
    fn sealed_undo(&self, person: &Person) -> Option<String> {
        let before = Purpose::ALL.map(|purpose| {
            let said =
                person.consents.iter().find(|one| (one.channel, one.purpose) == (Channel::Email, purpose));
            said.map(|one| (one.said == Said::Yes, one.at))
        });
        let is_no = |word: &Option<(bool, Instant)>| matches!(word, Some((false, _)));
        if before.iter().all(is_no) {
            return None;
        }
        self.context.door.undos.seal(Undo { at: self.context.now, before }, self.subject)
    }

    /// Takes back what an unsubscription of some minutes ago changed, and nothing else. It gives back what the person had
    /// said, so it needs no more right than saying no did.
    async fn undo(&self, sealed: &str, ports: &impl People) -> Outcome {
        let Some(undo) = self.context.door.undos.open(sealed, self.subject, self.context.now) else {
            return match self.person(ports).await {
                Ok(person) => self.done(self.show(&person, false)),
                Err(error) => self.failed(&error),
            };
        };
        let unsaid = Purpose::ALL.into_iter().zip(undo.before).map(|(purpose, before)| Unsaid {
            channel: Channel::Email,
            purpose,
            at: undo.at,
            before: before.map(|(is_yes, at)| Consent {
                channel: Channel::Email,
                purpose,
                said: if is_yes { Said::Yes } else { Said::No },
                at,
            }),
        });
        match put((self.subject, self.trace), Change { unsaid: unsaid.collect(), ..Change::default() }, ports)
            .await
        {
            Ok(()) => self.done(self.pages.undone()),
            Err(error) => self.failed(&error),
        }
    }

    /// Any policy will do, however old: a right to say no does not wait for a fresh one.
    async fn begin(
        context: &'a Context<'a>,
        request: &Request,
        token: &str,
        ports: &impl Damper,
    ) -> Result<Self, Box<Outcome>> {
        let Some(snapshot) = context.snapshot else { return Err(Box::new(no_policy_for(context, request))) };
        let pages = Pages::new(&snapshot.policy, None, request.headers.accept_language.as_deref());
        let verified = context.door.verifier.verify_in_path(token, context.now);
        let chooser = verified.map(|verified| Some((*verified.claims(), verified.chooser(context.now)?)));
        let (cause, trace) = match chooser {
            Ok(Some((claims, Chooser { subject, may_consent }))) => {
                let trace = context.trace(&claims);
                // A policy from before this code was reserved may have issued such links for something else.
                let may_consent = may_consent && snapshot.policy.scope(CHOICES).is_none();
                // A mailbox provider posts for thousands from one network, and no word of theirs may be lost.
                let damped = if request.method == Method::Post {
                    let is_allowed = ports.allows(&trace.link.to_string()).await;
                    if is_allowed { Damped::No } else { Damped::Link }
                } else {
                    damped(context, request, trace.link, ports).await
                };
                match damped {
                    Damped::No => {
                        let link = claims.link;
                        return Ok(Self { context, snapshot, pages, subject, may_consent, link, trace });
                    }
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

    /// What the token may change.
    fn allowed(&self, mut change: Change) -> Change {
        if !self.may_consent {
            change.consents.retain(|consent| consent.said == Said::No);
            change.opted_out = change.opted_out.filter(|is_out| *is_out);
        }
        change
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
        let reason = if person.is_protected { None } else { self.reason(person) };
        self.pages.choices(ChoicesPage {
            choices: &choices,
            is_stopped,
            is_saved,
            may_consent: self.may_consent,
            reason: reason.as_deref(),
            history: &history,
        })
    }

    /// Why the person got the message through which they came, in its own words.
    fn reason(&self, person: &Person) -> Option<String> {
        let policy = &self.snapshot.policy;
        let touches = touches_by_id(&self.context.door.lots, self.subject, person, policy);
        let (_, touch) = touches.into_iter().find(|(id, _)| choices_link(*id) == self.link)?;
        self.why(touch)
    }

    fn why(&self, touch: &Touch) -> Option<String> {
        let policy = &self.snapshot.policy;
        let wording = policy.templates.get(&touch.template)?.wording(self.pages.language())?;
        fill(&wording.why, &policy.site.name, None, |_| None)
    }

    /// What reached the person of late, newest first.
    fn history(&self, person: &Person) -> Vec<Heard> {
        let policy = &self.snapshot.policy;
        let touches = touches_by_id(&self.context.door.lots, self.subject, person, policy);
        let reached = person.history.iter().rev().filter(|one| has_left(&one.said));
        let heard = reached.take(HISTORY_SHOWN_MAX).map(|one| {
            let touch = touches.iter().find(|(id, _)| *id == one.id);
            let why = touch.and_then(|(_, touch)| self.why(touch));
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
struct Form {
    /// Names of choices that were ticked when the page was made, and of those that were not.
    on: Vec<String>,
    off: Vec<String>,
    /// Names of choices that are ticked now.
    want: Vec<String>,
}

impl Form {
    /// `None` for a post that does not say that it is that form: it must not untick everything.
    fn read(body: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(body).ok().filter(|text| text.len() <= FORM_BODY_MAX)?;
        let mut form = Self { on: Vec::new(), off: Vec::new(), want: Vec::new() };
        let mut is_ours = false;
        // Our values need no escaping in a form, but whoever sends it may escape them.
        for field in text.trim().split('&').filter_map(percent_decoded) {
            match field.split_once('=') {
                Some(("form", "choices")) => is_ours = true,
                Some(("on", value)) => form.on.push(value.to_owned()),
                Some(("off", value)) => form.off.push(value.to_owned()),
                Some(("want", value)) => form.want.push(value.to_owned()),
                _ => {}
            }
        }
        is_ours.then_some(form)
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
        let has = |names: &[String]| names.iter().any(|other| other == name);
        let is_wanted = has(&self.want);
        let was_other = if is_wanted { &self.off } else { &self.on };
        has(was_other).then_some(is_wanted)
    }
}

/// What the page of an unsubscription sends back to take it back.
fn undo_field(body: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(body).ok().filter(|text| text.len() <= FORM_BODY_MAX)?;
    text.split('&').find_map(|field| field.strip_prefix("undo="))
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

/// Whether a post to the address of one-click unsubscription is about something else. RFC 8058 §3.2 wants
/// `List-Unsubscribe=One-Click`, as a form or as one part of a multipart body. Mail programs escape it, fold its capitals,
/// leave its quotes out, change line ends, add fields or send nothing at all: all of these say no, and so does a body
/// that is no text. Only a text that has other words and not these does not.
fn says_something_else(body: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(body) else { return false };
    let text = percent_decoded(text).unwrap_or_else(|| text.to_owned());
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let says_no = ["unsubscribe", "oneclick"].iter().any(|word| letters.contains(word));
    !text.trim().is_empty() && !says_no
}

/// The day where the person is, or else in UTC.
fn date(at: Instant, zone: Option<&Zone>) -> String {
    let date = zone.and_then(|zone| zone.date(at).ok()).or_else(|| Zone::parse("UTC").ok()?.date(at).ok());
    date.unwrap_or_default()
}

fn astray() -> Unreachable {
    Unreachable { what: "a shard of people", cause: "its answer is none to this errand".to_owned() }
}
