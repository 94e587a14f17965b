from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.sandbox.platform import Fault
from idp.sandbox.platform.people import ENTRA_CONSUMERS, ENTRA_OTHER_TENANT, ENTRA_TENANT
from tests.sandbox_platform.application import Application, ask

DISCOVERY = "/v2.0/.well-known/openid-configuration"


def _metadata(entra: Application, tenant: str) -> Any:
    return ask("GET", f"{entra.platform.base}/{tenant}{DISCOVERY}")


def test_a_tenant_has_an_issuer_of_its_own_and_the_shared_names_a_template(entra: Application) -> None:
    base = entra.platform.base
    assert _metadata(entra, ENTRA_TENANT).json()["issuer"] == f"{base}/{ENTRA_TENANT}/v2.0"
    for name in ("common", "organizations"):
        assert _metadata(entra, name).json()["issuer"] == f"{base}/{{tenantid}}/v2.0"


def test_an_unknown_tenant_is_refused_by_its_number(entra: Application) -> None:
    refused = _metadata(entra, "11111111-2222-3333-4444-555555555555")
    assert refused.status_code == 400
    assert (refused.json()["error"], refused.json()["error_codes"]) == ("invalid_tenant", [90002])


@pytest.mark.parametrize(
    ("person", "tenant"),
    [
        ("manager", ENTRA_TENANT),
        ("guest", ENTRA_TENANT),
        ("other-tenant", ENTRA_OTHER_TENANT),
        ("consumer", ENTRA_CONSUMERS),
    ],
)
def test_a_token_is_of_the_persons_tenant(entra: Application, person: str, tenant: str) -> None:
    claims = entra.claims(person)
    assert claims["iss"] == f"{entra.platform.base}/{tenant}/v2.0"
    assert claims["tid"] == tenant
    assert claims["acct"] == int(person == "guest")


def test_claims_depend_on_the_scopes(entra: Application) -> None:
    bare, full = entra.claims("manager", "openid"), entra.claims("manager")
    assert not {"oid", "name", "preferred_username", "email", "xms_edov"} & bare.keys()
    assert full["roles"] == bare["roles"] == ["deepdesk.manager"]
    assert (full["email"], full["xms_edov"], full["ver"]) == ("manager@acme.example", True, "2.0")
    assert "email_verified" not in full
    assert entra.claims("guest", "openid")["email"] == "robin.guest@umbrella.example"
    assert "email" not in entra.claims("no-email")


def test_a_new_application_changes_every_sub_and_no_oid(entra: Application) -> None:
    before = entra.claims("manager")
    known = entra.platform.state.clients[entra.platform.client_id]
    entra.platform.state.clients = {"another": replace(known, client_id="another")}
    after = replace(entra, client_id="another").claims("manager")
    assert before["sub"] != after["sub"]
    assert before["oid"] == after["oid"]


def test_errors_have_their_numbers(entra: Application) -> None:
    assert entra.redeems("x", auth=(entra.client_id, "guess")).json()["error_codes"] == [7000215]
    assert (entra.redeems("x").status_code, entra.redeems("x").json()["error"]) == (400, "invalid_grant")
    entra.platform.state.secret_expired = True
    assert entra.redeems("x").json()["error_codes"] == [7000222]


def test_too_many_groups_are_left_out_and_graph_knows_them(entra: Application) -> None:
    assert len(entra.claims("manager")["groups"]) == 2
    tokens = entra.tokens("many-groups", "openid profile https://graph.microsoft.com/GroupMember.Read.All")
    claims = entra.verified(tokens["id_token"])
    assert "groups" not in claims
    assert "graph.windows.net" in claims["_claim_sources"][claims["_claim_names"]["groups"]]["endpoint"]
    for path in ("me", f"users/{claims['oid']}"):
        told = entra.calls("POST", f"/graph/v1.0/{path}/getMemberObjects", tokens, json={"securityEnabledOnly": False})
        assert len(told.json()["value"]) > 200
    entra.platform.state.groups_claim = False
    assert "_claim_names" not in entra.claims("many-groups")


def test_graph_refuses_without_its_scope_or_by_fault(entra: Application) -> None:
    asked = {"json": {"securityEnabledOnly": True}}
    plain = entra.tokens("manager")
    assert entra.calls("POST", "/graph/v1.0/me/getMemberObjects", plain, **asked).status_code == 403
    entra.platform.fault = Fault.GRAPH_REFUSED
    granted = entra.tokens("manager", "openid User.Read")
    assert entra.calls("POST", "/graph/v1.0/me/getMemberObjects", granted, **asked).status_code == 403


@pytest.mark.parametrize(
    ("fault", "issuer", "tid"),
    [
        (Fault.TENANTID_LITERAL, "{tenantid}", ENTRA_TENANT),
        (Fault.TENANT_COMMON, "common", ENTRA_TENANT),
        (Fault.WRONG_TENANT, ENTRA_OTHER_TENANT, ENTRA_OTHER_TENANT),
        (Fault.ISS_TID_MISMATCH, ENTRA_TENANT, ENTRA_OTHER_TENANT),
    ],
)
def test_the_tenant_can_be_wrong(entra: Application, fault: Fault, issuer: str, tid: str) -> None:
    entra.platform.fault = fault
    claims = entra.claims("manager")
    assert claims["iss"] == f"{entra.platform.base}/{issuer}/v2.0"
    assert claims["tid"] == tid


def test_claims_can_be_missing(entra: Application) -> None:
    entra.platform.fault = Fault.NO_OID
    assert "oid" not in entra.claims("manager")
    entra.platform.fault = Fault.EMAIL_AS_PREFERRED_USERNAME_ONLY
    claims = entra.claims("manager")
    assert claims["preferred_username"] == "manager@acme.example"
    assert not {"email", "xms_edov"} & claims.keys()
    entra.platform.fault = Fault.HASGROUPS
    claims = entra.claims("manager")
    assert claims["hasgroups"] is True
    assert "groups" not in claims
