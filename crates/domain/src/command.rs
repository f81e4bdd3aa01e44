//! What is asked for, and the decision: is it allowed, and what follows from it.

use crate::event::{Entry, Event, Outcome, REQUESTS, Request, request_key};
use crate::principal::Caller;
use crate::refusal::Refusal;
use crate::state::{self, State};
use crate::time::Timestamp;
use crate::{agency, axis, delivery, document, payload, principal, route, signature, signer, trust};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant carries its noun's command")]
pub enum Command {
    Principal(principal::Command),
    Agency(agency::Command),
    Route(route::Command),
    Trust(trust::Command),
    Signature(signature::Command),
    Signer(signer::Command),
    Payload(payload::Command),
    Document(document::Command),
    Delivery(delivery::Command),
    Axis(axis::Command),
}

/// Who asks, when, and by which request.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// When.
    pub at: Timestamp,
    /// The caller's name for the request, where it gave one.
    pub request: Option<&'a Request>,
}

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This entry is to be made durable and applied.
    Record(Entry),
    /// The request was carried out before: the same answer again.
    Repeated(Outcome),
    /// Nothing changes.
    Nothing {
        /// The resource.
        resource: String,
    },
}

/// What a noun's rules decided: the resource concerned and what happens.
pub struct Ruling {
    /// The resource made or changed.
    pub resource: String,
    /// What happens; nothing if the rows are so already.
    pub events: Vec<Event>,
}

/// Decides a command against the rows.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Decision, Refusal> {
    if let Some(request) = context.request {
        let key = request_key(&context.caller.principal, &request.id);
        if let Some(outcome) = state::read::<Outcome>(rows, REQUESTS, &key)? {
            return if outcome.digest == request.digest {
                Ok(Decision::Repeated(outcome))
            } else {
                Err(Refusal::RequestReused { request_id: request.id.clone(), seq: outcome.seq })
            };
        }
    }
    let ruling = match command {
        Command::Principal(command) => principal::decide(rows, context, command)?,
        Command::Agency(command) => agency::decide(rows, context, command)?,
        Command::Route(command) => route::decide(rows, context, command)?,
        Command::Trust(command) => trust::decide(rows, context, command)?,
        Command::Signature(command) => signature::decide(rows, context, command)?,
        Command::Signer(command) => signer::decide(rows, context, command)?,
        Command::Payload(command) => payload::decide(rows, context, command)?,
        Command::Document(command) => document::decide(rows, context, command)?,
        Command::Delivery(command) => delivery::decide(rows, context, command)?,
        Command::Axis(command) => axis::decide(rows, context, command)?,
    };
    // A named request is recorded even when nothing changes: its repetition must find it.
    if ruling.events.is_empty() && context.request.is_none() {
        return Ok(Decision::Nothing { resource: ruling.resource });
    }
    Ok(Decision::Record(Entry {
        at: context.at,
        principal: context.caller.principal.clone(),
        request: context.request.cloned(),
        resource: ruling.resource,
        events: ruling.events,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::{Scene, faults, id};
    use crate::agency::{self, Agency};
    use crate::digest::Digest;
    use crate::document::scene::{Letter, NOW, province};
    use crate::state::Overlay;
    use crate::{document, event};

    fn request(id: &str, content: u8) -> Request {
        Request { id: id.into(), digest: Digest([content; 32]) }
    }

    fn submit(scene: &mut Scene, request: &Request, asked: Letter) -> Result<Decision, Refusal> {
        let issuer = asked.content.issuer.to_string();
        scene.as_system(&issuer, NOW, Some(request), asked.command())
    }

    fn outcome(content: u8, seq: u64, document: u8) -> Outcome {
        Outcome { digest: Digest([content; 32]), seq, resource: format!("documents/{}", document::Id([document; 16])) }
    }

    #[test]
    fn a_request_that_is_repeated_has_the_same_answer_and_changes_nothing() {
        let mut scene = province();
        let first = submit(&mut scene, &request("r-1", 1), Letter::numbered(1, "tinh", "tinh.xa"));
        assert!(matches!(first, Ok(Decision::Record(_))), "{first:?}");
        let (rows, seq) = (scene.rows.clone(), scene.seq);
        // The hub makes a new id for the repetition; the answer names the document of the first.
        let repeated = submit(&mut scene, &request("r-1", 1), Letter::numbered(2, "tinh", "tinh.xa"));
        assert_eq!(repeated, Ok(Decision::Repeated(outcome(1, seq, 1))));
        assert!(scene.rows == rows && scene.seq == seq);
    }

    #[test]
    fn a_repetition_is_answered_whatever_became_of_its_caller() {
        let mut scene = province();
        submit(&mut scene, &request("r-1", 1), Letter::numbered(1, "tinh", "tinh.xa")).unwrap();
        let seq = scene.seq;
        let locked = Agency { state: agency::State::Locked, ..scene.named("tinh") };
        scene.admin(agency::Command::Update { agency: locked, etag: 0 }).unwrap();
        let repeated = submit(&mut scene, &request("r-1", 1), Letter::numbered(1, "tinh", "tinh.xa"));
        assert_eq!(repeated, Ok(Decision::Repeated(outcome(1, seq, 1))));
        let fresh = submit(&mut scene, &request("r-2", 2), Letter::numbered(2, "tinh", "tinh.xa"));
        assert_eq!(fresh, Err(Refusal::IssuerInactive { agency: id("tinh"), state: "locked" }));
    }

    #[test]
    fn a_request_id_is_not_used_for_other_content() {
        let mut scene = province();
        submit(&mut scene, &request("r-1", 1), Letter::numbered(1, "tinh", "tinh.xa")).unwrap();
        let (rows, seq) = (scene.rows.clone(), scene.seq);
        let reused = submit(&mut scene, &request("r-1", 2), Letter::numbered(2, "tinh", "tinh.xa"));
        assert_eq!(reused, Err(Refusal::RequestReused { request_id: "r-1".into(), seq }));
        assert!(scene.rows == rows);
        assert!(submit(&mut scene, &request("r-10", 2), Letter::numbered(2, "tinh", "tinh.xa")).is_ok(), "ids are compared whole");
    }

    #[test]
    fn each_principal_has_request_ids_of_its_own() {
        let mut scene = province();
        submit(&mut scene, &request("r-1", 1), Letter::numbered(1, "tinh", "tinh.xa")).unwrap();
        let other = submit(&mut scene, &request("r-1", 2), Letter::numbered(2, "tinh.xa", "tinh"));
        assert!(matches!(other, Ok(Decision::Record(_))), "{other:?}");
    }

    #[test]
    fn a_refused_request_leaves_its_id_free() {
        let mut scene = province();
        let rows = scene.rows.clone();
        let blank = Letter::numbered(1, "tinh", "tinh.xa").with(|asked| asked.content.subject.clear());
        assert_eq!(faults(submit(&mut scene, &request("r-1", 1), blank)), ["document.subject is required"]);
        assert!(scene.rows == rows);
        let mended = submit(&mut scene, &request("r-1", 2), Letter::numbered(1, "tinh", "tinh.xa"));
        assert!(matches!(mended, Ok(Decision::Record(_))), "{mended:?}");
    }

    #[test]
    fn what_changes_nothing_is_recorded_only_if_it_is_named() {
        let mut scene = province();
        let store = Command::Payload(payload::Command::Store { digest: document::scene::FILE, size: 10 });
        let resource = format!("payloads/{}", document::scene::FILE);
        let unnamed = scene.as_system("tinh", NOW, None, store.clone());
        assert_eq!(unnamed, Ok(Decision::Nothing { resource: resource.clone() }));
        let named = request("r-1", 1);
        let Ok(Decision::Record(entry)) = scene.as_system("tinh", NOW, Some(&named), store.clone()) else { panic!("not recorded") };
        assert_eq!((entry.events, &entry.resource, entry.request.as_ref()), (vec![], &resource, Some(&named)));
        let outcome = Outcome { digest: named.digest, seq: scene.seq, resource };
        assert_eq!(scene.as_system("tinh", NOW, Some(&named), store), Ok(Decision::Repeated(outcome)));
    }

    #[test]
    fn a_request_is_known_before_it_is_durable() {
        let scene = province();
        let caller = document::scene::system("tinh");
        let named = request("r-1", 1);
        let context = Context { caller: &caller, at: NOW, request: Some(&named) };
        let command = |n| Command::Document(Letter::numbered(n, "tinh", "tinh.xa").command());
        // Two requests of one group: the second is decided over what the first will have changed.
        let mut group = Overlay::new(&scene.rows);
        let Ok(Decision::Record(entry)) = decide(&group, &context, &command(1)) else { panic!("not recorded") };
        event::apply(77, &entry, &mut group).unwrap();
        assert_eq!(decide(&group, &context, &command(2)), Ok(Decision::Repeated(outcome(1, 77, 1))));
    }
}
