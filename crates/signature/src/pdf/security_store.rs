//! The document security store (ISO 32000-2, 12.8.4.3): evidence that was added to a document for its later judgement.

use super::file::File;
use super::object::{Dictionary, Object};
use crate::cache::Caches;
use crate::evidence::Evidence;

/// Entries read per array; the arrays of real stores hold up to about thirty.
const MAX_ENTRIES: usize = 512;

/// What the present catalogue's store holds.
pub(crate) fn read(file: &File<'_>, caches: &Caches) -> Evidence {
    let mut evidence = Evidence::with_caches(caches);
    let root = file.dictionary(file.xref.trailer.lookup("Root"));
    let Some(store) = root.and_then(|root| file.dictionary(root.lookup("DSS"))) else { return evidence };
    read_array(file, &store, "Certs", &mut evidence, Evidence::add_certificate);
    read_array(file, &store, "CRLs", &mut evidence, Evidence::add_list);
    read_array(file, &store, "OCSPs", &mut evidence, Evidence::add_response);
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
