"""Makes signed PDF files with pyHanko, changes them afterwards, and says what pyHanko finds of each signature.

    documents.py SEED COUNT

prints a JSON object per file: what was done, the file in base64, and per signature its field, whether the arithmetic holds,
what it covers, how far later changes go and whether the certification allows them.
"""

import base64
import datetime
import io
import json
import logging
import random
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from asn1crypto import keys, x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def credential(name, key, usage=None):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW - datetime.timedelta(days=1)).not_valid_after(NOW + datetime.timedelta(days=900))
    bits = dict.fromkeys(
        ["key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False
    )
    builder = builder.add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **bits), True)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), True)
    certificate = builder.sign(key, hashes.SHA256())
    encoded = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = (certificate, key)
    return made, (
        asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(encoded),
    )


def signer(name, key):
    certificate, private = credential(name, key)[1]
    return signers.SimpleSigner(signing_cert=certificate, signing_key=private, cert_registry=SimpleCertificateStore())


def base(dice):
    """An unsigned file with one to three pages, and perhaps a form."""
    writer = PdfFileWriter(stream_xrefs=dice.random() < 0.5)
    pages = []
    for number in range(dice.randint(1, 3)):
        font = generic.DictionaryObject(
            {pdf_name("/Type"): pdf_name("/Font"), pdf_name("/Subtype"): pdf_name("/Type1"), pdf_name("/BaseFont"): pdf_name("/Courier")}
        )
        text = b"BT /F1 18 Tf 40 100 Td (page %d) Tj ET" % number
        contents = writer.add_object(generic.StreamObject(stream_data=text))
        resources = generic.DictionaryObject({pdf_name("/Font"): generic.DictionaryObject({pdf_name("/F1"): writer.add_object(font)})})
        page = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Page"),
                pdf_name("/MediaBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 200))),
                pdf_name("/Resources"): resources,
                pdf_name("/Contents"): contents,
            }
        )
        pages.append(writer.insert_page(page))
    if dice.random() < 0.5:
        texts = []
        for number in range(dice.randint(1, 2)):
            field = generic.DictionaryObject(
                {
                    pdf_name("/FT"): pdf_name("/Tx"),
                    pdf_name("/T"): generic.pdf_string("Text%d" % number),
                    pdf_name("/Type"): pdf_name("/Annot"),
                    pdf_name("/Subtype"): pdf_name("/Widget"),
                    pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (10, 10 + 30 * number, 90, 30 + 30 * number))),
                    pdf_name("/P"): pages[0],
                    pdf_name("/V"): generic.pdf_string("before"),
                }
            )
            texts.append(writer.add_object(field))
        pages[0].get_object()[pdf_name("/Annots")] = generic.ArrayObject(texts)
        form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject(texts)})
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form) if dice.random() < 0.5 else form
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Maker:
    def __init__(self, dice, people, stamper):
        self.dice, self.people, self.stamper = dice, people, stamper
        self.count = 0
        self.done = []

    def updated(self, data, change):
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        if change(writer) is False:
            return data
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    def sign(self, data, certify=None):
        dice = self.dice
        self.count += 1
        name = "Sig%d" % self.count
        options, lock = {}, None
        if certify is not None:
            options.update(certify=True, docmdp_permissions=fields.MDPPerm(certify))
        elif dice.random() < 0.2:
            action = dice.choice([fields.FieldMDPAction.ALL, fields.FieldMDPAction.INCLUDE])
            named = ["Text0"] if action == fields.FieldMDPAction.INCLUDE else None
            lock = fields.FieldMDPSpec(action, named)
        person = dice.choice(self.people)
        # ring does not verify P-256 with SHA-512.
        digest = dice.choice(["sha256", "sha384", "sha512"] if person is self.people[0] else ["sha256", "sha384"])
        kind = dice.choice([fields.SigSeedSubFilter.PADES, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED])
        meta = signers.PdfSignatureMetadata(
            field_name=name, subfilter=kind, md_algorithm=digest, reason="kiem tra", **options
        )
        box = (150, 20 * self.count, 250, 20 * self.count + 15) if dice.random() < 0.5 else None
        new_field = fields.SigFieldSpec(name, on_page=0, box=box, field_mdp_spec=lock)
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        timestamper = self.stamper if dice.random() < 0.3 else None
        out = signers.PdfSigner(meta, signer=person, timestamper=timestamper, new_field_spec=new_field).sign_pdf(
            writer, existing_fields_only=False
        )
        return out.getvalue()

    def step(self, name, data):
        if name == "sign":
            return self.sign(data)
        if name.startswith("certify"):
            return self.sign(data, int(name[-1]))
        if name == "stamp":
            writer = IncrementalPdfFileWriter(io.BytesIO(data))
            return signers.PdfTimeStamper(self.stamper).timestamp_pdf(writer, "sha256").getvalue()
        if name == "newline":
            return data + b"\n"
        if name == "comment":
            return data + b"% a comment\n"
        return self.updated(data, getattr(self, name))

    def fill(self, writer):
        form = writer.root["/AcroForm"] if "/AcroForm" in writer.root else {}
        texts = [one for one in form.get("/Fields", []) if one.get_object().get("/FT") == "/Tx"]
        if not texts:
            return False
        field = self.dice.choice(texts).get_object()
        field[pdf_name("/V")] = generic.pdf_string("after %d" % self.dice.randint(0, 99))
        writer.update_container(field)

    def field(self, writer):
        self.count += 1
        fields.append_signature_field(writer, fields.SigFieldSpec("Later%d" % self.count))

    def note(self, writer):
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        note = {
            "/Type": pdf_name("/Annot"),
            "/Subtype": pdf_name("/Text"),
            "/Rect": generic.ArrayObject(map(generic.NumberObject, (5, 5, 25, 25))),
            "/Contents": generic.pdf_string("note"),
        }
        reference = writer.add_object(generic.DictionaryObject({pdf_name(key): value for key, value in note.items()}))
        if "/Annots" in page:
            page["/Annots"].append(reference)
            writer.update_container(page["/Annots"])
        else:
            page[pdf_name("/Annots")] = generic.ArrayObject([reference])
            writer.update_container(page)

    def contents(self, writer):
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        page[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"BT /F1 18 Tf 40 100 Td (other) Tj ET"))
        writer.update_container(page)

    def rewrite(self, writer):
        """The same, under the old number of the contents."""
        reference = writer.root["/Pages"]["/Kids"][0].get_object().raw_get("/Contents")
        stream = reference.get_object()
        stream._data = b"BT /F1 18 Tf 40 100 Td (other) Tj ET"
        stream._encoded_data = None
        writer.mark_update(reference.reference)

    def script(self, writer):
        action = {"/S": pdf_name("/JavaScript"), "/JS": generic.pdf_string("app.alert(1)")}
        writer.root[pdf_name("/OpenAction")] = generic.DictionaryObject({pdf_name(key): value for key, value in action.items()})
        writer.update_root()

    def unused(self, writer):
        writer.add_object(generic.DictionaryObject({pdf_name("/Nothing"): generic.NumberObject(1)}))

    def mediabox(self, writer):
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        page[pdf_name("/MediaBox")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 150, 200)))
        writer.update_container(page)

    def rotate(self, writer):
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        page[pdf_name("/Rotate")] = generic.NumberObject(90)
        writer.update_container(page)

    def page(self, writer):
        first = writer.root["/Pages"]["/Kids"][0].get_object()
        copied = {key: first.raw_get(key) for key in ("/Type", "/MediaBox", "/Resources", "/Contents")}
        writer.insert_page(generic.DictionaryObject({pdf_name(key): value for key, value in copied.items()}))

    def names(self, writer):
        writer.root[pdf_name("/Names")] = generic.DictionaryObject({pdf_name("/Dests"): generic.DictionaryObject()})
        writer.update_root()

    def layers(self, writer):
        writer.root[pdf_name("/OCProperties")] = generic.DictionaryObject({pdf_name("/OCGs"): generic.ArrayObject()})
        writer.update_root()

    def font(self, writer):
        """Another font under the name that the page uses."""
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        fonts = page["/Resources"]["/Font"]
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Symbol"}
        named = generic.DictionaryObject({pdf_name(key): pdf_name(value) for key, value in font.items()})
        fonts[pdf_name("/F1")] = writer.add_object(named)
        writer.update_container(fonts)

    def drop(self, writer):
        form = writer.root["/AcroForm"]
        if len(form["/Fields"]) < 2:
            return False
        del form["/Fields"][0]
        writer.update_container(form["/Fields"])

    def overlay(self, writer):
        """A stamp over the page, as the tools for incoming documents add it."""
        stamp = writer.add_object(generic.StreamObject(stream_data=b"BT /F1 9 Tf 5 5 Td (DEN 01) Tj ET"))
        page = writer.root["/Pages"]["/Kids"][0].get_object()
        page[pdf_name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), stamp])
        writer.update_container(page)

    def evidence(self, writer):
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[self.dice.choice(self.people).signing_cert])


AFTER = "sign sign sign fill field note contents rewrite script unused mediabox newline comment stamp evidence"
AFTER = (AFTER + " rotate page names layers font drop overlay").split()


def scatter(dice, text):
    """Hexadecimal digits as a lawful writer may set them down."""
    text = text.upper() if dice.random() < 0.5 else text
    if dice.random() < 0.2:
        text = "\n".join(text[at : at + 100] for at in range(0, len(text), 100))
    return text


def by_hand(dice, credential):
    """A file signed as it was first written, in one of many lawful spellings."""
    certificate, key = credential
    space = lambda: dice.choice([" ", "\n", "  ", "\r\n", " % a remark\n", "\t"])
    name = lambda text: "/" + "".join("#%02X" % ord(one) if dice.random() < 0.05 else one for one in text)
    order = list(range(1, 9))
    dice.shuffle(order)
    catalog, tree, page, contents, form, field, widget, value = order
    nested, separate, inline = dice.random() < 0.3, dice.random() < 0.3, dice.random() < 0.15
    title = dice.choice(["(Sig1)", "(S\\151g1)", "<53696731>", "<FEFF0053006900670031>", "(Si\\\ng1)"])
    reserved = 2 * 4000
    hole = "<" + "0" * reserved + ">"
    signature = [
        name("Type") + space() + name("Sig"),
        name("Filter") + "/Adobe.PPKLite",
        name("SubFilter") + dice.choice(["/adbe.pkcs7.detached", " /adbe.pkcs7.detached"]),
        "/Contents" + dice.choice(["", " ", "\n"]) + hole,
        name("ByteRange") + space() + "[0 1111111111 2222222222 3333333333" + dice.choice(["", " "]) + "]",
        name("M") + "(D:20261127000000Z)",
        name("Name") + "(Nguy\\352n \\(V\\) A)",
        name("Prop_Build") + "<< /App <</Name/Test>> >>",
    ]
    dice.shuffle(signature)
    signature = "<<" + space().join(signature) + space() + ">>"
    rect = "/Rect[0 0 0 0]/Subtype/Widget/P %d 0 R" % page
    kids = "/Kids[%d 0 R]" % widget if separate else rect
    named = "/T%s%s" % ("" if title[0] in "(<" else " ", title)
    sig = "<</FT/Sig%s%s/V %s>>" % (named, kids, signature if inline else "%d 0 R" % value)
    objects = {
        catalog: "<<%s/Catalog/Pages %d 0 R/AcroForm %s>>" % (name("Type"), tree, "%d 0 R" % form),
        tree: "<</Type/Pages/Kids[%d 0 R]/Count 1>>" % page,
        page: "<</Type/Page/Parent %d 0 R/MediaBox[0 0 300 200]/Contents %d 0 R/Annots[%d 0 R]>>" % (tree, contents, widget if separate else field),
        contents: "<</Length 26>>stream\nBT 40 100 Td (a page) Tj ET\nendstream".replace("26", "27"),
        form: "<<%s%s[%d 0 R]%s/SigFlags 3>>" % (name("Fields"), space(), field, space()),
        field: sig,
        widget: "<</Type/Annot%s/Parent %d 0 R>>" % (rect, field) if separate else "null",
        value: "null" if inline else signature,
    }
    if nested:
        objects[form] = "<</Fields[9 0 R]/SigFlags 3>>"
        objects[9] = "<</T(Outer)/Kids[%d 0 R]>>" % field
        objects[field] = sig.replace("<<", "<</Parent 9 0 R", 1)
    out = bytearray(dice.choice([b"%PDF-1.7\n", b"%PDF-1.4\r\n%\xe2\xe3\xcf\xd3\r\n", b"%PDF-2.0\r"]))
    places = {}
    numbers = list(objects)
    dice.shuffle(numbers)
    for number in numbers:
        places[number] = len(out)
        out += ("%d 0 obj%s%s%sendobj\n" % (number, dice.choice([" ", "\n", "\r\n"]), objects[number], dice.choice(["\n", "\r\n"]))).encode("latin1")
    start = len(out)
    size = max(objects) + 1
    if dice.random() < 0.4:
        rows = b"\0\0\0\0\xff" + b"".join(b"\1" + places[one].to_bytes(3, "big") + b"\0" for one in range(1, size))
        rows += b"\1" + start.to_bytes(3, "big") + b"\0"
        head = "%d 0 obj\n<</Type/XRef/Size %d/W[1 3 1]/Root %d 0 R/Length %d>>stream\r\n" % (size, size + 1, catalog, len(rows))
        out += head.encode() + rows + b"\nendstream\nendobj\n"
    else:
        end = dice.choice([" \n", "\r\n"])
        out += b"xref\n"
        split = dice.randint(1, size - 1)
        for first, last in [(0, split), (split, size)] if dice.random() < 0.5 else [(0, size)]:
            out += ("%d %d\n" % (first, last - first)).encode()
            for one in range(first, last):
                row = "0000000000 65535 f" if one == 0 else "%010d 00000 n" % places[one]
                out += (row + end).encode()
        out += ("trailer%s<</Size %d/Root %d 0 R>>\n" % (space(), size, catalog)).encode()
    out += ("startxref%s%d%s%%%%EOF%s" % (dice.choice(["\n", "\r\n"]), start, dice.choice(["\n", "\r\n"]), dice.choice(["", "\n", "\r\n"]))).encode()
    first = out.index(hole.encode())
    second = first + len(hole)
    for old, new in [(b"1111111111", first), (b"2222222222", second), (b"3333333333", len(out) - second)]:
        spelled = b"%d" % new
        spelled = spelled.rjust(10, b"0") if dice.random() < 0.3 else spelled.ljust(10)
        out = out.replace(old, spelled)
    signed = bytes(out[:first] + out[second:])
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(signed).add_signer(certificate, key, hashes.SHA256())
    cms = builder.sign(serialization.Encoding.DER, options).hex()
    spelled = scatter(dice, cms)
    out[first + 1 : first + 1 + len(spelled)] = spelled.encode()
    # poppler looks for the value beside the widget only.
    return bytes(out), "by hand, widget apart" if separate else "by hand"


def judge(data):
    found = []
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    for one in reader.embedded_signatures:
        trust = ValidationContext(trust_roots=[one.signer_cert], allow_fetching=False, revocation_mode="soft-fail")
        if one.sig_object.get("/Type", None) == "/DocTimeStamp":
            status = validate_pdf_timestamp(one, trust)
        else:
            status = validate_pdf_signature(one, trust, trust)
        found.append(
            {
                "field": one.field_name,
                "intact": bool(status.intact and status.valid),
                "coverage": status.coverage.name,
                "changes": status.modification_level.name if status.modification_level is not None else "NONE",
                "allowed": bool(getattr(status, "docmdp_ok", True) is not False),
            }
        )
    return found


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(seed)
    people = [
        signer("Nguyen Van A", rsa.generate_private_key(65537, 2048)),
        signer("Uy ban", ec.generate_private_key(ec.SECP256R1())),
    ]
    _, (certificate, key) = credential("Clock", rsa.generate_private_key(65537, 2048), x509.ExtendedKeyUsageOID.TIME_STAMPING)
    writer = credential("Nguyen Van B", rsa.generate_private_key(65537, 2048))[0]
    stamper = timestamps.DummyTimeStamper(certificate, key, fixed_dt=NOW)
    for _ in range(count):
        maker = Maker(dice, people, stamper)
        steps = [dice.choice(["sign", "sign", "certify1", "certify2", "certify3"])]
        steps += [dice.choice(AFTER) for _ in range(dice.randint(0, 3))]
        data = base(dice)
        if dice.random() < 0.4:
            data, how = by_hand(dice, writer)
            steps = [how] + [dice.choice(AFTER) for _ in range(dice.randint(0, 2))]
            maker.count = 1
        try:
            for step in steps:
                data = data if step.startswith("by hand") else maker.step(step, data)
            signatures = judge(data)
        except Exception as error:  # pyHanko refuses to sign over what it sees as broken
            print(json.dumps({"steps": steps, "refused": type(error).__name__ + ": " + str(error)}))
            continue
        print(json.dumps({"steps": steps, "file": base64.b64encode(data).decode(), "signatures": signatures}))


main()
