//! Signing a document: one more revision with field, widget and signature dictionary, then the CMS over all of it
//! except the value of `/Contents` (ISO 32000-2, 12.8.1; ETSI EN 319 142-1).

use super::draft::text_string;
use super::revision::{Document, append_entry, append_to_array, find, number_after};
use crate::Error;
use crate::cms::{self, Digest, Encoding, Profile, RsaPadding};
use crate::pki::Signer;
use time::{OffsetDateTime, UtcOffset};

/// Ten digits per number reach 9.3 GiB, beyond any document here.
const BYTE_RANGE_PLACEHOLDER: &str = "[0 0000000000 0000000000 0000000000]";
/// Signed attributes, signature value and framing take less than 1 KiB with any key; the rest is for a longer name.
const CMS_FRAME_BYTES: usize = 2048;
const TIME_STAMP_FRAME_BYTES: usize = 2048;

/// What `/SubFilter` says about the CMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubFilter {
    /// `adbe.pkcs7.detached`, with the attribute `signingTime`.
    AdbePkcs7Detached,
    /// `ETSI.CAdES.detached`, with the attribute `signingCertificateV2`.
    EtsiCadesDetached,
}

/// What a certifying signature lets happen afterwards (ISO 32000-2, table 257).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certification {
    /// Nothing.
    NoChanges,
    /// Filling in forms and signing.
    FillForms,
    /// That, and annotations.
    Annotate,
}

/// How to sign a document.
#[derive(Clone)]
pub struct SignOptions<'a> {
    /// The name of the signature field.
    pub field: String,
    /// The time in `/M`, and in `signingTime` where the sub-filter has it; also what a time stamp states.
    pub time: OffsetDateTime,
    /// The form of the CMS.
    pub sub_filter: SubFilter,
    /// The digest of the content; see [`cms::Options::digest`] for what it means with each key.
    pub digest: Digest,
    /// Whether the issuing authority's certificate is embedded beside the signer's.
    pub embed_chain: bool,
    /// The authority that time-stamps the signature, if any.
    pub timestamp: Option<&'a Signer>,
    /// The time that the time stamp states, where it differs from `time`.
    pub timestamp_time: Option<OffsetDateTime>,
    /// Whether attributes are signed; without them the digest of the document is signed directly.
    pub signed_attributes: bool,
    /// How an RSA key pads.
    pub rsa_padding: RsaPadding,
    /// How the outer layers of the CMS are encoded.
    pub encoding: Encoding,
    /// Makes the signature a certifying one. It has to be the first.
    pub certification: Option<Certification>,
    /// `/Reason`, if any.
    pub reason: Option<String>,
    /// Bytes reserved for the CMS; `None` reserves what is needed and a little more.
    pub contents_bytes: Option<usize>,
}

impl SignOptions<'_> {
    /// The usual signature: `adbe.pkcs7.detached`, SHA-256, chain embedded, signed attributes, no time stamp, in a field
    /// named `Signature1`. A second signature needs another name.
    pub fn at(time: OffsetDateTime) -> Self {
        Self {
            field: "Signature1".to_owned(),
            time,
            sub_filter: SubFilter::AdbePkcs7Detached,
            digest: Digest::Sha256,
            embed_chain: true,
            timestamp: None,
            timestamp_time: None,
            signed_attributes: true,
            rsa_padding: RsaPadding::Pkcs1,
            encoding: Encoding::Der,
            certification: None,
            reason: None,
            contents_bytes: None,
        }
    }
}

/// Signs a document and returns it with the signature appended; every byte of `pdf` stays where it was. Signing the
/// result again adds a second signature that covers the first.
///
/// # Errors
/// Fails if `pdf` does not have the shape that [`super::Draft`] writes, or [`SignOptions::contents_bytes`] is too small.
pub fn sign(pdf: &[u8], signer: &Signer, options: &SignOptions<'_>) -> Result<Vec<u8>, Error> {
    let reserved = options.contents_bytes.unwrap_or_else(|| room_for(signer, options));
    let mut signed = append_signature_revision(pdf, signer, options, reserved)?;

    let range_start = find(&signed, b"/ByteRange [0 0000000000", pdf.len());
    let range_start = range_start.ok_or(Error::UnsupportedDocument("placeholder"))? + b"/ByteRange ".len();
    let contents_key = find(&signed, b"/Contents <", range_start).ok_or(Error::UnsupportedDocument("placeholder"))?;
    let contents = contents_key + b"/Contents ".len();
    let after_contents = contents + 2 * reserved + 2;
    let range = format!("[0 {contents} {after_contents} {}]", signed.len() - after_contents);
    let range = format!("{range:<width$}", width = BYTE_RANGE_PLACEHOLDER.len());
    signed[range_start..range_start + range.len()].copy_from_slice(range.as_bytes());

    let cms_options = cms::Options {
        time: options.time,
        digest: options.digest,
        embed_chain: options.embed_chain,
        signed_attributes: options.signed_attributes,
        rsa_padding: options.rsa_padding,
        encoding: options.encoding,
        profile: match options.sub_filter {
            SubFilter::AdbePkcs7Detached => Profile::Pkcs7,
            SubFilter::EtsiCadesDetached => Profile::CadesInPdf,
        },
        timestamp: options.timestamp.map(|authority| (authority, options.timestamp_time.unwrap_or(options.time))),
    };
    let cms = cms::sign_parts(&[&signed[..contents], &signed[after_contents..]], signer, &cms_options)?;
    if cms.len() > reserved {
        return Err(Error::ContentsTooSmall { needed: cms.len(), reserved });
    }
    for (digits, byte) in signed[contents + 1..].chunks_exact_mut(2).zip(&cms) {
        digits.copy_from_slice(&hex(*byte));
    }
    Ok(signed)
}

fn append_signature_revision(pdf: &[u8], signer: &Signer, options: &SignOptions<'_>, reserved: usize) -> Result<Vec<u8>, Error> {
    let document = Document::parse(pdf)?;
    let (root, page) = (document.root()?, document.first_page()?);
    let catalog = document.dictionary(root)?;
    let mut next_number = document.size;
    let mut take_number = || {
        next_number += 1;
        next_number - 1
    };
    let (widget, signature) = (take_number(), take_number());
    let mut objects = Vec::new();

    let (form, form_dictionary) = match number_after(&catalog, "/AcroForm") {
        Some(form) => (form, append_to_array(&document.dictionary(form)?, "/Fields", &format!("{widget} 0 R"))),
        None => {
            let form = take_number();
            let mut catalog = append_entry(&catalog, &format!("/AcroForm {form} 0 R"));
            if options.certification.is_some() {
                catalog = append_entry(&catalog, &format!("/Perms << /DocMDP {signature} 0 R >>"));
            }
            objects.push((root, catalog.into_bytes()));
            // ISO 32000-2, table 225: signatures exist, and the file must only be appended to.
            (form, format!("<< /Fields [{widget} 0 R] /SigFlags 3 >>"))
        }
    };
    objects.push((form, form_dictionary.into_bytes()));
    let page_dictionary = append_to_array(&document.dictionary(page)?, "/Annots", &format!("{widget} 0 R"));
    objects.push((page, page_dictionary.into_bytes()));
    // Flags: print and locked. A rectangle without extent is a signature that does not show.
    let widget_dictionary = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T {} /V {signature} 0 R /P {page} 0 R /Rect [0 0 0 0] /F 132 >>",
        text_string(&options.field)
    );
    objects.push((widget, widget_dictionary.into_bytes()));
    objects.push((signature, signature_dictionary(signer, options, reserved).into_bytes()));
    Ok(document.append(&objects))
}

fn signature_dictionary(signer: &Signer, options: &SignOptions<'_>, reserved: usize) -> String {
    let sub_filter = match options.sub_filter {
        SubFilter::AdbePkcs7Detached => "adbe.pkcs7.detached",
        SubFilter::EtsiCadesDetached => "ETSI.CAdES.detached",
    };
    let mut entries = format!("/M ({}) /Name {}", pdf_time(options.time), text_string(signer.common_name()));
    if let Some(reason) = &options.reason {
        entries.push_str(&format!(" /Reason {}", text_string(reason)));
    }
    if let Some(certification) = options.certification {
        let permission = match certification {
            Certification::NoChanges => 1,
            Certification::FillForms => 2,
            Certification::Annotate => 3,
        };
        entries.push_str(&format!(
            " /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P {permission} /V /1.2 >> >>]"
        ));
    }
    format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /{sub_filter} /ByteRange {BYTE_RANGE_PLACEHOLDER} /Contents <{}> {entries} >>",
        "0".repeat(2 * reserved)
    )
}

/// What the CMS will take at most.
fn room_for(signer: &Signer, options: &SignOptions<'_>) -> usize {
    let certificates =
        |signer: &Signer, chain: bool| signer.certificate.len() + if chain { signer.chain.iter().map(Vec::len).sum() } else { 0 };
    let time_stamp = options.timestamp.map_or(0, |authority| certificates(authority, true) + TIME_STAMP_FRAME_BYTES);
    certificates(signer, options.embed_chain) + CMS_FRAME_BYTES + time_stamp
}

/// A date as ISO 32000-2, 7.9.4 writes it, in Vietnam's time as the signing tools there do.
fn pdf_time(at: OffsetDateTime) -> String {
    // Fixed since 1975: seven hours before UTC, no summer time.
    let local = UtcOffset::from_hms(7, 0, 0).ok().and_then(|offset| at.checked_to_offset(offset)).unwrap_or(at);
    format!(
        "D:{:04}{:02}{:02}{:02}{:02}{:02}+07'00'",
        local.year(),
        u8::from(local.month()),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )
}

fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]
}
