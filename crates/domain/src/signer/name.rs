//! What a signer is called: the normalised number of an organisation, and the name of the resource.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AuthorisedSigner, KnownBy, Role};
use crate::agency::{self, Code, Scheme};
use crate::digest::Digest;

/// The number of an organisation as reports write it: `MST:0123456789` or `MST:0123456789-001` (tax code), `MNS:1234567` (code of a
/// unit of the state budget), `MDD:H12.15` (electronic identification code).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrganisationIdentifier(String);

/// The text is no number of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a number of an organisation: MST:0123456789, MST:0123456789-001, MNS:1234567 or MDD:H12.15")]
pub struct NotAnIdentifier;

impl OrganisationIdentifier {
    /// Reads a number in its normalised form.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        let (scheme, number) = text.split_once(':').ok_or(NotAnIdentifier)?;
        let fits = match scheme {
            "MST" => match number.split_once('-') {
                None => digits(number, 10),
                Some((head, unit)) => digits(head, 10) && digits(unit, 3),
            },
            "MNS" => digits(number, 7),
            "MDD" => Code::parse(number).is_ok_and(|code| code.scheme() == Scheme::Qd20),
            _ => false,
        };
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAnIdentifier) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrganisationIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OrganisationIdentifier {
    type Err = NotAnIdentifier;

    fn from_str(text: &str) -> Result<Self, NotAnIdentifier> {
        Self::parse(text)
    }
}

/// The text is no name of a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a name of the form agencies/{{id}}/signers/{{role}}-{{SHA-256 or number}}")]
pub struct NotASigner;

impl AuthorisedSigner {
    /// `agencies/{agency}/signers/person-{SHA-256}`, `…/organisation-{SHA-256}` or `…/organisation-mst-0123456789`.
    pub fn resource_name(&self) -> String {
        resource_name(&self.agency, self.role, &self.known_by)
    }

    /// Whose signer a name means.
    pub fn parse_name(name: &str) -> Result<(agency::Id, Role, KnownBy), NotASigner> {
        let parts = name.strip_prefix("agencies/").and_then(|rest| rest.split_once("/signers/"));
        let (agency, signer) = parts.ok_or(NotASigner)?;
        let agency = agency::Id::parse(agency).map_err(|_| NotASigner)?;
        let (role, known_by) = signer.split_once('-').ok_or(NotASigner)?;
        let role = match role {
            "person" => Role::Person,
            "organisation" => Role::Organisation,
            _ => return Err(NotASigner),
        };
        let known_by = match known_by.parse::<Digest>() {
            Ok(digest) => KnownBy::Certificate(digest),
            Err(_) => {
                let number = known_by.to_ascii_uppercase().replacen('-', ":", 1);
                KnownBy::Identifier(number.parse().map_err(|_| NotASigner)?)
            }
        };
        // A thing has one spelling.
        if resource_name(&agency, role, &known_by) == name { Ok((agency, role, known_by)) } else { Err(NotASigner) }
    }
}

pub(super) fn resource_name(agency: &agency::Id, role: Role, known_by: &KnownBy) -> String {
    let role = match role {
        Role::Person => "person",
        Role::Organisation => "organisation",
    };
    match known_by {
        KnownBy::Certificate(digest) => format!("agencies/{agency}/signers/{role}-{digest}"),
        KnownBy::Identifier(number) => {
            format!("agencies/{agency}/signers/{role}-{}", number.as_str().replacen(':', "-", 1).to_ascii_lowercase())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_organisations_are_read_in_one_form() {
        for good in ["MST:2000100001", "MST:2000100001-012", "MNS:1028274", "MDD:H12.15.01"] {
            assert_eq!(good.parse::<OrganisationIdentifier>().map(|number| number.to_string()), Ok(good.into()));
        }
        for bad in ["2000100001", "MST:079012345678", "mst:2000100001", "MNS:102827", "MDD:000.00.15.H12", "CCCD:079012345678", ""] {
            assert_eq!(bad.parse::<OrganisationIdentifier>(), Err(NotAnIdentifier), "{bad}");
        }
    }

    #[test]
    fn a_name_leads_back_to_its_signer_and_has_one_spelling() {
        let agency = agency::Id::parse("camau.so").unwrap();
        let digest = "0a".repeat(32);
        for name in [
            format!("agencies/camau.so/signers/person-{digest}"),
            format!("agencies/camau.so/signers/organisation-{digest}"),
            "agencies/camau.so/signers/organisation-mst-2000100001-012".into(),
            "agencies/camau.so/signers/organisation-mdd-h12.15".into(),
        ] {
            let (of, role, known_by) = AuthorisedSigner::parse_name(&name).unwrap();
            assert_eq!((&of, resource_name(&of, role, &known_by)), (&agency, name));
        }
        for name in [
            "agencies/camau.so/signers/organisation-MST-2000100001",
            "agencies/camau.so/signers/clerk-mst-2000100001",
            "agencies/camau.so/signers/organisation",
            "agencies/camau.so",
            "camau.so/signers/organisation-mst-2000100001",
        ] {
            assert_eq!(AuthorisedSigner::parse_name(name), Err(NotASigner), "{name}");
        }
    }
}
