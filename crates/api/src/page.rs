//! Page and resume tokens: places in a list or a feed, sealed so that callers can only give them back.
//!
//! A token is bound to what it was given for: a page to the caller, the method and its filters; a cursor to the agency and the
//! direction of the feed. Anything else, and any change to the token, is INVALID_ARGUMENT. Tokens hold no secrets and do not
//! expire: what a caller may see is asked again on every call.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::agency;
use domain::delivery::Direction;
use domain::invalid::Invalid;
use domain::principal;
use prost::Message;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};
use ring::hmac;

use crate::v1;

/// Items of a page when the caller does not say.
const DEFAULT_PAGE: usize = 50;
/// Items of a page at most.
const MAX_PAGE: usize = 1_000;
/// Lanes of a feed, one per urgency.
pub const LANES: usize = domain::delivery::LANES as usize;
/// The longest token looked at: keys are far below it.
const MAX_TOKEN: usize = 2_048;
/// Bytes of a lane's place: sequence and index.
const PLACE: usize = 12;

/// Seals and opens tokens by a key of the hub.
pub struct Sealer {
    key: LessSafeKey,
    nonces: hmac::Key,
}

/// A page asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Items at most, 1 to 1,000.
    pub size: usize,
    /// The key after which the page begins; `None` is the beginning of the list.
    pub after: Option<Vec<u8>>,
    scope: [u8; 32],
}

/// Places in the lanes of a feed: sequence and index of the last change taken in each; (0, 0) is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    places: [(u64, u32); LANES],
}

impl Cursor {
    /// The last change taken in a lane; a lane that does not exist has none.
    pub fn lane(&self, lane: u8) -> (u64, u32) {
        self.places.get(usize::from(lane)).copied().unwrap_or_default()
    }

    /// Notes the last change taken in a lane.
    pub fn advance(&mut self, lane: u8, place: (u64, u32)) {
        if let Some(old) = self.places.get_mut(usize::from(lane)) {
            *old = place;
        }
    }
}

/// A request for a page of a list.
pub trait Listed: Message + Clone {
    /// The method's name.
    const METHOD: &'static str;
    /// The field.
    fn page_size(&self) -> i32;
    /// The field.
    fn page_token(&self) -> &str;
    /// The request without its page fields: the filters.
    fn filters(&self) -> Self;
}

macro_rules! listed {
    ($($request:ident $method:literal),* $(,)?) => {$(
        impl Listed for v1::$request {
            const METHOD: &'static str = $method;
            fn page_size(&self) -> i32 {
                self.page_size
            }
            fn page_token(&self) -> &str {
                &self.page_token
            }
            fn filters(&self) -> Self {
                let mut filters = self.clone();
                filters.page_size = 0;
                filters.page_token.clear();
                filters
            }
        }
    )*};
}

listed! {
    ListAgenciesRequest "ListAgencies",
    ListGroupsRequest "ListGroups",
    ListPrincipalsRequest "ListPrincipals",
    ListDocumentsRequest "ListDocuments",
    TraceDocumentRequest "TraceDocument",
    ListDeliveriesRequest "ListDeliveries",
    ListTrustObjectsRequest "ListTrustObjects",
    ListAuthorisedSignersRequest "ListAuthorisedSigners",
    ListSignatureStatisticsRequest "ListSignatureStatistics",
    ListVerdictChangesRequest "ListVerdictChanges",
    ListOutboxItemsRequest "ListOutboxItems",
    ListQuarantinedPacketsRequest "ListQuarantinedPackets",
}

impl Sealer {
    /// By the hub's secret, from which both keys are derived.
    pub fn new(secret: &[u8; 32]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let key = hmac::sign(&secret, b"vanthu tokens: encryption");
        let nonces = hmac::sign(&secret, b"vanthu tokens: nonces");
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("an HMAC-SHA256 has the 32 bytes of an AES-256 key");
        Self { key: LessSafeKey::new(key), nonces: hmac::Key::new(hmac::HMAC_SHA256, nonces.as_ref()) }
    }

    /// The page a caller asks for.
    pub fn page(&self, caller: &principal::Id, request: &impl Listed) -> Result<Page, Invalid> {
        let size = match usize::try_from(request.page_size()) {
            Ok(0) => DEFAULT_PAGE,
            Ok(size) => size.min(MAX_PAGE),
            Err(_) => return Err(Invalid::one("page_size", "must not be negative")),
        };
        let scope = list(caller, request);
        let after = match request.page_token() {
            "" => None,
            token => Some(self.open(&scope, token).ok_or_else(|| {
                Invalid::one("page_token", "was not given to you for this list with these filters; leave it out to begin anew")
            })?),
        };
        Ok(Page { size, after, scope })
    }

    /// The token of the page that begins after `key`.
    pub fn next_page(&self, page: &Page, key: &[u8]) -> String {
        self.seal(&page.scope, key)
    }

    /// Where a watcher of an agency's feed goes on; an empty token is the beginning.
    pub fn cursor(&self, agency: &agency::Id, direction: Direction, token: &str) -> Result<Cursor, Invalid> {
        if token.is_empty() {
            return Ok(Cursor::default());
        }
        let places = self.open(&feed(agency, direction), token).and_then(|bytes| places(&bytes));
        let places = places
            .ok_or_else(|| Invalid::one("resume_token", "was not given for this feed; leave it out to begin with the first change"))?;
        Ok(Cursor { places })
    }

    /// The token of a place in an agency's feed.
    pub fn resume_token(&self, agency: &agency::Id, direction: Direction, cursor: &Cursor) -> String {
        let mut bytes = Vec::with_capacity(LANES * PLACE);
        for (seq, index) in cursor.places {
            bytes.extend_from_slice(&seq.to_be_bytes());
            bytes.extend_from_slice(&index.to_be_bytes());
        }
        self.seal(&feed(agency, direction), &bytes)
    }

    fn seal(&self, scope: &[u8; 32], plain: &[u8]) -> String {
        // The nonce follows from what is sealed, so that no two different texts share one and nothing random is needed:
        // the same place gives the same token, which tells a caller nothing.
        let tag = hmac::sign(&self.nonces, &[scope, plain].concat());
        let mut nonce = [0; NONCE_LEN];
        nonce.iter_mut().zip(tag.as_ref()).for_each(|(byte, from)| *byte = *from);
        let mut sealed = plain.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(scope), &mut sealed)
            .expect("a key of a row is far shorter than AES-GCM's limit of 64 GiB");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat())
    }

    fn open(&self, scope: &[u8; 32], token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let plain = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(scope), sealed).ok()?;
        Some(plain.to_vec())
    }
}

fn list<R: Listed>(caller: &principal::Id, request: &R) -> [u8; 32] {
    scope(&[b"page", caller.as_str().as_bytes(), R::METHOD.as_bytes(), &request.filters().encode_to_vec()])
}

fn feed(agency: &agency::Id, direction: Direction) -> [u8; 32] {
    scope(&[b"feed", agency.as_str().as_bytes(), &[direction as u8]])
}

fn places(bytes: &[u8]) -> Option<[(u64, u32); LANES]> {
    if bytes.len() != LANES * PLACE {
        return None;
    }
    let mut places = [(0, 0); LANES];
    for (place, bytes) in places.iter_mut().zip(bytes.chunks_exact(PLACE)) {
        let (seq, index) = bytes.split_first_chunk::<8>()?;
        *place = (u64::from_be_bytes(*seq), u32::from_be_bytes(index.try_into().ok()?));
    }
    Some(places)
}

/// SHA-256 over the parts, each after its length, so that no two lists of parts are the same bytes.
fn scope(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, from)| *byte = *from);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&[7; 32])
    }

    fn agency(id: &str) -> agency::Id {
        agency::Id::parse(id).expect("a slug")
    }

    fn caller(id: &str) -> principal::Id {
        principal::Id::parse(id).expect("a slug")
    }

    fn request(tier: v1::Tier, page_size: i32, page_token: &str) -> v1::ListAgenciesRequest {
        v1::ListAgenciesRequest { tier: tier.into(), page_size, page_token: page_token.into(), ..Default::default() }
    }

    fn fault(invalid: &Invalid) -> &str {
        invalid.faults().first().map(|fault| fault.field.as_str()).expect("a fault")
    }

    #[test]
    fn page_sizes_follow_aip_158() {
        let size = |n| sealer().page(&caller("a"), &request(v1::Tier::Commune, n, "")).map(|page| page.size);
        for (asked, given) in [(0, 50), (1, 1), (1_000, 1_000), (1_001, 1_000), (i32::MAX, 1_000)] {
            assert_eq!(size(asked), Ok(given));
        }
        for negative in [-1, i32::MIN] {
            assert_eq!(fault(&size(negative).expect_err("negative")), "page_size");
        }
    }

    #[test]
    fn a_page_goes_on_where_the_one_before_ended() {
        let sealer = sealer();
        let first = sealer.page(&caller("a"), &request(v1::Tier::Commune, 10, "")).expect("a page");
        assert_eq!((first.size, first.after.as_deref()), (10, None));
        let token = sealer.next_page(&first, b"camau.dam-doi");
        // Another size may be asked for meanwhile.
        let second = sealer.page(&caller("a"), &request(v1::Tier::Commune, 20, &token)).expect("a page");
        assert_eq!((second.size, second.after.as_deref()), (20, Some(&b"camau.dam-doi"[..])));
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        assert!(!bytes.windows(7).any(|window| window == b"dam-doi"), "the key is sealed");
    }

    #[test]
    fn a_token_is_refused_with_other_filters_and_for_another_caller_list_feed_or_hub() {
        let hub = sealer();
        let first = hub.page(&caller("a"), &request(v1::Tier::Commune, 0, "")).expect("a page");
        let token = hub.next_page(&first, b"key");
        assert!(hub.page(&caller("a"), &request(v1::Tier::Commune, 0, &token)).is_ok());
        let long = "A".repeat(MAX_TOKEN + 4);
        for (sealer, name, request) in [
            (&hub, "a", request(v1::Tier::District, 0, &token)),
            (&hub, "b", request(v1::Tier::Commune, 0, &token)),
            (&Sealer::new(&[8; 32]), "a", request(v1::Tier::Commune, 0, &token)),
            (&hub, "a", request(v1::Tier::Commune, 0, &long)),
            (&hub, "a", request(v1::Tier::Commune, 0, "not base64!")),
            (&hub, "a", request(v1::Tier::Commune, 0, "AAAA")),
        ] {
            assert_eq!(fault(&sealer.page(&caller(name), &request).expect_err("a foreign token")), "page_token");
        }
        let groups = v1::ListGroupsRequest { page_size: 0, page_token: token.clone() };
        assert!(hub.page(&caller("a"), &groups).is_err());
        let cursor = hub.cursor(&agency("camau"), Direction::Incoming, &token);
        assert_eq!(fault(&cursor.expect_err("a page is no cursor")), "resume_token");
    }

    #[test]
    fn a_token_changed_in_any_character_is_refused() {
        let sealer = sealer();
        let first = sealer.page(&caller("a"), &request(v1::Tier::Commune, 0, "")).expect("a page");
        let token = sealer.next_page(&first, b"camau.dam-doi");
        for i in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(sealer.page(&caller("a"), &request(v1::Tier::Commune, 0, &changed)).is_err(), "{i}");
            let cut = sealer.page(&caller("a"), &request(v1::Tier::Commune, 0, &token[..i]));
            assert_eq!(cut.is_ok(), i == 0, "{i}");
        }
    }

    #[test]
    fn a_cursor_comes_back_and_belongs_to_its_feed() {
        let sealer = sealer();
        let mut cursor = Cursor::default();
        cursor.advance(0, (u64::MAX, u32::MAX));
        cursor.advance(3, (42, 7));
        cursor.advance(200, (1, 1));
        let token = sealer.resume_token(&agency("camau"), Direction::Incoming, &cursor);
        let back = sealer.cursor(&agency("camau"), Direction::Incoming, &token).expect("a cursor");
        assert_eq!(back, cursor);
        assert_eq!((back.lane(0), back.lane(1), back.lane(3), back.lane(200)), ((u64::MAX, u32::MAX), (0, 0), (42, 7), (0, 0)));
        assert_eq!(sealer.cursor(&agency("camau"), Direction::Incoming, ""), Ok(Cursor::default()));
        assert!(sealer.cursor(&agency("camau"), Direction::Outgoing, &token).is_err());
        assert!(sealer.cursor(&agency("bac-lieu"), Direction::Incoming, &token).is_err());
    }
}
