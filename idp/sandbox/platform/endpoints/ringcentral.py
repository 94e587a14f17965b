"""RingCentral: OAuth2 without an ID token; people are extensions of an account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from idp.sandbox.platform import authorize
from idp.sandbox.platform.exchange import (
    authenticated_client,
    bearer_grant,
    client_by_proof,
    current_platform,
    error,
    instead_of_profile,
    instead_of_tokens,
    new_access_token,
    redeemed,
    token_answer,
)
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.people import Person
from idp.sandbox.platform.spoiling import another
from idp.sandbox.platform.state import Grant, Platform

ROLE_IDS = {
    "deepdesk.agent": "21",
    "deepdesk.assistant_editor": "22",
    "deepdesk.editor": "23",
    "deepdesk.manager": "24",
}

blueprint = Blueprint("ringcentral", __name__)
authorize.offer(blueprint, "/restapi/oauth/authorize")


@blueprint.post("/restapi/oauth/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code, or fail as that sign-in's fault says; refresh tokens are off, as on a new application."""
    platform = current_platform()
    client = client_by_proof(platform) or authenticated_client(platform)
    if client is None or platform.secret_expired:
        return _refusal("invalid_client", "OAU-146", "Invalid client credentials.", 401)
    if request.form.get("grant_type") != "authorization_code":
        return _refusal("unsupported_grant_type", "OAU-250", "Unsupported grant type.")
    grant = redeemed(platform, client)
    if grant is None:
        return _refusal("invalid_grant", "OAU-111", "The authorization code is not valid.")
    return instead_of_tokens(platform, grant.fault) or _tokens(platform, grant)


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    return token_answer(
        new_access_token(platform, grant),
        token_type="bearer",  # noqa: S106 - a kind, not a secret
        scope="ReadAccounts",
        owner_id=grant.person.subject,
        endpoint_id="platform-endpoint-1",
    )


@blueprint.get("/restapi/v1.0/account/~/extension/~")
def extension() -> ResponseReturnValue:
    """Describe the person who signed in."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return _no_such_token()
    if not platform.grants(["ReadAccounts"]):
        return _api_refusal(403, "CMN-401", "In order to call this API endpoint, user needs to have [ReadAccounts].")
    instead = instead_of_profile(grant.fault, _no_such_token())
    return jsonify(_profile(platform, grant)) if instead is None else instead


def _profile(platform: Platform, grant: Grant) -> dict[str, Any]:
    person = grant.person
    if grant.fault is Fault.PROFILE_OTHER_PERSON:
        person = another(person, platform.people.values())
    account = f"{platform.issuer}/restapi/v1.0/account/{person.tenant}"
    profile: dict[str, Any] = {
        "uri": f"{account}/extension/{person.subject}",
        "id": int(person.subject),
        "account": {"uri": account, "id": person.tenant},
        "contact": _contact(person),
        "extensionNumber": person.subject[-3:],
        "name": person.name,
        "type": "User",
        "status": "Enabled" if person.is_active else "Disabled",
        "permissions": {"admin": {"enabled": False}, "internationalCalling": {"enabled": False}},
        "roles": [{"id": ROLE_IDS.get(name, "29"), "displayName": name} for name in person.roles],
        "regionalSettings": {"language": {"localeCode": "en-US"}},
    }
    if grant.fault is Fault.PROFILE_WITHOUT_ID:
        del profile["id"]
    return profile


def _contact(person: Person) -> dict[str, str]:
    contact = {"firstName": person.given_name, "lastName": person.family_name}
    return contact if person.email is None else {**contact, "email": person.email}


def _refusal(code: str, number: str, message: str, status: int = 400) -> ResponseReturnValue:
    errors = [{"errorCode": number, "message": message}]
    return error(code, status, error_description=message, errors=errors)


def _no_such_token() -> ResponseReturnValue:
    return _api_refusal(401, "TokenInvalid", "Access token is not valid.")


def _api_refusal(status: int, code: str, message: str) -> ResponseReturnValue:
    return jsonify(errorCode=code, message=message, errors=[{"errorCode": code, "message": message}]), status
