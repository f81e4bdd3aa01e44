//! A signed structure that is checked against several keys, each once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::algorithm::{AlgorithmId, Digest, PublicKey, Scheme};

/// Keys remembered per structure; only same-named keys ever get here.
const MAX_REMEMBERED_KEYS: usize = 64;

/// The signed bytes of a list or response, and its signature.
pub(crate) struct Signed {
    bytes: Vec<u8>,
    algorithm: (Vec<u8>, Vec<u8>),
    signature: Vec<u8>,
    /// Whether the key with this SHA-256 made the signature: a list is hashed once per key and not once per document.
    checked: Mutex<HashMap<Vec<u8>, bool>>,
}

/// How long it is, and not what it says: an OCSP response carries its responder's names.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Signed {
    pub(crate) fn new(bytes: &[u8], algorithm: &AlgorithmId<'_>, signature: &[u8]) -> Self {
        let algorithm = (algorithm.oid.to_vec(), algorithm.parameters.to_vec());
        Self { bytes: bytes.to_vec(), algorithm, signature: signature.to_vec(), checked: Mutex::default() }
    }

    pub(crate) fn is_by(&self, key: &PublicKey) -> bool {
        // The type of the key is part of its identity: the same bits under another type must not decide for this one.
        let parts: [&[u8]; 5] = [&key.algorithm, &[0], &key.parameters, &[0], &key.bits];
        let identity = Digest::Sha256.of(&parts).as_ref().to_vec();
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = checked.get(&identity) {
            return known;
        }
        let (oid, parameters) = &self.algorithm;
        let scheme = Scheme::determine(&AlgorithmId { oid, parameters }, None);
        let is_by = scheme.is_ok_and(|scheme| scheme.verify(key, &self.bytes, &self.signature).is_ok());
        if checked.len() < MAX_REMEMBERED_KEYS {
            checked.insert(identity, is_by);
        }
        is_by
    }
}
