"""The ``ringcentral`` connector: accounts and extensions by number, PKCE and a secret together."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from idp.domain.errors import (
    ClaimMissing,
    UpstreamError,
    UpstreamRefused,
    UpstreamUntrusted,
    WrongOrganisation,
)
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import RINGCENTRAL
from idp.sandbox.platform.people import RINGCENTRAL_ACCOUNT, RINGCENTRAL_OTHER_ACCOUNT
from idp.upstream.connector import Hints, ProviderConfig
from idp.upstream.kinds import build
from tests.contract.connector import REDIRECT_URI, BoundContract, ConnectorContract, depart, sign_in
from tests.outbound.servers import says, serving

KIND = RINGCENTRAL
MANAGER_ROLE = "24"


def ringcentral(upstream, **changes):
    config = ProviderConfig(
        kind="ringcentral",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer="",
        authorize_url=f"{upstream.base}/restapi/oauth/authorize",
        token_url=f"{upstream.base}/restapi/oauth/token",
        api_url=upstream.base,
        scope="",
        tenants=(RINGCENTRAL_ACCOUNT,),
        subject_claim="id",
        email_claim="contact.email",
        first_name_claim="contact.firstName",
        last_name_claim="contact.lastName",
        roles_claim="roles.id",
    )
    return replace(config, **changes)


@pytest.fixture
def config(upstream):
    return ringcentral(upstream)


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


class TestRingCentral(ConnectorContract, BoundContract):
    roles = (MANAGER_ROLE,)
    vouches = False

    @pytest.fixture
    def config(self, upstream):
        return ringcentral(upstream)

    @pytest.fixture
    def calls(self, config):
        return {
            "token": lambda address: replace(config, token_url=address),
            "profile": lambda address: replace(config, api_url=address),
        }

    def key_of(self, upstream, person):
        return f"ringcentral:{RINGCENTRAL_ACCOUNT}", person.subject


def profile(upstream, **changes):
    """The manager's extension as RingCentral gives it."""
    genuine = {
        "id": int(upstream.state.people["manager"].subject),
        "account": {"id": RINGCENTRAL_ACCOUNT},
        "contact": {"firstName": "Alex", "lastName": "Manager", "email": "alex@acme.example"},
        "status": "Enabled",
        "roles": [{"id": 24}],
    }
    return {name: value for name, value in {**genuine, **changes}.items() if value is not None}


def sign_in_with(config, parts, upstream, said):
    with serving(says(json.dumps(said).encode())) as server:
        return sign_in(build(replace(config, api_url=server.url("")), parts), upstream)


def test_the_departure_and_the_exchange_carry_pkce_and_the_secret(connector, upstream):
    departure = depart(connector, hints=Hints(login_hint="a@b.example", ui_locales="nl"))
    assert sorted(departure.sent) == sorted(
        ("response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "ui_locales")
    )
    sign_in(connector, upstream)
    sent = upstream.last("/restapi/oauth/token")
    assert sorted(sent.form) == ["code", "code_verifier", "grant_type", "redirect_uri"]
    assert sent.form["redirect_uri"] == REDIRECT_URI
    assert sent.headers["Authorization"].startswith("Basic ")


def test_somebody_of_another_account_is_refused(connector, upstream):
    with pytest.raises(WrongOrganisation) as caught:
        sign_in(connector, upstream, "other-organisation")
    person, refusal = upstream.state.people["other-organisation"], caught.value
    assert (refusal.pin, refusal.found) == ("account.id", RINGCENTRAL_OTHER_ACCOUNT)
    assert (refusal.subject, refusal.email) == (person.subject, person.email)


def test_an_account_by_number_is_the_same_account(config, parts, upstream):
    said = profile(upstream, account={"id": int(RINGCENTRAL_ACCOUNT)})
    assert sign_in_with(config, parts, upstream, said).organisation == RINGCENTRAL_ACCOUNT


def test_the_pin_goes_before_everything_else_that_is_wrong(config, parts, upstream):
    with pytest.raises(WrongOrganisation):
        sign_in_with(config, parts, upstream, {"account": {"id": 7}, "id": [], "status": "Disabled", "contact": 7})


@pytest.mark.parametrize("status", ["Disabled", "Frozen", "NotActivated", "enabled", "", None])
def test_an_extension_that_is_not_enabled_is_refused(config, parts, upstream, status):
    with pytest.raises(UpstreamRefused):
        sign_in_with(config, parts, upstream, profile(upstream, status=status))


def test_a_disabled_extension_of_the_platform_is_refused(connector, upstream):
    with pytest.raises(UpstreamRefused):
        sign_in(connector, upstream, "inactive")


def test_an_extension_is_known_by_account_and_number(connector, upstream):
    identity = sign_in(connector, upstream)
    assert (identity.organisation, identity.platform_user_id) == (RINGCENTRAL_ACCOUNT, identity.subject)
    assert (identity.given_name, identity.family_name) == ("Alex", "Manager")


def test_a_profile_of_somebody_else_than_the_tokens_owner_is_untrusted(connector, upstream):
    upstream.fault = Fault.PROFILE_OTHER_PERSON
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence["check"] == "owner_id"


def test_6_an_address_is_never_vouched_for_but_by_the_operator(config, parts, upstream):
    said = profile(upstream, email_verified=True)
    assert not sign_in_with(config, parts, upstream, said).email_vouched
    assert sign_in_with(replace(config, trust_email=True), parts, upstream, said).email_vouched


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": None}, ClaimMissing),
        ({"id": True}, UpstreamUntrusted),
        ({"id": 1.5}, UpstreamUntrusted),
        ({"account": None}, ClaimMissing),
        ({"account": {"id": 1.5}}, UpstreamUntrusted),
        ({"contact": "alex"}, UpstreamUntrusted),
        ({"contact": {"email": 7}}, UpstreamUntrusted),
        ({"roles": [{"id": 1.5}]}, UpstreamUntrusted),
        ({"roles": [{"name": "x"}]}, UpstreamUntrusted),
    ],
)
def test_a_profile_of_the_wrong_shape_is_refused(config, parts, upstream, changes, error):
    with pytest.raises(UpstreamError) as caught:
        sign_in_with(config, parts, upstream, profile(upstream, **changes))
    assert type(caught.value) is error


@pytest.mark.parametrize("changes", [{"contact": None}, {"roles": None}, {"roles": []}])
def test_address_and_roles_may_be_missing(config, parts, upstream, changes):
    assert sign_in_with(config, parts, upstream, profile(upstream, **changes)).subject


def test_a_profile_without_an_id_is_named(connector, upstream):
    upstream.fault = Fault.PROFILE_WITHOUT_ID
    with pytest.raises(ClaimMissing) as caught:
        sign_in(connector, upstream)
    assert caught.value.claim == "id"
