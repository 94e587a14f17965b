"""The ``genesys`` connector: a pair of hosts, an organisation, and nobody who vouches for an address."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from idp.domain.errors import (
    ClaimMissing,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
    UpstreamUntrusted,
    WrongOrganisation,
)
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import GENESYS
from idp.sandbox.platform.people import GENESYS_ORGANISATION, GENESYS_OTHER_ORGANISATION, GENESYS_ROLE_IDS
from idp.upstream.connector import Hints, ProviderConfig
from idp.upstream.kinds import build
from tests.contract.connector import REDIRECT_URI, TROUBLES, ConnectorContract, arrive, depart, sign_in, told
from tests.outbound.servers import says, serving

KIND = GENESYS
PROFILE = "/api/v2/users/me"
TOKEN_FACTS = "/api/v2/tokens/me"


def genesys(upstream, **changes):
    config = ProviderConfig(
        kind="genesys",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer="",
        authorize_url=f"{upstream.base}/oauth/authorize",
        token_url=f"{upstream.base}/oauth/token",
        api_url=upstream.state.api_base,
        scope="",
        tenants=(GENESYS_ORGANISATION,),
        subject_claim="id",
        roles_claim="authorization.roles.name",
    )
    return replace(config, **changes)


@pytest.fixture
def config(upstream):
    return genesys(upstream)


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


class TestGenesys(ConnectorContract):
    vouches = False

    @pytest.fixture
    def config(self, upstream):
        return genesys(upstream)

    @pytest.fixture
    def calls(self, config):
        return {
            "token": lambda address: replace(config, token_url=address),
            "profile": lambda address: replace(config, api_url=address),
        }

    def key_of(self, upstream, person):
        return f"genesys:{GENESYS_ORGANISATION}", person.subject


def profile(**changes):
    """A profile as Genesys Cloud gives it."""
    genuine = {
        "id": "u-1",
        "name": "Alex Manager",
        "email": "alex@acme.example",
        "state": "active",
        "organization": {"id": GENESYS_ORGANISATION},
        "authorization": {"roles": [{"id": "r-1", "name": "deepdesk.manager"}]},
    }
    return {name: value for name, value in {**genuine, **changes}.items() if value is not None}


def api(answers):
    """Answer each path with what ``answers`` holds for it: a speech, or an object."""

    def speak(connection, request):
        path = request.split()[1].decode().partition("?")[0]
        answer = answers[path]
        speech = answer if callable(answer) else says(json.dumps(answer).encode())
        speech(connection, request)

    return speak


def sign_in_with(config, parts, upstream, said, facts=None):
    with serving(api({PROFILE: said, TOKEN_FACTS: {} if facts is None else facts})) as server:
        return sign_in(build(replace(config, api_url=server.url("")), parts), upstream)


# Departure and exchange


def test_the_departure_asks_as_genesys_documents(connector, upstream):
    departure = depart(connector, hints=Hints(login_hint="a@b.example", ui_locales="nl"))
    assert departure.handoff.url.startswith(f"{upstream.base}/oauth/authorize?")
    assert departure.sent == {
        "response_type": "code",
        "client_id": upstream.client_id,
        "redirect_uri": REDIRECT_URI,
        "state": departure.state,
        "login_hint": "a@b.example",
    }
    assert departure.handoff.remember == {}


def test_the_exchange_is_with_basic_credentials_and_without_pkce(connector, upstream):
    sign_in(connector, upstream)
    sent = upstream.last("/oauth/token")
    assert sorted(sent.form) == ["code", "grant_type", "redirect_uri"]
    assert sent.headers["Authorization"].startswith("Basic ")


def test_25_login_and_api_are_two_hosts_and_neither_is_guessed(connector, config, upstream):
    assert upstream.base != config.api_url
    sign_in(connector, upstream)
    login, api_host = (address.partition("://")[2] for address in (upstream.base, config.api_url))
    hosts = {seen.path: seen.headers["Host"] for seen in upstream.requests if seen.method == "GET"}
    assert upstream.last("/oauth/token").headers["Host"] == login
    assert hosts[PROFILE] == hosts[TOKEN_FACTS] == api_host


def test_25_the_login_host_does_not_serve_the_api(config, parts, upstream):
    with pytest.raises(UpstreamUntrusted):
        sign_in(build(replace(config, api_url=upstream.base), parts), upstream)


# The pin


def test_somebody_of_another_organisation_is_refused(connector, upstream):
    with pytest.raises(WrongOrganisation) as caught:
        sign_in(connector, upstream, "other-organisation")
    person, refusal = upstream.state.people["other-organisation"], caught.value
    assert (refusal.pin, refusal.found) == ("organization.id", GENESYS_OTHER_ORGANISATION)
    assert (refusal.subject, refusal.email) == (person.subject, person.email)


@pytest.mark.parametrize("tenants", [(), (GENESYS_ORGANISATION.upper(),), (GENESYS_ORGANISATION[:-1],)])
def test_an_organisation_is_pinned_to_the_letter(config, parts, upstream, tenants):
    with pytest.raises(WrongOrganisation):
        sign_in(build(replace(config, tenants=tenants), parts), upstream)


def test_the_pin_goes_before_everything_else_that_is_wrong(config, parts, upstream):
    said = profile(state="deleted", id=7, email=7, organization={"id": "elsewhere"}, authorization=7)
    with pytest.raises(WrongOrganisation) as caught:
        sign_in_with(config, parts, upstream, said)
    assert (caught.value.subject, caught.value.email) == (None, None)


def test_a_profile_without_organisation_is_named(connector, upstream):
    upstream.fault = Fault.MISSING_ORGANIZATION
    with pytest.raises(ClaimMissing) as caught:
        sign_in(connector, upstream)
    assert caught.value.claim == "organization.id"


def test_a_partners_clone_is_refused(connector, upstream):
    with pytest.raises(WrongOrganisation) as caught:
        sign_in(connector, upstream, "clone")
    assert (caught.value.pin, caught.value.found) == ("homeOrganization.id", GENESYS_OTHER_ORGANISATION)


def test_a_clone_from_another_pinned_organisation_is_let_in(config, parts, upstream):
    both = replace(config, tenants=(GENESYS_ORGANISATION, GENESYS_OTHER_ORGANISATION))
    assert sign_in(build(both, parts), upstream, "clone").organisation == GENESYS_ORGANISATION


@pytest.mark.parametrize("cloned", [{}, {"id": "u"}, {"organization": {}}, {"organization": {"id": 7}}, "yes"])
def test_a_clone_of_an_unknown_home_is_refused(config, parts, upstream, cloned):
    with pytest.raises(WrongOrganisation):
        sign_in_with(config, parts, upstream, profile(), {"clonedUser": cloned})


@pytest.mark.parametrize("status", ["401 Who", "403 No", "404 Where"])
def test_token_facts_that_are_not_ours_to_read_decide_nothing(config, parts, upstream, status):
    assert sign_in_with(config, parts, upstream, profile(), says(b"{}", status=status)).subject == "u-1"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_token_facts_in_trouble_are_unavailable(config, hasty_parts, upstream, trouble):
    with pytest.raises(UpstreamUnavailable):
        sign_in_with(config, hasty_parts, upstream, profile(), TROUBLES[trouble])


# Who it was


def test_a_user_is_known_by_organisation_and_id(connector, upstream):
    identity = sign_in(connector, upstream)
    assert identity.organisation == GENESYS_ORGANISATION
    assert identity.platform_user_id == identity.subject == upstream.state.people["manager"].subject
    assert identity.claims["organization.id"] == GENESYS_ORGANISATION


def test_11_one_user_id_in_two_organisations_is_two_people(config, parts, upstream):
    both = replace(config, tenants=(GENESYS_ORGANISATION, "org-2"))
    one = sign_in_with(both, parts, upstream, profile())
    other = sign_in_with(both, parts, upstream, profile(organization={"id": "org-2"}))
    assert one.subject == other.subject
    assert one.issuer != other.issuer


@pytest.mark.parametrize("state", ["inactive", "deleted", "Active", "", None])
def test_a_user_who_is_not_active_is_refused(config, parts, upstream, state):
    with pytest.raises(UpstreamRefused):
        sign_in_with(config, parts, upstream, profile(state=state))


def test_an_inactive_user_of_the_platform_is_refused(connector, upstream):
    with pytest.raises(UpstreamRefused):
        sign_in(connector, upstream, "inactive")


def test_6_an_address_is_never_vouched_for_but_by_the_operator(config, parts, upstream):
    said = profile(email_verified=True)
    assert not sign_in_with(config, parts, upstream, said).email_vouched
    assert sign_in_with(replace(config, trust_email=True), parts, upstream, said).email_vouched
    other_claim = replace(config, trust_email=True, email_claim="username")
    assert not sign_in_with(other_claim, parts, upstream, profile(username="a@b.example")).email_vouched


def test_roles_go_by_name_or_by_id(config, parts, upstream):
    by_id = replace(config, roles_claim="authorization.roles.id")
    identity = sign_in(build(by_id, parts), upstream, "renamed-role")
    assert identity.roles.values == (GENESYS_ROLE_IDS["deepdesk.agent"],)
    assert identity.roles.claim == "authorization.roles.id"


def test_roles_without_the_names_that_were_configured_are_refused(connector, upstream):
    upstream.fault = Fault.ROLES_AS_IDS
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence["claim"] == "authorization.roles.name"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": None}, ClaimMissing),
        ({"id": ""}, UpstreamUntrusted),
        ({"id": ["u"]}, UpstreamUntrusted),
        ({"email": 7}, UpstreamUntrusted),
        ({"organization": "acme"}, UpstreamUntrusted),
        ({"organization": {"id": ["o"]}}, UpstreamUntrusted),
        ({"authorization": "all"}, UpstreamUntrusted),
        ({"authorization": {"roles": "all"}}, UpstreamUntrusted),
        ({"authorization": {"roles": ["all"]}}, UpstreamUntrusted),
        ({"authorization": {"roles": [{"name": ["x"]}]}}, UpstreamUntrusted),
    ],
)
def test_a_profile_of_the_wrong_shape_is_refused(config, parts, upstream, changes, error):
    with pytest.raises(UpstreamError) as caught:
        sign_in_with(config, parts, upstream, profile(**changes))
    assert type(caught.value) is error


def test_a_profile_that_refuses_the_token_is_untrusted(connector, upstream):
    upstream.fault = Fault.PROFILE_UNAUTHORISED
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence == {"endpoint": "profile", "status": 401}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{}", UpstreamUntrusted),
        (b'{"access_token": ""}', UpstreamUntrusted),
        (b'{"access_token": ["a"]}', UpstreamUntrusted),
        (b'{"access_token": "a\\r\\nX: y"}', UpstreamUntrusted),
        (b'{"error": "bad_verification_code"}', UpstreamUntrusted),
        (b"access_token=a", UpstreamUnavailable),
    ],
)
def test_an_exchange_without_a_usable_token_is_told_apart(config, parts, upstream, body, error):
    with serving(says(body)) as server, pytest.raises(UpstreamError) as caught:
        sign_in(build(replace(config, token_url=server.url()), parts), upstream)
    assert type(caught.value) is error


def test_an_error_in_the_callback_asks_for_nothing(connector, upstream):
    departure = depart(connector)
    with pytest.raises(UpstreamRefused):
        arrive(connector, departure, {"state": departure.state, "error": "access_denied"})
    assert not upstream.requests


# Check


def test_the_check_says_which_host_sleeps(config, parts):
    config = replace(config, api_url="http://127.0.0.1:9")
    (problem,) = told(build(config, parts))
    assert problem.startswith("127.0.0.1:9 cannot be reached: ")
    assert "Check --api-url" in problem


def test_the_check_says_which_host_is_broken(config, parts):
    with serving(says(b"{}", status="503 Later")) as server:
        (problem,) = told(build(replace(config, token_url=server.url("/oauth/token")), parts))
    assert problem == f"127.0.0.1:{server.port} answers with status 503. Check --token-url, or ask the provider."


def test_the_check_without_an_address_asks_for_one(config, parts):
    assert told(build(replace(config, api_url=None), parts)) == ("The provider has no --api-url; give one.",)
