//! Distribution points: which revocation list speaks of which certificates and for which reasons (RFC 5280, 4.2.1.13 and
//! 5.2.5).

use std::collections::HashSet;

use crate::asn1::{Asn1Error, Element, SEQUENCE};
use crate::certificate::Certificate;
use crate::general_name::GeneralName;
use crate::name::Name;

/// Distribution points read per certificate; real ones carry at most four.
const MAX_POINTS: usize = 64;

/// Names of one point; they are addresses of the same list.
const MAX_NAMES: usize = 64;

/// Reasons for revocation, as the first two bytes of ReasonFlags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasons(u16);

impl Reasons {
    pub(crate) const NONE: Self = Self(0);
    /// keyCompromise (bit 1, counted from the most significant one) to aACompromise (bit 8).
    pub(crate) const ALL: Self = Self(0x7f80);
    /// certificateHold, bit 6.
    pub(crate) const HOLD: Self = Self(0x0200);

    fn read(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let (_, bytes) = element.content.split_first().ok_or(Asn1Error::Malformed)?;
        let byte = |index: usize| u16::from(bytes.get(index).copied().unwrap_or(0));
        Ok(Self((byte(0) << 8 | byte(1)) & Self::ALL.0))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The name of a distribution point: full names, or the end of a directory name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PointName {
    full: Vec<GeneralName>,
    /// Comparable form of a name relative to the issuer of the list.
    relative: Option<Vec<u8>>,
}

impl PointName {
    /// Reads the content of the explicit tag around the choice.
    fn read(wrapper: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut reader = wrapper.reader();
        let choice = reader.read()?;
        reader.finish()?;
        match choice.tag {
            0xa0 => match GeneralName::read_all(&choice)? {
                full if full.len() > MAX_NAMES => Err(Asn1Error::TooMany),
                full => Ok(Self { full, relative: None }),
            },
            0xa1 => Ok(Self { full: Vec::new(), relative: Some(Name::comparable_relative(&choice)?) }),
            _ => Err(Asn1Error::Malformed),
        }
    }

    /// What equal names have in common. A relative name continues that of `issuer`.
    fn keys(&self, issuer: &Name) -> HashSet<Vec<u8>> {
        let relative = self.relative.iter().map(|relative| GeneralName::directory_key(&[issuer.comparable(), relative].concat()));
        self.full.iter().filter_map(GeneralName::key).chain(relative).collect()
    }
}

/// One distribution point of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct DistributionPoint {
    name: Option<PointName>,
    reasons: Reasons,
    crl_issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    pub(crate) fn read_all(list: &Element<'_>) -> Result<Vec<Self>, Asn1Error> {
        let mut points = Vec::new();
        let mut reader = list.reader();
        while !reader.is_empty() {
            if points.len() >= MAX_POINTS {
                return Err(Asn1Error::TooMany);
            }
            let mut fields = reader.expect(SEQUENCE)?.reader();
            let name = fields.optional(0xa0)?.map(|name| PointName::read(&name)).transpose()?;
            let reasons = fields.optional(0x81)?.map(|reasons| Reasons::read(&reasons)).transpose()?;
            let crl_issuer = fields.optional(0xa2)?.map(|names| GeneralName::read_all(&names)).transpose()?;
            fields.finish()?;
            points.push(Self { name, reasons: reasons.unwrap_or(Reasons::ALL), crl_issuer: crl_issuer.unwrap_or_default() });
        }
        Ok(points)
    }

    /// Names of other issuers of lists that the certificate's issuer points to.
    pub(crate) fn crl_issuers(&self) -> impl Iterator<Item = &Name> {
        self.crl_issuer.iter().filter_map(|name| match name {
            GeneralName::Directory(name) => Some(name),
            _ => None,
        })
    }
}

/// What a list says of its own scope; the default is that of a list without the extension.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    name: Option<PointName>,
    only_users: bool,
    only_authorities: bool,
    only_attributes: bool,
    pub(crate) is_indirect: bool,
    only_reasons: Option<Reasons>,
}

impl Scope {
    /// Reads the value of issuingDistributionPoint.
    pub(crate) fn read(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut fields = element.reader();
        let name = fields.optional(0xa0)?.map(|name| PointName::read(&name)).transpose()?;
        let is_set = |flag: Option<Element<'_>>| flag.is_some_and(|flag| flag.content != [0]);
        let only_users = is_set(fields.optional(0x81)?);
        let only_authorities = is_set(fields.optional(0x82)?);
        let only_reasons = fields.optional(0x83)?.map(|reasons| Reasons::read(&reasons)).transpose()?;
        let is_indirect = is_set(fields.optional(0x84)?);
        let only_attributes = is_set(fields.optional(0x85)?);
        fields.finish()?;
        // RFC 5280, 5.2.5: at most one of the three.
        if [only_users, only_authorities, only_attributes].into_iter().filter(|&flag| flag).count() > 1 {
            return Err(Asn1Error::Malformed);
        }
        Ok(Self { name, only_users, only_authorities, only_attributes, is_indirect, only_reasons })
    }

    /// The reasons for which a list of this scope, issued by `issuer`, speaks of `certificate` (RFC 5280, 6.3.3 b and d).
    pub(crate) fn reasons(&self, issuer: &Name, certificate: &Certificate) -> Reasons {
        let kind_fits = !(self.only_attributes
            || (self.only_users && certificate.is_authority())
            || (self.only_authorities && !certificate.is_authority()));
        if !kind_fits {
            return Reasons::NONE;
        }
        // A certificate is also covered by what its issuer publishes without being pointed to.
        let implicit = DistributionPoint {
            name: Some(PointName { full: vec![GeneralName::Directory(certificate.issuer.clone())], relative: None }),
            reasons: Reasons::ALL,
            crl_issuer: Vec::new(),
        };
        let own = self.name.as_ref().map(|name| name.keys(issuer));
        let points = certificate.distribution_points.iter().chain([&implicit]);
        let points = points.filter(|point| self.fits(point, own.as_ref(), issuer, certificate));
        let reasons = points.fold(Reasons::NONE, |all, point| all.or(point.reasons));
        reasons.and(self.only_reasons.unwrap_or(Reasons::ALL))
    }

    /// `own` are the keys of the list's own name, where it has one.
    fn fits(&self, point: &DistributionPoint, own: Option<&HashSet<Vec<u8>>>, issuer: &Name, certificate: &Certificate) -> bool {
        let is_issuer = |name: &Name| name.comparable() == issuer.comparable();
        let issuer_fits = if point.crl_issuer.is_empty() {
            is_issuer(&certificate.issuer)
        } else {
            self.is_indirect && point.crl_issuers().any(is_issuer)
        };
        let Some(own) = own.filter(|_| issuer_fits) else { return issuer_fits };
        match &point.name {
            Some(name) => !name.keys(issuer).is_disjoint(own),
            None => point.crl_issuer.iter().filter_map(GeneralName::key).any(|key| own.contains(&key)),
        }
    }
}
