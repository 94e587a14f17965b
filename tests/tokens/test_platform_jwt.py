"""What a platform signs about its agent, with the signature and before it (DOMAIN.md; CONTRACT §6 rule 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from enum import Enum

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.errors import PlatformJwtRefused
from idp.tokens.platform_jwt import MAX_LENGTH, is_signed_with, read
from tests.support import assertions
from tests.tokens.conftest import NOW

ISSUER = "https://login.example.com"
SECRET = "a secret that a platform shares, 32+"
OTHER = "a secret that another platform has, 32+"
UNIX = int(NOW.timestamp())
DAY = 24 * 60 * 60
IDENTITY = {"account": "acme", "user_id": "1234", "user_name": "John Doe", "user_email": "john.doe@platform.com"}
CLAIMS = {"iat": UNIX, "exp": UNIX + 8 * 60 * 60, "type": "access", "identity": IDENTITY}


class Absent(Enum):
    """Stands for a claim that is left out; it has one spelling in the names of tests."""

    MISSING = "missing"


MISSING = Absent.MISSING


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header, payload, *, by=SECRET, digest=hashlib.sha256):
    """Sign whatever is given, JSON or bytes that are none."""
    parts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, payload)]
    body = ".".join(b64(one) for one in parts)
    return f"{body}.{b64(hmac.new(by.encode(), body.encode(), digest).digest())}"


def token(*, header=None, by=SECRET, **changes):
    """Sign the example of DOMAIN.md with changes."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not MISSING}
    return signed({"alg": "HS256", "typ": "JWT"} if header is None else header, claims, by=by)


def about(**changes):
    """Sign it about somebody else."""
    identity = {name: value for name, value in (IDENTITY | changes).items() if value is not MISSING}
    return token(identity=identity)


def reads(compact, *, now=NOW):
    return read(compact, issuer=ISSUER, now=now)


def is_refused(compact, *, now=NOW):
    """Say whether it is not even read, or was signed by nobody who has the secret."""
    try:
        return not is_signed_with(reads(compact, now=now), SECRET)
    except PlatformJwtRefused:
        return True


# What is taken


def test_the_example_is_taken():
    example = (
        '{"iat": 1620658801, "exp": 1620687601, "type": "access",'
        ' "identity": {"account": "acme", "user_id": "1234", "user_name": "John Doe",'
        ' "user_email": "john.doe@platform.com"}}'
    )
    compact = signed({"alg": "HS256", "typ": "JWT"}, example.encode())
    found = reads(compact, now=datetime.fromtimestamp(1620658802, UTC))
    assert is_signed_with(found, SECRET)
    assert (found.account, found.platform_id, found.name) == ("acme", "1234", "John Doe")
    assert found.email == "john.doe@platform.com"
    assert found.issued_at == datetime.fromtimestamp(1620658801, UTC)
    assert found.expires_at == datetime.fromtimestamp(1620687601, UTC)
    assert found.jti is None


def test_what_pyjwt_makes_is_taken():
    compact = jwt.encode(CLAIMS | {"jti": "7", "iss": "https://platform.example"}, SECRET, algorithm="HS256")
    found = reads(compact)
    assert is_signed_with(found, SECRET)
    assert found.jti == "7"


@pytest.mark.parametrize("header", [{"alg": "HS256"}, {"alg": "HS256", "typ": "jwt", "kid": "1", "cty": "x", "own": 1}])
def test_a_header_may_say_more_or_less(header):
    assert not is_refused(token(header=header))


def test_name_and_address_may_be_missing():
    for nothing in (MISSING, None, ""):
        found = reads(about(user_name=nothing, user_email=nothing))
        assert (found.name, found.email) == (None, None)


def test_an_id_may_be_a_number():
    assert reads(about(user_id=1234)).platform_id == "1234"
    assert reads(about(user_id=0)).platform_id == "0"


@pytest.mark.parametrize("audience", [ISSUER, [ISSUER], ["https://elsewhere.example", ISSUER]])
def test_an_audience_may_name_us(audience):
    assert not is_refused(token(aud=audience))


@pytest.mark.parametrize("issuer", ["https://platform.example", "anything", 1])
def test_the_issuer_says_nothing(issuer):
    assert not is_refused(token(iss=issuer))


# The signature


@pytest.mark.parametrize("by", [OTHER, SECRET[:-1], f"{SECRET} ", SECRET.upper(), "x"])
def test_another_secret_did_not_sign_it(by):
    assert is_refused(token(by=by))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS384", "HS512", "hs256", "RS256", "ES256", None, 1, []])
def test_another_algorithm_is_refused(alg):
    with pytest.raises(PlatformJwtRefused, match="HS256"):
        reads(token(header={"alg": alg, "typ": "JWT"}))


def test_another_algorithm_is_refused_with_its_own_signature():
    for compact in (
        jwt.encode(CLAIMS, None, algorithm="none"),
        jwt.encode(CLAIMS, SECRET * 2, algorithm="HS512"),
        jwt.encode(CLAIMS, assertions.key("RS256").private, algorithm="RS256"),
        jwt.encode(CLAIMS, assertions.key("ES256").private, algorithm="ES256"),
        signed({"alg": "HS512", "typ": "JWT"}, CLAIMS, digest=hashlib.sha512),
    ):
        with pytest.raises(PlatformJwtRefused, match="HS256"):
            reads(compact)


@pytest.mark.parametrize("by", ["RS256", "ES256"])
def test_a_signature_of_a_key_pair_under_the_name_of_ours_is_refused(by):
    body, _, signature = jwt.encode(CLAIMS, assertions.key(by).private, algorithm=by).rpartition(".")
    payload = body.partition(".")[2]
    named = b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    assert is_refused(f"{named}.{payload}.{signature}")


@pytest.mark.parametrize(
    "typ", ["at+jwt", "session+jwt", "exchange+jwt", "logout+jwt", "dpop+jwt", "", None, 1, ["JWT"], {}]
)
def test_another_type_of_token_is_refused(typ):
    with pytest.raises(PlatformJwtRefused, match="HS256 JWT"):
        reads(token(header={"alg": "HS256", "typ": typ}))


@pytest.mark.parametrize("crit", [["exp"], ["x"], "exp", ["b64"]])
def test_what_must_be_understood_and_is_not_is_refused(crit):
    assert is_refused(token(header={"alg": "HS256", "typ": "JWT", "crit": crit, "x": 1, "exp": 1}))
    assert is_refused(token(header={"alg": "HS256", "typ": "JWT", "crit": crit, "b64": False}))


@given(
    position=st.integers(0, 10_000), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop0123456789-_.")
)
def test_a_changed_letter_is_noticed(position, letter):
    compact = token()
    position %= len(compact)
    changed = compact[:position] + letter + compact[position + 1 :]
    assert changed == compact or is_refused(changed)


def test_there_is_no_other_spelling_of_a_token():
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    compact = token()
    last = alphabet.index(compact[-1])
    same_bytes = compact[:-1] + alphabet[last ^ 1]
    assert base64.urlsafe_b64decode(same_bytes.rpartition(".")[2] + "=") == base64.urlsafe_b64decode(
        compact.rpartition(".")[2] + "="
    )
    for spelled in (
        same_bytes,
        f"{compact}=",
        f"{compact}\n",
        f" {compact}",
        compact.replace(".", ".\n"),
        f"{compact}.",
    ):
        assert is_refused(spelled)


@pytest.mark.parametrize(
    "compact",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "\u00e4.\u00f6.\u00fc",
        "\ud800",
        token().rpartition(".")[0],
        token().rpartition(".")[0] + ".",
        token().partition(".")[2],
        token() + ".x",
        "." + token().partition(".")[2],
        json.dumps(dict(zip(("protected", "payload", "signature"), token().split("."), strict=True))),
        "a" * MAX_LENGTH + "." + token(),
        token(padding="x" * MAX_LENGTH),
    ],
)
def test_what_is_no_jwt_is_refused(compact):
    assert is_refused(compact)


@pytest.mark.parametrize("header", [[], "HS256", 1, None, True, b"", b"\xff", b"{", b"[" * 3000, b'{"alg":"HS256"'])
def test_a_header_that_is_no_object_is_refused(header):
    assert is_refused(signed(header, CLAIMS))


@pytest.mark.parametrize(
    "payload",
    [[], "x", 1, None, True, b"", b"\xff", b"{", b"[" * 5000, b'{"a":' * 900 + b"1", b'{"exp":' + b"9" * 5000 + b"}"],
)
def test_a_payload_that_is_no_object_is_refused(payload):
    with pytest.raises(PlatformJwtRefused, match="not a JWT"):
        reads(signed({"alg": "HS256", "typ": "JWT"}, payload))


def test_an_identity_as_deep_as_fits_is_refused_and_breaks_nothing():
    deep = b'{"iat":1,"exp":2,"type":"access","identity":' + b"[" * 2000 + b"]" * 2000 + b"}"
    with pytest.raises(PlatformJwtRefused):
        reads(signed({"alg": "HS256", "typ": "JWT"}, deep))


@given(text=st.text())
def test_nothing_at_all_breaks_it(text):
    assert is_refused(text)
    assert is_refused(signed({"alg": "HS256"}, text.encode("utf-8", "surrogatepass")))


# The times


def test_it_counts_until_its_second():
    compact = token(exp=UNIX + 60)
    assert not is_refused(compact, now=NOW + timedelta(seconds=59))
    with pytest.raises(PlatformJwtRefused, match="expired"):
        reads(compact, now=NOW + timedelta(seconds=60))


@pytest.mark.parametrize("exp", [UNIX + DAY + 1, UNIX + 365 * DAY, UNIX + 20 * 365 * DAY, 9999999999])
def test_it_counts_a_day_at_most(exp):
    assert not is_refused(token(exp=UNIX + DAY))
    with pytest.raises(PlatformJwtRefused, match="24 hours"):
        reads(token(exp=exp))


def test_an_old_one_with_a_new_end_counts_no_longer_than_a_day():
    with pytest.raises(PlatformJwtRefused, match="24 hours"):
        reads(token(iat=UNIX - DAY, exp=UNIX + 1))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_platforms_clock_may_be_a_minute_ahead(claim):
    assert not is_refused(token(**{claim: UNIX + 60}))
    with pytest.raises(PlatformJwtRefused, match="not valid yet"):
        reads(token(**{claim: UNIX + 61}))


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", [None, "1620658801", 1.5, float(UNIX), True, [UNIX], {}, -1, 2**40, 10**30, 1e300])
def test_a_time_is_a_whole_number_of_seconds(claim, value):
    with pytest.raises(PlatformJwtRefused):
        reads(token(**{claim: value}))


@pytest.mark.parametrize("claim", ["iat", "exp", "type", "identity"])
def test_what_it_needs_is_not_left_out(claim):
    with pytest.raises(PlatformJwtRefused):
        reads(token(**{claim: MISSING}))


# What it says


@pytest.mark.parametrize("kind", ["refresh", "exchange", "Access", "", None, 1, ["access"], {"access": 1}])
def test_its_type_is_access(kind):
    with pytest.raises(PlatformJwtRefused, match="type"):
        reads(token(type=kind))


@pytest.mark.parametrize(
    "audience",
    ["https://elsewhere.example", f"{ISSUER}/", ISSUER.upper(), "", [], ["x"], {"a": ISSUER}, 1, True, [[ISSUER]]],
)
def test_an_audience_that_names_somebody_else_is_refused(audience):
    with pytest.raises(PlatformJwtRefused, match="aud"):
        reads(token(aud=audience))


@pytest.mark.parametrize("identity", [None, "1234", 1234, [], [IDENTITY], True, {}])
def test_an_identity_is_an_object(identity):
    with pytest.raises(PlatformJwtRefused, match="identity"):
        reads(token(identity=identity))


@pytest.mark.parametrize(
    "user_id",
    [MISSING, None, "", "a" * 256, "1\n", "1\0", "\ud800", "\u202e1", -1, 1.5, True, False, [], ["1"], {}, 10**300],
)
def test_a_person_needs_an_id(user_id):
    with pytest.raises(PlatformJwtRefused, match="user_id"):
        reads(about(user_id=user_id))


@pytest.mark.parametrize("account", [MISSING, None, "", "a" * 256, "acme\n", "acme\0", 1, True, ["acme"], {}])
def test_a_person_needs_an_account(account):
    with pytest.raises(PlatformJwtRefused, match="account"):
        reads(about(account=account))


@pytest.mark.parametrize("member", ["user_name", "user_email"])
@pytest.mark.parametrize("value", ["a" * 256, "John\nDoe", "\0", "\ud800", 1, True, [], {}])
def test_name_and_address_are_texts(member, value):
    with pytest.raises(PlatformJwtRefused, match=member):
        reads(about(**{member: value}))


@pytest.mark.parametrize("jti", ["", "a" * 257, 1, True, [], {}])
def test_a_jti_is_a_text(jti):
    with pytest.raises(PlatformJwtRefused, match="jti"):
        reads(token(jti=jti))


def test_it_does_not_show_itself():
    assert token() not in repr(reads(token()))
