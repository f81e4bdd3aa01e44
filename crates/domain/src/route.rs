//! Routes: which tier may write to which, and whether the superior is passed by, copied, or gone through.

mod policy;

use serde::{Deserialize, Serialize};

use crate::agency::Tier;
use crate::state::Table;

pub(crate) use policy::toml_fault;
pub use policy::{apply, decide, mode, parse, rules};

/// One row: the rules.
pub const ROUTES: Table = Table { name: "routes", number: 30 };

/// How a document travels between two tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To the recipient.
    Direct,
    /// To the recipient, and a copy to the sender's superior.
    DirectCopySuperior,
    /// To the sender's superior, who forwards it.
    ViaSuperior,
    /// Not at all.
    Refused,
}

/// The rule for one pair of tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The sender's tier.
    pub from: Tier,
    /// The recipient's tier.
    pub to: Tier,
    /// For ordinary documents.
    pub ordinary: Mode,
    /// For urgent ones (khẩn and above).
    pub urgent: Mode,
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Sets rules for the pairs named; other pairs keep theirs.
    Set(Vec<Rule>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// These are all the rules from here on.
    Set(Vec<Rule>),
}
