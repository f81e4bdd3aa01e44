//! Agencies: who sends and receives, under which codes, and who succeeded whom.

mod decide;
pub mod directory;
mod draft;
mod lookup;
mod recipients;
#[cfg(test)]
pub(crate) mod scene;
mod succession;
mod tree;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::principal::{NotASlug, is_slug};
use crate::state::Table;
use crate::time::Date;

pub use decide::{apply, decide};
pub use lookup::{Filter, as_of, find, group, groups, list, resolve_code};
pub use recipients::{MAX_RECIPIENTS, Recipient, expand};
pub use succession::{all_successions, successors};
pub use tree::{is_within, superior};

/// Agencies by id.
pub const AGENCIES: Table = Table { name: "agencies", number: 20 };
/// Parent id, 0, child id.
pub const CHILDREN: Table = Table { name: "children", number: 21 };
/// Code, 0, agency id: a code leads to every agency that ever had it (validity is in the agency's row).
pub const CODES: Table = Table { name: "codes", number: 22 };
/// Predecessor id, 0, successor id, 0, effective date: one succession.
pub const SUCCESSIONS: Table = Table { name: "successions", number: 23 };
/// Groups by id.
pub const GROUPS: Table = Table { name: "groups", number: 24 };

/// The stable name of an agency, independent of its codes: a slug such as `camau.dam-doi`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Id(String);

impl Id {
    /// The id, if `text` is a slug.
    pub fn parse(text: &str) -> Result<Self, NotASlug> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(NotASlug) }
    }

    /// The id under which agencies of an axis are taken up whose codes make no id.
    pub fn axis() -> Self {
        Self("axis".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Id {
    type Err = NotASlug;

    fn from_str(text: &str) -> Result<Self, NotASlug> {
        Self::parse(text)
    }
}

/// The four tiers: trung ương, tỉnh, huyện, xã.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Trung ương.
    Central,
    /// Tỉnh, thành phố trực thuộc trung ương.
    Province,
    /// Huyện; ended on 1 July 2025, kept for history.
    District,
    /// Xã, phường, thị trấn.
    Commune,
}

/// What sort of body an agency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Ủy ban nhân dân.
    PeoplesCommittee,
    /// Hội đồng nhân dân.
    PeoplesCouncil,
    /// Sở, ban, ngành cấp tỉnh.
    Department,
    /// Phòng chuyên môn cấp huyện.
    DistrictOffice,
    /// Cơ quan Đảng.
    PartyBody,
    /// Bộ, cơ quan ngang bộ.
    Ministry,
    /// Tổng cục, cục, vụ.
    MinistryUnit,
    /// Đơn vị sự nghiệp công lập.
    PublicServiceUnit,
    /// Doanh nghiệp.
    Enterprise,
    /// Tổ chức chính trị - xã hội.
    MassOrganisation,
    /// Anything else.
    Other,
}

/// The scheme a code belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// QĐ 20/2020/QĐ-TTg, Điều 4: up to 35 characters, largest unit first, `H12.15`.
    Qd20,
    /// QCVN 102:2016: 13 characters, smallest unit first, `000.00.15.H12`.
    Old13,
    /// QĐ 20/2020/QĐ-TTg, Điều 5: an enterprise's registration number.
    Enterprise,
    /// QĐ 20/2020/QĐ-TTg, Điều 6: a registered scheme `Z01`…`Z99` and up to 32 characters.
    Registered,
}

/// An organisation code (mã định danh điện tử), well-formed in its scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code {
    scheme: Scheme,
    text: String,
}

/// The text is no organisation code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an organisation code: H12.15 (QĐ 20/2020), 000.00.15.H12 (QCVN 102:2016), a registration number, or Z01…")]
pub struct NotACode;

impl Code {
    /// Reads a code and tells its scheme by its form.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let scheme = scheme_of(text).ok_or(NotACode)?;
        Ok(Self { scheme, text: text.to_owned() })
    }

    /// The scheme.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn scheme_of(text: &str) -> Option<Scheme> {
    let upper = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    let groups: Vec<&[u8]> = text.as_bytes().split(|b| *b == b'.').collect();
    let level_one = |g: &[u8]| matches!(g, [b'A'..=b'Y', d, e] if d.is_ascii_digit() && e.is_ascii_digit());
    let first = *groups.first()?;
    match first {
        _ if text.len() > 35 => None,
        _ if level_one(first) && groups.iter().all(|g| !g.is_empty() && g.iter().all(|b| upper(*b))) => Some(Scheme::Qd20),
        _ if text.len() == 13
            && groups.iter().map(|g| g.len()).eq([3, 2, 2, 3])
            && groups.iter().all(|g| g.iter().all(|b| upper(*b)))
            && groups.last().is_some_and(|g| level_one(g)) =>
        {
            Some(Scheme::Old13)
        }
        [b'Z', d, e, rest @ ..]
            if groups.len() == 1
                && d.is_ascii_digit()
                && e.is_ascii_digit()
                && [*d, *e] != *b"00"
                && (1..=32).contains(&rest.len())
                && rest.iter().all(|b| upper(*b)) =>
        {
            Some(Scheme::Registered)
        }
        _ if groups.len() == 1
            && (10..=14).contains(&first.len())
            && first.iter().all(|b| b.is_ascii_digit() || *b == b'-')
            && first.iter().take(10).all(u8::is_ascii_digit) =>
        {
            Some(Scheme::Enterprise)
        }
        _ => None,
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        Self::parse(text)
    }
}

/// A code an agency has, from and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeAssignment {
    /// The code.
    pub code: Code,
    /// First day; `None` is since ever.
    pub valid_from: Option<Date>,
    /// Last day; `None` is for ever.
    pub valid_until: Option<Date>,
    /// No official list confirmed it yet.
    pub provisional: bool,
}

/// Whether an agency takes part in the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does.
    Active,
    /// For the time being it does not.
    Locked,
    /// It has ended; its successors take over.
    Closed,
}

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Its stable name.
    pub id: Id,
    /// Its tier.
    pub tier: Tier,
    /// What sort of body it is.
    pub kind: Kind,
    /// The agency above it.
    pub parent: Option<Id>,
    /// Its name in Vietnamese, 1 to 200 characters.
    pub name: String,
    /// A short name, at most 100 characters, may be empty.
    pub short_name: String,
    /// Its codes, at most 32.
    pub codes: Vec<CodeAssignment>,
    /// Whether it takes part.
    pub state: State,
    /// First day of its existence.
    pub valid_from: Option<Date>,
    /// Last day of its existence.
    pub valid_until: Option<Date>,
    /// Sequence of the last change.
    pub changed_seq: u64,
}

/// How one agency follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuccessionKind {
    /// Sáp nhập.
    Merge,
    /// Chia tách.
    Split,
    /// Chuyển giao.
    Transfer,
    /// Đổi tên.
    Rename,
}

/// One agency follows another from a day on, for a scope; several rows make it many-to-many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succession {
    /// How.
    pub kind: SuccessionKind,
    /// The predecessor.
    pub from: Id,
    /// The successor.
    pub to: Id,
    /// First day on which the successor acts.
    pub effective: Date,
    /// What the successor takes over, in Vietnamese, at most 500 characters, may be empty for everything.
    pub scope: String,
}

/// Who is meant: one agency, a group, or a part of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selector {
    /// This agency.
    Agency(Id),
    /// The agency that has this code on the day of the submission.
    Code(Code),
    /// The members of this group.
    Group(Id),
    /// The active agencies below `root`, all or of one tier and kind; `root` itself is not among them.
    Subtree {
        /// The root.
        root: Id,
        /// Only this tier.
        tier: Option<Tier>,
        /// Only this kind.
        kind: Option<Kind>,
    },
}

/// A named group of agencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name for machines, a slug.
    pub id: Id,
    /// Its name for people, 1 to 200 characters.
    pub name: String,
    /// Its members, 1 to 1,000; groups do not nest.
    pub members: Vec<Selector>,
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Creates an agency; its id must be free.
    Create(Agency),
    /// Replaces an agency's facts; `etag` is the `changed_seq` the caller saw, 0 if it does not care.
    Update {
        /// The agency as it shall be.
        agency: Agency,
        /// The change the caller saw.
        etag: u64,
    },
    /// Ends an agency after its last day.
    Close {
        /// Which.
        agency: Id,
        /// Its last day.
        last_day: Date,
    },
    /// Records successions and closes predecessors of merges, splits and renames on the day before.
    Succeed(Vec<Succession>),
    /// Brings in a whole directory: new agencies are created, known ones replaced; all or nothing.
    Import {
        /// Agencies, each after its parent.
        agencies: Vec<Agency>,
        /// Successions between them.
        successions: Vec<Succession>,
        /// Groups of them.
        groups: Vec<Group>,
    },
    /// Creates or replaces a group.
    SetGroup(Group),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The agency is this from here on (`changed_seq` is set when applied).
    Set(Agency),
    /// A succession was recorded.
    Succeeded(Succession),
    /// The group is this from here on.
    GroupSet(Group),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_form_of_a_code_tells_its_scheme() {
        for (text, scheme) in [
            // The forms of QĐ 20/2020/QĐ-TTg, Điều 4-6, and of QCVN 102:2016/BTTTT.
            ("H12", Some(Scheme::Qd20)),
            ("G09.25.10", Some(Scheme::Qd20)),
            ("000.00.15.H12", Some(Scheme::Old13)),
            ("0123456789", Some(Scheme::Enterprise)),
            ("0123456789-001", Some(Scheme::Enterprise)),
            ("Z01ABC", Some(Scheme::Registered)),
            ("Z00ABC", None),
            ("Z01", None),
            ("h12", None),
            ("H1", None),
            ("H12.", None),
            ("H12..15", None),
            ("000.00.15.Z12", None),
            ("00.000.15.H12", None),
            ("H12.ĐẦM", None),
            ("", None),
            ("H12.1234567890.1234567890.123456789.1", None),
        ] {
            assert_eq!(Code::parse(text).ok().map(|code| code.scheme()), scheme, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_written_as_it_was_read(text in "([A-Z0-9]{1,3}\\.){0,4}[A-Z0-9-]{1,14}") {
            if let Ok(code) = text.parse::<Code>() {
                prop_assert_eq!(code.to_string(), text.clone());
                prop_assert_eq!(code.to_string().parse::<Code>(), Ok(code));
            }
        }

        #[test]
        fn a_code_of_the_common_form_is_read(text in "[A-Y][0-9]{2}(\\.[0-9]{2}){0,5}") {
            prop_assert_eq!(text.parse::<Code>().map(|code| (code.scheme(), code.to_string())), Ok((Scheme::Qd20, text)));
        }

        #[test]
        fn no_text_upsets_the_parser(text in any::<String>()) {
            if let Ok(code) = Code::parse(&text) {
                prop_assert!(text.is_ascii() && code.as_str().len() <= 35);
            }
        }
    }
}
