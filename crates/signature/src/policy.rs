//! Certificate policies (RFC 5280, 6.1), by the policy graph of RFC 9618, which grows with its input where a tree would
//! grow exponentially.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::asn1::{Asn1Error, Element, OID, SEQUENCE};
use crate::certificate::Certificate;
use crate::oid;

/// Policies or mappings read per certificate; real ones carry fewer than twenty.
const MAX_POLICIES: usize = 1024;

/// The policy extensions of a certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    /// Certificate policies, each once; `None` where the extension is absent.
    asserted: Option<Vec<Vec<u8>>>,
    /// Pairs of the issuer's policy and the subject's.
    mappings: Vec<(Vec<u8>, Vec<u8>)>,
    require_explicit: Option<u32>,
    inhibit_mapping: Option<u32>,
    inhibit_any: Option<u32>,
}

/// What the caller demands (RFC 5280, 6.1.1 c to f). The default demands nothing: a path fails by policy only if its own
/// authorities say so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// Acceptable policies; empty means any.
    pub(crate) acceptable: Vec<Vec<u8>>,
    pub(crate) require_explicit: bool,
    pub(crate) inhibit_mapping: bool,
    pub(crate) inhibit_any: bool,
}

impl Policies {
    /// The value of certificatePolicies. Qualifiers are for people and have no weight here.
    pub(crate) fn read_asserted(&mut self, element: &Element<'_>) -> Result<(), Asn1Error> {
        let mut asserted: Vec<Vec<u8>> = Vec::new();
        let mut seen = HashSet::new();
        let mut reader = element.reader();
        while !reader.is_empty() {
            let policy = reader.expect(SEQUENCE)?.reader().expect(OID)?.content;
            // RFC 5280, 4.2.1.4: a policy occurs once.
            if asserted.len() >= MAX_POLICIES || !seen.insert(policy) {
                return Err(Asn1Error::Malformed);
            }
            asserted.push(policy.to_vec());
        }
        self.asserted = Some(asserted);
        Ok(())
    }

    /// The value of policyMappings.
    pub(crate) fn read_mappings(&mut self, element: &Element<'_>) -> Result<(), Asn1Error> {
        let mut reader = element.reader();
        while !reader.is_empty() {
            if self.mappings.len() >= MAX_POLICIES {
                return Err(Asn1Error::TooMany);
            }
            let mut pair = reader.expect(SEQUENCE)?.reader();
            let mapping = (pair.expect(OID)?.content.to_vec(), pair.expect(OID)?.content.to_vec());
            pair.finish()?;
            self.mappings.push(mapping);
        }
        Ok(())
    }

    /// The value of policyConstraints.
    pub(crate) fn read_constraints(&mut self, element: &Element<'_>) -> Result<(), Asn1Error> {
        let mut reader = element.reader();
        self.require_explicit = reader.optional(0x80)?.map(|skip| skip.small_integer()).transpose()?;
        self.inhibit_mapping = reader.optional(0x81)?.map(|skip| skip.small_integer()).transpose()?;
        reader.finish()
    }

    /// The value of inhibitAnyPolicy.
    pub(crate) fn read_inhibit_any(&mut self, element: &Element<'_>) -> Result<(), Asn1Error> {
        self.inhibit_any = Some(element.small_integer()?);
        Ok(())
    }
}

/// Why a path has no valid policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyFault {
    #[error("the chain demands an explicit policy, and no policy is valid for the whole of it")]
    NoValidPolicy,
    #[error("a certificate maps the special policy anyPolicy")]
    MapsAnyPolicy,
}

/// Checks `path` (leaf first, anchor last) against `inputs`.
pub(crate) fn check(path: &[Arc<Certificate>], inputs: &Inputs) -> Result<(), PolicyFault> {
    let Some((anchor, below)) = path.split_last() else { return Ok(()) };
    let length = below.len();
    let initial = |inhibit: bool| if inhibit { 0 } else { length + 1 };
    let mut explicit = initial(inputs.require_explicit);
    let mut mapping = initial(inputs.inhibit_mapping);
    let mut any = initial(inputs.inhibit_any);
    // RFC 5937: what an anchor's own certificate demands binds the paths below it.
    tighten(&anchor.policies, &mut explicit, &mut mapping, &mut any);
    let mut graph = Graph::new();
    for (index, certificate) in below.iter().enumerate().rev() {
        let is_last = index == 0;
        let counts = is_last || !certificate.is_self_issued();
        match &certificate.policies.asserted {
            Some(asserted) => graph.descend(asserted, any > 0 || !counts),
            None => graph.clear(),
        }
        if explicit == 0 && graph.is_empty() {
            return Err(PolicyFault::NoValidPolicy);
        }
        if is_last {
            // 6.1.5 (a) and (b).
            explicit = explicit.saturating_sub(1);
            if certificate.policies.require_explicit == Some(0) {
                explicit = 0;
            }
            continue;
        }
        graph.map(&certificate.policies.mappings, mapping > 0)?;
        if counts {
            explicit = explicit.saturating_sub(1);
            mapping = mapping.saturating_sub(1);
            any = any.saturating_sub(1);
        }
        tighten(&certificate.policies, &mut explicit, &mut mapping, &mut any);
    }
    if explicit == 0 && !graph.has_acceptable(&inputs.acceptable) {
        return Err(PolicyFault::NoValidPolicy);
    }
    Ok(())
}

/// 6.1.4 (i) and (j).
fn tighten(policies: &Policies, explicit: &mut usize, mapping: &mut usize, any: &mut usize) {
    let lower = |current: &mut usize, skip: Option<u32>| {
        if let Some(skip) = skip.and_then(|skip| usize::try_from(skip).ok()) {
            *current = (*current).min(skip);
        }
    };
    lower(explicit, policies.require_explicit);
    lower(mapping, policies.inhibit_mapping);
    lower(any, policies.inhibit_any);
}

/// One node: a policy valid at its level, and how the next level calls it.
#[derive(Debug)]
struct Node {
    policy: Vec<u8>,
    expected: Vec<Vec<u8>>,
    /// Indices in the level above.
    parents: Vec<usize>,
}

/// Levels of nodes. It is null in the standard's sense when its last level is empty; nodes without children are left
/// alone, because only ancestors of the last level are ever read.
#[derive(Debug)]
struct Graph {
    levels: Vec<Vec<Node>>,
}

impl Graph {
    fn new() -> Self {
        let any = oid::ANY_POLICY.to_vec();
        Self { levels: vec![vec![Node { policy: any.clone(), expected: vec![any], parents: Vec::new() }]] }
    }

    fn last(&self) -> &[Node] {
        self.levels.last().map(Vec::as_slice).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.last().is_empty()
    }

    fn clear(&mut self) {
        self.levels.push(Vec::new());
    }

    /// 6.1.3 (d), as RFC 9618, 5.3 words it.
    fn descend(&mut self, asserted: &[Vec<u8>], any_counts: bool) {
        let above = self.last();
        let mut expecting: HashMap<&[u8], Vec<usize>> = HashMap::new();
        let mut order: Vec<&[u8]> = Vec::new();
        for (index, node) in above.iter().enumerate() {
            for policy in &node.expected {
                let parents = expecting.entry(policy.as_slice()).or_default();
                if parents.is_empty() {
                    order.push(policy);
                }
                if parents.last() != Some(&index) {
                    parents.push(index);
                }
            }
        }
        let any_above = above.iter().position(|node| node.policy == oid::ANY_POLICY);
        let mut level = Vec::new();
        let mut present: HashSet<&[u8]> = HashSet::new();
        let mut add =
            |policy: &[u8], parents: Vec<usize>| level.push(Node { policy: policy.to_vec(), expected: vec![policy.to_vec()], parents });
        for policy in asserted.iter().filter(|policy| *policy != oid::ANY_POLICY) {
            let parents = expecting.get(policy.as_slice()).cloned().or_else(|| any_above.map(|index| vec![index]));
            if let Some(parents) = parents {
                present.insert(policy);
                add(policy, parents);
            }
        }
        if any_counts && asserted.iter().any(|policy| policy == oid::ANY_POLICY) {
            for policy in order.into_iter().filter(|policy| !present.contains(policy)) {
                add(policy, expecting.remove(policy).unwrap_or_default());
            }
        }
        self.levels.push(level);
    }

    /// 6.1.4 (a) and (b).
    fn map(&mut self, mappings: &[(Vec<u8>, Vec<u8>)], allowed: bool) -> Result<(), PolicyFault> {
        if mappings.iter().any(|(from, to)| from == oid::ANY_POLICY || to == oid::ANY_POLICY) {
            return Err(PolicyFault::MapsAnyPolicy);
        }
        let mut targets: HashMap<&[u8], Vec<Vec<u8>>> = HashMap::new();
        let mut order: Vec<&[u8]> = Vec::new();
        for (from, to) in mappings {
            let list = targets.entry(from).or_default();
            if list.is_empty() {
                order.push(from);
            }
            list.push(to.clone());
        }
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        if !allowed {
            level.retain(|node| !targets.contains_key(node.policy.as_slice()));
            return Ok(());
        }
        for node in level.iter_mut() {
            if let Some(expected) = targets.remove(node.policy.as_slice()) {
                node.expected = expected;
            }
        }
        let Some(any_parents) = level.iter().find(|node| node.policy == oid::ANY_POLICY).map(|node| node.parents.clone()) else {
            return Ok(());
        };
        for from in order {
            if let Some(expected) = targets.remove(from) {
                level.push(Node { policy: from.to_vec(), expected, parents: any_parents.clone() });
            }
        }
        Ok(())
    }

    /// 6.1.5 (g), as RFC 9618, 5.4 words it: whether a policy is left that the authorities and the caller both accept.
    fn has_acceptable(&self, acceptable: &[Vec<u8>]) -> bool {
        if self.is_empty() {
            return false;
        }
        let is_any = |node: &Node| node.policy == oid::ANY_POLICY;
        if acceptable.is_empty() || acceptable.iter().any(|policy| policy == oid::ANY_POLICY) || self.last().iter().any(is_any) {
            return true;
        }
        // Only what the last level descends from has survived.
        let mut alive: HashSet<usize> = (0..self.last().len()).collect();
        for (depth, level) in self.levels.iter().enumerate().skip(1).rev() {
            let above = depth.checked_sub(1).and_then(|depth| self.levels.get(depth)).map(Vec::as_slice).unwrap_or_default();
            let mut parents = HashSet::new();
            for node in alive.iter().filter_map(|&index| level.get(index)) {
                // The authorities' policies are those that stand directly below anyPolicy.
                let is_root = !is_any(node) && node.parents.iter().filter_map(|&index| above.get(index)).any(is_any);
                if is_root && acceptable.contains(&node.policy) {
                    return true;
                }
                parents.extend(node.parents.iter().copied());
            }
            alive = parents;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::encode;

    const ANY: &[u8] = oid::ANY_POLICY;

    fn policies(asserted: &[&[u8]]) -> Vec<Vec<u8>> {
        asserted.iter().map(|policy| policy.to_vec()).collect()
    }

    #[test]
    fn a_policy_survives_only_where_every_level_names_it() {
        let mut graph = Graph::new();
        graph.descend(&policies(&[&[1], &[2]]), true);
        graph.descend(&policies(&[&[2], &[3]]), true);
        assert!(graph.has_acceptable(&policies(&[&[2]])));
        assert!(!graph.has_acceptable(&policies(&[&[1]])));
        graph.descend(&policies(&[&[1]]), true);
        assert!(graph.is_empty());
    }

    #[test]
    fn any_policy_stands_for_every_policy_unless_it_is_inhibited() {
        let mut graph = Graph::new();
        graph.descend(&policies(&[ANY]), true);
        graph.descend(&policies(&[&[7]]), true);
        assert!(graph.has_acceptable(&policies(&[&[7]])));
        let mut inhibited = Graph::new();
        inhibited.descend(&policies(&[ANY]), false);
        assert!(inhibited.is_empty());
    }

    #[test]
    fn a_mapped_policy_is_judged_by_the_name_it_began_with() {
        let mut graph = Graph::new();
        graph.descend(&policies(&[&[1]]), true);
        graph.map(&[(vec![1], vec![2])], true).unwrap();
        graph.descend(&policies(&[&[2]]), true);
        assert!(graph.has_acceptable(&policies(&[&[1]])));
        assert!(!graph.has_acceptable(&policies(&[&[2]])));
        let mut inhibited = Graph::new();
        inhibited.descend(&policies(&[&[1]]), true);
        inhibited.map(&[(vec![1], vec![2])], false).unwrap();
        assert!(inhibited.is_empty());
        assert_eq!(Graph::new().map(&[(vec![1], ANY.to_vec())], true), Err(PolicyFault::MapsAnyPolicy));
    }

    /// RFC 9618, 3.1: mappings of each of two policies to both double a tree at every level.
    #[test]
    fn crosswise_mappings_do_not_make_the_graph_grow() {
        let mut graph = Graph::new();
        let both = policies(&[&[1], &[2]]);
        let mappings: Vec<_> = both.iter().flat_map(|from| both.iter().map(move |to| (from.clone(), to.clone()))).collect();
        for _ in 0..64 {
            graph.descend(&both, true);
            graph.map(&mappings, true).unwrap();
        }
        let nodes: usize = graph.levels.iter().map(Vec::len).sum();
        assert_eq!(nodes, 1 + 2 * 64);
        assert!(graph.has_acceptable(&policies(&[&[2]])));
    }

    #[test]
    fn a_policy_that_occurs_twice_is_refused() {
        let one = encode(SEQUENCE, &encode(OID, &[0x2a, 3]));
        let list = encode(SEQUENCE, &[one.clone(), one.clone()].concat());
        assert!(Policies::default().read_asserted(&Element::parse(&list, SEQUENCE).unwrap()).is_err());
        let once = encode(SEQUENCE, &one);
        assert!(Policies::default().read_asserted(&Element::parse(&once, SEQUENCE).unwrap()).is_ok());
    }
}
