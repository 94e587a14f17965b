"""The ``google`` connector: the hosted domain is a claim, never a hint or the end of an address."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.domain.errors import ClaimMissing, UpstreamUnavailable, UpstreamUntrusted, WrongOrganisation
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import GOOGLE
from idp.sandbox.platform.people import GOOGLE_DOMAIN, GOOGLE_OTHER_DOMAIN
from idp.upstream.connector import ProviderConfig
from idp.upstream.google import GROUPS_SCOPE, GoogleIssuer
from idp.upstream.kinds import build
from tests.contract.connector import ConnectorContract, IdTokenContract, arrive, depart, openid_calls, sign_in
from tests.outbound.servers import says, serving

KIND = GOOGLE
SEARCH = "/v1/groups/-/memberships:searchDirectGroups"


def google(upstream, **changes):
    config = ProviderConfig(
        kind="google",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer=upstream.base,
        api_url=upstream.base,
        hosted_domains=(GOOGLE_DOMAIN,),
    )
    return replace(config, **changes)


@pytest.fixture
def config(upstream):
    return google(upstream)


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


@pytest.fixture
def with_groups(config, parts):
    return build(replace(config, roles_claim="groups"), parts)


class TestGoogle(ConnectorContract, IdTokenContract):
    person, colleague, roles = "staff", "staff-2", ()

    @pytest.fixture
    def config(self, upstream):
        return google(upstream)

    @pytest.fixture
    def calls(self, upstream, config):
        config = replace(config, roles_claim="groups")
        # Without the scope email, the address comes from nowhere but userinfo.
        thin = replace(config, scope="openid profile")
        return {
            **openid_calls(upstream, config),
            "userinfo": lambda address: replace(thin, userinfo_url=address),
            "groups": lambda address: replace(config, api_url=address),
        }

    def without_roles(self, connector, upstream):
        return sign_in(connector, upstream, "secondary")

    def unvouched(self, connector, upstream):
        upstream.fault = Fault.EMAIL_VERIFIED_STRING
        return sign_in(connector, upstream, self.person)


# The pin


def _refused(connector, upstream, person="staff"):
    with pytest.raises(WrongOrganisation) as caught:
        sign_in(connector, upstream, person)
    return caught.value


def test_13_the_domain_of_an_address_proves_nothing(connector, upstream):
    """An address at the pinned domain without the claim: whoever bought a lapsed domain has that too."""
    upstream.fault = Fault.NO_HD
    refusal = _refused(connector, upstream)
    person = upstream.state.people["staff"]
    assert (refusal.pin, refusal.found) == ("hd", None)
    assert (refusal.subject, refusal.email) == (person.subject, person.email)
    assert person.email.endswith(f"@{GOOGLE_DOMAIN}")


def test_13_the_claim_is_compared_and_not_the_end_of_the_address(connector, upstream):
    identity = sign_in(connector, upstream, "secondary")
    assert identity.organisation == GOOGLE_DOMAIN
    assert not identity.email.endswith(f"@{GOOGLE_DOMAIN}")
    assert identity.email_vouched


@pytest.mark.parametrize("person", ["other-domain", "consumer"])
def test_14_the_hint_in_the_address_pins_nothing(connector, upstream, person):
    departure = depart(connector)
    assert departure.sent["hd"] == GOOGLE_DOMAIN
    edited = departure.handoff.url.replace(f"&hd={GOOGLE_DOMAIN}", "")
    with pytest.raises(WrongOrganisation):
        arrive(connector, departure, upstream.approve(edited, person))


def test_14_a_hosted_domain_in_the_callback_is_not_looked_at(connector, upstream):
    departure = depart(connector)
    params = upstream.approve(departure.handoff.url, "other-domain")
    with pytest.raises(WrongOrganisation) as caught:
        arrive(connector, departure, {**params, "hd": GOOGLE_DOMAIN})
    assert caught.value.found == GOOGLE_OTHER_DOMAIN


def test_15_a_hosted_domain_that_is_a_list_is_no_pin(connector, upstream):
    upstream.fault = Fault.HD_AS_LIST
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream, "staff")
    assert caught.value.evidence["claim"] == "hd"


@pytest.mark.parametrize("domains", [(), (f"x{GOOGLE_DOMAIN}",), (GOOGLE_DOMAIN[1:],), (GOOGLE_DOMAIN.upper(),)])
def test_15_a_domain_is_pinned_to_the_letter_and_nothing_pins_nobody_in(config, parts, upstream, domains):
    assert _refused(build(replace(config, hosted_domains=domains), parts), upstream).found == GOOGLE_DOMAIN


def test_the_pin_goes_before_everything_else_that_is_wrong(config, parts, upstream):
    connector = build(replace(config, roles_claim="groups", api_url="http://127.0.0.1:9"), parts)
    assert _refused(connector, upstream, "other-domain").found == GOOGLE_OTHER_DOMAIN


def test_several_domains_are_offered_as_any_and_compared_each(config, parts, upstream):
    connector = build(replace(config, hosted_domains=(GOOGLE_DOMAIN, GOOGLE_OTHER_DOMAIN)), parts)
    assert depart(connector).sent["hd"] == "*"
    assert sign_in(connector, upstream, "other-domain").organisation == GOOGLE_OTHER_DOMAIN
    _refused(connector, upstream, "consumer")


def test_any_account_is_let_through_when_asked_for(config, parts, upstream):
    connector = build(replace(config, hosted_domains=(), any_google_account=True), parts)
    assert "hd" not in depart(connector).sent
    consumer = sign_in(connector, upstream, "consumer")
    assert (consumer.organisation, consumer.email_vouched) == (None, True)


def test_an_address_that_google_does_not_host_is_not_vouched_for(config, parts, upstream):
    """Of a consumer account with an address elsewhere, which Google once mailed, and never again."""
    connector = build(replace(config, hosted_domains=(), any_google_account=True), parts)
    upstream.fault = Fault.NO_HD
    identity = sign_in(connector, upstream, "staff")
    assert identity.email.endswith(GOOGLE_DOMAIN)
    assert not identity.email_vouched


# Who it was


def test_13_a_new_owner_of_an_address_is_somebody_else(connector, upstream):
    old, new = (sign_in(connector, upstream, person) for person in ("staff", "newcomer-same-address"))
    assert old.email == new.email
    assert old.subject != new.subject


def test_the_email_may_change_and_the_person_stays(connector, upstream):
    before = sign_in(connector, upstream, "staff")
    upstream.fault = Fault.CHANGED_EMAIL
    after = sign_in(connector, upstream, "staff")
    assert before.email != after.email
    assert (before.issuer, before.subject) == (after.issuer, after.subject)


@pytest.mark.parametrize(
    ("document", "iss", "admitted"),
    [
        ("https://accounts.google.com", "https://accounts.google.com", True),
        ("https://accounts.google.com", "accounts.google.com", True),
        ("https://accounts.google.com", "http://accounts.google.com", False),
        ("https://accounts.google.com", "https://accounts.google.com/", False),
        ("https://accounts.google.com", None, False),
        ("https://op.example", "op.example", False),
    ],
)
def test_googles_own_issuer_has_two_spellings_and_no_other_has(document, iss, admitted):
    assert GoogleIssuer(document).admits_token({"iss": iss}, document=document) is admitted


def test_another_issuer_without_its_scheme_is_untrusted(connector, upstream):
    upstream.fault = Fault.LEGACY_ISSUER
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream, "staff")
    assert caught.value.evidence["check"] == "iss"


def test_the_operators_word_vouches_too(config, parts, upstream):
    upstream.fault = Fault.EMAIL_VERIFIED_STRING
    assert sign_in(build(replace(config, trust_email=True), parts), upstream, "staff").email_vouched


# Groups


def test_16_groups_come_without_delegation_from_cloud_identity(with_groups, upstream):
    assert GROUPS_SCOPE in depart(with_groups).sent["scope"].split()
    identity = sign_in(with_groups, upstream, "staff")
    assert identity.roles.claim == "groups"
    assert identity.roles.values == upstream.state.people["staff"].groups
    assert identity.claims["groups"] == list(identity.roles.values)


def test_16_groups_that_google_refuses_to_tell_are_named_as_missing(with_groups, upstream):
    upstream.fault = Fault.GROUPS_REFUSED
    with pytest.raises(ClaimMissing) as caught:
        sign_in(with_groups, upstream, "staff")
    assert caught.value.claim == "groups"


@pytest.mark.parametrize("person", ["staff", "secondary"])
def test_17_somebody_of_any_of_the_domains_is_asked_for_by_their_own_address(with_groups, upstream, person):
    identity = sign_in(with_groups, upstream, person)
    assert identity.roles.values == upstream.state.people[person].groups


def test_17_every_page_of_groups_is_read(with_groups, upstream):
    upstream.state.groups_page_size = 1
    assert sign_in(with_groups, upstream, "staff").roles.values == upstream.state.people["staff"].groups
    assert upstream.count(SEARCH) == 2


def test_17_groups_without_an_end_are_given_up(config, parts, upstream):
    endless = says(b'{"memberships": [{"groupKey": {"id": "g@x.example"}}], "nextPageToken": "again"}')
    with serving(endless) as server:
        connector = build(replace(config, roles_claim="groups", api_url=server.url("")), parts)
        with pytest.raises(ClaimMissing) as caught:
            sign_in(connector, upstream, "staff")
    assert caught.value.claim == "groups"
    assert len(server.requests) == 20


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"memberships": {}}', UpstreamUntrusted),
        (b'{"memberships": ["g"]}', UpstreamUntrusted),
        (b'{"memberships": [{"groupKey": {}}]}', ClaimMissing),
        (b'{"memberships": [{"groupKey": {"id": 7}}]}', UpstreamUntrusted),
        (b'{"memberships": [], "nextPageToken": 7}', UpstreamUntrusted),
        (b"[]", UpstreamUnavailable),
    ],
)
def test_groups_of_the_wrong_shape_are_refused(config, parts, upstream, body, error):
    with serving(says(body)) as server:
        connector = build(replace(config, roles_claim="groups", api_url=server.url("")), parts)
        with pytest.raises(error):
            sign_in(connector, upstream, "staff")


def test_an_address_cannot_end_the_query_it_stands_in(config, parts, upstream):
    awkward = replace(upstream.state.people["staff"], key="awkward", email="o'neil\\@deepdesk.example")
    upstream.state.people["awkward"] = awkward
    try:
        with serving(says(b"{}")) as server:
            connector = build(replace(config, roles_claim="groups", api_url=server.url("")), parts)
            assert sign_in(connector, upstream, "awkward").roles.values == ()
    finally:
        del upstream.state.people["awkward"]
    target = server.requests[0].split()[1].decode()
    (query,) = parse_qs(urlsplit(target).query)["query"]
    assert query.startswith("member_key_id == 'o\\'neil\\\\@deepdesk.example' && ")


def test_groups_are_not_asked_for_unless_they_are_the_roles(connector, upstream):
    sign_in(connector, upstream, "staff")
    assert upstream.count(SEARCH) == 0
    assert GROUPS_SCOPE not in depart(connector).sent["scope"]
