"""Salesforce: an OpenID Provider whose issuer may be another host, and whose subjects are addresses."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from idp.sandbox.platform import authorize
from idp.sandbox.platform.exchange import (
    authenticated_client,
    bearer_grant,
    current_platform,
    error,
    instead_of_tokens,
    new_access_token,
    no_such_token,
    redeemed,
    token_answer,
)
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.people import Person
from idp.sandbox.platform.publishing import keys, metadata
from idp.sandbox.platform.state import Grant, Platform
from idp.sandbox.platform.tokens import at_hash, id_token, protocol_claims, userinfo_subject

PERMISSIONS = ("deepdesk.agent", "deepdesk.assistant_editor", "deepdesk.editor", "deepdesk.manager")

blueprint = Blueprint("salesforce", __name__)
authorize.offer(blueprint, "/services/oauth2/authorize")
blueprint.add_url_rule("/id/keys", view_func=keys)


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> ResponseReturnValue:
    """Say what this organisation's domain can do."""
    platform = current_platform()
    services = f"{platform.issuer}/services/oauth2"
    return metadata(
        platform,
        {
            "issuer": _issuer(platform),
            "authorization_endpoint": f"{services}/authorize",
            "token_endpoint": f"{services}/token",
            "userinfo_endpoint": f"{services}/userinfo",
            "jwks_uri": f"{platform.issuer}/id/keys",
            "scopes_supported": ["openid", "profile", "email", "id", "api", "custom_permissions"],
            "response_types_supported": ["code", "token", "token id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        },
    )


@blueprint.post("/services/oauth2/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code, or fail as that sign-in's fault says."""
    platform = current_platform()
    client = authenticated_client(platform)
    if client is None or platform.secret_expired:
        return error("invalid_client", 401, error_description="invalid client credentials")
    if request.form.get("grant_type") != "authorization_code":
        return error("unsupported_grant_type", error_description="grant type not supported")
    grant = redeemed(platform, client)
    if grant is None:
        return error("invalid_grant", error_description="invalid authorization code")
    return instead_of_tokens(platform, grant.fault) or _tokens(platform, grant)


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    access_token, subject = new_access_token(platform, grant), _identity_url(platform, grant.person)
    claims = protocol_claims(platform, grant, issuer=_issuer(platform), subject=subject)
    claims |= {"at_hash": at_hash(access_token), "auth_time": int(grant.authenticated_at.timestamp())}
    # As for every platform: with all of it in the token nobody would ask for user information.
    if not platform.thin_id_tokens and grant.fault is not Fault.WRONG_USERINFO_SUB:
        claims |= _person(platform, grant)
    return token_answer(
        access_token,
        id=subject,
        instance_url=platform.issuer,
        issued_at=str(claims["iat"] * 1000),
        scope=" ".join(grant.scopes),
        id_token=id_token(platform, grant, claims),
    )


@blueprint.route("/services/oauth2/userinfo", methods=["GET", "POST"])
def describe() -> ResponseReturnValue:
    """Describe the person whom an access token stands for."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return no_such_token()
    subject = userinfo_subject(grant, _identity_url(platform, grant.person))
    return jsonify({"sub": subject, **_person(platform, grant)})


def _person(platform: Platform, grant: Grant) -> dict[str, Any]:
    person, scopes = grant.person, grant.scopes
    claims: dict[str, Any] = {
        "user_id": person.subject,
        "organization_id": person.tenant,
        "preferred_username": person.login,
        "active": person.is_active,
        "user_type": "STANDARD",
        "is_salesforce_integration_user": False,
    }
    if "profile" in scopes:
        claims |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
        claims |= {"nickname": person.key, "language": "en_US", "locale": "en_US", "zoneinfo": "Europe/Amsterdam"}
    if "email" in scopes and person.email is not None:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    if "custom_permissions" in scopes:
        claims["custom_permissions"] = _permissions(platform, person)
    return claims


def _permissions(platform: Platform, person: Person) -> list[str] | dict[str, bool]:
    """Return what the person may do in our application: all names with yes or no, or the names they have."""
    if platform.permissions_as_list:
        return list(person.roles)
    return {name: name in person.roles for name in PERMISSIONS}


def _identity_url(platform: Platform, person: Person) -> str:
    return f"{platform.issuer}/id/{person.tenant}/{person.subject}"


def _issuer(platform: Platform) -> str:
    return f"{platform.issuer}/login" if platform.login_issuer else platform.issuer
