//! What was read and computed before: certificates, lists and responses by the SHA-256 of their bytes, and which certificate
//! another one signed.
//!
//! Everything kept is a function of the bytes under whose digest it is kept and of nothing else: neither of the trust data nor
//! of options or times. So that a cache changes how long a judgement takes and never what it says, and may be shared between
//! threads, documents and stores that trust different people. A list or response remembers by itself which keys signed it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::algorithm::sha256;
use crate::asn1::Asn1Error;
use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::ocsp::{OcspError, Response};

/// Pairs of certificates remembered; about a hundred bytes each.
const MAX_PAIRS: usize = 16_384;
/// Bytes of certificates, as DER; read they take about three times as much.
const MAX_CERTIFICATE_BYTES: usize = 4 << 20;
/// Bytes of lists; read they take about four times as much. Longer ones than an eighth of it are kept as long as somebody else
/// keeps them, a store for example.
const MAX_LIST_BYTES: usize = 8 << 20;
/// Bytes of responses.
const MAX_RESPONSE_BYTES: usize = 4 << 20;

/// What has more than this part of the weight that is allowed would push too much else out.
const HEAVY: usize = 8;

type Sha256 = [u8; 32];

/// A memory of pieces of evidence read and signatures checked before, bounded in size. Clones share it.
///
/// Every [`TrustStore`](crate::TrustStore) has one; give one to several stores with
/// [`TrustStore::with_caches`](crate::TrustStore::with_caches), for example when trust data change and a new store is built.
/// It changes speed and never a verdict.
#[derive(Clone, Default)]
pub struct Caches {
    shared: Arc<Shared>,
}

struct Shared {
    /// Certificate and issuer, and whether the one is signed by the other.
    pairs: Mutex<Generations<(Sha256, Sha256), bool>>,
    certificates: Mutex<Generations<Sha256, Arc<Certificate>>>,
    lists: Mutex<Generations<Sha256, Arc<Crl>>>,
    long_lists: Mutex<HashMap<Sha256, Weak<Crl>>>,
    responses: Mutex<Generations<Sha256, Arc<Response>>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            pairs: Mutex::new(Generations::new(MAX_PAIRS)),
            certificates: Mutex::new(Generations::new(MAX_CERTIFICATE_BYTES)),
            lists: Mutex::new(Generations::new(MAX_LIST_BYTES)),
            long_lists: Mutex::default(),
            responses: Mutex::new(Generations::new(MAX_RESPONSE_BYTES)),
        }
    }
}

/// Nothing of what is remembered: it names people.
impl fmt::Debug for Caches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Caches").finish_non_exhaustive()
    }
}

impl Caches {
    /// Caches that remember nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `issuer` signed `certificate`: the digests take in the signed bytes, the signature, its algorithm and the key.
    pub(crate) fn is_signed_by(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let pair = (certificate.sha256, issuer.sha256);
        if let Some(known) = find(&self.shared.pairs, &pair) {
            return known;
        }
        let is_signed = certificate.is_signed_by(issuer);
        keep(&self.shared.pairs, pair, is_signed, 1);
        is_signed
    }

    /// The certificate that fills `der`.
    pub(crate) fn certificate(&self, der: &[u8]) -> Result<Arc<Certificate>, Asn1Error> {
        read(&self.shared.certificates, der, |_| true, || Certificate::parse(der))
    }

    /// The list that fills `der`, if it has up to `max_entries` entries.
    pub(crate) fn list(&self, der: &[u8], max_entries: usize) -> Result<Arc<Crl>, Asn1Error> {
        // One with too many entries is read again, to the same end.
        let is_usable = |list: &Crl| list.length() <= max_entries;
        if der.len() <= MAX_LIST_BYTES / HEAVY {
            return read(&self.shared.lists, der, is_usable, || Crl::parse(der, max_entries));
        }
        let long_lists = || self.shared.long_lists.lock().unwrap_or_else(PoisonError::into_inner);
        let key = sha256(der);
        let known = long_lists().get(&key).and_then(Weak::upgrade);
        if let Some(known) = known.filter(|known| is_usable(known)) {
            return Ok(known);
        }
        let fresh = Arc::new(Crl::parse(der, max_entries)?);
        let mut long_lists = long_lists();
        long_lists.retain(|_, list| list.strong_count() > 0);
        long_lists.insert(key, Arc::downgrade(&fresh));
        Ok(fresh)
    }

    /// The response that fills `der`.
    pub(crate) fn response(&self, der: &[u8]) -> Result<Arc<Response>, OcspError> {
        read(&self.shared.responses, der, |_| true, || Response::parse(der))
    }
}

type Kept<K, V> = Mutex<Generations<K, V>>;

fn find<K: Hash + Eq + Clone, V: Clone>(kept: &Kept<K, V>, key: &K) -> Option<V> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).find(key)
}

fn keep<K: Hash + Eq + Clone, V: Clone>(kept: &Kept<K, V>, key: K, value: V, weight: usize) {
    kept.lock().unwrap_or_else(PoisonError::into_inner).keep(key, value, weight);
}

/// What `parse` makes of `der`, or made of it before. The lock is not held while it is read: two threads may read one piece.
fn read<T, E>(
    kept: &Kept<Sha256, Arc<T>>,
    der: &[u8],
    is_usable: impl FnOnce(&T) -> bool,
    parse: impl FnOnce() -> Result<T, E>,
) -> Result<Arc<T>, E> {
    let key = sha256(der);
    if let Some(known) = find(kept, &key).filter(|known| is_usable(known)) {
        return Ok(known);
    }
    let fresh = Arc::new(parse()?);
    keep(kept, key, Arc::clone(&fresh), der.len());
    Ok(fresh)
}

/// Two generations: when the young one has half the weight it becomes the old one, and what nobody asked for since is forgotten.
struct Generations<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    weight: usize,
    limit: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Generations<K, V> {
    fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), weight: 0, limit }
    }

    fn find(&mut self, key: &K) -> Option<V> {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (value, weight) = self.old.remove(key)?;
        self.keep(key.clone(), value.clone(), weight);
        Some(value)
    }

    fn keep(&mut self, key: K, value: V, weight: usize) {
        if weight > self.limit / HEAVY {
            return;
        }
        if self.weight + weight > self.limit / 2 {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        if self.young.insert(key, (value, weight)).is_none() {
            self.weight += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::options::{Options, RevocationPolicy, WeakDigest};
    use crate::testing::{CmsTemplate, NOW, OcspTemplate, Pki, Template, add_security_store, cms, plain_pdf, sign_pdf};
    use crate::trust::TrustStore;
    use crate::verify_pdf;

    #[test]
    fn what_is_asked_for_stays_and_the_weight_is_bounded() {
        let mut kept = Generations::new(80);
        for key in 0..1000 {
            kept.keep(key, key, 1);
            assert_eq!(kept.find(&0), Some(0), "after {key}");
            assert_eq!(kept.find(&key), Some(key));
            let held: usize = kept.young.values().chain(kept.old.values()).map(|(_, weight)| weight).sum();
            assert!(held <= 80, "{held}");
        }
        assert_eq!(kept.find(&500), None);
        kept.keep(5000, 1, 11);
        assert_eq!(kept.find(&5000), None, "too heavy");
    }

    #[test]
    fn a_piece_is_read_once_and_a_list_only_within_its_limit() {
        let pki = Pki::new();
        let caches = Caches::new();
        let first = caches.certificate(pki.signer.der()).unwrap();
        assert!(Arc::ptr_eq(&first, &caches.certificate(pki.signer.der()).unwrap()));
        let list = pki.crl(NOW, NOW + 1, &[(&[1], NOW), (&[1], NOW), (&[2], NOW)]);
        let first = caches.list(&list, 3).unwrap();
        assert!(Arc::ptr_eq(&first, &caches.list(&list, 3).unwrap()));
        // Both with and without a memory of it.
        assert_eq!(caches.list(&list, 2).unwrap_err(), Asn1Error::TooMany);
        assert_eq!(Caches::new().list(&list, 2).unwrap_err(), Asn1Error::TooMany);
        assert!(caches.certificate(&list).is_err() && caches.response(&list).is_err());
    }

    #[test]
    fn a_long_list_is_read_once_as_long_as_some_store_holds_it() {
        let pki = Pki::new();
        let serials: Vec<Vec<u8>> = (0..40_000u32).map(|serial| [&[1; 8], serial.to_be_bytes().as_slice()].concat()).collect();
        let entries: Vec<(&[u8], i64)> = serials.iter().map(|serial| (serial.as_slice(), NOW)).collect();
        let list = pki.crl(NOW, NOW + 1, &entries);
        assert!(list.len() > MAX_LIST_BYTES / HEAVY, "{}", list.len());
        let caches = Caches::new();
        let mut earlier = TrustStore::with_caches(&caches);
        earlier.add_crl(&list).unwrap();
        let held = caches.list(&list, 40_000).unwrap();
        let mut later = TrustStore::with_caches(earlier.caches());
        later.add_crl(&list).unwrap();
        let name = pki.issuer.certificate().subject;
        assert!([&earlier, &later].iter().all(|store| store.crls_of(&name).all(|list| Arc::ptr_eq(list, &held))));
        assert_eq!(caches.list(&list, 39_999).unwrap_err(), Asn1Error::TooMany);
        drop((held, earlier, later));
        assert_eq!(caches.shared.long_lists.lock().unwrap().values().filter_map(Weak::upgrade).count(), 0);
        assert!(caches.shared.lists.lock().unwrap().young.is_empty());
    }

    #[test]
    fn what_is_remembered_is_not_shown() {
        let caches = Caches::new();
        caches.certificate(Pki::new().signer.der()).unwrap();
        assert_eq!(format!("{caches:?}"), "Caches { .. }");
    }

    #[test]
    fn a_signature_is_remembered_for_its_certificate_and_its_issuer_alone() {
        let pki = Pki::new();
        let caches = Caches::new();
        let (signer, issuer, root) = (pki.signer.certificate(), pki.issuer.certificate(), pki.root.certificate());
        for _ in 0..2 {
            assert!(caches.is_signed_by(&signer, &issuer));
            assert!(!caches.is_signed_by(&signer, &root));
            assert!(!caches.is_signed_by(&issuer, &signer));
        }
        // The same name with another key.
        let twin = pki.root.issue_with_seed(Template::authority("Issuer", Some(0)), [7; 32]).certificate();
        assert!(!caches.is_signed_by(&signer, &twin));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Documents with their evidence, damaged at any place, judged under changing trust data, times and options: once with
        /// caches that have seen all the documents before, and once with none.
        #[test]
        fn caches_never_change_a_report(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..12),
            steps in proptest::collection::vec((0usize..12, 0u8..4, -2i64..3, any::<bool>()), 1..30),
        ) {
            let pki = Pki::new();
            let template = CmsTemplate { stamp: Some((&pki.tsa, NOW - 60)), ..CmsTemplate::default() };
            let signed = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| {
                cms(&pki.signer, &[&pki.signer, &pki.issuer], content, &template)
            });
            let response = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer).response();
            let revoked = pki.crl(NOW - 10, NOW + 1000, &[(&pki.signer.certificate().serial, NOW - 20)]);
            let lists = [pki.crl(NOW - 10, NOW + 1000, &[]), pki.root_crl(NOW - 10, NOW + 1000)];
            let certificates = [pki.issuer.der().to_vec()];
            let whole = add_security_store(&signed, [&certificates, &lists, std::slice::from_ref(&response)]);
            let mut documents = vec![signed, whole.clone(), add_security_store(&whole, [&[], &[revoked], &[]])];
            for (at, value, which) in edits {
                let mut damaged = documents[usize::from(which)].clone();
                let at = at.index(damaged.len());
                damaged[at] = value;
                documents.push(damaged);
            }
            let shared = Caches::new();
            for (document, trusted, days, accepts) in steps {
                let store = |caches: &Caches| {
                    let mut trust = TrustStore::with_caches(caches);
                    if trusted > 0 {
                        trust.add_anchor(pki.root.der(), None, None).unwrap();
                    }
                    if trusted > 1 {
                        trust.add_intermediate(pki.issuer.der()).unwrap();
                    }
                    if trusted > 2 {
                        trust.add_crl(&lists[0]).unwrap();
                        trust.add_crl(&lists[1]).unwrap();
                        trust.add_ocsp(&response).unwrap();
                    }
                    trust
                };
                let document = &documents[document % documents.len()];
                let revocation = if accepts { RevocationPolicy::Accept } else { RevocationPolicy::Require };
                let options = Options { revocation, weak_digest: WeakDigest::Accept, ..Options::at(NOW + days * 86_400) };
                let with = verify_pdf(document, &store(&shared), &options);
                let without = verify_pdf(document, &store(&Caches::new()), &options);
                prop_assert_eq!(with, without);
            }
        }
    }
}
