//! When an XML signature provably existed: by the stamps over its value and by archive time stamps over the whole of it
//! (ETSI EN 319 132-1, 5.3 and 5.5; EN 319 102-1, 5.6.2).
//!
//! An archive time stamp covers what is signed and every property before it in the document. Stamps are judged from the last
//! to the first, so that each profits from those that cover it.

use crate::archive::{contradiction, contradicts};
use crate::calendar::display;
use crate::certificate::Certificate;
use crate::evidence::Evidence;
use crate::existence;
use crate::judge::Proof;
use crate::judgement::Judgement;
use crate::report::SubIndication;
use crate::timestamp::{self, Token};

use super::canonical::{Method, Selection, canonicalize};
use super::judge::Judge;
use super::reference;
use super::signature::Signature;
use super::tree::NodeId;
use super::xades::{self, Properties, TimeStamp};

/// A stamp that verifies, and where it stands.
type Placed = (NodeId, Proof);

impl Judge<'_, '_, '_> {
    /// The time that proves most for a signature by `signer`; a bad stamp gives none and says so.
    pub(super) fn prove_existence(
        &mut self,
        signature: &Signature,
        properties: &Properties,
        along: &Evidence,
        signer: Option<&Certificate>,
        judgement: &mut Judgement,
    ) -> Proof {
        let mut archive: Vec<Placed> = Vec::new();
        for stamp in properties.archive_stamps.iter().rev() {
            let stamped = stamp.canonical_form.as_ref().and_then(|form| self.archived(signature, properties, stamp, form));
            let existed = existed(&archive, stamp.node);
            let proofs = self.verify_all("an archive time stamp", stamp, stamped, (along, existed), judgement);
            for proof in &proofs {
                let at = proof.time.map(display).unwrap_or_default();
                judgement.note(format!("an archive time stamp proves that the signature existed at {at}"));
            }
            archive.extend(proofs.into_iter().map(|proof| (stamp.node, proof)));
        }
        let mut proofs: Vec<Proof> = archive.iter().map(|(_, proof)| proof.clone()).collect();
        for stamp in &properties.time_stamps {
            let stamped = stamp.canonical_form.as_ref().and_then(|form| self.canonical(signature.value_node, form));
            let existed = existed(&archive, stamp.node);
            proofs.extend(self.verify_all("the time stamp", stamp, stamped, (along, existed), judgement));
        }
        let best = existence::best(proofs, signer);
        self.check_content_stamps(signature, properties, along, best.time, judgement);
        best
    }

    /// A stamp over the content is older than the signature.
    fn check_content_stamps(
        &mut self,
        signature: &Signature,
        properties: &Properties,
        along: &Evidence,
        proved: Option<i64>,
        judgement: &mut Judgement,
    ) {
        for stamp in &properties.content_stamps {
            let stamped = stamp.canonical_form.as_ref().and_then(|form| self.contents(signature, form));
            for proof in self.verify_all("the time stamp over the content", stamp, stamped, (along, None), judgement) {
                let Some(time) = proof.time else { continue };
                match proved.filter(|proved| contradicts(time, *proved)) {
                    Some(proved) => {
                        let reason = format!(
                            "the content was stamped at {}, after the signature, which existed at {}",
                            display(time),
                            display(proved)
                        );
                        judgement.doubt(SubIndication::TimestampOrderFailure, reason);
                    }
                    None => judgement.note(format!("a time stamp proves that the content existed at {}", display(time))),
                }
            }
        }
    }

    /// The tokens of `stamp` that verify over `stamped`.
    fn verify_all(
        &self,
        which: &str,
        stamp: &TimeStamp,
        stamped: Option<Vec<u8>>,
        (along, existed): (&Evidence, Option<i64>),
        judgement: &mut Judgement,
    ) -> Vec<Proof> {
        let Some(stamped) = stamped else {
            judgement.note(format!("{which} proves nothing: what it covers cannot be canonicalized"));
            return Vec::new();
        };
        let mut proofs = Vec::new();
        for bytes in &stamp.tokens {
            let (token, _) = timestamp::verify_existing(bytes, &[&stamped], along, existed, self.trust, self.options);
            let Some(time) = token.proof() else {
                judgement.note(format!("{which} proves nothing: {}", token.judgement.reasons.join("; ")));
                continue;
            };
            if let Some(existed) = existed.filter(|existed| contradicts(time, *existed)) {
                contradiction(which, time, existed, judgement);
            }
            let Token { judgement: own, unknown_revocation, .. } = token;
            judgement.evidence.extend(&own.evidence);
            judgement.weak.extend(&own.weak);
            judgement.reasons.extend(own.reasons.iter().map(|reason| format!("time stamp: {reason}")));
            proofs.push(Proof { time: Some(time), unknown_revocation });
        }
        proofs
    }

    /// What the archive time stamp `node` covers (EN 319 132-1, 5.5.2.2): the signed contents, the signature's own parts, the
    /// properties before the stamp, and objects that nothing refers to. The most common program writes the other objects too,
    /// which are among the contents already: where the imprint is over that, it is taken.
    fn archived(&mut self, signature: &Signature, properties: &Properties, stamp: &TimeStamp, form: &Method) -> Option<Vec<u8>> {
        let node = stamp.node;
        let mut out = Vec::new();
        for one in &signature.references {
            out.extend(reference::octets(self.source, signature, one, form, &mut self.budget).ok()?);
        }
        let before = self.document.parent(node).into_iter().flat_map(|parent| self.document.elements(parent));
        let before = before.take_while(|&id| id != node);
        let is_referenced = |object: NodeId| {
            let id = self.document.attribute(object, "Id");
            let names = |uri: &str| uri.strip_prefix('#').is_some_and(|name| Some(name) == id);
            signature.references.iter().any(|one| one.uri.as_deref().is_some_and(names))
        };
        let objects = signature.objects.iter().copied().filter(|&object| !self.document.contains(object, properties.node));
        let (referenced, others): (Vec<NodeId>, Vec<NodeId>) = objects.clone().partition(|&object| is_referenced(object));
        let own = [Some(signature.signed_info), Some(signature.value_node), signature.key_info].into_iter().flatten();
        for id in own.chain(before) {
            out.extend(self.canonical(id, form)?);
        }
        let start = out.len();
        for id in others {
            out.extend(self.canonical(id, form)?);
        }
        let imprint = stamp.tokens.first().and_then(|token| timestamp::imprint(token, &self.options.limits));
        let fits = imprint.is_some_and(|(digest, imprint)| digest.of(&[&out]).as_ref() == imprint);
        if !fits && !referenced.is_empty() {
            out.truncate(start);
            for id in objects {
                out.extend(self.canonical(id, form)?);
            }
        }
        Some(out)
    }

    fn canonical(&mut self, id: NodeId, form: &Method) -> Option<Vec<u8>> {
        canonicalize(self.document, &Selection::of(id), form, &mut self.budget).ok()
    }

    /// What is signed, but for the signed properties (EN 319 132-1, 5.2.8.1).
    fn contents(&mut self, signature: &Signature, form: &Method) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for one in signature.references.iter().filter(|one| !xades::is_signed_properties(&one.kind)) {
            out.extend(reference::octets(self.source, signature, one, form, &mut self.budget).ok()?);
        }
        Some(out)
    }
}

/// When what stands at `node` provably existed.
fn existed(archive: &[Placed], node: NodeId) -> Option<i64> {
    archive.iter().filter(|(stamp, _)| *stamp > node).filter_map(|(_, proof)| proof.time).min()
}
