"""Genesys Cloud: OAuth2 on a login host, and people by an API on the host beside it; no ID token, no nonce."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, abort, jsonify, request
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
from idp.sandbox.platform.people import GENESYS_ORGANISATION_NAMES, GENESYS_ROLE_IDS, Person
from idp.sandbox.platform.spoiling import another
from idp.sandbox.platform.state import REFRESH_TOKEN_LIFETIME, Grant, Platform, PlatformClient

DIVISION = {"id": "f0c1a2b3-0000-4d00-8b00-000000000001", "name": "Home"}

blueprint = Blueprint("genesys", __name__)
authorize.offer(blueprint, "/oauth/authorize")


@blueprint.before_request
def be_the_right_host() -> None:
    """Answer each path on its own host of the pair only."""
    platform = current_platform()
    base = platform.api_base if request.path.startswith("/api/") else platform.issuer
    if request.host != urlsplit(base).netloc:
        abort(404)


@blueprint.before_request
def understand_the_organisation() -> None:
    """Refuse a sign-in that names an organisation by halves, or an unknown one."""
    if ("org" in request.args) != ("provider" in request.args):
        abort(400, "The parameters org and provider come only together.")
    if request.args.get("target", "") not in ("", *GENESYS_ORGANISATION_NAMES):
        abort(400, "The parameter target names no organisation that authorized this application.")


@blueprint.post("/oauth/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code or a refresh token, or fail as that sign-in's fault says."""
    platform = current_platform()
    client = _client(platform)
    if client is None:
        return _refusal("invalid_client", "The client is unknown, or its secret is wrong.", 401)
    match request.form.get("grant_type"):
        case "authorization_code":
            return _redeem_code(platform, client)
        case "refresh_token" if request.authorization is not None:
            return _refresh(platform, client)
        case _:
            return _refusal("unsupported_grant_type", "This grant type is not offered.")


def _client(platform: Platform) -> PlatformClient | None:
    """Return the client by HTTP Basic, or else by the verifier of its code; never by a secret in the form."""
    if request.authorization is None:
        return client_by_proof(platform)
    return None if platform.secret_expired else authenticated_client(platform)


def _redeem_code(platform: Platform, client: PlatformClient) -> ResponseReturnValue:
    grant = redeemed(platform, client)
    if grant is None or (grant.challenge is None and request.authorization is None):
        return _refusal("invalid_grant", "The authorization code is not valid.")
    return instead_of_tokens(platform, grant.fault) or _tokens(platform, grant)


def _refresh(platform: Platform, client: PlatformClient) -> ResponseReturnValue:
    grant = platform.redeem_refresh_token(request.form.get("refresh_token", ""))
    if grant is None or grant.client_id != client.client_id:
        return _refusal("invalid_grant", "The refresh token is not valid.")
    return _tokens(platform, grant)


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    """Answer with tokens; who proved a code by PKCE gets none to refresh."""
    more = {"token_type": "bearer"}
    if grant.challenge is None:
        kept = replace(grant, expires_at=platform.now() + REFRESH_TOKEN_LIFETIME)
        more["refresh_token"] = platform.issue_refresh_token(kept)
    return token_answer(new_access_token(platform, grant), **more)


@blueprint.get("/api/v2/users/me")
def users_me() -> ResponseReturnValue:
    """Describe the person who signed in; roles and organisation only when expanded."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return _bad_credentials()
    if not _may(platform, "users", "users:readonly", "user-basic-info"):
        return _missing_scope("users:readonly")
    instead = instead_of_profile(grant.fault, _bad_credentials())
    return jsonify(_profile(platform, grant)) if instead is None else instead


def _profile(platform: Platform, grant: Grant) -> dict[str, Any]:
    person, expanded = grant.person, request.args.get("expand", "").split(",")
    if grant.fault is Fault.PROFILE_OTHER_PERSON:
        person = another(person, platform.people.values())
    profile: dict[str, Any] = {
        "id": person.subject,
        "name": person.name,
        "division": {**DIVISION, "selfUri": f"/api/v2/authorization/divisions/{DIVISION['id']}"},
        "department": "Customer care",
        "email": person.email,
        "state": "active" if person.is_active else "inactive",
        "title": "",
        "username": person.login,
        "preferredName": person.given_name,
        "languagePreference": "en-us",
        "version": 7,
        "selfUri": f"/api/v2/users/{person.subject}",
    }
    if "authorization" in expanded:
        profile["authorization"] = _authorization(person, grant.fault)
    if "organization" in expanded and grant.fault is not Fault.MISSING_ORGANIZATION:
        profile["organization"] = {**_organisation(person.tenant), "state": "active"}
    left_out = "id" if grant.fault is Fault.PROFILE_WITHOUT_ID else None
    return {name: value for name, value in profile.items() if value is not None and name != left_out}


def _authorization(person: Person, fault: Fault) -> dict[str, Any]:
    roles = [_role(name) for name in person.roles]
    if fault is Fault.ROLES_AS_IDS:
        roles = [{"id": role["id"]} for role in roles]
    return {"roles": roles, "unusedRoles": [], "permissions": [], "permissionPolicies": []}


def _role(name: str) -> dict[str, str]:
    return {"id": GENESYS_ROLE_IDS.get(name) or str(uuid5(NAMESPACE_URL, name)), "name": name}


def _organisation(tenant: str) -> dict[str, str]:
    name = GENESYS_ORGANISATION_NAMES.get(tenant, "Another Contact Center")
    return {"id": tenant, "name": name, "thirdPartyOrgName": name.partition(" ")[0].lower()}


@blueprint.get("/api/v2/tokens/me")
def tokens_me() -> ResponseReturnValue:
    """Describe the access token: which organisation it is for, and whose user stands behind a clone."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return _bad_credentials()
    person = grant.person
    home = person.home_tenant or person.tenant
    facts: dict[str, Any] = {
        "organization": _organisation(person.tenant),
        "homeOrganization": _organisation(home),
        "authorizedScope": sorted(grant.scopes if platform.granted_scopes is None else platform.granted_scopes),
        "OAuthClient": {"id": grant.client_id, "name": "Deepdesk"},
    }
    if person.home_tenant is not None:
        facts["clonedUser"] = {"id": f"c10e{person.subject[4:]}", "organization": _organisation(home)}
    return jsonify(facts)


@blueprint.get("/api/v2/authorization/subjects/me")
def subjects_me() -> ResponseReturnValue:
    """Name the roles of the person who signed in, with the division in which they hold each."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return _bad_credentials()
    if not _may(platform, "authorization", "authorization:readonly"):
        return _missing_scope("authorization:readonly")
    person, division = grant.person, {**DIVISION, "homeDivision": True}
    grants = [
        {
            "subjectId": person.subject,
            "division": division,
            "role": {**_role(name), "policies": [], "default": False},
            "grantMadeAt": "2026-01-05T08:00:00Z",
        }
        for name in person.roles
    ]
    return jsonify(id=person.subject, name=person.name, grants=grants, version=1)


def _may(platform: Platform, *one_of: str) -> bool:
    return any(platform.grants([scope]) for scope in one_of)


def _refusal(code: str, message: str, status: int = 400) -> ResponseReturnValue:
    return error(code, status, description=message, error_description=message)


def _bad_credentials() -> ResponseReturnValue:
    return _api_refusal(401, "bad.credentials", "Invalid login credentials.")


def _missing_scope(scope: str) -> ResponseReturnValue:
    return _api_refusal(403, "missing.scope", f"The client application is missing the scope {scope}.")


def _api_refusal(status: int, code: str, message: str) -> ResponseReturnValue:
    return jsonify(message=message, code=code, status=status, messageParams={}, details=[], errors=[]), status
