//! Name constraints (RFC 5280, 4.2.1.10): which names an authority may give out.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::sync::Arc;

use crate::asn1::{Asn1Error, Element, SEQUENCE};
use crate::certificate::Certificate;
use crate::general_name::GeneralName;
use crate::oid;

/// Subtrees read per certificate; technically constrained authorities carry some dozens.
const MAX_SUBTREES: usize = 1024;

/// Names compared with subtrees while one path is looked for: names times subtrees is what a hostile pair of certificates
/// makes large.
pub(crate) const MAX_COMPARISONS: usize = 250_000;

/// The subtrees of one certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameConstraints {
    permitted: Vec<GeneralName>,
    excluded: Vec<GeneralName>,
}

/// Why the names of a path are not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameFault {
    #[error("the certificate {0:?} carries a name that an authority above it may not give out")]
    Forbidden(String),
    #[error("the certificate {0:?} carries a name of a constrained form that cannot be compared")]
    Unprocessable(String),
    #[error("the names and name constraints of the path are too many to compare")]
    TooMany,
}

impl NameConstraints {
    /// Reads the value of the extension. Bounds on depth (`minimum`, `maximum`) are not read: the standard forbids them.
    pub(crate) fn read(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut fields = element.reader();
        let permitted = fields.optional(0xa0)?;
        let excluded = fields.optional(0xa1)?;
        fields.finish()?;
        // "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence."
        if permitted.is_none() && excluded.is_none() {
            return Err(Asn1Error::Malformed);
        }
        let subtrees = |list: Option<Element<'_>>| list.map_or(Ok(Vec::new()), |list| read_subtrees(&list));
        Ok(Self { permitted: subtrees(permitted)?, excluded: subtrees(excluded)? })
    }
}

fn read_subtrees(list: &Element<'_>) -> Result<Vec<GeneralName>, Asn1Error> {
    let mut bases = Vec::new();
    let mut reader = list.reader();
    while !reader.is_empty() {
        if bases.len() >= MAX_SUBTREES {
            return Err(Asn1Error::TooMany);
        }
        let mut subtree = reader.expect(SEQUENCE)?.reader();
        let base = GeneralName::read(&subtree.read()?)?;
        if subtree.optional(0x80)?.is_some_and(|minimum| minimum.content != [0]) {
            return Err(Asn1Error::Malformed);
        }
        subtree.finish()?;
        if let GeneralName::Ip(range) = &base
            && !is_range(range)
        {
            return Err(Asn1Error::Malformed);
        }
        bases.push(base);
    }
    Ok(bases)
}

/// An address and a mask of ones followed by zeros.
fn is_range(range: &[u8]) -> bool {
    if range.len() != 8 && range.len() != 32 {
        return false;
    }
    let mask = range.get(range.len() / 2..).unwrap_or_default();
    let ones = mask.iter().map(|byte| byte.leading_ones()).take_while(|&ones| ones == 8).count();
    let rest = mask.get(ones..).unwrap_or_default();
    match rest.split_first() {
        None => true,
        Some((partial, zeros)) => partial.leading_ones() + partial.trailing_zeros() == 8 && zeros.iter().all(|&byte| byte == 0),
    }
}

/// Checks every certificate of `path` (leaf first, anchor last) against the constraints above it, and takes the comparisons
/// from `budget`. An anchor's own
/// constraints bind too (RFC 5937): they say what it is trusted for.
pub(crate) fn check(path: &[Arc<Certificate>], budget: &mut usize) -> Result<(), NameFault> {
    let mut above: Vec<&NameConstraints> = Vec::new();
    for (index, certificate) in path.iter().enumerate().rev() {
        // RFC 5280, 6.1.3 (b): self-issued certificates are exempt, unless they are the last.
        if !above.is_empty() && (index == 0 || !certificate.is_self_issued()) {
            check_names(certificate, &above, budget)?;
        }
        above.extend(&certificate.name_constraints);
    }
    Ok(())
}

fn check_names(certificate: &Certificate, above: &[&NameConstraints], budget: &mut usize) -> Result<(), NameFault> {
    let label = || certificate.subject.label();
    let Some(alternative) = &certificate.alternative_names else { return Err(NameFault::Unprocessable(label())) };
    let mut names: Vec<GeneralName> = Vec::new();
    if !certificate.subject.is_empty() {
        names.push(GeneralName::Directory(certificate.subject.clone()));
    }
    // The standard demands it where there are no alternative names; other verifiers check the attribute always, and a
    // reader sees it always.
    names.extend(certificate.subject.all(oid::EMAIL_ADDRESS).map(|address| GeneralName::Email(address.to_owned())));
    for name in names.iter().chain(alternative) {
        for constraints in above {
            let cost = constraints.permitted.len() + constraints.excluded.len();
            *budget = budget.checked_sub(cost).ok_or(NameFault::TooMany)?;
            match constraints.verdict(name) {
                Some(true) => {}
                Some(false) => return Err(NameFault::Forbidden(label())),
                None => return Err(NameFault::Unprocessable(label())),
            }
        }
    }
    Ok(())
}

impl NameConstraints {
    /// Whether `name` may be given out; `None` where that cannot be told.
    fn verdict(&self, name: &GeneralName) -> Option<bool> {
        for base in self.excluded.iter().filter(|base| same_form(base, name)) {
            if is_within(name, base, Side::Excluded)? {
                return Some(false);
            }
        }
        let mut bases = self.permitted.iter().filter(|base| same_form(base, name)).peekable();
        if bases.peek().is_none() {
            return Some(true);
        }
        for base in bases {
            if is_within(name, base, Side::Permitted)? {
                return Some(true);
            }
        }
        Some(false)
    }
}

fn same_form(one: &GeneralName, two: &GeneralName) -> bool {
    match (one, two) {
        (GeneralName::Other(one), GeneralName::Other(two)) => one == two,
        _ => std::mem::discriminant(one) == std::mem::discriminant(two),
    }
}

/// Where names can be compared strictly or loosely, the comparison errs against the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

/// Whether `name` lies in the subtree of `base`; `None` where a form cannot be compared.
fn is_within(name: &GeneralName, base: &GeneralName, side: Side) -> Option<bool> {
    match (name, base) {
        // A relative distinguished name ends in a byte that starts no other: the longer name starts with the shorter.
        (GeneralName::Directory(name), GeneralName::Directory(base)) => Some(name.comparable().starts_with(base.comparable())),
        (GeneralName::Dns(name), GeneralName::Dns(base)) => Some(dns_is_within(name, base, side)),
        (GeneralName::Email(name), GeneralName::Email(base)) => email_is_within(name, base, side),
        (GeneralName::Uri(name), GeneralName::Uri(base)) => Some(host_is_within(uri_host(name)?, base)),
        (GeneralName::Ip(address), GeneralName::Ip(range)) => match address.len() {
            4 | 16 => Some(address_is_within(address, range)),
            _ => None,
        },
        _ => None,
    }
}

fn fold(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// `child` is `parent` with labels added on the left.
fn is_below(child: &str, parent: &str) -> bool {
    child.strip_suffix(parent).is_some_and(|labels| labels.ends_with('.') && labels.len() > 1)
}

fn dns_is_within(name: &str, base: &str, side: Side) -> bool {
    let (name, base) = (fold(name), fold(base));
    if base.is_empty() {
        return true;
    }
    if let Some(parent) = base.strip_prefix('.') {
        // A leading dot is not defined for host names; it is read as "below", and an exclusion takes the host too.
        return is_below(&name, parent) || (side == Side::Excluded && name == parent);
    }
    if name == base || is_below(&name, &base) {
        return true;
    }
    // A wildcard that could stand for an excluded host is that host.
    side == Side::Excluded && name.strip_prefix("*.").is_some_and(|rest| rest == base || is_below(&base, rest) || is_below(rest, &base))
}

/// The subtree of mail hosts and URIs: a host by itself, or with a leading dot all below it, and then not the host itself
/// (RFC 5280, 4.2.1.10 says so in as many words).
fn host_is_within(host: &str, base: &str) -> bool {
    let (host, base) = (fold(host), fold(base));
    match base.strip_prefix('.') {
        Some(parent) => is_below(&host, parent),
        None => base.is_empty() || host == base,
    }
}

/// `None` for a host that is not in ASCII: its labels would have to be translated first.
fn email_is_within(address: &str, base: &str, side: Side) -> Option<bool> {
    let (local, host) = address.rsplit_once('@')?;
    if !host.is_ascii() {
        return None;
    }
    Some(match base.rsplit_once('@') {
        Some((base_local, base_host)) => {
            let same_local = if side == Side::Excluded { local.eq_ignore_ascii_case(base_local) } else { local == base_local };
            same_local && fold(host) == fold(base_host)
        }
        None => host_is_within(host, base),
    })
}

/// The host of a URI; one without a host, or with an address for it, cannot be compared (RFC 5280, 4.2.1.10).
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return None;
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_address = host.parse::<Ipv4Addr>().is_ok() || host.parse::<Ipv6Addr>().is_ok();
    (!host.is_empty() && !is_address).then_some(host)
}

fn address_is_within(address: &[u8], range: &[u8]) -> bool {
    let (base, mask) = range.split_at(range.len() / 2);
    base.len() == address.len() && address.iter().zip(base).zip(mask).all(|((address, base), mask)| address & mask == base & mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::encode;
    use crate::name::tests::name_der;
    use crate::testing::{Pki, Template};

    fn email(text: &str) -> GeneralName {
        GeneralName::Email(text.to_owned())
    }

    fn dns(text: &str) -> GeneralName {
        GeneralName::Dns(text.to_owned())
    }

    fn uri(text: &str) -> GeneralName {
        GeneralName::Uri(text.to_owned())
    }

    fn permits(base: GeneralName, name: &GeneralName) -> Option<bool> {
        NameConstraints { permitted: vec![base], excluded: Vec::new() }.verdict(name)
    }

    fn excludes(base: GeneralName, name: &GeneralName) -> bool {
        NameConstraints { permitted: Vec::new(), excluded: vec![base] }.verdict(name) != Some(true)
    }

    /// Examples of RFC 5280, 4.2.1.10.
    #[test]
    fn mail_constraints_name_a_mailbox_a_host_or_a_domain() {
        assert_eq!(permits(email("root@example.com"), &email("root@example.com")), Some(true));
        assert_eq!(permits(email("root@example.com"), &email("toor@example.com")), Some(false));
        assert_eq!(permits(email("example.com"), &email("any@EXAMPLE.com")), Some(true));
        assert_eq!(permits(email("example.com"), &email("any@sub.example.com")), Some(false));
        assert_eq!(permits(email(".example.com"), &email("any@sub.example.com")), Some(true));
        assert_eq!(permits(email(".example.com"), &email("any@example.com")), Some(false));
        assert!(excludes(email("root@example.com"), &email("ROOT@example.com")));
        assert!(excludes(email("example.com"), &email("no address")));
        assert_eq!(permits(email("example.com"), &email("Sở@example.com")), Some(true));
        assert_eq!(permits(email("example.com"), &email("any@sở.example.com")), None);
    }

    #[test]
    fn host_constraints_take_labels_on_the_left_and_uris_only_after_a_dot() {
        assert_eq!(permits(dns("host.example.com"), &dns("www.host.example.com")), Some(true));
        assert_eq!(permits(dns("host.example.com"), &dns("host1.example.com")), Some(false));
        assert_eq!(permits(dns("ample.com"), &dns("example.com")), Some(false));
        assert!(excludes(dns("secret.example.com"), &dns("*.example.com")));
        assert!(!excludes(dns("secret.example.com"), &dns("*.example.org")));
        assert!(excludes(dns("example.com"), &dns("EXAMPLE.com.")));
        assert_eq!(permits(uri("host.example.com"), &uri("https://u@host.example.com:80/x")), Some(true));
        assert_eq!(permits(uri("host.example.com"), &uri("https://a.host.example.com/")), Some(false));
        assert_eq!(permits(uri(".example.com"), &uri("ftp://a.example.com")), Some(true));
        assert_eq!(permits(uri(".example.com"), &uri("mailto:a@example.com")), None);
        assert_eq!(permits(uri(".example.com"), &uri("https://10.0.0.1/")), None);
        assert_eq!(permits(uri("good.vn"), &uri("https://evil.vn\\@good.vn/")), Some(false));
    }

    #[test]
    fn address_ranges_compare_by_mask_and_within_their_family() {
        let range = GeneralName::Ip(vec![192, 0, 2, 0, 255, 255, 255, 0]);
        assert_eq!(permits(range.clone(), &GeneralName::Ip(vec![192, 0, 2, 77])), Some(true));
        assert_eq!(permits(range.clone(), &GeneralName::Ip(vec![192, 0, 3, 77])), Some(false));
        assert_eq!(permits(range.clone(), &GeneralName::Ip(vec![0; 16])), Some(false));
        assert_eq!(permits(range, &GeneralName::Ip(vec![1])), None);
        assert!(is_range(&[10, 0, 0, 0, 255, 240, 0, 0]) && !is_range(&[10, 0, 0, 0, 255, 0, 255, 0]) && !is_range(&[1, 2, 3]));
    }

    #[test]
    fn directory_names_compare_by_whole_relative_names() {
        let directory = |attributes: &[(&[u8], &str)]| {
            let der = name_der(attributes);
            GeneralName::Directory(crate::name::Name::read(&Element::parse(&der, SEQUENCE).unwrap()).unwrap())
        };
        let base = directory(&[(oid::ORGANISATION, "Bộ Xây dựng")]);
        let inside = directory(&[(oid::ORGANISATION, "BỘ  XÂY DỰNG"), (oid::COMMON_NAME, "A")]);
        let outside = directory(&[(oid::ORGANISATION, "Bộ Xây dựng 2"), (oid::COMMON_NAME, "A")]);
        assert_eq!(permits(base.clone(), &inside), Some(true));
        assert_eq!(permits(base.clone(), &outside), Some(false));
        assert!(excludes(base, &inside));
    }

    #[test]
    fn an_unknown_form_that_is_constrained_cannot_be_judged_and_another_form_is_free() {
        assert_eq!(permits(GeneralName::Other(0), &GeneralName::Other(0)), None);
        assert_eq!(permits(GeneralName::Other(0), &GeneralName::Other(8)), Some(true));
        assert_eq!(permits(dns("a.vn"), &email("x@b.vn")), Some(true));
    }

    #[test]
    fn bounds_on_depth_empty_constraints_and_broken_masks_are_refused() {
        let read = |content: &[u8]| NameConstraints::read(&Element::parse(&encode(SEQUENCE, content), SEQUENCE).unwrap());
        let subtree = |extra: &[u8]| encode(0xa0, &encode(SEQUENCE, &[encode(0x82, b"a.vn").as_slice(), extra].concat()));
        assert!(read(&subtree(&[])).is_ok());
        assert!(read(&subtree(&[0x80, 1, 0])).is_ok());
        assert!(read(&subtree(&[0x80, 1, 1])).is_err());
        assert!(read(&subtree(&[0x81, 1, 3])).is_err());
        assert!(read(&[]).is_err());
        assert!(read(&encode(0xa1, &encode(SEQUENCE, &encode(0x87, &[10, 0, 0, 0, 0, 255, 0, 0])))).is_err());
    }

    #[test]
    fn comparisons_are_bounded_over_the_whole_search() {
        let pki = Pki::new();
        let bases: Vec<u8> = (0..100).flat_map(|index| encode(SEQUENCE, &encode(0x82, format!("{index}.vn").as_bytes()))).collect();
        let extra = vec![(oid::NAME_CONSTRAINTS.to_vec(), true, encode(SEQUENCE, &encode(0xa1, &bases)))];
        let narrow = pki.root.issue(Template { extra, ..Template::authority("Narrow", None) });
        let leaf = narrow.issue(Template::signer());
        let path = [leaf.certificate(), narrow.certificate(), pki.root.certificate()].map(Arc::new);
        // One name, the subject, and a hundred subtrees.
        let mut budget = 250;
        assert_eq!(check(&path, &mut budget), Ok(()));
        assert_eq!(check(&path, &mut budget), Ok(()));
        assert_eq!(check(&path, &mut budget), Err(NameFault::TooMany));
    }
}
