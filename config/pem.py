"""Whether the PEM files of a TLS connection can be used, looked at before anything needs them."""

import ssl
from pathlib import Path

# OpenSSL's reasons when the two are no pair: other numbers, or another kind of key altogether.
_NO_PAIR = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
# Its reasons when it finds the certificate itself too weak.
_WEAK = ("_TOO_SMALL", "_TOO_WEAK")


class CertificateError(ValueError):
    """The certificate cannot be used, though it is one. Its text is OpenSSL's reason."""


class KeyFileError(ValueError):
    """The file holds no private key, or one with a pass phrase."""


class NoPairError(ValueError):
    """The private key is that of another certificate."""


def check_certificates(path: Path) -> None:
    """Raises OSError unless the file can be read and holds a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    if not context.cert_store_stats()["x509"]:
        raise OSError("revoked certificates only")


def check_pair(certificate: Path, key: Path) -> None:
    """Raises one of the errors above unless the key is the certificate's and has no pass phrase.

    `certificate` is a file that `check_certificates` has passed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # Without a password of ours OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as exc:
        reason = exc.reason or ""
        if reason in _NO_PAIR:
            raise NoPairError(reason) from exc
        if reason.endswith(_WEAK):
            raise CertificateError(reason.lower().replace("_", " ")) from exc
        raise KeyFileError(reason) from exc
