"""The sandbox's certificate authority: for ``.test`` alone, kept, and made again when it has to be."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from idp.sandbox.certificates import Certificates, ensure_certificates
from tests.support.tls import LOGIN_NAME, NAMES, PLATFORM_NAME

NOW = datetime.now(UTC).replace(microsecond=0)

Ensure = Callable[..., Certificates]


@pytest.fixture
def ensure(tmp_path: Path) -> Ensure:
    """Ask for certificates in the same folder, some days from now."""

    def ensure_at(names: tuple[str, ...] = NAMES, *, days: int = 0) -> Certificates:
        return ensure_certificates(tmp_path / "tls", names, now=NOW + timedelta(days=days))

    return ensure_at


@pytest.mark.parametrize("name", NAMES)
def test_who_trusts_the_authority_accepts_the_server_by_each_name(name: str, ensure: Ensure) -> None:
    greets(ensure(), name)


def test_another_name_is_not_accepted(ensure: Ensure) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        greets(ensure(), "other.test")


@pytest.mark.parametrize("name", ["login.deepdesk.com", "127.0.0.1"])
def test_whoever_gets_hold_of_the_key_can_play_nobody_outside_test(name: str, ensure: Ensure, tmp_path: Path) -> None:
    files = ensure()
    forge(files, tmp_path / "tls" / "ca-key.pem", name)
    with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
        greets(files, name)


def test_a_name_outside_test_is_refused(ensure: Ensure, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not below \.test"):
        ensure(("login.deepdesk.com",))
    assert not (tmp_path / "tls").exists()


def test_keys_are_for_their_owner_only(ensure: Ensure, tmp_path: Path) -> None:
    ensure()
    keys = [tmp_path / "tls" / name for name in ("ca-key.pem", "server-key.pem")]
    assert [oct(key.stat().st_mode & 0o777) for key in keys] == ["0o600", "0o600"]
    assert oct((tmp_path / "tls").stat().st_mode & 0o777) == "0o700"


def test_what_is_good_is_kept(ensure: Ensure) -> None:
    before = contents(ensure())
    assert contents(ensure(days=50)) == before


def test_a_server_certificate_that_ends_soon_is_made_again_by_the_same_authority(ensure: Ensure) -> None:
    authority, server = contents(ensure())
    later = contents(ensure(days=61))
    assert later[0] == authority
    assert later[1] != server


def test_other_names_are_another_server_certificate_by_the_same_authority(ensure: Ensure) -> None:
    authority, _ = contents(ensure((LOGIN_NAME,)))
    files = ensure()
    assert contents(files)[0] == authority
    greets(files, PLATFORM_NAME)


def test_an_authority_that_ends_soon_is_made_again_with_what_it_signed(ensure: Ensure) -> None:
    before = contents(ensure())
    after = contents(ensure(days=3640))
    assert not set(before) & set(after)


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"])
@pytest.mark.parametrize("damage", ["", "not a PEM file"], ids=["missing", "damaged"])
def test_a_missing_or_damaged_file_is_mended(name: str, damage: str, ensure: Ensure, tmp_path: Path) -> None:
    ensure()
    file = tmp_path / "tls" / name
    file.write_text(damage) if damage else file.unlink()
    greets(ensure(), LOGIN_NAME)


@pytest.mark.parametrize("name", ["ca-key.pem", "server-key.pem"])
def test_a_key_that_is_not_the_certificates_is_mended(name: str, ensure: Ensure, tmp_path: Path) -> None:
    ensure()
    other = ensure_certificates(tmp_path / "other", NAMES, now=NOW)
    (tmp_path / "tls" / name).write_bytes((other.authority.parent / name).read_bytes())
    files = ensure()
    greets(files, LOGIN_NAME)
    ensure((LOGIN_NAME,))
    greets(files, LOGIN_NAME)


def test_the_pin_is_that_of_the_server_not_of_the_authority(ensure: Ensure) -> None:
    files = ensure()
    renewed = ensure((LOGIN_NAME,))
    assert files.authority.read_bytes() == renewed.authority.read_bytes()
    assert len(files.server_pin) == 44
    pin = files.server_pin
    ensure()
    assert files.server_pin != pin


def contents(files: Certificates) -> tuple[bytes, bytes]:
    return files.authority.read_bytes(), files.server.read_bytes()


def greets(files: Certificates, name: str) -> None:
    """Let a client that trusts the authority shake hands with the server; strictly, as Python 3.13 does.

    :raises ssl.SSLCertVerificationError: the client does not accept the certificate.
    """
    trusting = ssl.create_default_context(cafile=files.authority)
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(files.server, files.server_key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def forge(files: Certificates, authority_key: Path, name: str) -> None:
    """Put a certificate for any name in the server's place, signed by the authority."""
    signer = load_pem_private_key(authority_key.read_bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    server = x509.load_pem_x509_certificate(files.server.read_bytes())
    wanted = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(server.subject)
        .issuer_name(server.issuer)
        .public_key(server.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(server.not_valid_before_utc)
        .not_valid_after(server.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([wanted]), critical=False)
    )
    for extension in server.extensions:
        if not isinstance(extension.value, x509.SubjectAlternativeName):
            builder = builder.add_extension(extension.value, extension.critical)
    files.server.write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
