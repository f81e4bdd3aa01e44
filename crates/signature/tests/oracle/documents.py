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
    return (
        asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(encoded),
    )


def signer(name, key):
    certificate, private = credential(name, key)
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

    def evidence(self, writer):
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[self.dice.choice(self.people).signing_cert])


AFTER = "sign sign sign fill field note contents rewrite script unused mediabox newline comment stamp evidence".split()


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
    certificate, key = credential("Clock", rsa.generate_private_key(65537, 2048), x509.ExtendedKeyUsageOID.TIME_STAMPING)
    stamper = timestamps.DummyTimeStamper(certificate, key, fixed_dt=NOW)
    for _ in range(count):
        maker = Maker(dice, people, stamper)
        steps = [dice.choice(["sign", "sign", "certify1", "certify2", "certify3"])]
        steps += [dice.choice(AFTER) for _ in range(dice.randint(0, 3))]
        data = base(dice)
        try:
            for step in steps:
                data = maker.step(step, data)
            signatures = judge(data)
        except Exception as error:  # pyHanko refuses to sign over what it sees as broken
            print(json.dumps({"steps": steps, "refused": type(error).__name__ + ": " + str(error)}))
            continue
        print(json.dumps({"steps": steps, "file": base64.b64encode(data).decode(), "signatures": signatures}))


main()
