//! `signers.csv`: one authorised signer a line.

use super::{BadLine, Columns, Line, read, word};
use crate::agency::Id;
use crate::digest::Digest;
use crate::invalid;
use crate::signer::{AuthorisedSigner, KnownBy, MAX_IMPORT, OrganisationIdentifier, Role};

const COLUMNS: Columns = Columns {
    required: &["agency", "role", "name"],
    optional: &["identifier", "certificate_sha256", "position", "valid_from", "valid_until", "note"],
};

/// Reads authorised signers: `role` is `person` or `organisation`; a signer is known by `certificate_sha256` (64 hexadecimal digits) or
/// an organisation by `identifier` (`MST:2000100001`), one of the two.
///
/// # Errors
/// Every line that breaks a rule.
pub fn parse_signers(text: &str) -> Result<Vec<AuthorisedSigner>, Vec<BadLine>> {
    read(text, &COLUMNS, MAX_IMPORT, signer)
}

fn signer(line: &mut Line<'_>) -> Option<AuthorisedSigner> {
    let agency = line.parse("agency", Id::parse);
    let role: Option<Role> = line.parse("role", word);
    let text = |line: &mut Line<'_>, column: &str, most| line.parse(column, |text| invalid::text(text, 0, most).map(|()| text.to_owned()));
    let name = text(line, "name", 200);
    let position = text(line, "position", 100);
    let note = text(line, "note", 500);
    let certificate = line.parse_optional("certificate_sha256", |text| text.to_ascii_lowercase().parse::<Digest>());
    let identifier = line.parse_optional("identifier", OrganisationIdentifier::parse);
    let known_by = match (certificate?, identifier?) {
        (Some(certificate), None) => Some(KnownBy::Certificate(certificate)),
        (None, Some(identifier)) => Some(KnownBy::Identifier(identifier)),
        (Some(_), Some(_)) => {
            line.fault("identifier", "and certificate_sha256 are both there: a signer is known by one of them");
            None
        }
        (None, None) => {
            line.fault("certificate_sha256", "or identifier is required");
            None
        }
    };
    let (valid_from, valid_until) = (line.date("valid_from"), line.date("valid_until"));
    Some(AuthorisedSigner {
        agency: agency?,
        role: role?,
        known_by: known_by?,
        name: name?,
        position: position?,
        valid_from: valid_from?,
        valid_until: valid_until?,
        note: note?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_signer() {
        let digest = "0A".repeat(32);
        let text = format!(
            "agency,role,name,identifier,certificate_sha256,position,valid_from,valid_until,note\n\
             camau,organisation,UBND tỉnh,MST:2000100001,,,,,\n\
             camau,person,Nguyễn Văn Ví Dụ,,{digest},Chủ tịch,2025-07-01,2030-06-30,Quyết định số 01/QĐ-UBND\n"
        );
        let signers = parse_signers(&text).unwrap();
        assert_eq!(signers.len(), 2);
        assert_eq!(signers[0].resource_name(), "agencies/camau/signers/organisation-mst-2000100001");
        assert_eq!(signers[1].resource_name(), format!("agencies/camau/signers/person-{}", "0a".repeat(32)));
        assert_eq!(
            (signers[1].position.as_str(), signers[1].valid_until.map(|day| day.to_string()).as_deref()),
            ("Chủ tịch", Some("2030-06-30"))
        );
    }

    #[test]
    fn every_bad_line_is_named() {
        let digest = "0a".repeat(32);
        let text = format!(
            "agency,role,name,identifier,certificate_sha256\n\
             camau,organisation,UBND,,\n\
             camau,organisation,UBND,MST:2000100001,{digest}\n\
             camau,clerk,A,,{digest}\n\
             camau,organisation,UBND,CCCD:079012345678,\n"
        );
        let bad = parse_signers(&text).unwrap_err();
        let told: Vec<(u64, &str)> = bad.iter().map(|bad| (bad.line, bad.rule.split(':').next().unwrap())).collect();
        assert_eq!(
            told,
            [
                (2, "certificate_sha256 or identifier is required"),
                (3, "identifier and certificate_sha256 are both there"),
                (4, "role is not one of the words"),
                (5, "identifier is not a number of an organisation"),
            ]
        );
    }
}
