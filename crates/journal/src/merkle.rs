//! The Merkle tree over all entries (RFC 6962, 2.1), kept as the roots of its complete subtrees.

use ring::digest::{Context, SHA256, digest};

pub(crate) type Hash = [u8; 32];

/// The hash of one leaf.
pub(crate) fn leaf_hash(payload: &[u8]) -> Hash {
    // RFC 6962, 2.1: a leaf is prefixed by 0x00 and a node by 0x01, so that neither can pass for the other.
    hash(&[&[0], payload])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    to_hash(context.finish())
}

fn to_hash(digest: ring::digest::Digest) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// The right edge of the tree: one root for every set bit of the number of leaves, the largest subtree first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    leaves: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of these parts; none if there is not one root for each set bit.
    pub(crate) fn from_parts(leaves: u64, roots: Vec<Hash>) -> Option<Self> {
        (roots.len() == leaves.count_ones() as usize).then_some(Self { leaves, roots })
    }

    pub(crate) fn leaves(&self) -> u64 {
        self.leaves
    }

    pub(crate) fn roots(&self) -> &[Hash] {
        &self.roots
    }

    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        // Each trailing set bit is a complete subtree of the same size as `root`: they join, as in a binary carry.
        for _ in 0..self.leaves.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            root = node_hash(&left, &root);
        }
        self.roots.push(root);
        self.leaves += 1;
    }

    /// The tree's root; that of no leaves is the hash of nothing.
    pub(crate) fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return to_hash(digest(&SHA256, &[])) };
        roots.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        // The leaves and roots of the reference tests of google/certificate-transparency (merkle_tree_test.cc).
        let leaves: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::default();
        // RFC 6962, 2.1: the hash of an empty list is the hash of an empty string.
        assert_eq!(hex(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (leaf, root) in leaves.iter().zip(roots) {
            frontier.push(leaf_hash(leaf));
            assert_eq!(hex(frontier.root()), root);
            assert_eq!(Frontier::from_parts(frontier.leaves(), frontier.roots().to_vec()), Some(frontier.clone()));
        }
        assert_eq!(Frontier::from_parts(7, frontier.roots().to_vec()), None);
    }
}
