//! DSA (FIPS 186-4), which old certificates are signed with: computed so that they can be told good from forged, and always
//! weak by the algorithm policy.

use num_bigint::BigUint;

use crate::algorithm::{CryptoFault, Digest};
use crate::asn1::{Element, INTEGER, Reader, SEQUENCE};
use crate::public_integers;

/// Bits of `p` (FIPS 186-4, 4.2). Shorter ones can be broken by anybody, so that a value that fits says nothing.
const P_BITS: std::ops::RangeInclusive<u64> = 1024..=3072;
/// Bits of `q`.
const Q_BITS: std::ops::RangeInclusive<u64> = 160..=256;

/// The parameters p, q and g.
struct Domain {
    p: BigUint,
    q: BigUint,
    g: BigUint,
}

/// Checks the DER Dss-Sig-Value `value` over `message` with the public value `key` (a DER INTEGER) in the domain `parameters`
/// (a DER Dss-Parms, RFC 3279, 2.3.2).
///
/// # Errors
/// [`CryptoFault::Unsupported`] where the key is none that can be computed with, parameters that are to be inherited among them;
/// [`CryptoFault::Mismatch`].
pub(crate) fn verify(parameters: &[u8], key: &[u8], digest: Digest, message: &[u8], value: &[u8]) -> Result<(), CryptoFault> {
    if inherits(parameters) {
        return Err(CryptoFault::Unsupported("a DSA key without parameters".to_owned()));
    }
    let unusable = || CryptoFault::Unsupported("a DSA key of this size or form".to_owned());
    let domain = Domain::read(parameters).ok_or_else(unusable)?;
    let y = read_key(key).filter(|y| *y > BigUint::from(1_u8) && *y < domain.p).ok_or_else(unusable)?;
    let (r, s) = public_integers::read_pair(value).map_err(|_| CryptoFault::Mismatch)?;
    if domain.fits(&y, &r, &s, digest.of(&[message]).as_ref()) { Ok(()) } else { Err(CryptoFault::Mismatch) }
}

/// The bits of `p` in DER Dss-Parms.
pub(crate) fn p_bits(parameters: &[u8]) -> Option<usize> {
    let sequence = Element::parse(parameters, SEQUENCE).ok()?;
    let p = public_integers::read(&mut sequence.reader()).ok()?;
    usize::try_from(p.bits()).ok()
}

/// RFC 3279, 2.3.2: a key without parameters has those of its issuer's key.
pub(crate) fn inherits(parameters: &[u8]) -> bool {
    parameters.is_empty()
}

fn read_key(key: &[u8]) -> Option<BigUint> {
    Element::parse(key, INTEGER).ok()?;
    public_integers::read(&mut Reader::new(key)).ok()
}

impl Domain {
    fn read(parameters: &[u8]) -> Option<Self> {
        let sequence = Element::parse(parameters, SEQUENCE).ok()?;
        let mut reader = sequence.reader();
        let mut next = || public_integers::read(&mut reader).ok();
        let domain = Self { p: next()?, q: next()?, g: next()? };
        reader.finish().ok()?;
        let one = BigUint::from(1_u8);
        let is_sound = P_BITS.contains(&domain.p.bits())
            && Q_BITS.contains(&domain.q.bits())
            && domain.p.bit(0)
            && domain.q.bit(0)
            && (&domain.p - &one) % &domain.q == BigUint::ZERO
            && domain.g > one
            && domain.g < domain.p
            // The generator has the order q; with another one a value that fits proves nothing.
            && domain.g.modpow(&domain.q, &domain.p) == one;
        is_sound.then_some(domain)
    }

    /// FIPS 186-4, 4.7.
    fn fits(&self, y: &BigUint, r: &BigUint, s: &BigUint, hash: &[u8]) -> bool {
        let Self { p, q, g } = self;
        if r >= q || s >= q {
            return false;
        }
        let Some(w) = s.modinv(q) else { return false };
        let z = leftmost(hash, q.bits());
        let u1 = (z * &w) % q;
        let u2 = (r * &w) % q;
        let v = (g.modpow(&u1, p) * y.modpow(&u2, p)) % p % q;
        v == *r
    }
}

/// The leftmost `bits` bits of `hash`.
fn leftmost(hash: &[u8], bits: u64) -> BigUint {
    let excess = (hash.len() as u64 * 8).saturating_sub(bits);
    BigUint::from_bytes_be(hash) >> excess
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use crate::certificate::Certificate;
    use crate::options::Limits;
    use crate::path::{self, Goal, Purpose};
    use crate::trust::TrustStore;

    /// 2014-05-13 00:00:00 UTC, the validation time of the NIST suite.
    const AT: i64 = 1_399_939_200;

    #[test]
    fn a_forged_certificate_below_a_key_with_inherited_parameters_is_refused() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/pkits/certs");
        let read = |name: &str| fs::read(folder.join(name)).ok();
        let files = ["TrustAnchorRootCertificate", "DSACACert", "DSAParametersInheritedCACert", "ValidDSAParameterInheritanceTest5EE"];
        let files = files.map(|name| read(&format!("{name}.crt")));
        let [Some(anchor), Some(upper), Some(lower), Some(leaf)] = files else {
            println!("skipped: 1 folder (corpora/pkits) is not present");
            return;
        };
        let mut trust = TrustStore::new();
        trust.add_anchor(&anchor, None, None).unwrap();
        trust.add_intermediate(&lower).unwrap();
        let is_found = |trust: &TrustStore, leaf: &[u8]| {
            let leaf = Arc::new(Certificate::parse(leaf).unwrap());
            path::find(&leaf, &Goal::new(Purpose::Any, AT), &[], trust, &Limits::default()).is_ok()
        };
        assert!(!is_found(&trust, &leaf), "nobody gives the parameters");
        trust.add_intermediate(&upper).unwrap();
        assert!(is_found(&trust, &leaf));
        // The last byte of the value; another subject.
        for at in [leaf.len() - 1, leaf.windows(5).rposition(|window| window == b"Valid").unwrap()] {
            let mut forged = leaf.clone();
            forged[at] ^= 1;
            assert!(!is_found(&trust, &forged), "{at}");
        }
    }
}
