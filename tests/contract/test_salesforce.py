"""The ``salesforce`` connector: the organisation and the user by userinfo, whatever the issuer is called."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from idp.domain.errors import ClaimMissing, UpstreamError, UpstreamRefused, UpstreamUntrusted, WrongOrganisation
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import SALESFORCE
from idp.sandbox.platform.people import SALESFORCE_ORGANISATION, SALESFORCE_OTHER_ORGANISATION
from idp.upstream.connector import ProviderConfig
from idp.upstream.kinds import build
from idp.upstream.salesforce import SalesforceIssuer
from tests.contract.connector import ConnectorContract, IdTokenContract, openid_calls, sign_in
from tests.outbound.servers import says, serving

KIND = SALESFORCE
USERINFO = "/services/oauth2/userinfo"


def salesforce(upstream, **changes):
    config = ProviderConfig(
        kind="salesforce",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer=upstream.base,
        scope="openid profile email custom_permissions",
        tenants=(SALESFORCE_ORGANISATION,),
        subject_claim="user_id",
        roles_claim="custom_permissions",
    )
    return replace(config, **changes)


@pytest.fixture
def config(upstream):
    return salesforce(upstream)


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


class SalesforceContract(ConnectorContract, IdTokenContract):
    @pytest.fixture
    def config(self, upstream):
        return salesforce(upstream)

    @pytest.fixture
    def calls(self, upstream, config):
        return openid_calls(upstream, config)

    def key_of(self, upstream, person):
        return f"salesforce:{SALESFORCE_ORGANISATION}", person.subject


class TestSalesforce(SalesforceContract):
    pass


class TestBehindTheLoginHost(SalesforceContract):
    @pytest.fixture
    def upstream(self, platform):
        platform.state.login_issuer = True
        return platform


class TestWithPermissionsAsAList(SalesforceContract):
    @pytest.fixture
    def upstream(self, platform):
        platform.state.permissions_as_list = True
        return platform


def sign_in_with(config, parts, upstream, **changes):
    """Sign the manager in while userinfo says something else about them."""
    person = upstream.state.people["manager"]
    said = {
        "sub": f"{upstream.base}/id/{person.tenant}/{person.subject}",
        "user_id": person.subject,
        "organization_id": person.tenant,
        "active": True,
        "email": person.email,
        "email_verified": True,
        **changes,
    }
    body = json.dumps({name: value for name, value in said.items() if value is not None}).encode()
    with serving(says(body)) as server:
        return sign_in(build(replace(config, userinfo_url=server.url()), parts), upstream)


def test_userinfo_is_always_asked(connector, upstream):
    sign_in(connector, upstream)
    assert upstream.count(USERINFO) == 1


def test_userinfo_of_somebody_else_is_untrusted(connector, upstream):
    upstream.fault = Fault.WRONG_USERINFO_SUB
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence["check"] == "userinfo_sub"


def test_somebody_of_another_organisation_is_refused(connector, upstream):
    with pytest.raises(WrongOrganisation) as caught:
        sign_in(connector, upstream, "other-organisation")
    person, refusal = upstream.state.people["other-organisation"], caught.value
    assert (refusal.pin, refusal.found) == ("organization_id", SALESFORCE_OTHER_ORGANISATION)
    assert (refusal.subject, refusal.email) == (person.subject, person.email)


def test_the_pin_goes_before_everything_else_that_is_wrong(config, parts, upstream):
    with pytest.raises(WrongOrganisation):
        sign_in_with(config, parts, upstream, organization_id="elsewhere", active=False, user_id=7, email=7)


def test_the_id_token_does_not_name_the_organisation(config, parts, upstream):
    """Custom attributes may stand there under any name; userinfo is Salesforce's own word."""
    with pytest.raises(ClaimMissing) as caught:
        sign_in_with(config, parts, upstream, organization_id=None)
    assert caught.value.claim == "organization_id"


@pytest.mark.parametrize(
    ("active", "error"),
    [(None, ClaimMissing), (False, UpstreamRefused), ("true", UpstreamRefused), (1, UpstreamRefused)],
)
def test_whoever_is_not_active_is_refused(config, parts, upstream, active, error):
    with pytest.raises(UpstreamError) as caught:
        sign_in_with(config, parts, upstream, active=active)
    assert type(caught.value) is error


def test_an_inactive_user_of_the_platform_is_refused(connector, upstream):
    with pytest.raises(UpstreamRefused):
        sign_in(connector, upstream, "inactive")


def test_a_user_is_known_by_organisation_and_user_id(connector, upstream):
    identity = sign_in(connector, upstream)
    assert (identity.organisation, identity.platform_user_id) == (SALESFORCE_ORGANISATION, identity.subject)
    assert identity.claims["organization_id"] == SALESFORCE_ORGANISATION


@pytest.mark.parametrize(
    ("permissions", "values"),
    [
        (["a", "b"], ("a", "b")),
        ({"a": True, "b": False, "c": "0xs"}, ("a", "c")),
        ({}, ()),
        ([], ()),
        ("a", ("a",)),
        (None, ()),
    ],
)
def test_permissions_are_a_list_or_an_object(config, parts, upstream, permissions, values):
    # Without the scope, the ID token has none of its own.
    config = replace(config, scope="openid profile email")
    assert sign_in_with(config, parts, upstream, custom_permissions=permissions).roles.values == values


@pytest.mark.parametrize("permissions", [7, ["a", 7], [{"a": True}], {"x" * 256: True}])
def test_permissions_of_the_wrong_shape_are_refused(config, parts, upstream, permissions):
    with pytest.raises(UpstreamUntrusted):
        sign_in_with(config, parts, upstream, custom_permissions=permissions)


@pytest.mark.parametrize("verified", [None, False, "true"])
def test_6_an_address_counts_only_when_salesforce_says_that_it_is_verified(config, parts, upstream, verified):
    assert not sign_in_with(config, parts, upstream, email_verified=verified).email_vouched
    trusting = replace(config, trust_email=True)
    assert sign_in_with(trusting, parts, upstream, email_verified=verified).email_vouched


@pytest.mark.parametrize(
    ("said", "admitted"),
    [
        ("https://acme.my.salesforce.com", True),
        ("https://acme.my.salesforce.com/login", True),
        ("https://login.salesforce.com", True),
        ("https://test.salesforce.com", True),
        ("http://login.salesforce.com", False),
        ("https://login.salesforce.com.example", False),
        ("https://umbrella.my.salesforce.com", False),
        ("http://acme.my.salesforce.com", False),
        ("https://acme.my.salesforce.com:8443", False),
        ("", False),
    ],
)
def test_the_document_names_its_own_host_or_salesforces(said, admitted):
    assert SalesforceIssuer("https://acme.my.salesforce.com").admits_document(said) is admitted


def test_the_token_follows_the_document_and_no_other(config, parts, upstream):
    """The document says the login host, the token the customer's own."""
    upstream.state.metadata_changes = {"issuer": f"{upstream.base}/login"}
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(build(config, parts), upstream)
    assert caught.value.evidence["check"] == "iss"
