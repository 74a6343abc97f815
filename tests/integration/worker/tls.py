"""Certificates of a test CA, as Kafka and its clients want them."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


def server_properties(ca: trustme.CA, directory: Path) -> dict[str, str]:
    """What a Kafka server on 127.0.0.1 needs for its TLS listeners."""
    certificate = ca.issue_cert("127.0.0.1")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    pem = directory / "kafka.pem"
    # Kafka reads keys in PKCS #8 only.
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pem.open("ab") as file:
        file.writelines(blob.bytes() for blob in certificate.cert_chain_pems)
    return {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(pem)}


def client_certificates_required(ca: trustme.CA, directory: Path) -> dict[str, str]:
    """What it needs besides to ask at SSL for certificates of this CA; their CN is the user."""
    ca.cert_pem.write_to_path(str(directory / "clients-ca.pem"))
    return {
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(directory / "clients-ca.pem"),
        "listener.name.ssl.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([a-z]+).*$/$1/",
    }


def client_files(ca: trustme.CA, directory: Path, user: str) -> dict[str, Path]:
    """The settings kafka_ssl_cert and kafka_ssl_key of a user's certificate."""
    issued = ca.issue_cert(f"{user}@example.org", common_name=user)
    files = {name: directory / f"{user}-{name}.pem" for name in ("cert", "key")}
    issued.cert_chain_pems[0].write_to_path(str(files["cert"]))
    issued.private_key_pem.write_to_path(str(files["key"]))
    return {f"kafka_ssl_{name}": path for name, path in files.items()}


def ca_file(ca: trustme.CA, path: Path) -> Path:
    """The CA's own certificate, in this file."""
    ca.cert_pem.write_to_path(str(path))
    return path
