//! `ASiCManifest` (EN 319 162-1, A.4): which files a CMS signature or time stamp of an ASiC-E container covers.

use std::collections::HashSet;

use crate::algorithm::Digest;
use crate::xml::{DSIG, Document, NodeId, algorithms, base64_text, parse, percent_decoded};

const ASIC: &str = "http://uri.etsi.org/02918/v1.2.1#";
/// As many files as a container may have.
const MAX_REFERENCES: usize = 1000;

/// A manifest, read.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The signature or time stamp over this manifest.
    pub(super) signature: String,
    pub(super) files: Vec<FileDigest>,
}

/// A file and its digest in a manifest.
#[derive(Debug)]
pub(super) struct FileDigest {
    pub(super) name: String,
    /// The digest, or the name of one that is not known.
    pub(super) digest: Result<Digest, String>,
    pub(super) value: Vec<u8>,
}

impl Manifest {
    /// Reads the manifest that fills `bytes`.
    ///
    /// # Errors
    /// A sentence about what does not have the form of the standard.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let document = parse(bytes).map_err(|error| error.to_string())?;
        let root = document.root().filter(|&root| document.is(root, ASIC, "ASiCManifest")).ok_or("it is no ASiCManifest")?;
        let mut signatures = document.elements(root).filter(|&id| document.is(id, ASIC, "SigReference"));
        let (Some(signature), None) = (signatures.next(), signatures.next()) else {
            return Err("it names not exactly one signature".to_owned());
        };
        let references = document.elements(root).filter(|&id| document.is(id, ASIC, "DataObjectReference"));
        let files: Vec<FileDigest> = references.map(|id| file_digest(&document, id)).collect::<Result<_, _>>()?;
        if files.is_empty() || files.len() > MAX_REFERENCES {
            return Err(format!("it names {} files", files.len()));
        }
        // A second digest of a file would be either the same or a contradiction, and hashing a file costs time.
        let mut names = HashSet::new();
        if let Some(twice) = files.iter().find(|file| !names.insert(file.name.as_str())) {
            return Err(format!("it names {:?} twice", twice.name));
        }
        Ok(Self { signature: name(&document, signature)?, files })
    }
}

fn name(document: &Document<'_>, id: NodeId) -> Result<String, String> {
    document.attribute(id, "URI").and_then(percent_decoded).ok_or_else(|| "a reference in it has no usable URI".to_owned())
}

fn file_digest(document: &Document<'_>, id: NodeId) -> Result<FileDigest, String> {
    let part = |local| document.child(id, DSIG, local).ok_or_else(|| format!("a reference in it lacks {local}"));
    let algorithm = document.attribute(part("DigestMethod")?, "Algorithm").unwrap_or_default();
    Ok(FileDigest {
        name: name(document, id)?,
        digest: algorithms::digest(algorithm).ok_or_else(|| algorithm.to_owned()),
        value: base64_text(document, part("DigestValue")?).ok_or("a digest in it is not base64")?,
    })
}
