//! One touch, from what the shard says of it to a message with its links.
//!
//! Nothing here is random: link ids and expiries are functions of the touch and of when it was offered, so nothing about
//! a link has to be stored. Each offer has its own link, with its whole lifetime before it.

use crate::delivery::{Draft, Message, compose, reason};
use crate::flow::Door;
use crate::id::{LinkId, TouchId};
use crate::journey::{Report, link_id, reference};
use crate::key::sha256_prefix;
use crate::person::AddressBook;
use crate::policy::{Channel, Policy, Scope, Sender};
use crate::shard::Ready;
use crate::time::Span;
use crate::token::Claims;

/// A touch that is ready to leave.
pub(super) struct Prepared<'p> {
    pub ready: Ready,
    pub message: Message,
    pub sender: &'p Sender,
    pub book: AddressBook,
    /// The claims of its link.
    pub claims: Option<Claims>,
    /// Those of the link to the person's choices.
    pub choices: Option<Claims>,
}

/// Composes a touch.
///
/// # Errors
/// What the shard is told instead.
pub(super) fn prepare<'p>(door: &Door, policy: &'p Policy, ready: Ready) -> Result<Prepared<'p>, Report> {
    let later = |reason| Report::Retry { after: None, reason };
    let journey = policy.journeys.get(&ready.journey).ok_or(later(reason::NO_POLICY))?;
    let touch = journey.touches.get(usize::from(ready.index)).ok_or(later(reason::NO_POLICY))?;
    let template = policy.templates.get(&touch.template).ok_or(later(reason::NO_POLICY))?;
    let sender = policy.outreach.senders.get(&ready.channel).ok_or(later(reason::NO_SENDER))?;
    let scope = touch.scope.as_deref().map(|name| policy.scope_named(name).ok_or(later(reason::NO_POLICY)));
    let scope = scope.transpose()?;
    let subject = ready.touch.subject();
    let book = match &ready.addresses {
        Some(sealed) => door.addresses.open(sealed, subject).map_err(|_| later(reason::NO_ADDRESS))?,
        None => AddressBook::default(),
    };
    let claims = scope.map(|scope| claims(door, policy, scope, &ready));
    let link = claims.map(|claims| door.link_url(&door.minter.mint(&claims)));
    let (region, offered) = (policy.site.region, ready.offered);
    let choices = matches!(ready.channel, Channel::Email)
        .then(|| Claims::choices(subject, choices_link(ready.touch), region, offered));
    let preferences = choices.map(|claims| door.choices_url(&door.minter.mint(&claims)));
    // The header's token differs from the footer's in what it may say.
    let one_click = choices.map(|claims| Claims::one_click(subject, claims.link, region, offered));
    let unsubscribe = one_click.map(|claims| door.unsubscribe_url(&door.minter.mint(&claims)));
    let named = if ready.has_mac {
        reference(&door.lots, ready.touch, ready.channel)
    } else {
        ready.touch.to_string()
    };
    let draft = Draft {
        touch: ready.touch,
        reference: &named,
        site: &policy.site,
        template,
        purpose: ready.purpose,
        language: ready.language,
        masks: &ready.masks,
        link: link.as_deref(),
        lasts: Span::from_secs(scope.map_or(0, |scope| scope.lifetime_on(ready.channel))),
        help: policy.ways_on(scope).help.as_str(),
        preferences: preferences.as_deref(),
        unsubscribe: unsubscribe.as_deref(),
    };
    // A version never changes, so what it cannot say once it can never say.
    let message =
        compose(&draft).map_err(|error| Report::Rejected { reason: reason::known(error.code()) })?;
    // A link that the template leaves out is not issued.
    let claims = claims.filter(|_| message.link.is_some());
    Ok(Prepared { ready, message, sender, book, claims, choices })
}

/// The link to choices in a touch's footer: by it the page knows which touch somebody came through.
pub(super) fn choices_link(touch: TouchId) -> LinkId {
    LinkId(sha256_prefix(&[b"postern/choices/v1/", &touch.0]))
}

fn claims(door: &Door, policy: &Policy, scope: &Scope, ready: &Ready) -> Claims {
    Claims {
        usage: scope.usage,
        expires: (ready.offered + Span::from_secs(scope.lifetime_on(ready.channel))).secs(),
        scope: scope.code,
        region: policy.site.region,
        link: link_id(&door.lots, ready.touch, ready.offered),
        subject: Some(ready.touch.subject()),
    }
}
