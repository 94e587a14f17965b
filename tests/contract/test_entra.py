"""The ``entra`` connector: tenants, object ids, and claims that vanish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.errors import ClaimMissing, UpstreamUnavailable, UpstreamUntrusted, WrongOrganisation
from idp.sandbox.platform import Fault
from idp.sandbox.platform.kinds import ENTRA
from idp.sandbox.platform.people import ENTRA_CONSUMERS, ENTRA_OTHER_TENANT, ENTRA_TENANT
from idp.upstream.connector import ProviderConfig
from idp.upstream.entra import EntraIssuer
from idp.upstream.kinds import build
from tests.contract.connector import ConnectorContract, IdTokenContract, arrive, depart, openid_calls, sign_in, told
from tests.outbound.servers import says, serving
from tests.support.platform import CLIENT_ID

KIND = ENTRA
GRAPH = "/graph/v1.0/me/getMemberObjects"
GRAPH_SCOPE = "openid profile email https://graph.microsoft.com/User.Read"


def issuer(upstream, tenant=ENTRA_TENANT):
    return f"{upstream.base}/{tenant}/v2.0"


def entra(upstream, **changes):
    """One tenant, named by the issuer."""
    config = ProviderConfig(
        kind="entra",
        client_id=upstream.client_id,
        client_secret=upstream.client_secret,
        issuer=issuer(upstream),
        api_url=f"{upstream.base}/graph",
        tenants=(ENTRA_TENANT,),
        subject_claim="oid",
    )
    return replace(config, **changes)


@pytest.fixture
def config(upstream):
    return entra(upstream)


@pytest.fixture
def connector(config, parts):
    return build(config, parts)


@pytest.fixture(params=["organizations", "common"])
def of_several(request, upstream, parts):
    """Two tenants behind the issuer that stands for all."""
    config = entra(upstream, issuer=issuer(upstream, request.param), tenants=(ENTRA_TENANT, ENTRA_OTHER_TENANT))
    return build(config, parts)


@pytest.fixture
def by_groups(config, parts):
    return build(replace(config, roles_claim="groups", scope=GRAPH_SCOPE), parts)


class EntraContract(ConnectorContract, IdTokenContract):
    @pytest.fixture
    def calls(self, upstream, config):
        upstream.fault = Fault.HASGROUPS
        config = replace(config, roles_claim="groups", scope=GRAPH_SCOPE)
        # Without the scope email, the address comes from nowhere but userinfo.
        silent = replace(config, scope="openid profile")
        calls = openid_calls(upstream, config)
        divert_userinfo = openid_calls(upstream, silent)["userinfo"]
        return {**calls, "userinfo": divert_userinfo, "groups": lambda address: replace(config, api_url=address)}

    def key_of(self, upstream, person):
        return issuer(upstream, person.tenant), person.subject


class TestOneTenant(EntraContract):
    @pytest.fixture
    def config(self, upstream):
        return entra(upstream)


class TestSeveralTenants(EntraContract):
    @pytest.fixture
    def config(self, upstream):
        tenants = (ENTRA_TENANT, ENTRA_OTHER_TENANT)
        return entra(upstream, issuer=issuer(upstream, "organizations"), tenants=tenants)


# Tenants


def _refused(connector, upstream, person):
    with pytest.raises(WrongOrganisation) as caught:
        sign_in(connector, upstream, person)
    assert caught.value.pin == "tid"
    return caught.value


def test_the_right_role_in_the_wrong_tenant_is_refused(upstream, parts):
    connector = build(entra(upstream, issuer=issuer(upstream, "organizations")), parts)
    refusal = _refused(connector, upstream, "other-tenant")
    person = upstream.state.people["other-tenant"]
    assert "deepdesk.manager" in person.roles
    assert (refusal.found, refusal.subject, refusal.email) == (ENTRA_OTHER_TENANT, person.subject, person.email)


def test_somebody_of_another_tenant_is_refused_at_one_tenants_issuer(connector, upstream):
    assert _refused(connector, upstream, "other-tenant").found == ENTRA_OTHER_TENANT


@pytest.mark.parametrize("tenants", [(), (ENTRA_OTHER_TENANT,)])
def test_without_the_tenant_in_the_list_nobody_comes(upstream, parts, tenants):
    connector = build(entra(upstream, issuer=issuer(upstream, "organizations"), tenants=tenants), parts)
    assert _refused(connector, upstream, "manager").found == ENTRA_TENANT


def test_the_issuer_alone_pins_its_tenant(upstream, parts):
    connector = build(entra(upstream, tenants=()), parts)
    assert sign_in(connector, upstream).organisation == ENTRA_TENANT
    assert _refused(connector, upstream, "other-tenant").found == ENTRA_OTHER_TENANT


def test_a_list_does_not_widen_one_tenants_issuer(upstream, parts):
    connector = build(entra(upstream, tenants=(ENTRA_TENANT, ENTRA_OTHER_TENANT)), parts)
    assert _refused(connector, upstream, "other-tenant").found == ENTRA_OTHER_TENANT


def test_private_accounts_are_refused_unless_listed(of_several, upstream, parts):
    assert _refused(of_several, upstream, "consumer").found == ENTRA_CONSUMERS
    config = entra(upstream, issuer=issuer(upstream, "common"), tenants=(ENTRA_CONSUMERS,))
    assert sign_in(build(config, parts), upstream, "consumer").organisation == ENTRA_CONSUMERS


def test_the_pin_goes_before_everything_else_that_is_wrong(upstream, parts):
    config = entra(upstream, roles_claim="groups", api_url="http://127.0.0.1:9", scope="openid profile")
    assert _refused(build(config, parts), upstream, "other-tenant").email is None


def test_18_the_tenant_of_the_token_takes_the_placeholders_place(of_several, upstream):
    for person, tenant in (("manager", ENTRA_TENANT), ("other-tenant", ENTRA_OTHER_TENANT)):
        identity = sign_in(of_several, upstream, person)
        assert (identity.issuer, identity.organisation) == (issuer(upstream, tenant), tenant)


@pytest.mark.parametrize("fault", [Fault.TENANTID_LITERAL, Fault.TENANT_COMMON, Fault.ISS_TID_MISMATCH])
def test_18_an_issuer_that_is_not_the_tenants_own_is_untrusted(of_several, upstream, fault):
    upstream.fault = fault
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(of_several, upstream)
    assert caught.value.evidence["check"] == "iss"


@pytest.mark.parametrize("fault", [Fault.TENANTID_LITERAL, Fault.TENANT_COMMON, Fault.ISS_TID_MISMATCH])
def test_20_the_issuer_is_compared_for_one_tenant_too(connector, upstream, fault):
    upstream.fault = fault
    with pytest.raises(UpstreamUntrusted) as caught:
        sign_in(connector, upstream)
    assert caught.value.evidence["check"] == "iss"


@pytest.mark.parametrize("tenant", ["{tenantid}", "common", "organizations", "", "x/../y", None, 7, ["a"]])
def test_18_no_tenant_is_named_by_what_is_no_tenants_id(tenant):
    rule = EntraIssuer("https://login.example/organizations/v2.0")
    template = "https://login.example/{tenantid}/v2.0"
    claims = {"tid": tenant, "iss": template.replace("{tenantid}", str(tenant))}
    assert not rule.admits_token(claims, document=template)


@pytest.mark.parametrize(
    ("configured", "said", "admitted"),
    [
        ("organizations", "{tenantid}", True),
        ("common", "{tenantid}", True),
        (ENTRA_TENANT, ENTRA_TENANT, True),
        (ENTRA_TENANT, "{tenantid}", False),
        (ENTRA_TENANT, ENTRA_OTHER_TENANT, False),
        ("organizations", ENTRA_TENANT, False),
        ("{tenantid}", "{tenantid}", True),
        (ENTRA_CONSUMERS, ENTRA_CONSUMERS, True),
        ("contoso.example", ENTRA_TENANT, False),
    ],
)
def test_19_a_template_stands_for_many_only_where_many_were_asked_for(configured, said, admitted):
    address = "https://login.example/{}/v2.0".format
    assert EntraIssuer(address(configured)).admits_document(address(said)) is admitted


@pytest.mark.parametrize("said", ["https://login.example/{tenantid}/", "https://elsewhere.example/{tenantid}/v2.0"])
def test_19_a_template_on_another_host_or_of_another_version_is_refused(said):
    assert not EntraIssuer("https://login.example/organizations/v2.0").admits_document(said)


def test_20_a_document_of_another_issuer_is_untrusted_and_both_are_named(connector, upstream):
    other = issuer(upstream, ENTRA_OTHER_TENANT)
    upstream.state.metadata_changes = {"issuer": other}
    with pytest.raises(UpstreamUntrusted) as caught:
        depart(connector)
    assert (caught.value.evidence["configured"], caught.value.evidence["found"]) == (issuer(upstream), other)
    (problem,) = told(connector)
    assert other in problem
    assert issuer(upstream) in problem


@pytest.mark.parametrize(
    ("found", "admitted"),
    [
        (f"https://login.example/{ENTRA_TENANT}/v2.0", True),
        ("https://login.example/{tenantid}/v2.0", True),
        ("https://login.example/common/v2.0", False),
        (f"https://elsewhere.example/{ENTRA_TENANT}/v2.0", False),
        ("https://login.example/", False),
        ("", False),
    ],
)
def test_a_callback_names_one_of_the_authoritys_tenants(found, admitted):
    rule = EntraIssuer("https://login.example/organizations/v2.0")
    assert rule.admits_callback(found, document="https://login.example/{tenantid}/v2.0") is admitted


def test_a_guest_is_known_in_the_tenant_they_visit(connector, upstream):
    identity = sign_in(connector, upstream, "guest")
    assert identity.organisation == ENTRA_TENANT
    assert not identity.email_vouched


# Who it was


def test_7_another_registration_changes_the_sub_and_nobody(upstream, parts):
    seen = []
    for client_id in (CLIENT_ID, "registered-anew"):
        clients = upstream.state.clients
        upstream.state.clients = {**clients, client_id: replace(clients[CLIENT_ID], client_id=client_id)}
        try:
            seen.append(sign_in(build(entra(upstream, client_id=client_id), parts), upstream))
        finally:
            upstream.state.clients = clients
    old, new = seen
    assert (old.issuer, old.subject) == (new.issuer, new.subject)
    assert old.subject == upstream.state.people["manager"].subject


def test_7_a_configured_subject_does_not_bring_the_pairwise_one_back(upstream, parts):
    identity = sign_in(build(entra(upstream, subject_claim="sub"), parts), upstream)
    assert identity.subject == upstream.state.people["manager"].subject


def test_7_a_token_without_the_object_id_is_refused_by_its_name(connector, upstream):
    upstream.fault = Fault.NO_OID
    with pytest.raises(ClaimMissing) as caught:
        sign_in(connector, upstream)
    assert caught.value.claim == "oid"


def test_11_one_object_id_in_two_tenants_is_two_people(of_several, upstream):
    people = upstream.state.people
    upstream.state.people = {**people, "twin": replace(people["manager"], key="twin", tenant=ENTRA_OTHER_TENANT)}
    try:
        one, other = (sign_in(of_several, upstream, person) for person in ("manager", "twin"))
    finally:
        upstream.state.people = people
    assert one.subject == other.subject
    assert one.issuer != other.issuer


# Address


@pytest.mark.parametrize("fault", [Fault.NO_EMAIL, Fault.EMAIL_AS_PREFERRED_USERNAME_ONLY])
def test_21_an_address_that_is_not_sent_is_not_made_up(upstream, parts, fault):
    upstream.fault = fault
    # The scope email would let userinfo tell what the token left out.
    identity = sign_in(build(entra(upstream, scope="openid profile"), parts), upstream)
    assert (identity.email, identity.email_vouched) == (None, False)
    assert identity.subject == upstream.state.people["manager"].subject


def test_21_somebody_without_a_mailbox_comes_without_an_address(connector, upstream):
    identity = sign_in(connector, upstream, "no-email")
    assert (identity.email, identity.email_vouched) == (None, False)


def test_21_userinfo_is_asked_for_an_address_that_the_token_lacks(connector, upstream):
    upstream.fault = Fault.EMAIL_AS_PREFERRED_USERNAME_ONLY
    identity = sign_in(connector, upstream)
    assert identity.email == upstream.state.people["manager"].email
    assert not identity.email_vouched


def test_22_nothing_vouches_for_a_user_name(upstream, parts):
    identity = sign_in(build(entra(upstream, email_claim="preferred_username"), parts), upstream)
    assert identity.email == upstream.state.people["manager"].email
    assert not identity.email_vouched


def test_22_the_operators_word_does_not_cover_a_user_name(upstream, parts):
    config = entra(upstream, email_claim="preferred_username", trust_email=True)
    assert not sign_in(build(config, parts), upstream).email_vouched


@pytest.mark.parametrize(("person", "vouched"), [("manager", True), ("unverified", False), ("no-role", False)])
def test_23_the_verified_owner_of_the_domain_vouches(connector, upstream, person, vouched):
    identity = sign_in(connector, upstream, person)
    assert identity.email_vouched is vouched
    assert identity.claims.get("xms_edov") == upstream.state.people[person].domain_owner_verified


def test_23_the_operators_word_vouches_where_the_claim_is_not_sent(upstream, parts):
    assert sign_in(build(entra(upstream, trust_email=True), parts), upstream, "no-role").email_vouched


# Groups


def test_24_groups_in_the_token_are_the_roles(by_groups, upstream):
    identity = sign_in(by_groups, upstream)
    assert identity.roles.values == upstream.state.people["manager"].groups
    assert upstream.count(GRAPH) == 0


def test_24_groups_that_do_not_fit_come_from_graph(by_groups, upstream):
    identity = sign_in(by_groups, upstream, "many-groups")
    assert identity.roles.values == upstream.state.people["many-groups"].groups
    assert len(identity.roles.values) > 200
    assert upstream.count(GRAPH) == 1


def test_24_groups_that_are_only_hinted_at_come_from_graph(by_groups, upstream):
    upstream.fault = Fault.HASGROUPS
    assert sign_in(by_groups, upstream).roles.values == upstream.state.people["manager"].groups


def test_24_groups_that_graph_refuses_are_missing_and_not_none(by_groups, upstream):
    upstream.fault = Fault.GRAPH_REFUSED
    with pytest.raises(ClaimMissing) as caught:
        sign_in(by_groups, upstream, "many-groups")
    assert caught.value.claim == "groups"


def test_24_groups_without_the_scope_for_graph_are_missing_and_not_none(config, parts, upstream):
    with pytest.raises(ClaimMissing) as caught:
        sign_in(build(replace(config, roles_claim="groups"), parts), upstream, "many-groups")
    assert caught.value.claim == "groups"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{}", ClaimMissing),
        (b'{"value": ["a"], "@odata.nextLink": "https://graph.example/next"}', ClaimMissing),
        (b'{"value": [7]}', UpstreamUntrusted),
        (b"[]", UpstreamUnavailable),
    ],
)
def test_24_groups_of_the_wrong_shape_are_refused(config, parts, upstream, body, error):
    upstream.fault = Fault.HASGROUPS
    with serving(says(body)) as server:
        config = replace(config, roles_claim="groups", api_url=server.url(""))
        with pytest.raises(error):
            sign_in(build(config, parts), upstream)


def test_24_app_roles_need_no_groups(connector, upstream):
    upstream.fault = Fault.HASGROUPS
    assert sign_in(connector, upstream).roles.values == ("deepdesk.manager",)
    assert upstream.count(GRAPH) == 0


def test_the_address_of_the_retired_graph_is_never_called(by_groups, upstream):
    departure = depart(by_groups)
    params = upstream.approve(departure.handoff.url, "many-groups")
    assert arrive(by_groups, departure, params).roles.values
    assert upstream.last(GRAPH).headers["Content-Type"] == "application/json"
