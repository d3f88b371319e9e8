//! Passkeys: asking for one, judging what came back, and adding one after a completed proof.

use crate::challenge::{Ask, Proof, Said, View};
use crate::flow::outcome::Outcome;
use crate::flow::passkey::prove;
use crate::flow::prove::attempt::Attempt;
use crate::flow::prove::worked::Remember;
use crate::gate::Answer;
use crate::http::page::{self, Adding, Trouble};
use crate::passkey::{
    Assertion, Ceremony, Passkey, Refusal, Registration, RelyingParty, User, UserVerification,
    creation_options, request_options,
};
use crate::person::{Counted, Keeping};
use crate::policy::Risk;
use crate::port::{Ports, Unreachable};
use crate::shard;
use crate::time::Instant;

/// What became of an assertion.
enum Judged {
    Right,
    /// The form was sent twice.
    Again,
    Wrong(&'static str),
    /// The link is not to be had, or was had before; the person's counter stays as it was.
    Over(Box<Outcome>),
}

impl Attempt<'_> {
    /// What the browser is asked to prove with one of the person's passkeys.
    pub fn request_passkey(&self, passkeys: &[Passkey]) -> Option<(String, Instant)> {
        let context = self.click.context;
        let (party, now) = (context.door.party.as_ref()?, context.now);
        let challenge = self.challenge(Ceremony::Authentication);
        Some((request_options(party, &challenge, self.verification(), passkeys), now))
    }

    /// What the browser is asked to make.
    pub fn request_new(&self, passkeys: &[Passkey]) -> Option<(String, Instant)> {
        let context = self.click.context;
        let (party, now) = (context.door.party.as_ref()?, context.now);
        let handle = context.door.challenges.user(self.session.subject);
        let site = &self.click.snapshot.policy.site.name;
        let user = User { handle: &handle, name: site };
        let challenge = self.challenge(Ceremony::Registration);
        Some((creation_options(party, site, user, &challenge, self.verification(), passkeys), now))
    }

    /// An assertion came back.
    pub async fn passkey(
        &self,
        issued: Instant,
        credential: &str,
        remember: bool,
        ports: &impl Ports,
    ) -> Outcome {
        let party = self.click.context.door.party.as_ref();
        let Some(party) = party.filter(|_| self.need.among().contains(Proof::Passkey)) else {
            return self.go_on(Ask::Look, ports).await;
        };
        let judged = match self.judge(party, issued, credential, ports).await {
            Ok(Judged::Over(outcome)) => return *outcome,
            Ok(judged) => judged,
            Err(error) => return self.shard_unanswered(&error),
        };
        let ask = match judged {
            Judged::Right => Ask::Shown { proof: Proof::Passkey, is_right: true },
            Judged::Again | Judged::Over(_) => Ask::Look,
            Judged::Wrong(_) => Ask::Shown { proof: Proof::Passkey, is_right: false },
        };
        let outcome = match self.ask_and_remember(ask, Remember::new(remember, None), ports).await {
            Ok(view @ View { said: Said::Wrong, .. }) => {
                self.stands(&view, Some(Trouble::PasskeyRefused), ports).await
            }
            Ok(view) => self.shown(&view, ports).await,
            Err(outcome) => *outcome,
        };
        match judged {
            Judged::Wrong(reason) => outcome.event(self.refused(reason)),
            _ => outcome,
        }
    }

    /// A new passkey came back. Only who holds the link has proved enough to have one kept.
    pub async fn add(&self, issued: Instant, credential: &str, ports: &impl Ports) -> Outcome {
        let (claim, shown) = match self.tell(Ask::Look, ports).await {
            Ok(Answer::Granted { claim, shown, .. }) if self.may_add(shown) => (claim, shown),
            Ok(_) => return self.go_on(Ask::Look, ports).await,
            Err(error) => return self.click.unanswered(&self.claims(), &error),
        };
        let made = self.recall(Ceremony::Registration, issued).and_then(|(party, challenge)| {
            Registration::read(credential, party, &challenge, self.verification())
        });
        let passkey = match made {
            Ok(Registration { passkey, .. }) => passkey,
            Err(refusal) => {
                let outcome = self.arrived(claim, true, shown, Adding::Nothing);
                return outcome.event(self.refused(refusal.code()));
            }
        };
        let errand = shard::Errand::KeepPasskey { subject: self.session.subject, passkey };
        let adding = match self.visit(errand, ports).await {
            Ok(shard::Answer::Kept { keeping: Keeping::Added | Keeping::Known }) => Adding::Added,
            Ok(_) => Adding::Nothing,
            Err(error) => return self.shard_unanswered(&error),
        };
        self.arrived(claim, true, shown, adding)
    }

    /// Shows the page that asks for a new passkey, to who may have one.
    pub async fn show_add(&self, ports: &impl Ports) -> Option<Outcome> {
        let person = self.person(ports).await.ok()??;
        let (options, issued) = self.request_new(&person.passkeys)?;
        let ceremony = page::Ceremony { options: &options, issued };
        Some(Outcome::new(self.pages().add_passkey(ceremony)))
    }

    async fn judge(
        &self,
        party: &RelyingParty,
        issued: Instant,
        credential: &str,
        ports: &impl Ports,
    ) -> Result<Judged, Unreachable> {
        let door = self.click.context.door;
        let Some(person) = self.person(ports).await? else {
            return Ok(Judged::Wrong(Refusal::Unknown.code()));
        };
        let handle = door.challenges.user(self.session.subject);
        let signed = self.recall(Ceremony::Authentication, issued).and_then(|(_, challenge)| {
            let assertion = Assertion::read(credential)?;
            assertion.check(party, &challenge, self.verification(), &person.passkeys, &handle)
        });
        let signed = match signed {
            Ok(signed) => signed,
            Err(refusal) => return Ok(Judged::Wrong(refusal.code())),
        };
        let used = match prove(ports, signed).await? {
            Ok(used) => used,
            Err(refusal) => return Ok(Judged::Wrong(refusal.code())),
        };
        let counts = |known: &&Passkey| known.id == used.id && (known.counter > 0 || used.counter > 0);
        if !person.passkeys.iter().any(|known| counts(&known)) {
            // Nothing is counted, so there is nothing to ask the shard for: the gate judges.
            return Ok(Judged::Right);
        }
        // The gate first, as with facts.
        match self.ask(Ask::Look, ports).await {
            Ok(view) if view.shown.contains(Proof::Passkey) => return Ok(Judged::Again),
            Ok(_) => {}
            Err(outcome) => return Ok(Judged::Over(outcome)),
        }
        let subject = self.session.subject;
        let errand = shard::Errand::UsePasskey { subject, id: used.id, counter: used.counter };
        Ok(match self.visit(errand, ports).await? {
            shard::Answer::Counted { counted: Counted::Fresh } => Judged::Right,
            shard::Answer::Counted { counted: Counted::Repeated } => Judged::Again,
            shard::Answer::Counted { counted: Counted::Fell } => Judged::Wrong(Refusal::Counter.code()),
            _ => Judged::Wrong(Refusal::Unknown.code()),
        })
    }

    fn challenge(&self, ceremony: Ceremony) -> [u8; 32] {
        let context = self.click.context;
        let (link, nonce) = (self.session.link.link, self.session.nonce);
        context.door.challenges.set(link, nonce, ceremony, context.now)
    }

    fn recall(&self, ceremony: Ceremony, issued: Instant) -> Result<(&RelyingParty, [u8; 32]), Refusal> {
        let context = self.click.context;
        let party = context.door.party.as_ref().ok_or(Refusal::RelyingParty)?;
        let (link, nonce) = (self.session.link.link, self.session.nonce);
        let challenge = context.door.challenges.recall(link, nonce, ceremony, issued, context.now)?;
        Ok((party, challenge))
    }

    fn verification(&self) -> UserVerification {
        if self.scope.risk == Risk::High { UserVerification::Required } else { UserVerification::Preferred }
    }
}
