"""What is right in the design of federation, linking, staff and roles, and easily got wrong in code; by whole walks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.domain.errors import NotAdmitted, Refusal
from idp.domain.roles import Role
from idp.sandbox.platform.kinds import ENTRA, GENESYS, GOOGLE
from idp.sandbox.platform.people import (
    ENTRA_OTHER_TENANT,
    ENTRA_TENANT,
    GENESYS_ORGANISATION,
    GOOGLE_DOMAIN,
)
from idp.services.people import deciding
from idp.services.people import users as people
from idp.services.registry import accounts, providers
from idp.services.registry.accounts import AccountSettings
from tests.support.app import CALLBACK, CASEY, MIA, SAM, Browser, OpenIdProvider, Person
from tests.support.platform import RunningPlatform, running_platform
from tests.support.rp import AuthorizationAnswer, RelyingParty

NOBODY = dict.fromkeys(("users", "upstream_identities", "sso_sessions", "access_requests"), 0)


@pytest.fixture(scope="module")
def entra() -> Iterator[RunningPlatform]:
    with running_platform(kind=ENTRA) as running:
        yield running


@pytest.fixture(scope="module")
def google() -> Iterator[RunningPlatform]:
    with running_platform(kind=GOOGLE) as running:
        yield running


@pytest.fixture(scope="module")
def genesys() -> Iterator[RunningPlatform]:
    with running_platform(kind=GENESYS) as running:
        yield running


def connects_entra(op: OpenIdProvider, entra: RunningPlatform, *tenants: str) -> None:
    """Let acme's people come from tenants at Entra."""
    authority = tenants[0] if len(tenants) == 1 else "organizations"
    issuer = f"{entra.base}/{authority}/v2.0"
    op.upstream("entra", kind="entra", tenants=tenants)
    op.connects("entra", entra, issuer=issuer, api_url=f"{entra.base}/graph")


def connects_google(op: OpenIdProvider, google: RunningPlatform, *, account: str = "staff", **settings: Any) -> None:
    """Let an account's people come from Google."""
    pin = {} if settings.get("any_google_account") else {"hosted_domains": (GOOGLE_DOMAIN,)}
    op.upstream("google", account=account, kind="google", **{"role_based_iam": False, **pin, **settings})
    op.connects("google", google, account=account, api_url=google.base)


def connects_genesys(op: OpenIdProvider, genesys: RunningPlatform, **settings: Any) -> None:
    """Let acme's people come from an organisation at Genesys Cloud."""
    op.upstream(
        "genesys",
        kind="genesys",
        api_url="https://api.mypurecloud.de",
        tenants=(GENESYS_ORGANISATION,),
        **settings,
    )
    op.connects(
        "genesys",
        genesys,
        issuer="",
        authorize_url=f"{genesys.base}/oauth/authorize",
        token_url=f"{genesys.base}/oauth/token",
        api_url=genesys.state.api_base,
    )


def arrives(
    op: OpenIdProvider, upstream: RunningPlatform, person: str, *, hint: str, to: str, browser: Browser | None = None
) -> TestResponse:
    """Walk a person from acme's Studio to an upstream and back; returns what the callback says."""
    rp, somebody = RelyingParty.registered_at(op), browser or op.browser()
    waiting = rp.asks(somebody, idp_hint=hint)
    return somebody.returns_from(upstream, waiting.response, person, to=f"/oauth/callback/{to}/")


def only(op: OpenIdProvider, **counts: int) -> bool:
    """Say whether nobody was made, signed in, or asked about, but for these."""
    rows = op.rows()
    return {name: rows[name] for name in NOBODY} == {**NOBODY, **counts}


# Pins, before anybody is looked up


@pytest.mark.parametrize("person", ["other-tenant", "consumer"])
def test_a_right_role_from_the_wrong_entra_tenant_is_refused_before_any_row(
    connected: OpenIdProvider, entra: RunningPlatform, person: str
) -> None:
    connects_entra(connected, entra, ENTRA_TENANT, "11111111-7a3f-4d7e-9f5e-2a51c0de0009")
    connected.makes("sam@umbrella.example", roles=["deepdesk.manager"])
    page = arrives(connected, entra, person, hint="entra", to="acme.entra")
    assert page.status_code == 403
    assert 'id="error"' in page.text
    assert only(connected, users=1)


def test_the_same_role_from_the_right_tenant_enters(connected: OpenIdProvider, entra: RunningPlatform) -> None:
    connects_entra(connected, entra, ENTRA_TENANT, ENTRA_OTHER_TENANT)
    back = arrives(connected, entra, "other-tenant", hint="entra", to="acme.entra")
    assert back.status_code == 303
    assert connected.rows()["users"] == 1


@pytest.mark.parametrize("person", ["consumer", "other-domain"])
def test_google_without_the_hosted_domain_is_refused_before_any_row(
    connected: OpenIdProvider, google: RunningPlatform, person: str
) -> None:
    connects_google(connected, google, account="acme")
    page = arrives(connected, google, person, hint="google", to="acme.google")
    assert page.status_code == 403
    assert only(connected)


def test_13_the_hosted_domain_is_the_claim_and_not_the_end_of_the_address(
    connected: OpenIdProvider, google: RunningPlatform
) -> None:
    connects_google(connected, google, account="acme")
    back = arrives(connected, google, "secondary", hint="google", to="acme.google")
    assert back.status_code == 303


def test_14_editing_the_hosted_domain_out_of_the_address_gains_nothing(
    connected: OpenIdProvider, google: RunningPlatform
) -> None:
    connects_google(connected, google, account="acme")
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    departure = somebody.follows(rp.asks(somebody, idp_hint="google").response).headers["Location"]
    edited = departure.replace(f"hd={GOOGLE_DOMAIN}", "hd=*")
    page = somebody.opens("/oauth/callback/acme.google/", query_string=google.approve(edited, "consumer"))
    assert page.status_code == 403
    assert only(connected)


def test_any_google_account_makes_agents_whatever_they_bring(
    connected: OpenIdProvider, google: RunningPlatform
) -> None:
    connects_google(
        connected,
        google,
        account="acme",
        any_google_account=True,
        role_based_iam=True,
        roles_claim="email",
        role_map={"sam.consumer@gmail.com": Role.MANAGER},
    )
    arrives(connected, google, "consumer", hint="google", to="acme.google")
    with connected.app.app_context():
        (sam,) = people.list_all("acme")
    assert sam.roles == ["deepdesk.agent"]


def test_a_right_role_from_another_genesys_organisation_is_refused_before_any_row(
    connected: OpenIdProvider, genesys: RunningPlatform
) -> None:
    connects_genesys(connected, genesys)
    page = arrives(connected, genesys, "other-organisation", hint="genesys", to="acme.genesys")
    assert page.status_code == 403
    assert only(connected)


def test_a_genesys_address_claims_nobody_unless_an_operator_trusts_it(
    connected: OpenIdProvider, genesys: RunningPlatform
) -> None:
    connects_genesys(connected, genesys)
    connected.makes("manager@acme.example", roles=["deepdesk.manager"])
    page = arrives(connected, genesys, "manager", hint="genesys", to="acme.genesys")
    assert page.status_code == 403
    assert only(connected, users=1, access_requests=1)
    with connected.app.app_context():
        providers.update(
            "acme",
            "genesys",
            {"trust_email": True},
            client_secret=None,
            parts=connected.parts,
            context=connected.context,
        )
    back = arrives(connected, genesys, "manager", hint="genesys", to="acme.genesys")
    assert back.status_code == 303
    assert connected.rows()["users"] == 1


def test_a_genesys_user_id_that_an_operator_gave_is_awaited(
    connected: OpenIdProvider, genesys: RunningPlatform
) -> None:
    connects_genesys(connected, genesys, role_based_iam=False)
    subject = genesys.state.people["agent"].subject
    made = connected.makes("sam.elsewhere@acme.example", platform_id=subject, roles=["deepdesk.editor"])
    back = arrives(connected, genesys, "agent", hint="genesys", to="acme.genesys")
    assert back.status_code == 303
    with connected.app.app_context():
        (sam,) = people.list_all("acme")
    assert (sam.id, sam.roles) == (made, ["deepdesk.editor"])


# Accounts


@pytest.fixture
def umbrella(op: OpenIdProvider) -> OpenIdProvider:
    """A second customer beside acme."""
    op.account("umbrella", email_domains=("umbrella.example",))
    return op


@pytest.mark.parametrize("other", ["umbrella", "staff", "nowhere", "ACME", ""])
def test_a_client_of_one_account_is_never_asked_for_another(
    umbrella: OpenIdProvider, rp: RelyingParty, other: str
) -> None:
    somebody = umbrella.browser()
    umbrella.signs_in(somebody, MIA)
    umbrella.signs_in(somebody, replace(SAM, account="umbrella"))
    assert rp.asks(somebody, account=other).is_refused_as("invalid_request") is (other != "")
    assert rp.asks(somebody, account="acme").has_a_code()


def test_a_person_of_another_account_is_nobody_at_the_client(umbrella: OpenIdProvider, rp: RelyingParty) -> None:
    somebody = umbrella.browser()
    umbrella.signs_in(somebody, replace(MIA, account="umbrella"))
    assert rp.asks(somebody).asks_to_sign_in()
    assert rp.asks(somebody, prompt="none").is_refused_as("login_required")


def test_a_client_without_account_admits_staff_and_whom_it_names(umbrella: OpenIdProvider) -> None:
    umbrella.staff_sign_in_with_google()
    tools = RelyingParty.registered_at(umbrella, "Tools", account=None, admitted=("umbrella",))
    admitted, outsider, casey = (umbrella.browser() for _ in range(3))
    umbrella.signs_in(admitted, replace(MIA, account="umbrella"))
    umbrella.signs_in(outsider, MIA)
    umbrella.signs_in(casey, CASEY)
    assert tools.asks(admitted).has_a_code()
    assert tools.asks(casey).has_a_code()
    assert tools.asks(outsider, prompt="none").is_refused_as("login_required")
    assert tools.asks(outsider, account="acme").is_refused_as("invalid_request")


@pytest.mark.parametrize("email", [CASEY.email, "CASEY.STAFF@DEEPDESK.EXAMPLE", "new.hire@deepdesk.example"])
def test_an_outsider_who_brings_a_vouched_staff_address_gets_nowhere(op: OpenIdProvider, email: str) -> None:
    op.staff_sign_in_with_google()
    op.grants(CASEY.email or "", "acme")
    tools = RelyingParty.registered_at(op, "Tools", account=None)
    outsider = op.browser()
    with pytest.raises(NotAdmitted) as refused:
        op.signs_in(outsider, replace(SAM, email=email))
    assert refused.value.refusal is Refusal.STAFF_ADDRESS
    assert tools.asks(outsider, prompt="none").is_refused_as("login_required")
    assert only(op)


def test_an_outsider_at_googles_door_with_a_staff_address_gets_nowhere(
    connected: OpenIdProvider, google: RunningPlatform
) -> None:
    """Somebody at Google, of another organisation, at the door of a client that admits staff only."""
    connects_google(connected, google)
    tools = RelyingParty.registered_at(connected, "Tools", account=None)
    outsider = connected.browser()
    page = outsider.returns_from(
        google, tools.asks(outsider).response, "other-domain", to="/oauth/callback/staff.google/"
    )
    assert page.status_code == 403
    assert only(connected)


# Addresses and linking


@pytest.mark.parametrize("link_by_email", [True, False])
def test_an_unvouched_address_of_a_real_person_merges_nothing(
    op: OpenIdProvider, rp: RelyingParty, browser: Browser, link_by_email: bool
) -> None:
    op.upstream("elsewhere")
    links_by_email(op, on=link_by_email)
    with pytest.raises(NotAdmitted):
        op.signs_in(browser, replace(MIA, subject="x", email_vouched=False, provider="elsewhere"))
    assert only(op, users=1, upstream_identities=1, sso_sessions=1, access_requests=1)


def test_link_by_email_turned_on_later_merges_nobody_who_came_unvouched(op: OpenIdProvider) -> None:
    op.upstream("elsewhere")
    attacker, victim = op.browser(), op.browser()
    op.signs_in(attacker, replace(SAM, email=MIA.email, email_vouched=False, provider="elsewhere"))
    links_by_email(op, on=True)
    op.signs_in(victim, replace(MIA, roles=()))
    op.signs_in(attacker, replace(SAM, email=MIA.email, email_vouched=True, provider="elsewhere"))
    assert op.rows()["users"] == 2
    with op.app.app_context():
        held = {one.name: one.email_held for one in people.list_all("acme")}
    assert held == {"Sam Agent": False, "Mia Manager": True}


@pytest.mark.parametrize(
    "lookalike",
    [
        "m\u0131a@acme.example",
        "M\u0130A@acme.example",
        "\uff4dia@acme.example",
        "mia@\uff41cme.example",
        "mi\u0430@acme.example",
        "mia@acme.example.",
        "mia+x@acme.example",
        "m.ia@acme.example",
    ],
)
def test_a_look_alike_of_an_address_is_linked_to_nobody(op: OpenIdProvider, lookalike: str) -> None:
    links_by_email(op, on=True)
    made = op.makes("mia@acme.example", roles=["deepdesk.manager"])
    op.signs_in(op.browser(), replace(SAM, email=lookalike))
    with op.app.app_context():
        assert people.show(made, account=None).user.last_sign_in_at is None


def test_mixed_case_is_the_same_address(op: OpenIdProvider) -> None:
    op.makes("Mia@Acme.Example")
    op.signs_in(op.browser(), replace(MIA, email="mIA@aCME.eXAMPLE"))
    assert op.rows()["users"] == 1


def test_above_agent_the_existing_way_in_the_same_browser_settles_it(
    connected: OpenIdProvider, platform: RunningPlatform, entra: RunningPlatform
) -> None:
    """The whole walk: refused with a request for the managers; signed in the old way; then joined."""
    connects_entra(connected, entra, ENTRA_TENANT)
    links_by_email(connected, on=True)
    mia, elsewhere = connected.browser(), connected.browser()
    waiting = RelyingParty.registered_at(connected).asks(mia, idp_hint="platform")
    mia.follows(mia.returns_from(platform, waiting.response, "manager"))
    page = arrives(connected, entra, "manager", hint="entra", to="acme.entra", browser=elsewhere)
    assert page.status_code == 403
    assert only(connected, users=1, upstream_identities=1, sso_sessions=1, access_requests=1)
    departure = mia.opens("/login/with/entra/?account=acme").headers["Location"]
    back = mia.opens("/oauth/callback/acme.entra/", query_string=entra.approve(departure, "manager"))
    assert back.status_code == 303
    assert only(connected, users=1, upstream_identities=2, sso_sessions=1, access_requests=1)


def test_a_refused_person_is_told_nothing_of_whom_they_met(
    connected: OpenIdProvider, platform: RunningPlatform, entra: RunningPlatform
) -> None:
    connects_entra(connected, entra, ENTRA_TENANT)
    connected.makes("unverified@acme.example", name="Somebody Secret", roles=["deepdesk.manager"])
    page = arrives(connected, entra, "unverified", hint="entra", to="acme.entra")
    assert page.status_code == 403
    assert "Secret" not in page.text
    assert "Set-Cookie" not in page.headers
    assert only(connected, users=1, access_requests=1)


def test_once_a_manager_approved_the_next_sign_in_works(
    connected: OpenIdProvider, platform: RunningPlatform, entra: RunningPlatform
) -> None:
    connects_entra(connected, entra, ENTRA_TENANT)
    made = connected.makes("unverified@acme.example")
    arrives(connected, entra, "unverified", hint="entra", to="acme.entra")
    with connected.app.app_context():
        (listed,) = deciding.list_all("acme", context=connected.context)
        asked = listed.request
        deciding.approve(asked.id, None, by=None, parts=connected.parts, context=connected.context)
    back = arrives(connected, entra, "unverified", hint="entra", to="acme.entra")
    assert back.status_code == 303
    with connected.app.app_context():
        (user,) = people.list_all("acme")
    assert user.id == made


def links_by_email(op: OpenIdProvider, *, on: bool) -> None:
    """Do what ``idp accounts update acme --link-by-email`` does."""
    with op.app.app_context():
        accounts.update("acme", AccountSettings(link_by_email=on), context=op.context)


# Staff


def enters(browser: Browser, waiting: AuthorizationAnswer) -> AuthorizationAnswer:
    """Press the button by which a staff member enters."""
    address = waiting.location
    token = browser.opens(address).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    done = browser.posts(address, {"csrf_token": token}, headers={"Origin": browser.issuer})
    return AuthorizationAnswer(browser.follows(done), waiting.asked)


@pytest.fixture
def casey(op: OpenIdProvider) -> Browser:
    """A browser to which Casey of staff is signed in, who may enter acme as an editor."""
    op.staff_sign_in_with_google()
    op.grants(CASEY.email or "", "acme", roles=(Role.EDITOR,))
    browser = op.browser()
    op.signs_in(browser, CASEY)
    return browser


def test_a_revoked_grant_ends_tokens_and_the_remembered_choice(
    op: OpenIdProvider, rp: RelyingParty, casey: Browser
) -> None:
    tokens = rp.redeems(enters(casey, rp.asks(casey)).code).tokens
    assert rp.asks_userinfo(tokens.access_token).claims["roles"] == ["deepdesk.editor"]
    unspent = rp.asks(casey).code
    op.revokes(CASEY.email or "", "acme")
    assert rp.asks_userinfo(tokens.access_token).is_refused_as("invalid_token")
    assert rp.redeems(unspent).is_refused_as("invalid_grant")
    op.grants(CASEY.email or "", "acme")
    assert rp.asks(casey, prompt="none").is_refused_as("interaction_required")


def test_roles_of_staff_at_a_customer_come_from_the_grant_alone(
    op: OpenIdProvider, rp: RelyingParty, casey: Browser
) -> None:
    with op.app.app_context():
        (user,) = people.list_all("staff")
        people.set_roles(user.id, [Role.MANAGER], account=None, parts=op.parts, context=op.context)
    claims = rp.asks_userinfo(rp.redeems(enters(casey, rp.asks(casey)).code).tokens.access_token).claims
    assert (claims["roles"], claims["account"], claims["staff"]) == (["deepdesk.editor"], "acme", True)


def test_a_customers_person_is_never_staff(op: OpenIdProvider, rp: RelyingParty, browser: Browser) -> None:
    op.staff_sign_in_with_google()
    claims = rp.asks_userinfo(rp.obtains_tokens_for(browser).access_token).claims
    assert "staff" not in claims


def test_a_new_person_under_a_staff_members_old_address_has_no_grant(
    connected: OpenIdProvider, google: RunningPlatform
) -> None:
    """A lapsed domain, or an address that was given to somebody else (the failed start-ups of PITFALLS 13)."""
    connects_google(connected, google)
    connected.grants("casey.staff@deepdesk.example", "acme")
    for person, status in (("staff", 303), ("newcomer-same-address", 403)):
        rp, somebody = RelyingParty.registered_at(connected), connected.browser()
        waiting = rp.asks(somebody, idp_hint="staff:google")
        back = somebody.returns_from(google, waiting.response, person, to="/oauth/callback/staff.google/")
        assert back.status_code == status
    with connected.app.app_context():
        (casey,) = people.list_all("staff")
        people.delete(casey.id, account=None, context=connected.context)
    heir = connected.browser()
    waiting = rp.asks(heir, idp_hint="staff:google")
    arrived = heir.returns_from(google, waiting.response, "newcomer-same-address", to="/oauth/callback/staff.google/")
    page = heir.follows(arrived)
    assert page.status_code == 403
    assert rp.asks(heir, prompt="none").is_refused_as("access_denied")


def test_a_state_of_staffs_provider_never_completes_at_a_customers_callback(
    connected: OpenIdProvider, google: RunningPlatform
) -> None:
    connects_google(connected, google)
    rp, somebody = RelyingParty.registered_at(connected), connected.browser()
    departure = somebody.follows(rp.asks(somebody, idp_hint="staff:google").response).headers["Location"]
    params = google.approve(departure, "staff")
    google.requests.clear()
    for elsewhere in (CALLBACK, "/oauth/callback/acme.google/", "/oauth/callback/"):
        assert somebody.opens(elsewhere, query_string=params).status_code == 400
    assert google.requests == []


def test_somebody_signed_in_as_a_customers_person_and_as_staff_is_each_where_they_belong(
    op: OpenIdProvider, rp: RelyingParty, casey: Browser
) -> None:
    op.signs_in(casey, Person(subject="c", email="casey@acme.example", roles=("deepdesk.agent",)))
    claims = rp.asks_userinfo(rp.obtains_tokens_for(casey).access_token).claims
    assert (claims["account"], claims["roles"]) == ("acme", ["deepdesk.agent"])
    assert "staff" not in claims
