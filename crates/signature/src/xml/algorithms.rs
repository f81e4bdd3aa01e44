//! What algorithm names of XML signatures stand for, as far as this crate computes them.

use crate::algorithm::{CryptoFault, Digest, PublicKey, Scheme};
use crate::asn1::{INTEGER, SEQUENCE, encode};
use crate::ecdsa;
use crate::rsa::{Fit, Pss};

use super::DSIG;
use super::canonical::{Form, Method};
use super::tree::{Document, NodeId};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// A list of prefixes is looked through for every declaration.
const MAX_PREFIXES: usize = 64;

/// The digest that `uri` names.
pub(crate) fn digest(uri: &str) -> Option<Digest> {
    match uri {
        "http://www.w3.org/2000/09/xmldsig#sha1" => Some(Digest::Sha1),
        "http://www.w3.org/2001/04/xmlenc#sha256" => Some(Digest::Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(Digest::Sha384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(Digest::Sha512),
        _ => None,
    }
}

/// The canonical form that the element `id` (CanonicalizationMethod, Transform) names; none for any other algorithm.
pub(crate) fn canonical_form(document: &Document<'_>, id: NodeId) -> Option<Method> {
    let uri = document.attribute(id, "Algorithm")?;
    let (form, with_comments) = match uri {
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => (Form::Inclusive, false),
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => (Form::Inclusive, true),
        "http://www.w3.org/2006/12/xml-c14n11" => (Form::Inclusive11, false),
        "http://www.w3.org/2006/12/xml-c14n11#WithComments" => (Form::Inclusive11, true),
        EXCLUSIVE => (Form::Exclusive { inclusive_prefixes: Vec::new() }, false),
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => (Form::Exclusive { inclusive_prefixes: Vec::new() }, true),
        _ => return None,
    };
    let children: Vec<NodeId> = document.elements(id).take(2).collect();
    let form = match (form, children.as_slice()) {
        (form, []) => form,
        (Form::Exclusive { .. }, &[list]) if document.is(list, EXCLUSIVE, "InclusiveNamespaces") => {
            let listed = document.attribute(list, "PrefixList")?;
            let inclusive_prefixes: Vec<String> =
                listed.split_ascii_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix }.to_owned()).collect();
            if inclusive_prefixes.len() > MAX_PREFIXES {
                return None;
            }
            Form::Exclusive { inclusive_prefixes }
        }
        _ => return None,
    };
    Some(Method { form, with_comments })
}

/// The scheme that a SignatureMethod names.
pub(crate) fn signature_scheme(document: &Document<'_>, id: NodeId) -> Result<Scheme, CryptoFault> {
    let uri = document.attribute(id, "Algorithm").unwrap_or_default();
    let unsupported = |what: String| Err(CryptoFault::Unsupported(what));
    if let Some(scheme) = simple_scheme(uri) {
        // XMLDSig, 6.3: none of these has parameters.
        return match document.elements(id).next() {
            None => Ok(scheme),
            Some(parameter) => unsupported(format!("the parameter {} of {uri}", document.name(parameter))),
        };
    }
    match uri {
        "http://www.w3.org/2007/05/xmldsig-more#rsa-pss" => pss_scheme(document, id),
        _ if uri.contains("hmac-") => unsupported(format!("{uri} (a shared secret proves nobody's identity, so it)")),
        _ => unsupported(format!("signature algorithm {uri}")),
    }
}

fn simple_scheme(uri: &str) -> Option<Scheme> {
    let named = |name: &str| match name {
        "sha1" => Some(Digest::Sha1),
        "sha256" => Some(Digest::Sha256),
        "sha384" => Some(Digest::Sha384),
        "sha512" => Some(Digest::Sha512),
        _ => None,
    };
    if uri == "http://www.w3.org/2000/09/xmldsig#rsa-sha1" {
        return Some(Scheme::RsaPkcs1(Digest::Sha1));
    }
    if uri == "http://www.w3.org/2000/09/xmldsig#dsa-sha1" {
        return Some(Scheme::Dsa(Digest::Sha1));
    }
    if uri == "http://www.w3.org/2009/xmldsig11#dsa-sha256" {
        return Some(Scheme::Dsa(Digest::Sha256));
    }
    if uri == "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519" {
        return Some(Scheme::Ed25519);
    }
    if let Some(name) = uri.strip_prefix("http://www.w3.org/2007/05/xmldsig-more#") {
        return named(name.strip_suffix("-rsa-MGF1")?).map(|digest| Scheme::RsaPss(Pss::plain(digest)));
    }
    let name = uri.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#")?;
    match name.split_once('-')? {
        ("rsa", "sha1") => None,
        ("rsa", digest) => named(digest).map(Scheme::RsaPkcs1),
        ("ecdsa", digest) => named(digest).map(Scheme::Ecdsa),
        _ => None,
    }
}

/// RFC 6931, 2.3.9.
fn pss_scheme(document: &Document<'_>, id: NodeId) -> Result<Scheme, CryptoFault> {
    const PSS: &str = "http://www.w3.org/2007/05/xmldsig-more#";
    let unsupported = |what: &str| CryptoFault::Unsupported(format!("RSA-PSS with {what}"));
    let children: Vec<NodeId> = document.elements(id).take(2).collect();
    let &[parameters] = children.as_slice() else { return Err(unsupported("default parameters")) };
    if !document.is(parameters, PSS, "RSAPSSParams") {
        return Err(unsupported("unknown parameters"));
    }
    let named = |parent: NodeId| {
        let method = document.child(parent, DSIG, "DigestMethod")?;
        digest(document.attribute(method, "Algorithm")?)
    };
    let hash = named(parameters).ok_or_else(|| unsupported("another digest"))?;
    let mask = match document.child(parameters, PSS, "MaskGenerationFunction") {
        Some(mask) if document.attribute(mask, "Algorithm") != Some("http://www.w3.org/2007/05/xmldsig-more#MGF1") => None,
        Some(mask) => named(mask),
        None => Some(hash),
    };
    let number = |name: &str, default: usize| match document.child(parameters, PSS, name) {
        Some(field) => document.text(field).and_then(|text| text.trim().parse().ok()),
        None => Some(default),
    };
    match (mask, number("SaltLength", hash.length()), number("TrailerField", 1)) {
        (Some(mask), Some(salt), Some(1)) => Ok(Scheme::RsaPss(Pss { digest: hash, mask, salt })),
        (None, ..) => Err(unsupported("another mask")),
        _ => Err(unsupported("another salt or trailer")),
    }
}

/// Verifies an XML signature value: r and s of ECDSA and DSA come side by side (RFC 6931, 2.3.6; XMLDSig, 6.4.1), not as DER.
pub(crate) fn verify(scheme: Scheme, key: &PublicKey, message: &[u8], value: &[u8]) -> Result<Fit, CryptoFault> {
    let half = match scheme {
        Scheme::RsaPkcs1(_) | Scheme::RsaPss(_) | Scheme::Ed25519 => return scheme.fit(key, message, value),
        // q of 160 and of 256 bits.
        Scheme::Dsa(_) if value.len() == 40 || value.len() == 64 => value.len() / 2,
        Scheme::Dsa(_) => return Err(CryptoFault::Mismatch),
        Scheme::Ecdsa(_) => match ecdsa::order_bits(key.curve()) {
            Some(bits) => bits.div_ceil(8),
            // Refused there by the name of the curve.
            None => return scheme.fit(key, message, value),
        },
    };
    // The Java platform has left out leading zeros of both.
    if value.len() > 2 * half || !value.len().is_multiple_of(2) {
        return Err(CryptoFault::Mismatch);
    }
    let (r, s) = value.split_at(value.len() / 2);
    scheme.fit(key, message, &encode(SEQUENCE, &[unsigned(r), unsigned(s)].concat()))
}

/// A DER integer from big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let significant = bytes.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if significant.first().is_none_or(|&byte| byte >= 0x80) { &[0] } else { &[] };
    encode(INTEGER, &[sign, significant].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::reader::parse;

    fn method(text: &str) -> Option<Method> {
        let document = parse(text.as_bytes()).unwrap();
        canonical_form(&document, document.root().unwrap())
    }

    fn scheme(text: &str) -> Result<Scheme, CryptoFault> {
        let document = parse(text.as_bytes()).unwrap();
        signature_scheme(&document, document.root().unwrap())
    }

    #[test]
    fn canonical_forms_are_known_by_name_and_take_no_strange_parameters() {
        let exclusive = "<m Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'>CHILD</m>";
        let listing = exclusive
            .replace("CHILD", "<i:InclusiveNamespaces xmlns:i='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='#default p'/>");
        let inclusive_prefixes = vec![String::new(), "p".to_owned()];
        assert_eq!(method(&listing), Some(Method { form: Form::Exclusive { inclusive_prefixes }, with_comments: false }));
        assert_eq!(method(&exclusive.replace("CHILD", "<x/>")), None);
        assert_eq!(method("<m Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>"), Some(Method::DEFAULT));
        assert_eq!(method("<m Algorithm='http://www.w3.org/TR/1999/REC-xpath-19991116'/>"), None);
        assert_eq!(method("<m/>"), None);
    }

    #[test]
    fn schemes_are_known_by_name() {
        let named = |uri: &str| scheme(&format!("<m Algorithm='{uri}'/>"));
        assert_eq!(named("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), Ok(Scheme::RsaPkcs1(Digest::Sha256)));
        assert_eq!(named("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"), Ok(Scheme::Ecdsa(Digest::Sha384)));
        assert_eq!(named("http://www.w3.org/2000/09/xmldsig#dsa-sha1"), Ok(Scheme::Dsa(Digest::Sha1)));
        assert_eq!(named("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"), Ok(Scheme::RsaPss(Pss::plain(Digest::Sha512))));
        for uri in [
            "",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
        ] {
            assert!(matches!(named(uri), Err(CryptoFault::Unsupported(_))), "{uri}");
        }
        let truncated = "<m Algorithm='http://www.w3.org/2000/09/xmldsig#rsa-sha1'><HMACOutputLength>8</HMACOutputLength></m>";
        assert!(scheme(truncated).is_err());
    }

    #[test]
    fn numbers_become_der_integers() {
        assert_eq!(unsigned(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
    }
}
