//! Signed XML in which what is used is not what was signed.

use super::kit::{Bench, Case, ENVELOPED, EXCLUSIVE, INCLUSIVE, Input, XmlStatement, base64, enveloped, enveloped_signature, reference};

const WRAPPING: &str = "XML wrapping";
const HOSTILE: &str = "hostile XML";
const CANONICAL: &str = "canonical forms";
const MANIFEST: &str = "manifests and counter-signatures";

const CONTENT: &str = "<amount Id=\"a\">100</amount>";

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = wrapped(&bench);
    cases.extend(hostile(&bench));
    cases.extend(canonical(&bench));
    cases.extend(manifests(&bench));
    cases
}

fn xml(text: String) -> Input {
    Input::Xml(text.into_bytes())
}

fn sound(bench: &Bench) -> (String, Input) {
    let signature = enveloped(&bench.signer, CONTENT).sign();
    let input = xml(enveloped_signature(CONTENT, &signature));
    (signature, input)
}

/// A signature over the element `a` by its identifier.
fn by_identifier(bench: &Bench) -> String {
    XmlStatement::new(&bench.signer, reference("#a", &[EXCLUSIVE], CONTENT)).sign()
}

fn wrapped(bench: &Bench) -> Vec<Case> {
    let (whole, twin) = sound(bench);
    let part = by_identifier(bench);
    let case = |name, text: String| bench.case(WRAPPING, name, twin.clone(), xml(text));
    let forged = "<amount Id=\"b\">999</amount>";
    let properties = enveloped(&bench.signer, CONTENT);
    let unreferenced = XmlStatement { refers_to_properties: false, ..properties };
    let other = bench.issuer.issue(&super::kit::Template::signer());
    let swapped = XmlStatement { pinned: Some(&other), ..enveloped(&bench.signer, CONTENT) };
    let second = |id: &str| format!("<x:SignedProperties xmlns:x=\"http://uri.etsi.org/01903/v1.3.2#\" Id=\"{id}\"></x:SignedProperties>");
    let untyped = enveloped(&bench.signer, CONTENT)
        .sign()
        .replace("<ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" ", "<ds:Reference ");
    vec![
        case("content changed in XML", enveloped_signature("<amount Id=\"a\">999</amount>", &whole)),
        case("content added in XML", enveloped_signature(&format!("{CONTENT}{forged}"), &whole)),
        case("signed element moved aside, a forged one in its place", format!("<doc>{forged}{part}<aside>{CONTENT}</aside></doc>")),
        case(
            "signed element moved into the signature",
            format!(
                "<doc>{forged}{}</doc>",
                part.replacen("</sig:Signature>", &format!("<sig:Object>{CONTENT}</sig:Object></sig:Signature>"), 1)
            ),
        ),
        case(
            "whole document moved below another root",
            format!("<evil>{}<doc Id=\"d\">{forged}</doc></evil>", enveloped_signature(CONTENT, &whole)),
        ),
        case("identifier given twice", format!("<doc>{CONTENT}<amount Id=\"a\">999</amount>{part}</doc>")),
        case("identifier given twice, in another spelling", format!("<doc>{CONTENT}<amount ID=\"a\">999</amount>{part}</doc>")),
        case("identifier given twice, by xml:id", format!("<doc>{CONTENT}<amount xml:id=\"a\">999</amount>{part}</doc>")),
        case(
            "signature put around the content",
            whole.replacen("</sig:Signature>", &format!("<sig:Object><doc Id=\"d\">{CONTENT}</doc></sig:Object></sig:Signature>"), 1),
        ),
        case("properties not signed", enveloped_signature(CONTENT, &unreferenced.sign())),
        case("properties of another certificate", enveloped_signature(CONTENT, &swapped.sign())),
        case(
            "other properties under the identifier",
            enveloped_signature(
                CONTENT,
                &whole.replacen("<sig:KeyInfo>", &format!("<sig:Object>{}</sig:Object><sig:KeyInfo>", second("s-p")), 1),
            ),
        ),
        case("reference to the properties without its type", enveloped_signature(CONTENT, &untyped)),
        case(
            "signature removed from the references",
            enveloped_signature(CONTENT, &XmlStatement::new(&bench.signer, String::new()).sign()),
        ),
    ]
}

fn hostile(bench: &Bench) -> Vec<Case> {
    let (whole, twin) = sound(bench);
    let plain = enveloped_signature(CONTENT, &whole);
    let case = |name, text: String| bench.case(HOSTILE, name, twin.clone(), xml(text));
    let with = |references: String| XmlStatement::new(&bench.signer, references).sign();
    let whole_text = format!("<doc Id=\"d\">{CONTENT}</doc>");
    let transformed = |name, transform: &str| {
        case(name, enveloped_signature(CONTENT, &with(reference("", &[ENVELOPED, transform, EXCLUSIVE], &whole_text))))
    };
    let outside = |name, uri: &str| case(name, enveloped_signature(CONTENT, &with(reference(uri, &[], &whole_text))));
    let mut bombs = String::from("<!DOCTYPE doc [<!ENTITY a0 \"aaaaaaaaaa\">");
    for level in 1..30 {
        bombs += &format!("<!ENTITY a{level} \"&a{0};&a{0};&a{0};&a{0};&a{0};&a{0};&a{0};&a{0};&a{0};&a{0};\">", level - 1);
    }
    let hmac = |length: &'static str| XmlStatement {
        method: Some("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        method_content: length,
        ..enveloped(&bench.signer, CONTENT)
    };
    let bare_key = XmlStatement {
        key_info: Some("<sig:KeyValue><sig:RSAKeyValue><sig:Modulus>AQAB</sig:Modulus><sig:Exponent>AQAB</sig:Exponent></sig:RSAKeyValue></sig:KeyValue>".to_owned()),
        ..enveloped(&bench.signer, CONTENT)
    };
    let many: String = (0..200).map(|_| reference("#a", &[EXCLUSIVE], CONTENT)).collect();
    let transforms: Vec<&str> = std::iter::repeat_n(EXCLUSIVE, 20).collect();
    vec![
        case("document type", format!("<!DOCTYPE doc>{plain}")),
        case("entity", format!("<!DOCTYPE doc [<!ENTITY e \"999\">]>{}", plain.replace(">100<", ">&e;<"))),
        case("external entity", format!("<!DOCTYPE doc [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}", plain.replace(">100<", ">&e;<"))),
        case("entity bomb", format!("{bombs}]>{}", plain.replace(">100<", ">&a29;<"))),
        case("undeclared entity", plain.replace(">100<", ">&nbsp;<")),
        outside("reference to a file", "file:///etc/passwd"),
        outside("reference to the network", "http://127.0.0.1/x"),
        outside("reference by a free pointer", "#xpointer(//amount)"),
        outside("reference by element position", "#element(/1)"),
        transformed(
            "style sheet",
            "http://www.w3.org/TR/1999/REC-xslt-19991116 <xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"></xsl:stylesheet>",
        ),
        transformed("free XPath", "http://www.w3.org/TR/1999/REC-xpath-19991116 <ds:XPath>count(//*) = 1</ds:XPath>"),
        transformed(
            "XPath filter",
            "http://www.w3.org/2002/06/xmldsig-filter2 <x:XPath xmlns:x=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">//amount</x:XPath>",
        ),
        transformed("inclusion", "http://www.w3.org/2001/XInclude"),
        transformed("unknown transform", "urn:nobody:knows"),
        case("key of both sides", enveloped_signature(CONTENT, &hmac("").sign())),
        case(
            "key of both sides, cut to one bit",
            enveloped_signature(CONTENT, &hmac("<ds:HMACOutputLength>1</ds:HMACOutputLength>").sign()),
        ),
        case("bare key", enveloped_signature(CONTENT, &bare_key.sign())),
        case(
            "no key at all",
            enveloped_signature(CONTENT, &XmlStatement { key_info: Some(String::new()), ..enveloped(&bench.signer, CONTENT) }.sign()),
        ),
        case("two hundred references", enveloped_signature(CONTENT, &with(many))),
        case("twenty transforms", enveloped_signature(CONTENT, &with(reference("#a", &transforms, CONTENT)))),
        bench.case(HOSTILE, "not UTF-8", twin.clone(), Input::Xml([b"\xff\xfe".as_slice(), plain.as_bytes()].concat())),
        bench.case(HOSTILE, "a zero byte", twin.clone(), xml(plain.replace("100", "1\u{0}0"))),
        case("two roots", format!("{plain}<evil/>")),
        case("text behind the root", format!("{plain}999")),
        case("nested ten thousand deep", format!("{}{plain}{}", "<a>".repeat(10_000), "</a>".repeat(10_000))),
    ]
}

fn canonical(bench: &Bench) -> Vec<Case> {
    let (whole, twin) = sound(bench);
    let plain = enveloped_signature(CONTENT, &whole);
    let case = |name, text: String| bench.case(CANONICAL, name, twin.clone(), xml(text));
    let inclusive = |text: &str, around: &str| {
        let signature = XmlStatement::new(&bench.signer, reference("#a", &[INCLUSIVE], text)).sign();
        format!("<doc{around}>{text}{signature}</doc>")
    };
    vec![
        // CVE-2017-11427 and its like: some readers see only what stands before the comment.
        case("comment inside a value", plain.replace(">100<", ">1<!-- -->00<")),
        case("comment in front of the root", format!("<!-- x -->{plain}")),
        case("instruction inside a value", plain.replace(">100<", ">1<?x?>00<")),
        case("character reference for a digit", plain.replace(">100<", ">&#49;00<")),
        case("section of characters for a value", plain.replace(">100<", "><![CDATA[100]]><")),
        case("line end turned around", plain.replace(">100<", ">100\r\n<")),
        case("attribute with white space", plain.replace("Id=\"a\"", "Id = 'a'")),
        case("attribute added", plain.replace("<amount Id=\"a\">", "<amount Id=\"a\" currency=\"USD\">")),
        case("attribute of xml added", plain.replace("<amount Id=\"a\">", "<amount Id=\"a\" xml:space=\"preserve\">")),
        case("attribute twice", plain.replace("<amount Id=\"a\">", "<amount Id=\"a\" Id=\"a\">")),
        case("namespace reset", plain.replace("<amount Id=\"a\">", "<amount xmlns=\"\" Id=\"a\">")),
        case("element of another namespace", plain.replace("<amount Id=\"a\">", "<amount xmlns=\"urn:x\" Id=\"a\">")),
        case("unused namespace declared", plain.replace("<amount Id=\"a\">", "<amount xmlns:u=\"urn:x\" Id=\"a\">")),
        // The inclusive forms take what stands above along: moved below another parent, the element is another one.
        case("inherited language changed", inclusive(CONTENT, " xml:lang=\"en\"")),
        case("inherited namespace changed", inclusive(CONTENT, " xmlns:u=\"urn:x\"")),
        case("other encoding declared", format!("<?xml version=\"1.0\" encoding=\"UTF-7\"?>{plain}")),
        case("XML of version 1.1", format!("<?xml version=\"1.1\"?>{plain}")),
    ]
}

fn manifests(bench: &Bench) -> Vec<Case> {
    let (whole, twin) = sound(bench);
    let case = |name, text: String| bench.case(MANIFEST, name, twin.clone(), xml(text));
    // The reference is to the manifest, and what the manifest names was changed.
    let manifest = |digested: &str| {
        format!(
            "<ds:Manifest xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"m\">{}</ds:Manifest>",
            reference("#a", &[EXCLUSIVE], digested)
        )
    };
    let named = |text: &str, content: &str| {
        let manifest = manifest(text);
        let statement = XmlStatement {
            objects: format!("<sig:Object>{manifest}</sig:Object>"),
            ..XmlStatement::new(
                &bench.signer,
                reference("#m", &[EXCLUSIVE], &manifest)
                    .replace("<ds:Reference ", "<ds:Reference Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\" "),
            )
        };
        format!("<doc>{content}{}</doc>", statement.sign())
    };
    // A counter-signature covers a signature value and no content.
    let value = "<ds:SignatureValue";
    let start = whole.find(value).unwrap_or(0);
    let end = whole[start..].find("</ds:SignatureValue>").map_or(start, |end| start + end + "</ds:SignatureValue>".len());
    let clerk = bench.issuer.issue(&super::kit::Template::signer());
    let counter = XmlStatement { id: "c", ..XmlStatement::new(&clerk, reference("#s-v", &[EXCLUSIVE], &whole[start..end])) }.sign();
    let holder = format!(
        "<q:UnsignedProperties><q:UnsignedSignatureProperties><q:CounterSignature>{counter}</q:CounterSignature></q:UnsignedSignatureProperties></q:UnsignedProperties></q:QualifyingProperties>"
    );
    let countersigned = whole.replacen("</q:QualifyingProperties>", &holder, 1);
    let changed = "<amount Id=\"a\">999</amount>";
    vec![
        case("manifest whose content was changed", named(CONTENT, changed)),
        case("manifest whose content is gone", named(CONTENT, "")),
        case("signature over its own object only", format!("<doc>{CONTENT}{}</doc>", own_object(bench))),
        case("content changed under a sound counter-signature", enveloped_signature(changed, &countersigned)),
        case(
            "certificate replaced in the key info",
            enveloped_signature(CONTENT, &whole.replace(&base64(&bench.signer.certificate), &base64(&bench.tsa.certificate))),
        ),
    ]
}

fn own_object(bench: &Bench) -> String {
    let object = "<note xmlns=\"\" Id=\"n\">x</note>";
    let digested = "<note Id=\"n\">x</note>";
    let statement = XmlStatement {
        objects: format!("<sig:Object>{object}</sig:Object>"),
        ..XmlStatement::new(&bench.signer, reference("#n", &[EXCLUSIVE], digested))
    };
    statement.sign()
}
