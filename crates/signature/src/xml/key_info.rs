//! `ds:KeyInfo`: candidates for the signing certificate. Nothing in it is signed, as a rule, so nothing in it is believed.

use std::sync::Arc;

use crate::algorithm::PublicKey;
use crate::asn1::{Element, OID, SEQUENCE, encode};
use crate::certificate::Certificate;
use crate::oid;

use super::DSIG;
use super::algorithms::unsigned;
use super::signature::base64_text;
use super::tree::{Document, NodeId};

const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";

/// What a signature offers to find its signer by.
#[derive(Debug, Default)]
pub(crate) struct KeyInfo {
    pub(crate) certificates: Vec<Arc<Certificate>>,
    /// Bare keys: they show whether the value fits, and belong to nobody.
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) notes: Vec<String>,
}

/// Reads at most `limit` certificates, keys and lists each. What stands elsewhere in the document is found by `identified`.
pub(crate) fn read(document: &Document<'_>, node: NodeId, limit: usize, identified: impl Fn(&str) -> Option<NodeId>) -> KeyInfo {
    let mut out = KeyInfo::default();
    let retrieved = |child: NodeId| {
        // Nothing is retrieved from what was retrieved, and nothing is transformed.
        let is_plain = document.elements(child).next().is_none();
        let fragment = document.attribute(child, "URI").and_then(|uri| uri.strip_prefix('#')).filter(|_| is_plain)?;
        identified(fragment).filter(|&id| !document.is(id, DSIG, "RetrievalMethod"))
    };
    for child in document.elements(node) {
        let child = if document.is(child, DSIG, "RetrievalMethod") { retrieved(child).unwrap_or(child) } else { child };
        if document.is(child, DSIG, "X509Data") {
            for entry in document.elements(child) {
                if document.is(entry, DSIG, "X509Certificate") && out.certificates.len() < limit {
                    match base64_text(document, entry).map(|der| Certificate::parse(&der)) {
                        Some(Ok(certificate)) => out.certificates.push(Arc::new(certificate)),
                        Some(Err(error)) => out.notes.push(format!("a certificate in the signature is unreadable: {error}")),
                        None => out.notes.push("a certificate in the signature is not base64".to_owned()),
                    }
                } else if document.is(entry, DSIG, "X509CRL") && out.crls.len() < limit {
                    out.crls.extend(base64_text(document, entry));
                }
            }
        } else if out.keys.len() < limit {
            let key = if document.is(child, DSIG, "KeyValue") {
                document.elements(child).next().and_then(|value| key_value(document, value))
            } else if document.is(child, DSIG11, "DEREncodedKeyValue") {
                base64_text(document, child).and_then(|der| PublicKey::read(&Element::parse(&der, SEQUENCE).ok()?).ok())
            } else {
                None
            };
            out.keys.extend(key);
        }
        if out.notes.len() > limit {
            break;
        }
    }
    out
}

fn key_value(document: &Document<'_>, value: NodeId) -> Option<PublicKey> {
    let number = |namespace, local| base64_text(document, document.child(value, namespace, local)?);
    if document.is(value, DSIG, "RSAKeyValue") {
        let numbers = [unsigned(&number(DSIG, "Modulus")?), unsigned(&number(DSIG, "Exponent")?)];
        let bits = encode(SEQUENCE, &numbers.concat());
        return Some(PublicKey { algorithm: oid::RSA.to_vec(), parameters: vec![5, 0], bits });
    }
    if document.is(value, DSIG11, "ECKeyValue") {
        let curve = document.attribute(document.child(value, DSIG11, "NamedCurve")?, "URI")?;
        let curve = match curve {
            "urn:oid:1.2.840.10045.3.1.7" => oid::P256,
            "urn:oid:1.3.132.0.34" => oid::P384,
            _ => return None,
        };
        let bits = number(DSIG11, "PublicKey")?;
        return Some(PublicKey { algorithm: oid::EC_KEY.to_vec(), parameters: encode(OID, curve), bits });
    }
    None
}
