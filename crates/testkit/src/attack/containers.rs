//! ASiC containers that two readers unpack differently, or that a signature does not cover, and signatures that belong to
//! other content than the one beside them.

use super::kit::{Archive, Bench, Case, Input, Statement, Stored, XmlStatement, base64, reference, time_stamp};
use crate::cms::Digest;
use std::fmt::Write as _;

const CONTAINER: &str = "containers";
const SEVERAL: &str = "several documents";

const EXTENDED: (&str, &[u8]) = ("mimetype", b"application/vnd.etsi.asic-e+zip");
const SIMPLE: (&str, &[u8]) = ("mimetype", b"application/vnd.etsi.asic-s+zip");
const ONE: (&str, &[u8]) = ("a.txt", b"mot tram dong");
const TWO: (&str, &[u8]) = ("b.txt", b"hai tram dong");
const SIGNATURE: &str = "META-INF/signature.p7s";
const MANIFEST: &str = "META-INF/ASiCManifest.xml";

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = containers(&bench);
    cases.extend(several(&bench));
    cases
}

fn manifest(files: &[(&str, &[u8])]) -> String {
    let mut references = String::new();
    for (name, content) in files {
        let digest = base64(&Digest::Sha256.of(&[content]));
        let _ = write!(
            references,
            "<a:DataObjectReference URI='{name}'><d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><d:DigestValue>{digest}</d:DigestValue></a:DataObjectReference>"
        );
    }
    format!(
        "<a:ASiCManifest xmlns:a='http://uri.etsi.org/02918/v1.2.1#' xmlns:d='http://www.w3.org/2000/09/xmldsig#'><a:SigReference URI='{SIGNATURE}'/>{references}</a:ASiCManifest>"
    )
}

/// Two documents, a manifest of both, and a signature over it.
fn signed(bench: &Bench, named: &[(&str, &[u8])]) -> Archive {
    let text = manifest(named);
    let cms = Statement::new(&bench.signer).over(text.as_bytes());
    Archive::of(&[EXTENDED, ONE, TWO, (MANIFEST, text.as_bytes()), (SIGNATURE, &cms)])
}

fn asic(archive: &Archive) -> Input {
    Input::Asic(archive.build())
}

fn containers(bench: &Bench) -> Vec<Case> {
    let sound = signed(bench, &[ONE, TWO]);
    let case = |name, change: &dyn Fn(&mut Archive)| {
        let mut forged = sound.clone();
        change(&mut forged);
        bench.case(CONTAINER, name, asic(&sound), asic(&forged))
    };
    let replace = |archive: &mut Archive, name: &str, content: &[u8]| {
        for file in archive.files.iter_mut().filter(|file| file.name == name) {
            file.content = content.to_vec();
        }
    };
    let add = |archive: &mut Archive, name: &str, content: &[u8]| archive.files.insert(3, Stored::new(name, content));
    let mut bomb = sound.clone();
    bomb.files.insert(3, deflate_bomb());
    vec![
        case("document changed", &|archive| replace(archive, "a.txt", b"chin tram dong")),
        case("document added", &|archive| add(archive, "c.txt", b"ba tram dong")),
        case("document removed", &|archive| archive.files.retain(|file| file.name != "b.txt")),
        case("document in a folder that looks like none", &|archive| add(archive, "META-INF/../c.txt", b"x")),
        case("path that leaves the container", &|archive| add(archive, "../c.txt", b"x")),
        case("absolute path", &|archive| add(archive, "/etc/passwd", b"x")),
        case("path of another system", &|archive| add(archive, "..\\c.txt", b"x")),
        case("two documents of a name", &|archive| add(archive, "a.txt", b"chin tram dong")),
        case("two documents of a name but for its case", &|archive| add(archive, "A.TXT", b"chin tram dong")),
        case("local header of another name", &|archive| archive.files[1].directory_name = Some("c.txt".to_owned())),
        case("declared size another", &|archive| archive.files[1].declared = Some(5)),
        case("method that is not read", &|archive| archive.files[1].method = 12),
        case("checksum another", &|archive| archive.files[1].checksum = Some(7)),
        case("symbolic link", &|archive| archive.files[1].mode = 0o120_777),
        case("local header that speaks of encryption", &|archive| archive.files[1].local_flags = 0b0100_0000),
        case("bytes between files and directory", &|archive| archive.between = b"hidden".to_vec()),
        case("bytes in front", &|archive| archive.prefix = b"%PDF-1.7\n".to_vec()),
        case("bytes behind", &|archive| archive.suffix = b"hidden".to_vec()),
        case("comment with another directory", &|archive| archive.comment = Archive::of(&[ONE]).build()),
        case("content type of something else", &|archive| replace(archive, "mimetype", b"application/zip")),
        case("manifest removed", &|archive| archive.files.retain(|file| file.name != MANIFEST)),
        case("manifest changed", &|archive| replace(archive, MANIFEST, manifest(&[ONE]).as_bytes())),
        case("second manifest", &|archive| {
            let text = manifest(&[ONE]);
            add(archive, "META-INF/ASiCManifest2.xml", text.as_bytes());
        }),
        case("signature removed", &|archive| archive.files.retain(|file| file.name != SIGNATURE)),
        bench.case(CONTAINER, "inflate bomb", asic(&sound), asic(&bomb)),
        bench.case(CONTAINER, "truncated container", asic(&sound), Input::Asic(sound.build()[..300].to_vec())),
        case("a thousand and one documents", &|archive| {
            for number in 0..1001 {
                add(archive, &format!("{number}.txt"), b"x");
            }
        }),
    ]
}

/// Three hundred megabytes of zeros, of which every block is the longest run that deflate can write (RFC 1951, 3.2.6).
fn deflate_bomb() -> Stored {
    // Fixed codes: a literal zero, then copies of 258 bytes at distance 1: 11000101 and 00000, bit by bit.
    let mut bits: Vec<u8> = vec![1, 1, 0];
    bits.extend([0, 0, 1, 1, 0, 0, 0, 0]);
    let copies = 1_200_000;
    for _ in 0..copies {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1]);
        bits.extend([0, 0, 0, 0, 0]);
    }
    bits.extend([0; 7]);
    let content = bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |byte, (at, bit)| byte | bit << at)).collect();
    let size = 1 + 258 * copies;
    Stored { method: 8, declared: Some(size), checksum: Some(0), content, ..Stored::new("bomb.txt", b"") }
}

/// What concerns more than one document or signature.
fn several(bench: &Bench) -> Vec<Case> {
    let sound = signed(bench, &[ONE, TWO]);
    let mut swapped = sound.clone();
    let (first, second) = (swapped.files[1].content.clone(), swapped.files[2].content.clone());
    swapped.files[1].content = second;
    swapped.files[2].content = first;
    let partial = signed(bench, &[ONE]);
    let simple = |files: &[(&str, &[u8])]| {
        let cms = Statement::new(&bench.signer).over(ONE.1);
        let mut all = vec![SIMPLE];
        all.extend(files);
        all.push((SIGNATURE, &cms));
        asic(&Archive::of(&all))
    };
    let cms = |content: &[u8]| Statement::new(&bench.signer).over(content);
    let detached = |content: &[u8], offered: &[u8]| Input::Detached { cms: cms(content), content: offered.to_vec() };
    let xades = |uri: &str| {
        let signature = XmlStatement::new(&bench.signer, reference(uri, &[], "mot tram dong")).sign();
        asic(&Archive::of(&[EXTENDED, ONE, TWO, ("META-INF/signatures.xml", signature.as_bytes())]))
    };
    let stamp = time_stamp(&bench.tsa, ONE.1, super::kit::NOW - 60);
    let only_stamped = asic(&Archive::of(&[EXTENDED, ONE, TWO, ("META-INF/timestamp.tst", &stamp)]));
    vec![
        bench.case(SEVERAL, "attachments swapped", asic(&sound), asic(&swapped)),
        bench.case(SEVERAL, "attachment not signed", asic(&sound), asic(&partial)),
        bench.case(SEVERAL, "attachment not signed by XAdES", asic(&sound), xades("a.txt")),
        bench.case(SEVERAL, "signed file missing", asic(&sound), xades("c.txt")),
        bench.case(SEVERAL, "time stamp over one document only", asic(&sound), only_stamped),
        bench.case(SEVERAL, "simple container with two documents", simple(&[ONE]), simple(&[ONE, TWO])),
        bench.case(SEVERAL, "simple container without a document", simple(&[ONE]), simple(&[])),
        bench.case(SEVERAL, "simple container with another document", simple(&[ONE]), simple(&[TWO])),
        bench.case(SEVERAL, "detached signature of another attachment", detached(ONE.1, ONE.1), detached(ONE.1, TWO.1)),
        bench.case(SEVERAL, "detached signature without content", detached(ONE.1, ONE.1), detached(ONE.1, b"")),
        bench.case(
            SEVERAL,
            "content without signature",
            detached(ONE.1, ONE.1),
            Input::Detached { cms: Vec::new(), content: ONE.1.to_vec() },
        ),
        bench.case(
            SEVERAL,
            "a document in the place of a signature",
            detached(ONE.1, ONE.1),
            Input::Detached { cms: ONE.1.to_vec(), content: ONE.1.to_vec() },
        ),
    ]
}
