"""The ``oidc`` connector against a real OpenID Provider that can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from idp.domain.errors import (
    ClaimMissing,
    NotBuilt,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
    UpstreamUntrusted,
)
from idp.domain.provider_kinds import Kind
from idp.sandbox.platform import Fault
from idp.upstream.code_flow import access_token_of
from idp.upstream.connector import Hints, ProviderConfig
from idp.upstream.kinds import build
from idp.upstream.metadata import parse_metadata
from tests.contract.connector import (
    REDIRECT_URI,
    ConnectorContract,
    IdTokenContract,
    arrive,
    depart,
    openid_calls,
    sign_in,
    told,
)
from tests.outbound.servers import says, serving


@pytest.fixture
def config(upstream):
    return ProviderConfig(
        kind="oidc",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer=upstream.issuer,
    )


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


class TestOidc(ConnectorContract, IdTokenContract):
    @pytest.fixture
    def config(self, upstream):
        return ProviderConfig(
            kind="oidc",
            client_id=upstream.client_id,
            client_secret=upstream.client_secret,
            issuer=upstream.issuer,
        )

    @pytest.fixture
    def calls(self, upstream, config):
        upstream.state.thin_id_tokens = True
        return openid_calls(upstream, config)


# Departure


def test_the_departure_asks_as_the_specifications_say(connector, upstream):
    departure = depart(connector, hints=Hints(login_hint="a@b.example", ui_locales="nl en"))
    verifier = departure.handoff.remember["verifier"]
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert departure.handoff.url.startswith(f"{upstream.issuer}/authorize?")
    assert departure.sent == {
        "response_type": "code",
        "client_id": upstream.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile email",
        "state": departure.state,
        "nonce": departure.handoff.remember["nonce"],
        "code_challenge": hashed,
        "code_challenge_method": "S256",
        "login_hint": "a@b.example",
        "ui_locales": "nl en",
    }


def test_without_hints_none_are_sent(connector):
    assert not {"login_hint", "ui_locales"} & depart(connector).sent.keys()


def test_configured_addresses_go_before_discovery(config, parts, upstream):
    changed = {"authorization_endpoint": None, "token_endpoint": None, "userinfo_endpoint": None}
    upstream.state.metadata_changes = changed
    upstream.state.thin_id_tokens = True
    config = replace(
        config,
        authorize_url=f"{upstream.issuer}/authorize?organisation=1",
        token_url=f"{upstream.issuer}/token",
        userinfo_url=f"{upstream.issuer}/userinfo",
    )
    connector = build(config, parts)
    assert "/authorize?organisation=1&response_type=code&" in depart(connector).handoff.url
    assert sign_in(connector, upstream).email == "manager@acme.example"


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_discovery_without_an_endpoint_is_untrusted(connector, upstream, member):
    upstream.state.metadata_changes = {member: None}
    with pytest.raises(UpstreamUntrusted):
        sign_in(connector, upstream)


@pytest.mark.parametrize("issuer", ["https://elsewhere.example", None, 1, "{issuer}/"])
def test_discovery_of_another_issuer_is_untrusted(connector, upstream, issuer):
    said = issuer.format(issuer=upstream.issuer) if isinstance(issuer, str) else issuer
    upstream.state.metadata_changes = {"issuer": said}
    with pytest.raises(UpstreamUntrusted):
        depart(connector)


@pytest.mark.parametrize(
    "endpoint", ["javascript:alert(1)", "/authorize", "https://x#y", 7, "https:// x", "https:///x"]
)
def test_an_endpoint_that_is_no_address_is_untrusted(connector, upstream, endpoint):
    upstream.state.metadata_changes = {"authorization_endpoint": endpoint}
    with pytest.raises(UpstreamUntrusted):
        depart(connector)


def test_an_https_issuer_has_no_endpoint_without_tls():
    document = {"issuer": "https://op.example", "token_endpoint": "http://op.example/token"}
    with pytest.raises(UpstreamUntrusted):
        parse_metadata(document, asked="https://op.example")


def test_discovery_is_fetched_once_an_hour(connector, upstream):
    for _ in range(3):
        sign_in(connector, upstream)
    assert upstream.count("/.well-known/openid-configuration") == 1
    assert upstream.count("/keys") == 1


# Return


def test_userinfo_of_somebody_else_is_untrusted(connector, upstream):
    upstream.fault = Fault.WRONG_USERINFO_SUB
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence["check"] == "userinfo_sub"


def test_a_shared_secret_is_no_signature_even_if_metadata_offers_it(connector, upstream):
    upstream.state.metadata_changes = {"id_token_signing_alg_values_supported": ["HS256", "none", "RS256"]}
    for fault in (Fault.SHARED_SECRET, Fault.ALG_NONE):
        upstream.fault = fault
        with pytest.raises(UpstreamUntrusted) as caught:
            sign_in(connector, upstream)
        assert caught.value.evidence["check"] == "alg"


def test_an_algorithm_that_metadata_does_not_offer_is_untrusted(connector, upstream):
    upstream.state.metadata_changes = {"id_token_signing_alg_values_supported": ["ES256"]}
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence["check"] == "alg"


def test_a_missing_sub_is_named(connector, upstream):
    upstream.fault = Fault.MISSING_SUB
    with pytest.raises(ClaimMissing) as caught:
        sign_in(connector, upstream)
    assert caught.value.claim == "sub"


def test_a_missing_subject_claim_is_named(config, parts, upstream):
    with pytest.raises(ClaimMissing) as caught:
        sign_in(build(replace(config, subject_claim="oid"), parts), upstream)
    assert caught.value.claim == "oid"


def test_every_fault_ends_in_a_known_way(connector, upstream):
    """Nothing that the platform can do gets past the three errors and an identity."""
    upstream.state.slowness = timedelta(0)
    for fault in Fault:
        upstream.fault = fault
        try:
            identity = sign_in(connector, upstream)
        except (UpstreamRefused, UpstreamUntrusted, UpstreamUnavailable):
            continue
        assert fault in {Fault.NONE, Fault.SLOW, Fault.ROTATED_KEY, Fault.EMAIL_VERIFIED_STRING}
        assert identity.subject == "acme-7f3a0003"


def test_the_word_true_vouches_for_nothing(connector, upstream):
    upstream.fault = Fault.EMAIL_VERIFIED_STRING
    identity = sign_in(connector, upstream)
    assert identity.email == "manager@acme.example"
    assert not identity.email_vouched


def test_a_token_of_another_sign_in_with_the_right_verifier_is_untrusted(connector, upstream):
    """PKCE alone would let it pass: the nonce is compared with this departure's."""
    departure = depart(connector)
    params = upstream.approve(departure.handoff.url)
    mixed = replace(
        departure,
        handoff=replace(
            departure.handoff,
            remember={**departure.handoff.remember, "nonce": depart(connector).handoff.remember["nonce"]},
        ),
    )
    with pytest.raises(UpstreamUntrusted) as caught:
        arrive(connector, mixed, params)
    assert caught.value.evidence["check"] == "nonce"


def test_a_callback_without_the_promised_issuer_is_untrusted(connector, upstream):
    departure = depart(connector)
    params = upstream.approve(departure.handoff.url)
    del params["iss"]
    with pytest.raises(UpstreamUntrusted) as caught:
        arrive(connector, departure, params)
    assert caught.value.evidence["check"] == "callback_iss"
    assert upstream.count("/token") == 0


def test_a_callback_may_omit_an_issuer_that_nobody_promised(connector, upstream):
    upstream.state.metadata_changes = {"authorization_response_iss_parameter_supported": None}
    departure = depart(connector)
    params = upstream.approve(departure.handoff.url)
    del params["iss"]
    assert arrive(connector, departure, params).subject


def test_a_foreign_issuer_is_untrusted_though_nobody_promised_one(connector, upstream):
    upstream.state.metadata_changes = {"authorization_response_iss_parameter_supported": None}
    upstream.fault = Fault.WRONG_CALLBACK_ISS
    with pytest.raises(UpstreamUntrusted):
        sign_in(connector, upstream)
    assert upstream.count("/token") == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("access_denied", UpstreamRefused),
        ("login_required", UpstreamRefused),
        ("consent_required", UpstreamRefused),
        ("interaction_required", UpstreamRefused),
        ("account_selection_required", UpstreamRefused),
        ("temporarily_unavailable", UpstreamUnavailable),
        ("server_error", UpstreamUnavailable),
        ("invalid_request", UpstreamUntrusted),
        ("<script>", UpstreamUntrusted),
        ("é" * 5000, UpstreamUntrusted),
        ("", UpstreamUntrusted),
    ],
)
def test_an_error_in_the_callback_is_told_apart(connector, upstream, code, error):
    departure = depart(connector)
    params = {"state": departure.state, "iss": upstream.issuer, "error": code, "error_description": "secret"}
    with pytest.raises(error) as caught:
        arrive(connector, departure, params)
    assert type(caught.value) is error
    assert len(caught.value.evidence["error"]) <= 64
    assert "secret" not in str(caught.value.evidence)


def test_an_error_from_another_issuer_is_untrusted(connector, upstream):
    departure = depart(connector)
    params = {"state": departure.state, "iss": "https://elsewhere.example", "error": "access_denied"}
    with pytest.raises(UpstreamUntrusted):
        arrive(connector, departure, params)


# Exchange


def test_the_exchange_sends_the_verifier_and_encoded_basic_credentials(connector, upstream):
    departure = depart(connector)
    params = upstream.approve(departure.handoff.url)
    arrive(connector, departure, params)
    sent = upstream.last("/token")
    assert sent.form == {
        "grant_type": "authorization_code",
        "code": params["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": departure.handoff.remember["verifier"],
    }
    credentials = base64.b64decode(sent.headers["Authorization"].removeprefix("Basic ")).decode()
    assert credentials == "deepdesk-at-acme:a+secret%3A+100%25+of+%2Bit%2F%C3%A9"


def test_the_secret_is_posted_where_only_that_is_offered(connector, upstream):
    upstream.state.metadata_changes = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(connector, upstream).subject
    sent = upstream.last("/token")
    assert "Authorization" not in sent.headers
    assert (sent.form["client_id"], sent.form["client_secret"]) == (
        upstream.client_id,
        upstream.client_secret,
    )


def test_basic_is_the_default_of_silent_metadata(connector, upstream):
    upstream.state.metadata_changes = {"token_endpoint_auth_methods_supported": None}
    assert sign_in(connector, upstream).subject
    assert "Authorization" in upstream.last("/token").headers


def test_a_provider_that_takes_no_secret_is_untrusted(connector, upstream):
    upstream.state.metadata_changes = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    with pytest.raises(UpstreamUntrusted):
        sign_in(connector, upstream)
    assert upstream.count("/token") == 0


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        ("400 Bad", b'{"error": "invalid_grant"}', UpstreamUntrusted),
        ("400 Bad", b'{"error": "access_denied"}', UpstreamUntrusted),
        ("400 Bad", b'{"error": "temporarily_unavailable"}', UpstreamUnavailable),
        ("400 Bad", b'{"error": ["invalid_client"]}', UpstreamUntrusted),
        ("400 Bad", b"{}", UpstreamUntrusted),
        ("400 Bad", b"<html>", UpstreamUnavailable),
        ("429 Slow down", b'{"error": "slow_down"}', UpstreamUnavailable),
        ("500 Oops", b'{"error": "invalid_client"}', UpstreamUnavailable),
        ("503 Later", b"<html>", UpstreamUnavailable),
        ("302 Found", b"{}", UpstreamUnavailable),
        ("201 Created", b'{"id_token": "a.b.c"}', UpstreamUnavailable),
        ("200 OK", b"[]", UpstreamUnavailable),
        ("200 OK", b"", UpstreamUnavailable),
        ("200 OK", b"{}", UpstreamUntrusted),
        ("200 OK", b'{"id_token": null}', UpstreamUntrusted),
        ("200 OK", b'{"id_token": "a.b.c.d.e"}', UpstreamUntrusted),
        ("200 OK", b'{"error": "invalid_grant"}', UpstreamUntrusted),
    ],
)
def test_every_answer_to_the_exchange_is_told_apart(config, parts, upstream, status, body, error):
    with serving(says(body, status=status)) as server, pytest.raises(UpstreamError) as caught:
        sign_in(build(replace(config, token_url=server.url()), parts), upstream)
    assert type(caught.value) is error


# Keys


def test_a_rotated_key_works_after_one_refetch(connector, upstream):
    sign_in(connector, upstream)
    upstream.fault = Fault.ROTATED_KEY
    assert sign_in(connector, upstream).subject
    assert upstream.count("/keys") == 2


def test_made_up_key_ids_cost_at_most_one_refetch_in_thirty_seconds(connector, upstream):
    now = datetime.now(UTC)
    sign_in(connector, upstream, now=now)
    upstream.fault = Fault.UNKNOWN_KEY
    for second in range(5):
        with pytest.raises(UpstreamUntrusted):
            sign_in(connector, upstream, now=now + timedelta(seconds=second))
    assert upstream.count("/keys") == 2
    with pytest.raises(UpstreamUntrusted):
        sign_in(connector, upstream, now=now + timedelta(seconds=30))
    assert upstream.count("/keys") == 3


def test_a_wrong_signature_by_a_known_key_costs_no_refetch(connector, upstream):
    upstream.fault = Fault.BAD_SIGNATURE
    with pytest.raises(UpstreamUntrusted):
        sign_in(connector, upstream)
    assert upstream.count("/keys") == 1


# User information


def test_what_the_id_token_lacks_comes_from_userinfo(connector, upstream):
    upstream.state.thin_id_tokens = True
    identity = sign_in(connector, upstream)
    assert (identity.email, identity.email_vouched) == ("manager@acme.example", True)
    assert identity.roles.values == ("deepdesk.manager",)
    assert identity.given_name == "Alex"


def test_a_full_id_token_needs_no_userinfo(connector, upstream):
    sign_in(connector, upstream)
    assert upstream.count("/userinfo") == 0


def test_without_a_userinfo_endpoint_a_thin_id_token_is_enough(connector, upstream):
    upstream.state.thin_id_tokens = True
    upstream.state.metadata_changes = {"userinfo_endpoint": None}
    identity = sign_in(connector, upstream)
    assert (identity.subject, identity.email, identity.roles.values) == ("acme-7f3a0003", None, ())


@pytest.mark.parametrize("token", [None, "", 7, "a\r\nX: y", "é"])
def test_an_access_token_that_no_header_can_carry_is_none(token):
    assert access_token_of({"access_token": token}) is None


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        ("401 Who", b"", UpstreamUntrusted),
        ("403 No", b"{}", UpstreamUntrusted),
        ("429 Slow down", b"{}", UpstreamUnavailable),
        ("500 Oops", b"{}", UpstreamUnavailable),
        ("302 Found", b"{}", UpstreamUnavailable),
        ("200 OK", b"<html>", UpstreamUnavailable),
        ("200 OK", b"eyJhbGciOiJub25lIn0.e30.", UpstreamUnavailable),
        ("200 OK", b"{}", UpstreamUntrusted),
        ("200 OK", b'{"sub": null}', UpstreamUntrusted),
    ],
)
def test_every_answer_of_userinfo_is_told_apart(config, parts, upstream, status, body, error):
    upstream.state.thin_id_tokens = True
    with serving(says(body, status=status)) as server, pytest.raises(UpstreamError) as caught:
        sign_in(build(replace(config, userinfo_url=server.url()), parts), upstream)
    assert type(caught.value) is error


# Check


def _problem(connector) -> str:
    (problem,) = told(connector)
    assert problem.endswith(".")
    return problem


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_the_check_names_what_is_missing(connector, upstream, member):
    upstream.state.metadata_changes = {member: None}
    assert member in _problem(connector)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "The provider lists PKCE methods without S256"),
        ({"id_token_signing_alg_values_supported": ["HS256"]}, "HS256"),
        ({"id_token_signing_alg_values_supported": ["ES256"]}, "none that can verify"),
        ({"token_endpoint_auth_methods_supported": ["none"]}, "client_secret_basic"),
        ({"token_endpoint": 5}, "token_endpoint is malformed"),
    ],
)
def test_the_check_says_what_would_fail(connector, upstream, changes, words):
    upstream.state.metadata_changes = changes
    assert words in _problem(connector)


def test_the_check_passes_without_a_word_on_pkce(connector, upstream):
    upstream.state.metadata_changes = {"code_challenge_methods_supported": None}
    assert told(connector) == ()


@pytest.mark.parametrize("seconds", [50, -50])
def test_a_small_difference_of_clocks_matters_neither_to_check_nor_to_sign_in(connector, upstream, seconds):
    upstream.state.clock_offset = timedelta(seconds=seconds)
    assert told(connector) == ()
    now = datetime.now(UTC)
    assert sign_in(connector, upstream, now=now).authenticated_at <= now


def test_the_check_of_keys_that_are_a_web_page(connector, upstream):
    upstream.state.metadata_changes = {"jwks_uri": f"{upstream.issuer}/"}
    assert "not JSON" in _problem(connector)


def test_the_check_of_an_address_without_discovery(config, parts, upstream):
    problem = _problem(build(replace(config, issuer=f"{upstream.issuer}/nothing-here"), parts))
    assert "status 404" in problem
    assert f"{urlsplit(upstream.issuer).netloc}/nothing-here/.well-known/openid-configuration" in problem


# Kinds


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_connector(config, parts, kind):
    assert build(replace(config, kind=kind), parts)


def test_a_kind_that_nobody_speaks_is_refused_in_one_line(config, parts):
    with pytest.raises(NotBuilt, match=r"^[^\n]*kind saml; use one of: oidc, [^\n]*\.$"):
        build(replace(config, kind="saml"), parts)
