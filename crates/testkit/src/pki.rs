//! A three-level PKI after the model of the government's own: a root, one issuing authority, and under it the
//! certificates of persons, organisations and a time-stamping authority.

mod legacy_rsa;
mod ocsp;
mod signer;

pub use signer::{KeyKind, Signer};

use crate::{Error, der};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, CustomExtension, DnType, DnValue, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use signer::Key;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;
use time::macros::datetime;

/// Validity of both authorities and of the time-stamping certificate: wide enough for any signing time a test wants.
const AUTHORITY_NOT_BEFORE: OffsetDateTime = datetime!(2008-01-01 00:00 UTC);
const AUTHORITY_NOT_AFTER: OffsetDateTime = datetime!(2049-12-31 00:00 UTC);

const TSA_NAME: &str = "Test TSA";

/// userId (RFC 4519, 2.39), where Vietnamese authorities put tax code and agency number.
const USER_ID: &[u64] = &[0, 9, 2342, 19200300, 100, 1, 1];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const TIME_STAMPING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];

/// A root, an issuing authority and a time-stamping authority, with their keys.
pub struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    tsa: Signer,
    lists_issued: AtomicU64,
}

/// What a subscriber asks the issuing authority for.
#[derive(Clone, Debug)]
pub struct SignerRequest {
    /// Name of the person, or of the organisation whose seal it is.
    pub common_name: String,
    /// Name of the organisation that the signer belongs to.
    pub organisation: String,
    /// Tax code or agency number, written into `UID` of the subject.
    pub organisation_id: Option<String>,
    /// Whether a person signs or an organisation seals.
    pub kind: SignerKind,
    /// First second of validity.
    pub not_before: OffsetDateTime,
    /// Last second of validity.
    pub not_after: OffsetDateTime,
    /// The kind of key to make.
    pub key: KeyKind,
}

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerKind {
    /// A person: the subject names the organisation beside the person.
    Person,
    /// An organisation: the subject's common name is the organisation itself.
    Organisation,
}

impl Pki {
    /// Makes fresh keys and certificates for root, issuing authority and time-stamping authority.
    ///
    /// # Errors
    /// Fails only if the system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        let root = CertifiedIssuer::self_signed(authority("Test RootCA", BasicConstraints::Unconstrained)?, KeyPair::generate()?)?;
        let intermediate = CertifiedIssuer::signed_by(
            authority("Test CA phục vụ các cơ quan Nhà nước", BasicConstraints::Constrained(0))?,
            KeyPair::generate()?,
            &root,
        )?;

        let (key, public_key) = Key::generate(KeyKind::P256)?;
        let mut params = leaf(AUTHORITY_NOT_BEFORE, AUTHORITY_NOT_AFTER)?;
        params.distinguished_name.push(DnType::OrganizationName, "Test Ban Cơ yếu Chính phủ");
        params.distinguished_name.push(DnType::CommonName, TSA_NAME);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // RFC 3161, 2.3: the extension is critical and names this one purpose.
        let usage = der::sequence(&[&der::oid(TIME_STAMPING)]);
        let mut extension = CustomExtension::from_oid_content(EXTENDED_KEY_USAGE, usage);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
        let certificate = params.signed_by(&public_key, &intermediate)?.der().to_vec();
        let tsa = Signer::new(TSA_NAME, certificate, chain(&root, &intermediate), key)?;

        Ok(Self { root, intermediate, tsa, lists_issued: AtomicU64::new(0) })
    }

    /// The root certificate, the trust anchor of everything issued here.
    pub fn root_der(&self) -> &[u8] {
        self.root.der()
    }

    /// The certificate of the issuing authority.
    pub fn intermediate_der(&self) -> &[u8] {
        self.intermediate.der()
    }

    /// Issues a certificate with a fresh key (RSA: one of the two fixture keys in turn).
    ///
    /// The validity is not compared with anything: a certificate that is expired, or runs backwards, can be asked for.
    ///
    /// # Errors
    /// Fails if a time lies outside the years that X.509 can write, or the system gives no randomness.
    pub fn issue(&self, request: &SignerRequest) -> Result<Signer, Error> {
        let (key, public_key) = Key::generate(request.key)?;
        let mut params = leaf(request.not_before, request.not_after)?;
        let name = &mut params.distinguished_name;
        name.push(DnType::OrganizationName, request.organisation.as_str());
        if request.kind == SignerKind::Person {
            name.push(DnType::OrganizationalUnitName, "Cá nhân");
        }
        name.push(DnType::CommonName, request.common_name.as_str());
        if let Some(id) = &request.organisation_id {
            name.push(DnType::CustomDnType(USER_ID.to_vec()), id.as_str());
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        let certificate = params.signed_by(&public_key, &self.intermediate)?.der().to_vec();
        Signer::new(&request.common_name, certificate, chain(&self.root, &self.intermediate), key)
    }

    /// The time-stamping authority, certified by the issuing authority with the critical purpose `timeStamping`.
    pub fn tsa(&self) -> &Signer {
        &self.tsa
    }

    /// A revocation list of the issuing authority that names `revoked_serials` (see [`Signer::serial_number`]) as
    /// revoked for key compromise at `this_update`. Each list has a higher number than the one before.
    ///
    /// # Errors
    /// Fails unless `next_update` is later than `this_update`.
    pub fn crl(&self, revoked_serials: &[Vec<u8>], this_update: OffsetDateTime, next_update: OffsetDateTime) -> Result<Vec<u8>, Error> {
        self.list_by(&self.intermediate, revoked_serials, this_update, next_update)
    }

    /// A revocation list of the root; the counterpart of [`Pki::crl`] for the issuing authority's own certificate.
    ///
    /// # Errors
    /// Fails unless `next_update` is later than `this_update`.
    pub fn root_crl(
        &self,
        revoked_serials: &[Vec<u8>],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, Error> {
        self.list_by(&self.root, revoked_serials, this_update, next_update)
    }

    fn list_by(
        &self,
        issuer: &CertifiedIssuer<'static, KeyPair>,
        revoked_serials: &[Vec<u8>],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, Error> {
        let number = self.lists_issued.fetch_add(1, Ordering::Relaxed) + 1;
        let revoked = |serial: &Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: this_update,
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked_serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(issuer)?.der().to_vec())
    }
}

fn authority(common_name: &str, constraints: BasicConstraints) -> Result<CertificateParams, Error> {
    let mut params = leaf(AUTHORITY_NOT_BEFORE, AUTHORITY_NOT_AFTER)?;
    params.distinguished_name.push(DnType::OrganizationName, "Test Ban Cơ yếu Chính phủ");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.not_before = not_before;
    params.not_after = not_after;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, DnValue::PrintableString("VN".try_into()?));
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    // Random and not derived from the key: the fixture keys are used for many certificates.
    params.serial_number = Some(SerialNumber::from_slice(&random_serial()?));
    Ok(params)
}

/// Sixteen random bytes that read as a positive number without padding.
fn random_serial() -> Result<[u8; 16], Error> {
    let mut serial = [0; 16];
    SystemRandom::new().fill(&mut serial).map_err(|_| Error::Key { kind: "serial number", action: "drawing random bytes" })?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

fn chain(root: &CertifiedIssuer<'static, KeyPair>, intermediate: &CertifiedIssuer<'static, KeyPair>) -> Vec<Vec<u8>> {
    vec![intermediate.der().to_vec(), root.der().to_vec()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openssl;

    #[test]
    fn openssl_builds_the_path_of_every_kind_of_key() {
        let pki = Pki::generate().unwrap();
        for key in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa2048] {
            let signer = pki.issue(&request(key)).unwrap();
            let Some(bench) = openssl::Bench::new(&pki) else { return };
            let certificate = bench.write("signer.der", &signer.certificate);
            let outcome = bench.run("verify", &["-CAfile", "root.pem", "-untrusted", "issuing.pem", &certificate]);
            assert!(outcome.success, "{key:?}: {}", outcome.text);
        }
    }

    #[test]
    fn a_subject_carries_its_names_and_its_agency_number() {
        let pki = Pki::generate().unwrap();
        let signer = pki.issue(&request(KeyKind::P256)).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let certificate = bench.write("signer.der", &signer.certificate);
        let options = ["-in", &certificate, "-noout", "-subject", "-issuer", "-nameopt", "RFC2253,-esc_msb,utf8"];
        let outcome = bench.run("x509", &options);
        assert!(outcome.text.contains("subject=UID=H12.15,CN=Nguyễn Văn A,OU=Cá nhân,O=Sở Tư pháp,C=VN"), "{}", outcome.text);
        assert!(outcome.text.contains("issuer=CN=Test CA phục vụ các cơ quan Nhà nước,"), "{}", outcome.text);
    }

    #[test]
    fn a_revoked_certificate_is_refused_by_openssl_and_its_neighbour_is_not() {
        let pki = Pki::generate().unwrap();
        let revoked = pki.issue(&request(KeyKind::P256)).unwrap();
        let neighbour = pki.issue(&request(KeyKind::P256)).unwrap();
        let now = OffsetDateTime::now_utc();
        let (from, to) = (now - time::Duration::hours(1), now + time::Duration::days(7));
        let list = pki.crl(&[revoked.serial_number().to_vec()], from, to).unwrap();

        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let list = bench.write("list.der", &list);
        let check = |signer: &Signer| {
            let certificate = bench.write("signer.der", &signer.certificate);
            let anchors = ["-CAfile", "root.pem", "-untrusted", "issuing.pem"];
            bench.run("verify", &[&anchors[..], &["-crl_check", "-CRLfile", &list, &certificate]].concat())
        };
        let outcome = check(&revoked);
        assert!(!outcome.success && outcome.text.contains("revoked"), "{}", outcome.text);
        let outcome = check(&neighbour);
        assert!(outcome.success, "{}", outcome.text);
    }

    #[test]
    fn two_certificates_for_one_fixture_key_differ_in_serial_number() {
        let pki = Pki::generate().unwrap();
        let signers: Vec<Signer> = (0..3).map(|_| pki.issue(&request(KeyKind::Rsa2048)).unwrap()).collect();
        assert_ne!(signers[0].serial_number(), signers[2].serial_number());
        assert_eq!(signers[0].serial_number().len(), 16);
    }

    fn request(key: KeyKind) -> SignerRequest {
        SignerRequest {
            common_name: "Nguyễn Văn A".into(),
            organisation: "Sở Tư pháp".into(),
            organisation_id: Some("H12.15".into()),
            kind: SignerKind::Person,
            not_before: datetime!(2020-01-01 00:00 UTC),
            not_after: datetime!(2045-01-01 00:00 UTC),
            key,
        }
    }
}
