//! The stored form of an entry: protobuf of the package `vanthu.journal.v1`, which only this crate reads and writes.
//!
//! Every value of the domain is a field of its own. What this program does not know it refuses to read: to pass over a field or an
//! event would give other tables than those of the program that wrote it.

use domain::event::{Entry, Event, Request};
use prost::Message as _;

/// A struct and its message: each field with the name it is stored under.
macro_rules! stored_struct {
    ($domain:ty => $message:ident { $($field:ident = $name:ident: $how:ident),* $(,)? }) => {
        impl Stored for $domain {
            type Message = pb::$message;

            fn store(&self) -> pb::$message {
                pb::$message { $($name: stored_struct!(@store $how self.$field)),* }
            }

            fn load(message: pb::$message) -> Result<Self, DecodeError> {
                Ok(Self { $($field: stored_struct!(@load $how message.$name, stringify!($message))),* })
            }
        }
    };
    // The same type on both sides.
    (@store plain $value:expr) => { $value.to_owned() };
    (@load plain $value:expr, $of:expr) => { $value };
    // Another type, or a list or an option of it.
    (@store value $value:expr) => { $value.store() };
    (@load value $value:expr, $of:expr) => { Stored::load($value)? };
    // A message that must be there.
    (@store message $value:expr) => { Some($value.store()) };
    (@load message $value:expr, $of:expr) => { required($value, $of)? };
}

/// An enum and its numbers: the variants have the same names.
macro_rules! stored_enum {
    ($domain:ty => $message:ident { $($variant:ident),* $(,)? }) => {
        impl Stored for $domain {
            type Message = i32;

            fn store(&self) -> i32 {
                match self { $(Self::$variant => pb::$message::$variant.into()),* }
            }

            fn load(number: i32) -> Result<Self, DecodeError> {
                match pb::$message::try_from(number) {
                    $(Ok(pb::$message::$variant) => Ok(Self::$variant),)*
                    Ok(pb::$message::Unspecified) | Err(_) => Err(DecodeError::Unknown { what: stringify!($message) }),
                }
            }
        }
    };
}

mod values;

mod agency;
mod axis;
mod delivery;
mod document;
mod payload;
mod principal;
mod route;
mod signature;
mod signer;
mod trust;

#[expect(clippy::all, unreachable_pub, reason = "generated from proto/")]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/vanthu.journal.v1.rs"));
}

/// The bytes are not an entry that this program can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are no message.
    #[error("it is not a stored entry: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// They hold an event or a word that is not known here.
    #[error("it holds an unknown {what}: it was written by a newer version")]
    Unknown {
        /// The message or enum.
        what: &'static str,
    },
    /// They hold fields that are not known here.
    #[error("{bytes} of its bytes are in unknown fields: it was written by a newer version")]
    UnknownFields {
        /// How many.
        bytes: usize,
    },
    /// A value breaks the rules of its type.
    #[error("its {what} {rule}")]
    Invalid {
        /// What the value is.
        what: &'static str,
        /// What it breaks.
        rule: String,
    },
}

/// The bytes of an entry. The same entry always gives the same bytes.
pub fn encode(entry: &Entry) -> Vec<u8> {
    entry.store().encode_to_vec()
}

/// The entry that [`encode`] made these bytes of.
pub fn decode(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let message = pb::Entry::decode(bytes)?;
    // prost drops fields that it does not know; what it kept is shorter then.
    match bytes.len().checked_sub(message.encoded_len()) {
        Some(0) => Entry::load(message),
        unknown => Err(DecodeError::UnknownFields { bytes: unknown.unwrap_or_default() }),
    }
}

/// A value of the domain that has a stored form.
trait Stored: Sized {
    /// The stored form.
    type Message;

    fn store(&self) -> Self::Message;

    fn load(message: Self::Message) -> Result<Self, DecodeError>;
}

fn required<T: Stored>(message: Option<T::Message>, of: &'static str) -> Result<T, DecodeError> {
    message.ok_or_else(|| DecodeError::Invalid { what: of, rule: "lacks a part".into() }).and_then(T::load)
}

/// A message whose kind is not known here reads as one without a kind.
fn known<T>(kind: Option<T>, what: &'static str) -> Result<T, DecodeError> {
    kind.ok_or(DecodeError::Unknown { what })
}

stored_struct!(Entry => Entry {
    at = at_micros: value,
    principal = principal: value,
    request = request: value,
    resource = resource: plain,
    events = events: value,
});

stored_struct!(Request => Request { id = id: plain, digest = digest: value });

impl Stored for Event {
    type Message = pb::Event;

    fn store(&self) -> pb::Event {
        use pb::event::Noun;
        let noun = match self {
            Self::Principal(event) => Noun::Principal(event.store()),
            Self::Agency(event) => Noun::Agency(event.store()),
            Self::Route(event) => Noun::Route(event.store()),
            Self::Trust(event) => Noun::Trust(event.store()),
            Self::Signature(event) => Noun::Signature(event.store()),
            Self::Payload(event) => Noun::Payload(event.store()),
            Self::Document(event) => Noun::Document(event.store()),
            Self::Delivery(event) => Noun::Delivery(event.store()),
            Self::Signer(event) => Noun::Signer(event.store()),
            Self::Axis(event) => Noun::Axis(event.store()),
        };
        pb::Event { noun: Some(noun) }
    }

    fn load(message: pb::Event) -> Result<Self, DecodeError> {
        use pb::event::Noun;
        Ok(match known(message.noun, "event")? {
            Noun::Principal(event) => Self::Principal(Stored::load(event)?),
            Noun::Agency(event) => Self::Agency(Stored::load(event)?),
            Noun::Route(event) => Self::Route(Stored::load(event)?),
            Noun::Trust(event) => Self::Trust(Stored::load(event)?),
            Noun::Signature(event) => Self::Signature(Stored::load(event)?),
            Noun::Payload(event) => Self::Payload(Stored::load(event)?),
            Noun::Document(event) => Self::Document(Stored::load(event)?),
            Noun::Delivery(event) => Self::Delivery(Stored::load(event)?),
            Noun::Signer(event) => Self::Signer(Stored::load(event)?),
            Noun::Axis(event) => Self::Axis(Stored::load(event)?),
        })
    }
}

#[cfg(test)]
mod tests;
