"""The ``oauth2`` connector: one address that says who it was, and nothing else to go by."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from idp.domain.errors import ClaimMissing, UpstreamError, UpstreamUntrusted
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import OAUTH2
from idp.upstream.connector import ProviderConfig
from idp.upstream.kinds import build
from tests.contract.connector import BoundContract, ConnectorContract, arrive, depart, sign_in
from tests.outbound.servers import says, serving

KIND = OAUTH2


def oauth2(upstream, **changes):
    config = ProviderConfig(
        kind="oauth2",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer="",
        authorize_url=f"{upstream.base}/authorize",
        token_url=f"{upstream.base}/token",
        userinfo_url=f"{upstream.base}/me",
        scope="profile",
        subject_claim="id",
        email_claim="mail",
        first_name_claim="first_name",
        last_name_claim="last_name",
        roles_claim="role",
    )
    return replace(config, **changes)


@pytest.fixture
def config(upstream):
    return oauth2(upstream)


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


class TestOAuth2(ConnectorContract, BoundContract):
    vouches = False

    @pytest.fixture
    def config(self, upstream):
        return oauth2(upstream)

    @pytest.fixture
    def calls(self, config):
        return {
            "token": lambda address: replace(config, token_url=address),
            "profile": lambda address: replace(config, userinfo_url=address),
        }


def sign_in_with(config, parts, upstream, said):
    with serving(says(json.dumps(said).encode())) as server:
        return sign_in(build(replace(config, userinfo_url=server.url("/me")), parts), upstream)


@pytest.mark.parametrize(("number", "subject"), [(1003, "1003"), (0, "0"), (2**70, str(2**70)), ("x-1", "x-1")])
def test_a_number_is_an_id_in_decimal(config, parts, upstream, number, subject):
    identity = sign_in_with(config, parts, upstream, {"id": number})
    assert identity.subject == subject
    assert identity.claims["id"] == subject


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (None, ClaimMissing),
        ("", UpstreamUntrusted),
        (True, UpstreamUntrusted),
        (1003.0, UpstreamUntrusted),
        ([1003], UpstreamUntrusted),
        ({"id": 1003}, UpstreamUntrusted),
        (10**255, UpstreamUntrusted),
    ],
)
def test_anything_else_is_no_id(config, parts, upstream, value, error):
    with pytest.raises(UpstreamError) as caught:
        sign_in_with(config, parts, upstream, {"id": value})
    assert type(caught.value) is error


def test_9_one_number_at_two_servers_is_two_people(config, parts, upstream):
    one, other = (sign_in_with(config, parts, upstream, {"id": 1}) for _ in range(2))
    assert one.subject == other.subject
    assert one.issuer != other.issuer


def test_a_configured_issuer_goes_before_the_address(config, parts, upstream):
    assert sign_in(build(replace(config, issuer="https://op.example"), parts), upstream).issuer == "https://op.example"


def test_a_callback_from_another_issuer_than_the_configured_is_untrusted(config, parts, upstream):
    connector = build(replace(config, issuer="https://op.example"), parts)
    departure = depart(connector)
    params = upstream.approve(departure.handoff.url)
    for error in ({}, {"error": "access_denied"}):
        with pytest.raises(UpstreamUntrusted) as caught:
            arrive(connector, departure, {**params, **error, "iss": "https://elsewhere.example"})
        assert caught.value.evidence["check"] == "callback_iss"
    assert upstream.count("/token") == 0
    assert arrive(connector, departure, {**params, "iss": "https://op.example"}).subject


def test_dotted_names_walk_into_nested_objects(config, parts, upstream):
    config = replace(config, subject_claim="data.id", email_claim="data.mails.first", roles_claim="data.teams.slug")
    said = {"data": {"id": 7, "mails": {"first": "a@b.example"}, "teams": [{"slug": "a"}, {"slug": "b"}]}}
    identity = sign_in_with(config, parts, upstream, said)
    assert (identity.subject, identity.email, identity.roles.values) == ("7", "a@b.example", ("a", "b"))


def test_a_member_of_the_very_name_goes_before_a_path(config, parts, upstream):
    config = replace(config, roles_claim="https://x.example/roles")
    assert sign_in_with(config, parts, upstream, {"id": 1, "https://x.example/roles": ["a"]}).roles.values == ("a",)


@pytest.mark.parametrize("claim", ["email", "mail"])
def test_6_only_a_verified_email_is_vouched_for(config, parts, upstream, claim):
    said = {"id": 1, claim: "a@b.example", "email_verified": True}
    identity = sign_in_with(replace(config, email_claim=claim), parts, upstream, said)
    assert identity.email_vouched is (claim == "email")


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_6_nothing_but_the_value_true_vouches(config, parts, upstream, verified):
    said = {"id": 1, "email": "a@b.example", "email_verified": verified}
    assert not sign_in_with(replace(config, email_claim="email"), parts, upstream, said).email_vouched


def test_what_the_profile_says_of_the_proof_is_not_believed(config, parts, upstream):
    identity = sign_in_with(config, parts, upstream, {"id": 1, "auth_time": 1, "amr": ["mfa"], "sid": "s"})
    assert (identity.amr, identity.session) == ((), None)
    assert "auth_time" not in identity.claims


def test_a_profile_without_an_id_is_named(connector, upstream):
    upstream.fault = Fault.PROFILE_WITHOUT_ID
    with pytest.raises(ClaimMissing) as caught:
        sign_in(connector, upstream)
    assert caught.value.claim == "id"


@pytest.mark.parametrize("address", ["authorize_url", "token_url", "userinfo_url"])
def test_an_address_that_is_not_configured_is_named(config, parts, upstream, address):
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(build(replace(config, **{address: None}), parts), upstream)
    assert caught.value.evidence["member"] == address
