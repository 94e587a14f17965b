"""A plain OAuth2 server: no ID token, no metadata, and people by one address that says little."""

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
    instead_of_profile,
    instead_of_tokens,
    new_access_token,
    no_such_token,
    redeemed,
    token_answer,
)
from idp.sandbox.platform.faults import Fault

blueprint = Blueprint("oauth2", __name__)
authorize.offer(blueprint, "/authorize")


@blueprint.post("/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code (RFC 6749 §4.1.3), or fail as that sign-in's fault says."""
    platform = current_platform()
    client = authenticated_client(platform)
    if client is None or platform.secret_expired:
        return error("invalid_client", 401)
    if request.form.get("grant_type") != "authorization_code":
        return error("unsupported_grant_type")
    grant = redeemed(platform, client)
    if grant is None:
        return error("invalid_grant")
    answer = instead_of_tokens(platform, grant.fault)
    return token_answer(new_access_token(platform, grant)) if answer is None else answer


@blueprint.get("/me")
def me() -> ResponseReturnValue:
    """Describe the person who signed in: flat, with a number for an id and one word for a role."""
    grant = bearer_grant(current_platform())
    if grant is None:
        return no_such_token()
    instead = instead_of_profile(grant.fault, no_such_token())
    if instead is not None:
        return instead
    person = grant.person
    profile: dict[str, Any] = {"login": person.login, "first_name": person.given_name}
    profile["last_name"] = person.family_name
    if grant.fault is not Fault.PROFILE_WITHOUT_ID:
        profile["id"] = int(person.subject)
    if person.email is not None:
        profile["mail"] = person.email
    if person.roles:
        profile["role"] = person.roles[0]
    return jsonify(profile)
