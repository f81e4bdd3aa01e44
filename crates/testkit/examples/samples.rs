//! Writes a root, signed documents and one forgery of each kind into a directory, for readers made elsewhere:
//! `cargo run -p testkit --example samples -- DIRECTORY`.

use std::error::Error;
use std::path::{Path, PathBuf};
use testkit::attack::{self, Defect};
use testkit::pdf::{self, Certification, Digest, Draft, Encoding, RsaPadding, SignOptions, SubFilter};
use testkit::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const AT: OffsetDateTime = datetime!(2024-03-01 02:00:00 UTC);

fn main() -> Result<(), Box<dyn Error>> {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err("usage: samples DIRECTORY".into());
    };
    std::fs::create_dir_all(&directory)?;
    let write = |name: &str, bytes: &[u8]| std::fs::write(directory.join(Path::new(name)), bytes);

    let pki = Pki::generate()?;
    write("root.der", pki.root_der())?;
    write("issuing.der", pki.intermediate_der())?;
    write("root.crl", &pki.root_crl(&[], AT - Duration::days(1), AT + Duration::days(7))?)?;
    write("issuing.crl", &pki.crl(&[], AT - Duration::days(1), AT + Duration::days(7))?)?;

    let draft = Draft {
        title: "Quyết định về việc ban hành quy chế".into(),
        lines: vec!["QUYẾT ĐỊNH".into(), "Điều 1. Ban hành quy chế (kèm theo).".into()],
        pages: 2,
        padding_bytes: 0,
    };
    let unsigned = draft.build();
    write("unsigned.pdf", &unsigned)?;
    write("unsigned-large.pdf", &Draft { padding_bytes: 1_000_000, ..draft }.build())?;

    let person = signer(&pki, "Nguyễn Văn A", SignerKind::Person, KeyKind::P256)?;
    let organisation = signer(&pki, "Sở Tư pháp", SignerKind::Organisation, KeyKind::Rsa2048)?;
    let p384 = signer(&pki, "Sở Nội vụ", SignerKind::Organisation, KeyKind::P384)?;
    let ed25519 = signer(&pki, "Sở Y tế", SignerKind::Organisation, KeyKind::Ed25519)?;

    let once = pdf::sign(&unsigned, &person, &SignOptions::at(AT))?;
    write("signed-p256.pdf", &once)?;
    let stamped = SignOptions {
        field: "Signature2".into(),
        sub_filter: SubFilter::EtsiCadesDetached,
        timestamp: Some(pki.tsa()),
        reason: Some("Đóng dấu".into()),
        ..SignOptions::at(AT)
    };
    write("signed-twice.pdf", &pdf::sign(&once, &organisation, &stamped)?)?;
    write("signed-cades.pdf", &pdf::sign(&unsigned, &organisation, &stamped)?)?;
    write("signed-p384.pdf", &pdf::sign(&unsigned, &p384, &with_digest(Digest::Sha384))?)?;
    write("signed-ed25519.pdf", &pdf::sign(&unsigned, &ed25519, &with_digest(Digest::Sha512))?)?;
    write("signed-sha1.pdf", &pdf::sign(&unsigned, &organisation, &with_digest(Digest::Sha1))?)?;
    let pss = SignOptions { rsa_padding: RsaPadding::Pss, ..SignOptions::at(AT) };
    write("signed-pss.pdf", &pdf::sign(&unsigned, &organisation, &pss)?)?;
    let ber = SignOptions { encoding: Encoding::Ber, ..SignOptions::at(AT) };
    write("signed-ber.pdf", &pdf::sign(&unsigned, &person, &ber)?)?;
    let certifying = SignOptions { certification: Some(Certification::FillForms), ..SignOptions::at(AT) };
    write("signed-certifying.pdf", &pdf::sign(&unsigned, &person, &certifying)?)?;
    let bare = SignOptions { signed_attributes: false, ..SignOptions::at(AT) };
    write("signed-without-attributes.pdf", &pdf::sign(&unsigned, &person, &bare)?)?;

    let text = "QUYET DINH GIA";
    write("forged-flip.pdf", &attack::flip_signed_byte(&once)?)?;
    write("forged-garbage.pdf", &attack::append_garbage(&once, 100))?;
    write("forged-prefix.pdf", &attack::prefix_junk(&once, 100))?;
    write("forged-truncated.pdf", &attack::truncate(&once, once.len() - 700))?;
    write("forged-isa.pdf", &attack::append_revision_replacing_page(&once, text)?)?;
    write("forged-isa-bare.pdf", &attack::append_revision_without_table(&once, text)?)?;
    write("forged-isa-copied.pdf", &attack::append_revision_with_copied_signature(&once, text)?)?;
    write("forged-eaa.pdf", &attack::change_after_signing(&once, text)?)?;
    write("forged-swa.pdf", &attack::widen_byte_range(&once, text)?)?;
    write("forged-residual.pdf", &attack::rewrite_losing_revision(&once)?)?;
    let other = pdf::sign(&Draft::default().build(), &person, &SignOptions::at(AT))?;
    write("forged-transplant.pdf", &attack::swap_contents_of_two(&once, &other)?)?;
    for defect in Defect::ALL {
        write(&format!("forged-usf-{defect:?}.pdf"), &attack::forge_universally(&once, defect)?)?;
    }
    Ok(())
}

fn with_digest(digest: Digest) -> SignOptions<'static> {
    SignOptions { digest, ..SignOptions::at(AT) }
}

fn signer(pki: &Pki, name: &str, kind: SignerKind, key: KeyKind) -> Result<Signer, testkit::Error> {
    pki.issue(&SignerRequest {
        common_name: name.into(),
        organisation: "Sở Tư pháp tỉnh Cà Mau".into(),
        organisation_id: Some("H12.15".into()),
        kind,
        not_before: datetime!(2022-01-01 00:00 UTC),
        not_after: datetime!(2029-01-01 00:00 UTC),
        key,
    })
}
