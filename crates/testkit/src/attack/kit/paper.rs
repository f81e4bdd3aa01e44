//! PDF documents whose objects, revisions and signature dictionaries are written by hand.

use super::node::Node;
use super::statement::Statement;
use std::collections::BTreeMap;
use std::ops::Range;

/// A document in the making: what it is so far, and what its objects are.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The file.
    pub bytes: Vec<u8>,
    /// Where the last cross-reference section begins.
    pub start: usize,
    /// The present body of every object.
    pub objects: BTreeMap<u32, Vec<u8>>,
    /// Where each object's present body begins.
    pub offsets: BTreeMap<u32, usize>,
    /// Further entries of every trailer.
    pub trailer: String,
}

type MakeContents<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;
type WriteRange<'a> = Box<dyn Fn(usize, usize, usize) -> String + 'a>;
type ChooseParts<'a> = Box<dyn Fn(usize, usize, usize) -> Vec<Range<usize>> + 'a>;
type WriteDictionary<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// How a signature is put into a document; [`Signing::new`] is what a sound PAdES signer does.
pub struct Signing<'a> {
    /// The CMS.
    pub statement: Statement<'a>,
    /// What makes the value of `/Contents` from the signed bytes, in place of the statement.
    pub make: Option<MakeContents<'a>>,
    /// `/SubFilter`.
    pub sub_filter: &'a str,
    /// P of a certification.
    pub certification: Option<u8>,
    /// Further entries of the signature dictionary.
    pub entries: String,
    /// Further entries of the field.
    pub field_entries: String,
    /// The field's name.
    pub field: String,
    /// The widget's rectangle.
    pub rectangle: &'a str,
    /// Bytes reserved beyond the CMS.
    pub spare: usize,
    /// Writes the value of `/ByteRange` for a string from the first number to the second in a file of the third length.
    pub range: Option<WriteRange<'a>>,
    /// Which bytes are signed, likewise.
    pub parts: Option<ChooseParts<'a>>,
    /// Further objects that the section of the signature's revision places somewhere.
    pub places: Vec<(u32, usize)>,
    /// Writes the dictionary: `{range}` and `{contents}` stand for the values.
    pub dictionary: Option<WriteDictionary<'a>>,
}

impl<'a> Signing<'a> {
    /// The default is sound.
    #[must_use]
    pub fn new(signer: &'a Node) -> Self {
        Self::with(Statement::new(signer))
    }

    /// The default around another CMS.
    #[must_use]
    pub fn with(statement: Statement<'a>) -> Self {
        Self {
            statement,
            make: None,
            sub_filter: "ETSI.CAdES.detached",
            certification: None,
            entries: String::new(),
            field_entries: String::new(),
            field: "Signature1".to_owned(),
            rectangle: "[0 0 0 0]",
            spare: 40,
            range: None,
            parts: None,
            places: Vec::new(),
            dictionary: None,
        }
    }
}

/// Wide enough for the longest value that a forgery writes.
const RANGE_WIDTH: usize = 64;

impl Paper {
    /// One page with text, a form with one text field, a font, an image's place and an optional layer.
    #[must_use]
    pub fn new() -> Self {
        let text = "BT /F1 12 Tf 20 60 Td (So tien: 100 dong) Tj ET /X1 Do";
        let objects = [
            (1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /OCProperties << /OCGs [10 0 R] /D << /ON [10 0 R] >> >> >>".to_owned()),
            (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned()),
            (
                3,
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /X1 8 0 R >> >> /Annots [7 0 R] >>"
                    .to_owned(),
            ),
            (4, stream("", text)),
            (5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned()),
            (6, "<< /Fields [7 0 R] /DR << /Font << /F1 5 0 R >> >> /DA (/F1 10 Tf 0 g) >>".to_owned()),
            (
                7,
                "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Amount) /V (100) /Rect [20 20 80 40] /P 3 0 R /AP << /N 9 0 R >> >>".to_owned(),
            ),
            (8, stream("/Type /XObject /Subtype /Form /BBox [0 0 10 10]", "0 0 10 10 re f")),
            (9, stream("/Type /XObject /Subtype /Form /BBox [0 0 60 20]", "BT (100) Tj ET")),
            (10, "<< /Type /OCG /Name (Layer) >>".to_owned()),
        ];
        Self::from(&objects)
    }

    /// A document of one revision from its objects; object 1 is the catalogue.
    #[must_use]
    pub fn from(objects: &[(u32, String)]) -> Self {
        let empty = Self {
            bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            start: 0,
            objects: BTreeMap::new(),
            offsets: BTreeMap::new(),
            trailer: String::new(),
        };
        empty.revise(objects)
    }

    /// With a revision in which these objects are new.
    #[must_use]
    pub fn revise(&self, objects: &[(u32, String)]) -> Self {
        let objects: Vec<_> = objects.iter().map(|(number, body)| (*number, body.clone().into_bytes())).collect();
        self.revise_bytes(&objects)
    }

    /// The same for bodies that are no text.
    #[must_use]
    pub fn revise_bytes(&self, objects: &[(u32, Vec<u8>)]) -> Self {
        let mut next = self.clone();
        for (number, body) in objects {
            next.write(*number, body);
        }
        let numbers: Vec<u32> = objects.iter().map(|(number, _)| *number).collect();
        next.close(&numbers, "");
        next
    }

    /// Writes an object behind the last byte, without a cross-reference.
    pub fn write(&mut self, number: u32, body: &[u8]) {
        self.offsets.insert(number, self.bytes.len());
        self.objects.insert(number, body.to_vec());
        self.bytes.extend([format!("{number} 0 obj\n").as_bytes(), body, b"\nendobj\n"].concat());
    }

    /// Writes a section for the objects and a trailer with further entries.
    pub fn close(&mut self, numbers: &[u32], entries: &str) {
        let start = self.bytes.len();
        let mut table = String::from("xref\n");
        if self.start == 0 {
            table += "0 1\n0000000000 65535 f \n";
        }
        for number in numbers {
            table += &format!("{number} 1\n{:010} 00000 n \n", self.offsets.get(number).copied().unwrap_or(0));
        }
        let previous = if self.start == 0 { String::new() } else { format!(" /Prev {}", self.start) };
        let size = self.objects.keys().last().map_or(1, |last| last + 1);
        table += &format!("trailer\n<< /Size {size} /Root 1 0 R{previous}{}{entries} >>\nstartxref\n{start}\n%%EOF\n", self.trailer);
        self.bytes.extend(table.bytes());
        self.start = start;
    }

    /// The text of an object.
    #[must_use]
    pub fn text(&self, number: u32) -> String {
        self.objects.get(&number).map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default()
    }

    /// With a revision in which one object's text is changed.
    #[must_use]
    pub fn edit(&self, number: u32, from: &str, to: &str) -> Self {
        let text = self.text(number);
        assert!(text.contains(from), "object {number} has no {from}: {text}");
        self.revise(&[(number, text.replacen(from, to, 1))])
    }

    /// The first number that no object has.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.objects.keys().last().map_or(1, |last| last + 1)
    }

    /// With a revision that holds a signature.
    #[must_use]
    pub fn sign(&self, signing: &Signing<'_>) -> Self {
        let (field, value) = (self.free(), self.free() + 1);
        let reference = signing.certification.map(|level| {
            format!(" /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P {level} /V /1.2 >> >>]")
        });
        let plain = format!(
            "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /{} /ByteRange {{range}} /Contents {{contents}} /M (D:20261126080000+07'00'){}{} >>",
            signing.sub_filter,
            reference.unwrap_or_default(),
            signing.entries
        );
        let dictionary = signing.dictionary.as_ref().map_or_else(|| plain.clone(), |write| write(&plain));
        let mut catalogue = self.text(1);
        if signing.certification.is_some() {
            catalogue.insert_str(2, &format!(" /Perms << /DocMDP {value} 0 R >>"));
        }
        let form = self.text(6).replacen("/Fields [", &format!("/Fields [{field} 0 R "), 1);
        let form = if form.contains("/SigFlags") { form } else { form.replacen("<<", "<< /SigFlags 3", 1) };
        let page = self.text(3).replacen("/Annots [", &format!("/Annots [{field} 0 R "), 1);
        let widget = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T ({}) /V {value} 0 R /P 3 0 R /Rect {} /F 132{} >>",
            signing.field, signing.rectangle, signing.field_entries
        );
        // The statement's length does not depend on what is signed, but for some bytes of each ECDSA value.
        let reserved = (self.make(signing, b"").len() + 16 + 4 * signing.statement.signers + signing.spare).next_multiple_of(16);
        let contents = format!("<{}>", "0".repeat(2 * reserved));
        let body = dictionary.replace("{range}", &"@".repeat(RANGE_WIDTH)).replace("{contents}", &contents);
        let range_in_body = dictionary.find("{range}");

        let mut objects = vec![(6, form), (3, page), (field, widget), (value, body)];
        if signing.certification.is_some() {
            objects.push((1, catalogue));
        }
        let mut next = self.clone();
        objects.iter().for_each(|(number, body)| next.write(*number, body.as_bytes()));
        next.offsets.extend(signing.places.iter().copied());
        let placed = signing.places.iter().map(|(number, _)| *number);
        let numbers: Vec<u32> = objects.iter().map(|(number, _)| *number).chain(placed).collect();
        next.close(&numbers, "");
        let at = next.offsets[&value] + format!("{value} 0 obj\n").len();
        let Some(start) = super::super::find_from(&next.bytes, contents.as_bytes(), at) else { return next };
        let (end, length) = (start + contents.len(), next.bytes.len());
        if range_in_body.is_some() {
            let text =
                signing.range.as_ref().map_or_else(|| format!("[0 {start} {end} {}]", length - end), |write| write(start, end, length));
            let place = super::super::find_from(&next.bytes, &[b'@'; RANGE_WIDTH], at).expect("the room was just written");
            next.bytes[place..place + RANGE_WIDTH].copy_from_slice(format!("{text:<RANGE_WIDTH$}").as_bytes());
        }
        let parts = signing.parts.as_ref().map_or_else(|| vec![0..start, end..length], |choose| choose(start, end, length));
        let signed: Vec<u8> = parts.into_iter().flat_map(|part| next.bytes[part].to_vec()).collect();
        let digits: String = self.make(signing, &signed).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(digits.len() + 2 <= contents.len(), "{} digits do not fit into {}", digits.len(), contents.len());
        next.bytes[start + 1..start + 1 + digits.len()].copy_from_slice(digits.as_bytes());
        let body_end = at + next.objects[&value].len();
        let body = next.bytes[at..body_end].to_vec();
        next.objects.insert(value, body);
        next
    }

    fn make(&self, signing: &Signing<'_>, signed: &[u8]) -> Vec<u8> {
        signing.make.as_ref().map_or_else(|| signing.statement.over(signed), |make| make(signed))
    }
}

impl Default for Paper {
    fn default() -> Self {
        Self::new()
    }
}

/// A stream of text with further entries in its dictionary.
pub(crate) fn stream(entries: &str, text: &str) -> String {
    format!("<< {entries} /Length {} >>\nstream\n{text}\nendstream", text.len())
}
