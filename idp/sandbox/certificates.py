"""A certificate authority of one sandbox, for host names below ``.test``, which exist nowhere else.

Whoever trusts it trusts it for nothing else: it is constrained to ``.test``
(RFC 5280 §4.2.1.10; reserved by RFC 6761 §6.2), and its key stays in the
instance.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TOP_LEVEL = "test"
AUTHORITY_NAME = "Deepdesk sandbox, for .test only"
AUTHORITY_LIFETIME = timedelta(days=3650)
SERVER_LIFETIME = timedelta(days=90)
RENEWED_BEFORE = timedelta(days=30)
"""A certificate that ends sooner than this is made again."""
CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files in PEM.

    :param authority: the certificate to trust.
    :param server: the server's certificate, for all names.
    :param server_key: its private key, readable by the owner only.
    """

    authority: Path
    server: Path
    server_key: Path

    @property
    def server_pin(self) -> str:
        """The SHA-256 of the server's public key in base64, by which Chromium can be told to accept it.

        Not the authority's: Chromium would then accept whatever is sent along with that public certificate.
        """
        public = x509.load_pem_x509_certificate(self.server.read_bytes()).public_key()
        encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(encoded).digest()).decode("ascii")


def ensure_certificates(directory: Path, names: tuple[str, ...], *, now: datetime) -> Certificates:
    """Return the certificates kept in a directory; made when missing, damaged, soon over or for other names.

    :param directory: made, readable by the owner only, when it is not there.
    :param names: host names below ``.test``.
    :raises ValueError: a name is not below ``.test``.
    """
    for name in names:
        if not name.endswith(f".{TOP_LEVEL}"):
            raise ValueError(f"{name} is not below .{TOP_LEVEL}")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Certificates(
        authority=directory / "ca.pem", server=directory / "server.pem", server_key=directory / "server-key.pem"
    )
    authority_key = directory / "ca-key.pem"
    if not _lasts(files.authority, authority_key, now):
        _make_authority(files.authority, authority_key, now)
    if not (_lasts(files.server, files.server_key, now) and _fits(files, names)):
        _make_server(files, authority_key, names, now)
    return files


def _lasts(certificate_file: Path, key_file: Path, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError):
        return False
    valid = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWED_BEFORE
    return valid and certificate.public_key() == key.public_key()


def _fits(files: Certificates, names: tuple[str, ...]) -> bool:
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    server = x509.load_pem_x509_certificate(files.server.read_bytes())
    try:
        server.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    named = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(named.get_values_for_type(x509.DNSName)) == set(names)


def _make_authority(certificate_file: Path, key_file: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY_NAME)])
    only = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(TOP_LEVEL)],
        excluded_subtrees=[x509.IPAddress(ipaddress.ip_network(every)) for every in ("0.0.0.0/0", "::/0")],
    )
    certificate = (
        _builder(name, name, key, now, AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(only, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _keep(key_file, _pem(key))
    _keep(certificate_file, certificate.public_bytes(Encoding.PEM))


def _make_server(files: Certificates, authority_key: Path, names: tuple[str, ...], now: datetime) -> None:
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    signer = load_pem_private_key(authority_key.read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{authority_key} is not a key of ours; delete it")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        _builder(subject, authority.subject, key, now, SERVER_LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    _keep(files.server_key, _pem(key))
    _keep(files.server, certificate.public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + lifetime)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    unfinished.replace(path)
