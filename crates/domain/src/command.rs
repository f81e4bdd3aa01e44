//! What is asked for, and the decision: is it allowed, and what follows from it.

use crate::event::{Entry, Event, Outcome, REQUESTS, Request, request_key};
use crate::principal::Caller;
use crate::refusal::Refusal;
use crate::state::{self, State};
use crate::time::Timestamp;
use crate::{agency, delivery, document, payload, principal, route, signature, trust};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant carries its noun's command")]
#[expect(clippy::large_enum_variant, reason = "a command lives once, on its way to the desk")]
pub enum Command {
    Principal(principal::Command),
    Agency(agency::Command),
    Route(route::Command),
    Trust(trust::Command),
    Signature(signature::Command),
    Payload(payload::Command),
    Document(document::Command),
    Delivery(delivery::Command),
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
        Command::Payload(command) => payload::decide(rows, context, command)?,
        Command::Document(command) => document::decide(rows, context, command)?,
        Command::Delivery(command) => delivery::decide(rows, context, command)?,
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
