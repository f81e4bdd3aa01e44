//! The document security store (ISO 32000-2, 12.8.4.3): evidence that was added to a document for its later judgement.

use super::file::File;
use super::object::{Dictionary, Object};
use crate::cache::Caches;
use crate::evidence::Evidence;

/// Entries read per array; the arrays of real stores hold up to about thirty.
const MAX_ENTRIES: usize = 512;

/// Entries about single signatures; a document has no more signatures that are judged.
const MAX_RELATED: usize = 64;

/// What the present catalogue's store holds.
pub(crate) fn read(file: &File<'_>, caches: &Caches) -> Evidence {
    let mut evidence = Evidence::with_caches(caches);
    let root = file.dictionary(file.xref.trailer.lookup("Root"));
    let Some(store) = root.and_then(|root| file.dictionary(root.lookup("DSS"))) else { return evidence };
    read_array(file, &store, "Certs", &mut evidence, Evidence::add_certificate);
    read_array(file, &store, "CRLs", &mut evidence, Evidence::add_list);
    read_array(file, &store, "OCSPs", &mut evidence, Evidence::add_response);
    // What belongs to one signature (table 262) should be listed above too, and not every program does that.
    let related = file.dictionary(store.lookup("VRI")).unwrap_or_default();
    evidence.left_out += related.entries().len().saturating_sub(MAX_RELATED);
    for (_, entry) in related.entries().iter().take(MAX_RELATED) {
        let Some(entry) = file.dictionary(Some(entry)) else { continue };
        read_array(file, &entry, "Cert", &mut evidence, Evidence::add_certificate);
        read_array(file, &entry, "CRL", &mut evidence, Evidence::add_list);
        read_array(file, &entry, "OCSP", &mut evidence, Evidence::add_response);
    }
    evidence
}

fn read_array(file: &File<'_>, store: &Dictionary, key: &str, evidence: &mut Evidence, add: fn(&mut Evidence, &[u8])) {
    let entries: Vec<Object> = file.array(store.lookup(key));
    evidence.left_out += entries.len().saturating_sub(MAX_ENTRIES);
    for entry in entries.iter().take(MAX_ENTRIES) {
        match file.stream(entry) {
            Ok(bytes) => add(evidence, &bytes),
            Err(_) => evidence.left_out += 1,
        }
    }
}
