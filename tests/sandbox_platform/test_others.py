from __future__ import annotations

from idp.sandbox.platform import Fault
from idp.sandbox.platform.people import RINGCENTRAL_ACCOUNT, SALESFORCE_ORGANISATION
from tests.sandbox_platform.application import Application, ask


def test_ringcentral_names_the_extension_twice(ringcentral: Application) -> None:
    tokens = ringcentral.tokens("manager")
    profile = ringcentral.gets("/restapi/v1.0/account/~/extension/~", tokens).json()
    assert tokens["owner_id"] == str(profile["id"])
    assert profile["account"]["id"] == RINGCENTRAL_ACCOUNT
    assert profile["contact"]["email"] == "manager@acme.example"
    assert [role["displayName"] for role in profile["roles"]] == ["deepdesk.manager"]
    ringcentral.platform.fault = Fault.PROFILE_OTHER_PERSON
    tokens = ringcentral.tokens("manager")
    assert tokens["owner_id"] != str(ringcentral.gets("/restapi/v1.0/account/~/extension/~", tokens).json()["id"])


def test_salesforce_names_one_issuer_everywhere_and_subjects_by_address(salesforce: Application) -> None:
    discovery = f"{salesforce.platform.base}/.well-known/openid-configuration"
    for login_issuer in (False, True):
        salesforce.platform.state.login_issuer = login_issuer
        claims = salesforce.claims("manager")
        issuer = salesforce.platform.base + "/login" * login_issuer
        assert ask("GET", discovery).json()["issuer"] == claims["iss"] == issuer
    where = f"{salesforce.platform.base}/id/{SALESFORCE_ORGANISATION}/"
    assert claims["sub"].startswith(where)
    assert len(SALESFORCE_ORGANISATION) == 18


def test_salesforce_tells_custom_permissions_in_two_shapes(salesforce: Application) -> None:
    scope = "openid custom_permissions"
    assert "custom_permissions" not in salesforce.claims("editor")
    by_name = salesforce.claims("editor", scope)["custom_permissions"]
    assert [name for name in by_name if by_name[name]] == ["deepdesk.editor"]
    salesforce.platform.state.permissions_as_list = True
    assert salesforce.claims("editor", scope)["custom_permissions"] == ["deepdesk.editor"]


def test_a_plain_server_tells_little(oauth2: Application) -> None:
    tokens = oauth2.tokens("manager", "")
    assert tokens.keys() == {"access_token", "token_type", "expires_in"}
    profile = oauth2.gets("/me", tokens).json()
    assert isinstance(profile["id"], int)
    assert (profile["login"], profile["mail"]) == ("manager@acme.example", "manager@acme.example")
    assert not [value for value in profile.values() if isinstance(value, dict | list)]
