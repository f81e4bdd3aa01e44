"""Validates every PDF of a folder with pyHanko in one process.

Usage: pyhanko_validate.py FOLDER UNIX_TIME; prints one line: processor seconds, files, files whose signatures all pass.
The folder holds root.pem, issuer.pem and issuer.crl, root.crl beside the files.
"""

import datetime
import logging
import pathlib
import sys
import time

from asn1crypto import crl
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)
folder = pathlib.Path(sys.argv[1])
moment = datetime.datetime.fromtimestamp(int(sys.argv[2]), datetime.timezone.utc)
root = load_cert_from_pemder(folder / "root.pem")
issuer = load_cert_from_pemder(folder / "issuer.pem")
lists = [crl.CertificateList.load((folder / name).read_bytes()) for name in ("issuer.crl", "root.crl")]
paths = sorted(folder.glob("*.pdf"))


def passes(path):
    context = ValidationContext(
        trust_roots=[root], other_certs=[issuer], crls=lists, moment=moment, allow_fetching=False, revocation_mode="require"
    )
    with path.open("rb") as file:
        signatures = PdfFileReader(file).embedded_signatures
        return bool(signatures) and all(validate_pdf_signature(one, context).bottom_line for one in signatures)


passes(paths[0])
started = time.process_time()
passed = sum(passes(path) for path in paths)
print(time.process_time() - started, len(paths), passed)
