//! Links whose matter came to an end are closed at their gates, so that who opens one is told.
//!
//! A pack of them is a queue message like those of touches: at least once, in any order. Closing again changes nothing.

use crate::flow::Context;
use crate::gate::{Answer, Command, Place};
use crate::journey::{Closing, link_id};
use crate::port::{Errand, Gates, Marker, Markers, Registry, Unreachable};
use crate::token::{LinkRef, Use};

/// Closes links.
///
/// # Errors
/// [`Unreachable`]: what comes after it was not closed either; hand all over again.
pub async fn close(
    context: &Context<'_>,
    closings: &[Closing],
    ports: &(impl Gates + Markers + Registry),
) -> Result<(), Unreachable> {
    for closing in closings {
        let Some(link) = named(context, closing) else { continue };
        let subject = Some(context.door.pseudonyms.audit_subject(closing.touch.subject()));
        let trace = crate::gate::Trace { subject, ..context.trace_of_ref(&link) };
        if link.usage == Use::Many {
            // A settled one goes on leading where it led: it asks for nothing. The deny-list has room for few, and is for
            // links that must not open.
            if !closing.is_settled {
                ports.deny(&link, trace).await?;
            }
            continue;
        }
        let command = if closing.is_settled { Command::Settle } else { Command::Revoke };
        let errand = Errand { link: link.link, expires: link.expires, trace, network: None, command };
        let marker = match ports.ask(Place::of(&link), &errand).await? {
            Answer::Settled { .. } => Marker::Settled,
            Answer::Revoked { .. } => Marker::Revoked,
            _ => continue,
        };
        // Without a marker the first look shows the link's page, and the press is told.
        let _ = ports.mark(&link, marker, context.now).await;
    }
    Ok(())
}

/// The link as its token names it. A key that was rotated since gives another marker's name, and the same gate.
fn named(context: &Context<'_>, closing: &Closing) -> Option<LinkRef> {
    Some(LinkRef {
        key: context.door.minter.key(),
        usage: if closing.is_single_use { Use::Once } else { Use::Many },
        has_subject: true,
        expires: closing.expires,
        scope: closing.scope,
        region: closing.region()?,
        link: link_id(&context.door.lots, closing.touch, closing.offered),
    })
}
