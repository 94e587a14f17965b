from __future__ import annotations

from idp.sandbox.platform import Fault
from idp.sandbox.platform.people import GENESYS_ORGANISATION, GENESYS_OTHER_ORGANISATION, GENESYS_ROLE_IDS
from tests.sandbox_platform.application import Application, ask


def test_login_and_api_are_two_hosts(genesys: Application) -> None:
    base, api = genesys.platform.base, genesys.platform.state.api_base
    assert base.replace("127.0.0.1", "localhost") == api != base
    assert ask("GET", f"{base}/api/v2/users/me").status_code == 404
    assert ask("GET", f"{api}/oauth/authorize").status_code == 404
    assert ask("GET", f"{api}/api/v2/users/me").status_code == 401


def test_roles_and_organisation_come_only_when_asked_for(genesys: Application) -> None:
    tokens = genesys.tokens("manager")
    bare = genesys.gets("/api/v2/users/me", tokens).json()
    full = genesys.gets("/api/v2/users/me?expand=authorization,organization", tokens).json()
    assert not {"authorization", "organization"} & bare.keys()
    assert full["organization"]["id"] == GENESYS_ORGANISATION
    assert full["authorization"]["roles"] == [{"id": GENESYS_ROLE_IDS["deepdesk.manager"], "name": "deepdesk.manager"}]
    grants = genesys.gets("/api/v2/authorization/subjects/me", tokens).json()["grants"]
    assert [grant["role"]["name"] for grant in grants] == ["deepdesk.manager"]


def test_who_proves_a_code_by_pkce_needs_no_secret_and_gets_no_refresh_token(genesys: Application) -> None:
    assert "refresh_token" not in genesys.tokens("agent")
    answer = genesys.redeems_without_secret(genesys.platform.approve(genesys.departure())["code"]).json()
    assert answer.keys() == {"access_token", "token_type", "expires_in"}


def test_who_has_a_secret_gets_refresh_tokens_that_replace_each_other(genesys: Application) -> None:
    first = genesys.redeems(genesys.platform.approve(genesys.departure_without_proof())["code"]).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}
    second = ask("POST", genesys.token_url, data=form, auth=genesys.basic).json()["refresh_token"]
    assert second != first
    assert ask("POST", genesys.token_url, data=form, auth=genesys.basic).json()["error"] == "invalid_grant"


def test_a_code_without_proof_needs_the_secret(genesys: Application) -> None:
    code = genesys.platform.approve(genesys.departure_without_proof())["code"]
    assert genesys.redeems_without_secret(code).json()["error"] == "invalid_grant"


def test_organisation_and_provider_come_only_together(genesys: Application) -> None:
    assert ask("GET", genesys.departure(org="acme")).status_code == 400
    assert ask("GET", genesys.departure(org="acme", provider="okta")).status_code == 200


def test_people_who_must_not_pass_look_as_they_do(genesys: Application) -> None:
    assert genesys.profile("other-organisation").json()["organization"]["id"] == GENESYS_OTHER_ORGANISATION
    assert genesys.profile("inactive").json()["state"] == "inactive"
    (role,) = genesys.profile("renamed-role").json()["authorization"]["roles"]
    assert role["id"] == GENESYS_ROLE_IDS["deepdesk.agent"]
    assert role["name"] != "deepdesk.agent"
    facts = genesys.gets("/api/v2/tokens/me", genesys.tokens("clone")).json()
    assert facts["organization"]["id"] == GENESYS_ORGANISATION
    assert facts["clonedUser"]["organization"]["id"] == GENESYS_OTHER_ORGANISATION
    assert "clonedUser" not in genesys.gets("/api/v2/tokens/me", genesys.tokens("agent")).json()


def test_a_target_takes_the_person_to_another_organisation(genesys: Application) -> None:
    tokens = genesys.tokens("manager", target=GENESYS_OTHER_ORGANISATION)
    told = genesys.gets("/api/v2/users/me?expand=organization", tokens).json()
    assert told["organization"]["id"] == GENESYS_OTHER_ORGANISATION
    assert ask("GET", genesys.departure(target="nowhere")).status_code == 400


def test_a_scope_that_nobody_granted_is_refused_by_the_api(genesys: Application) -> None:
    genesys.platform.state.granted_scopes = ()
    assert genesys.profile("agent").status_code == 403


def test_profiles_can_be_wrong(genesys: Application) -> None:
    genesys.platform.fault = Fault.MISSING_ORGANIZATION
    assert "organization" not in genesys.profile("manager").json()
    genesys.platform.fault = Fault.ROLES_AS_IDS
    roles = genesys.profile("manager").json()["authorization"]["roles"]
    assert roles == [{"id": GENESYS_ROLE_IDS["deepdesk.manager"]}]
    genesys.platform.fault = Fault.PROFILE_OTHER_PERSON
    tokens = genesys.tokens("manager")
    profile = genesys.gets("/api/v2/users/me", tokens).json()
    assert profile["id"] != genesys.gets("/api/v2/authorization/subjects/me", tokens).json()["id"]
