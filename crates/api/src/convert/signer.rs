//! Authorised signers.

use domain::agency::Id;
use domain::agency::directory;
use domain::invalid::Invalid;
use domain::signer::{AuthorisedSigner, KnownBy, OrganisationIdentifier, Role};

use crate::convert::fields::{Fields, read, same};
use crate::convert::{name, time};
use crate::v1;

same! {
    /// The role of a number.
    role: SignerRole = Role { Person, Organisation }
}

/// The signer to register.
pub fn added(request: &v1::AddAuthorisedSignerRequest) -> Result<AuthorisedSigner, Invalid> {
    read(|at| {
        let message = at.present("signer", &request.signer)?;
        parse(&mut at.within("signer"), message)
    })
}

fn parse(at: &mut Fields<'_>, message: &v1::AuthorisedSigner) -> Option<AuthorisedSigner> {
    let agency = at.required("agency", &message.agency, name::agency);
    let role = at.stated("role", message.role, role);
    let certificate = at.optional_digest("certificate_sha256", &message.certificate_sha256);
    let identifier = at.optional("organisation_identifier", &message.organisation_identifier, OrganisationIdentifier::parse);
    let known_by = match (message.certificate_sha256.is_empty(), message.organisation_identifier.is_empty()) {
        (false, true) => certificate.map(KnownBy::Certificate),
        (true, false) => identifier.map(KnownBy::Identifier),
        (true, true) => {
            at.fault("certificate_sha256", "or organisation_identifier is required");
            None
        }
        (false, false) => {
            at.fault("organisation_identifier", "and certificate_sha256 are both stated: a signer is known by one of them");
            None
        }
    };
    let display_name = at.text("display_name", &message.display_name, 0, 200);
    let position = at.text("position", &message.position, 0, 100);
    let valid_from = at.optional_date("valid_from_date", &message.valid_from_date);
    let valid_until = at.optional_date("valid_until_date", &message.valid_until_date);
    let note = at.text("note", &message.note, 0, 500);
    Some(AuthorisedSigner {
        agency: agency?,
        role: role?,
        known_by: known_by?,
        name: display_name?,
        position: position?,
        valid_from,
        valid_until,
        note: note?,
    })
}

/// The agency whose signers are listed.
pub fn list(request: &v1::ListAuthorisedSignersRequest) -> Result<Id, Invalid> {
    read(|at| at.required("agency", &request.agency, name::agency))
}

/// The signers of a file; every bad line is a fault of its own, in the field `signers_csv:3` for the third line.
pub fn imported(request: &v1::ImportAuthorisedSignersRequest) -> Result<Vec<AuthorisedSigner>, Invalid> {
    read(|at| {
        if request.signers_csv.is_empty() {
            at.fault("signers_csv", "is required");
            return None;
        }
        let read = directory::parse_signers(&request.signers_csv);
        read.map_err(|lines| lines.iter().for_each(|bad| at.fault(&format!("signers_csv:{}", bad.line), &bad.rule))).ok()
    })
}

/// The message of a signer.
pub fn to_wire(signer: &AuthorisedSigner) -> v1::AuthorisedSigner {
    let (certificate_sha256, organisation_identifier) = match &signer.known_by {
        KnownBy::Certificate(digest) => (digest.0.to_vec().into(), String::new()),
        KnownBy::Identifier(number) => (Default::default(), number.to_string()),
    };
    v1::AuthorisedSigner {
        name: signer.resource_name(),
        agency: name::of_agency(&signer.agency),
        role: v1::SignerRole::from(signer.role).into(),
        certificate_sha256,
        organisation_identifier,
        display_name: signer.name.clone(),
        position: signer.position.clone(),
        valid_from_date: time::date(signer.valid_from),
        valid_until_date: time::date(signer.valid_until),
        note: signer.note.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(invalid: &Invalid) -> Vec<&str> {
        invalid.faults().iter().map(|fault| fault.field.as_str()).collect()
    }

    #[test]
    fn a_signer_comes_back_as_it_went() {
        let person = v1::AuthorisedSigner {
            name: format!("agencies/camau/signers/person-{}", "07".repeat(32)),
            agency: "agencies/camau".into(),
            role: v1::SignerRole::Person.into(),
            certificate_sha256: vec![7; 32].into(),
            display_name: "Nguyễn Văn Ví Dụ".into(),
            position: "Chủ tịch".into(),
            valid_from_date: "2025-07-01".into(),
            valid_until_date: "2030-06-30".into(),
            note: "Quyết định số 01/QĐ-UBND".into(),
            ..Default::default()
        };
        let organisation = v1::AuthorisedSigner {
            name: "agencies/camau/signers/organisation-mst-2000100001".into(),
            agency: "agencies/camau".into(),
            role: v1::SignerRole::Organisation.into(),
            organisation_identifier: "MST:2000100001".into(),
            ..Default::default()
        };
        for wire in [person, organisation] {
            let signer = added(&v1::AddAuthorisedSignerRequest { signer: Some(wire.clone()) }).expect("a signer");
            assert_eq!(to_wire(&signer), wire);
        }
    }

    #[test]
    fn a_signer_is_known_by_one_thing_and_all_faults_are_named() {
        let faulty = v1::AuthorisedSigner {
            agency: "camau".into(),
            certificate_sha256: vec![7; 31].into(),
            organisation_identifier: "CCCD:079012345678".into(),
            valid_from_date: "1/7/2025".into(),
            ..Default::default()
        };
        let invalid = added(&v1::AddAuthorisedSignerRequest { signer: Some(faulty) }).expect_err("faults");
        let expected = [
            "signer.agency",
            "signer.role",
            "signer.certificate_sha256",
            "signer.organisation_identifier",
            "signer.organisation_identifier",
            "signer.valid_from_date",
        ];
        assert_eq!(fields(&invalid), expected);
        let nothing = added(&v1::AddAuthorisedSignerRequest { signer: Some(v1::AuthorisedSigner::default()) }).expect_err("faults");
        assert_eq!(fields(&nothing), ["signer.agency", "signer.role", "signer.certificate_sha256"]);
        let file = v1::ImportAuthorisedSignersRequest { signers_csv: "agency,role,name\nx,person,A\n".into(), validate_only: false };
        assert_eq!(fields(&imported(&file).expect_err("a bad line")), ["signers_csv:2"]);
    }
}
