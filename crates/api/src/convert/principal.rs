//! Principals and their credentials.

use domain::agency;
use domain::digest::Digest;
use domain::invalid::{Checker, Invalid};
use domain::principal::{Credential, Id, Principal, Role, State};

use crate::convert::fields::{Fields, read};
use crate::convert::{name, time};
use crate::v1;

/// Items of a list that are looked at; how many of them there may be is for the rules.
const LOOKED_AT: usize = 10_000;

/// The filters of a list of principals; what is `None` does not restrict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only this role.
    pub role: Option<v1::Role>,
    /// Only this state.
    pub state: Option<v1::PrincipalState>,
    /// Only agency systems of this agency.
    pub agency: Option<agency::Id>,
}

impl Filter {
    /// Whether a principal is among those asked for.
    pub fn keeps(&self, principal: &Principal) -> bool {
        self.role.is_none_or(|role| role == role_of(&principal.role))
            && self.state.is_none_or(|state| state == state_of(&principal.state))
            && self.agency.as_ref().is_none_or(|agency| match &principal.role {
                Role::AgencySystem { agencies } => agencies.contains(agency),
                Role::Supervisor { .. } | Role::Auditor | Role::Admin => false,
            })
    }
}

/// The filters of a list.
pub fn list(request: &v1::ListPrincipalsRequest) -> Result<Filter, Invalid> {
    read(|at| {
        Some(Filter {
            role: at.any("role", request.role, |number| v1::Role::try_from(number).ok()),
            state: at.any("state", request.state, |number| v1::PrincipalState::try_from(number).ok()),
            agency: at.optional("agency", &request.agency, name::agency),
        })
    })
}

/// The principal to enrol.
pub fn enrolled(request: &v1::EnrolPrincipalRequest) -> Result<Principal, Invalid> {
    read(|at| {
        let id = at.required("principal_id", &request.principal_id, Id::parse);
        let message = at.present("principal", &request.principal)?;
        let at = &mut at.within("principal");
        let named = at.optional("name", &message.name, name::principal);
        at.require(named.is_none() || named == id, "name", "must be principals/ and the principal_id, or empty");
        let display_name = at.text("display_name", &message.display_name, 0, 200);
        let role = parse_role(at, message);
        let credentials = at.items("credentials", &message.credentials, (1, LOOKED_AT), parse_credential);
        Some(Principal { id: id?, display_name: display_name?, role: role?, credentials, state: State::Active, changed_seq: 0 })
    })
}

/// The credentials of a repeated field.
pub fn credentials(credentials: &[v1::Credential], field: &str, check: &mut Checker) -> Vec<Credential> {
    Fields::of(check).items(field, credentials, (0, LOOKED_AT), parse_credential)
}

/// What a principal of this role acts for from here on.
pub fn assigned(request: &v1::AssignPrincipalRequest, role: &Role) -> Result<Role, Invalid> {
    read(|at| {
        let most = |wanted: bool| if wanted { (1, LOOKED_AT) } else { (0, 0) };
        let is_system = matches!(role, Role::AgencySystem { .. });
        let is_supervisor = matches!(role, Role::Supervisor { .. });
        at.require(is_system || is_supervisor, "name", "is of an auditor or an admin, who act for no agencies");
        let agencies = at.names("agencies", &request.agencies, most(is_system), name::agency);
        let subtrees = at.names("subtrees", &request.subtrees, most(is_supervisor), name::agency);
        Some(if is_system { Role::AgencySystem { agencies } } else { Role::Supervisor { subtrees } })
    })
}

fn parse_role(at: &mut Fields<'_>, message: &v1::Principal) -> Option<Role> {
    let role = at.stated("role", message.role, |number| v1::Role::try_from(number).ok())?;
    let most = |wanted: bool| if wanted { (1, LOOKED_AT) } else { (0, 0) };
    let agencies = at.names("agencies", &message.agencies, most(role == v1::Role::AgencySystem), name::agency);
    let subtrees = at.names("subtrees", &message.subtrees, most(role == v1::Role::Supervisor), name::agency);
    match role {
        v1::Role::Unspecified => None,
        v1::Role::AgencySystem => Some(Role::AgencySystem { agencies }),
        v1::Role::Supervisor => Some(Role::Supervisor { subtrees }),
        v1::Role::Auditor => Some(Role::Auditor),
        v1::Role::Admin => Some(Role::Admin),
    }
}

fn parse_credential(at: &mut Fields<'_>, message: &v1::Credential) -> Option<Credential> {
    use v1::credential::Kind;
    match &message.kind {
        None => {
            at.fault("", "must have one of uri and certificate_sha256");
            None
        }
        Some(Kind::Uri(uri)) => {
            // Its form is for the rules; here it is only kept from being absurd.
            at.require(uri.len() <= 2_000, "uri", "is longer than 2,000 bytes");
            Some(Credential::Uri(uri.clone()))
        }
        Some(Kind::CertificateSha256(sha256)) => {
            at.value("certificate_sha256", Digest::try_from(sha256.as_ref())).map(Credential::Fingerprint)
        }
    }
}

/// The message of a principal.
pub fn to_wire(principal: &Principal) -> v1::Principal {
    let (agencies, subtrees) = match &principal.role {
        Role::AgencySystem { agencies } => (agencies.as_slice(), &[][..]),
        Role::Supervisor { subtrees } => (&[][..], subtrees.as_slice()),
        Role::Auditor | Role::Admin => (&[][..], &[][..]),
    };
    let (revoke_time, revoke_reason) = match &principal.state {
        State::Active => (None, String::new()),
        State::Revoked { at, reason } => (Some(time::timestamp(*at)), reason.clone()),
    };
    v1::Principal {
        name: name::of_principal(&principal.id),
        display_name: principal.display_name.clone(),
        role: role_of(&principal.role).into(),
        agencies: agencies.iter().map(name::of_agency).collect(),
        subtrees: subtrees.iter().map(name::of_agency).collect(),
        credentials: principal.credentials.iter().map(credential_to_wire).collect(),
        state: state_of(&principal.state).into(),
        revoke_time,
        revoke_reason,
        etag: principal.changed_seq.to_string(),
    }
}

/// The message of a credential.
pub fn credential_to_wire(credential: &Credential) -> v1::Credential {
    use v1::credential::Kind;
    let kind = match credential {
        Credential::Uri(uri) => Kind::Uri(uri.clone()),
        Credential::Fingerprint(digest) => Kind::CertificateSha256(digest.0.to_vec().into()),
    };
    v1::Credential { kind: Some(kind) }
}

const fn role_of(role: &Role) -> v1::Role {
    match role {
        Role::AgencySystem { .. } => v1::Role::AgencySystem,
        Role::Supervisor { .. } => v1::Role::Supervisor,
        Role::Auditor => v1::Role::Auditor,
        Role::Admin => v1::Role::Admin,
    }
}

const fn state_of(state: &State) -> v1::PrincipalState {
    match state {
        State::Active => v1::PrincipalState::Active,
        State::Revoked { .. } => v1::PrincipalState::Revoked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolment(principal: v1::Principal) -> Result<Principal, Invalid> {
        enrolled(&v1::EnrolPrincipalRequest { principal_id: "camau-vpub".into(), principal: Some(principal) })
    }

    fn credentials() -> Vec<Credential> {
        vec![Credential::Uri("urn:vanthu:camau".into()), Credential::Fingerprint(Digest([9; 32]))]
    }

    #[test]
    fn a_principal_comes_back_as_it_went() {
        let agencies = vec![agency::Id::parse("camau").expect("a slug"), agency::Id::parse("camau.dam-doi").expect("a slug")];
        for role in [Role::AgencySystem { agencies: agencies.clone() }, Role::Supervisor { subtrees: agencies }, Role::Auditor, Role::Admin]
        {
            let principal = Principal {
                id: Id::parse("camau-vpub").expect("a slug"),
                display_name: "Văn phòng UBND tỉnh Cà Mau".into(),
                role,
                credentials: credentials(),
                state: State::Active,
                changed_seq: 0,
            };
            assert_eq!(enrolment(to_wire(&principal)), Ok(principal));
        }
    }

    #[test]
    fn all_faults_of_an_enrolment_are_named() {
        let principal = v1::Principal {
            name: "principals/other".into(),
            display_name: "x".repeat(201),
            role: v1::Role::Auditor.into(),
            agencies: vec!["agencies/camau".into()],
            credentials: vec![
                v1::Credential { kind: None },
                v1::Credential { kind: Some(v1::credential::Kind::Uri("u".repeat(2_001))) },
                v1::Credential { kind: Some(v1::credential::Kind::CertificateSha256(vec![1; 31].into())) },
            ],
            ..Default::default()
        };
        let invalid = enrolment(principal).expect_err("six faults");
        let fields: Vec<_> = invalid.faults().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "principal.name",
                "principal.display_name",
                "principal.agencies",
                "principal.credentials[0]",
                "principal.credentials[1].uri",
                "principal.credentials[2].certificate_sha256",
            ]
        );
    }

    #[test]
    fn an_assignment_keeps_the_kind_of_the_role() {
        let system = Role::AgencySystem { agencies: Vec::new() };
        let supervisor = Role::Supervisor { subtrees: Vec::new() };
        let camau = agency::Id::parse("camau").expect("a slug");
        let request = |agencies: &[&str], subtrees: &[&str]| v1::AssignPrincipalRequest {
            name: "principals/a".into(),
            agencies: agencies.iter().map(|name| (*name).into()).collect(),
            subtrees: subtrees.iter().map(|name| (*name).into()).collect(),
        };
        let agencies = request(&["agencies/camau"], &[]);
        let subtrees = request(&[], &["agencies/camau"]);
        assert_eq!(assigned(&agencies, &system), Ok(Role::AgencySystem { agencies: vec![camau.clone()] }));
        assert_eq!(assigned(&subtrees, &supervisor), Ok(Role::Supervisor { subtrees: vec![camau] }));
        for (request, role) in [(&subtrees, &system), (&agencies, &supervisor), (&agencies, &Role::Auditor), (&request(&[], &[]), &system)]
        {
            assert!(assigned(request, role).is_err(), "{role:?}");
        }
        assert!(assigned(&request(&["agencies/camau"], &["agencies/camau"]), &system).is_err());
    }
}
