//! Archive time stamps of containers (EN 319 162-1, 4.4.3.4 and A.7): stamps over a manifest of the files that are to last,
//! signatures and earlier stamps among them.

use std::collections::BTreeSet;

use crate::archive::contradicts;
use crate::evidence::Evidence;
use crate::existence;
use crate::judge::Proof;
use crate::options::Options;
use crate::timestamp;
use crate::trust::TrustStore;

use super::manifest::Manifest;
use super::zip::Entry;

/// Stamps judged per container: each costs a digest of every file that it covers.
const MAX_STAMPS: usize = 8;

/// A stamp and the manifest that it is made over.
pub(super) struct Archive<'a> {
    pub(super) stamp: &'a Entry<'a>,
    pub(super) manifest_file: &'a Entry<'a>,
    pub(super) manifest: Manifest,
}

/// What the archive time stamps of a container prove.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    proofs: Vec<(BTreeSet<String>, Proof)>,
    /// Sentences about stamps that prove nothing.
    pub(super) faults: Vec<String>,
}

impl Proofs {
    /// When the file `name` provably existed as it is.
    pub(super) fn of(&self, name: &str) -> Option<Proof> {
        let covering = self.proofs.iter().filter(|(files, _)| files.contains(name)).map(|(_, proof)| proof.clone());
        Some(existence::best(covering.collect(), None)).filter(|proof| proof.time.is_some())
    }

    /// Judges `archives` from the last to the first, so that each profits from those that cover its stamp; `check` says what is
    /// wrong with the files of a manifest.
    pub(super) fn judge(
        mut archives: Vec<Archive<'_>>,
        check: impl Fn(&Manifest) -> Option<String>,
        trust: &TrustStore,
        options: &Options,
    ) -> Self {
        let mut out = Self::default();
        // The order decides only who can profit from whom; what covers what is shown by digests.
        archives.sort_by_cached_key(|one| std::cmp::Reverse(timestamp::stated_time(&one.stamp.content)));
        for (index, Archive { stamp, manifest_file, manifest }) in archives.into_iter().enumerate() {
            let mut fault =
                |reason: String| out.faults.push(format!("{} is an archive time stamp that proves nothing: {reason}", stamp.name));
            if index >= MAX_STAMPS {
                fault("the container has too many".to_owned());
                continue;
            }
            if let Some(reason) = check(&manifest) {
                fault(reason);
                continue;
            }
            let existed = out.of(&stamp.name).and_then(|proof| proof.time);
            let evidence = Evidence::with_caches(trust.caches());
            let (token, rest) = timestamp::verify_existing(&stamp.content, &[&manifest_file.content], &evidence, existed, trust, options);
            let reason = match token.proof().filter(|_| rest.is_empty()) {
                Some(time) if existed.is_none_or(|existed| !contradicts(time, existed)) => {
                    let mut files: BTreeSet<String> = manifest.files.into_iter().map(|file| file.name).collect();
                    files.insert(manifest_file.name.clone());
                    out.proofs.push((files, Proof { time: Some(time), unknown_revocation: token.unknown_revocation }));
                    continue;
                }
                Some(_) => "it states a later time than one that covers it".to_owned(),
                None => token.judgement.reasons.join("; "),
            };
            out.faults.push(format!("{} is an archive time stamp that proves nothing: {reason}", stamp.name));
        }
        out
    }
}
