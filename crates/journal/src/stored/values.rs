//! Values with one stored field: times, dates, digests, names; and lists and options of anything stored.

use domain::agency::{self, Code};
use domain::axis;
use domain::digest::Digest;
use domain::document::{self, KindId};
use domain::principal;
use domain::time::{Date, Timestamp};

use super::{DecodeError, Stored};

fn invalid(what: &'static str, rule: impl ToString) -> DecodeError {
    DecodeError::Invalid { what, rule: rule.to_string() }
}

impl<T: Stored> Stored for Vec<T> {
    type Message = Vec<T::Message>;

    fn store(&self) -> Self::Message {
        self.iter().map(T::store).collect()
    }

    fn load(message: Self::Message) -> Result<Self, DecodeError> {
        message.into_iter().map(T::load).collect()
    }
}

impl<T: Stored> Stored for Option<T> {
    type Message = Option<T::Message>;

    fn store(&self) -> Self::Message {
        self.as_ref().map(T::store)
    }

    fn load(message: Self::Message) -> Result<Self, DecodeError> {
        message.map(T::load).transpose()
    }
}

impl<T: Stored> Stored for Box<T> {
    type Message = T::Message;

    fn store(&self) -> Self::Message {
        self.as_ref().store()
    }

    fn load(message: Self::Message) -> Result<Self, DecodeError> {
        T::load(message).map(Self::new)
    }
}

impl Stored for Timestamp {
    type Message = i64;

    fn store(&self) -> i64 {
        self.micros()
    }

    fn load(micros: i64) -> Result<Self, DecodeError> {
        Ok(Self::from_micros(micros))
    }
}

impl Stored for Date {
    type Message = u32;

    fn store(&self) -> u32 {
        u32::from(self.year()) * 10_000 + u32::from(self.month()) * 100 + u32::from(self.day())
    }

    fn load(number: u32) -> Result<Self, DecodeError> {
        let year = u16::try_from(number / 10_000).map_err(|e| invalid("date", e))?;
        let month = u8::try_from(number / 100 % 100).map_err(|e| invalid("date", e))?;
        let day = u8::try_from(number % 100).map_err(|e| invalid("date", e))?;
        Self::new(year, month, day).map_err(|e| invalid("date", e))
    }
}

impl Stored for Digest {
    type Message = Vec<u8>;

    fn store(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn load(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Self::try_from(bytes.as_slice()).map_err(|e| invalid("digest", e))
    }
}

impl Stored for document::Id {
    type Message = Vec<u8>;

    fn store(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn load(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        bytes.try_into().map(Self).map_err(|_| invalid("document id", "is not 16 bytes long"))
    }
}

macro_rules! stored_number {
    ($($domain:ty),*) => {$(
        impl Stored for $domain {
            type Message = u32;

            fn store(&self) -> u32 {
                (*self).into()
            }

            fn load(number: u32) -> Result<Self, DecodeError> {
                Self::try_from(number).map_err(|e| invalid("number", e))
            }
        }
    )*};
}

stored_number!(u8, u16);

macro_rules! stored_text {
    ($($domain:ty: $what:literal),* $(,)?) => {$(
        impl Stored for $domain {
            type Message = String;

            fn store(&self) -> String {
                self.as_str().into()
            }

            fn load(text: String) -> Result<Self, DecodeError> {
                Self::parse(&text).map_err(|e| invalid($what, e))
            }
        }
    )*};
}

stored_text!(principal::Id: "principal id", agency::Id: "agency id", Code: "organisation code", KindId: "kind of document", axis::Connection: "connection");
