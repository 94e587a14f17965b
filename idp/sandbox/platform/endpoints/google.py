"""Google Workspace: accounts with a hosted domain or without, and Cloud Identity's lookup of groups."""

from __future__ import annotations

import hashlib
import re
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
    redeemed,
    token_answer,
)
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.publishing import keys, metadata
from idp.sandbox.platform.state import Grant, Platform
from idp.sandbox.platform.tokens import at_hash, description, id_token, protocol_claims, userinfo_subject

GROUPS_SCOPE = "https://www.googleapis.com/auth/cloud-identity.groups.readonly"
DISCUSSION_FORUM = "cloudidentity.googleapis.com/groups.discussion_forum"
LARGEST_PAGE = 1000

_QUERY = re.compile(rf"member_key_id\s*==\s*'(?P<member>[^']+)'\s*&&\s*'{re.escape(DISCUSSION_FORUM)}'\s+in\s+labels")

blueprint = Blueprint("google", __name__)
authorize.offer(blueprint, "/o/oauth2/v2/auth")
blueprint.add_url_rule("/oauth2/v3/certs", view_func=keys)


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> ResponseReturnValue:
    """Say what this provider can do."""
    platform = current_platform()
    return metadata(
        platform,
        {
            "issuer": platform.issuer,
            "authorization_endpoint": f"{platform.issuer}/o/oauth2/v2/auth",
            "token_endpoint": f"{platform.issuer}/token",
            "userinfo_endpoint": f"{platform.issuer}/v1/userinfo",
            "jwks_uri": f"{platform.issuer}/oauth2/v3/certs",
            "response_types_supported": ["code", "token", "id_token", "code token", "code id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "name", "picture", "sub"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
        },
    )


@blueprint.post("/token")
def exchange() -> ResponseReturnValue:
    """Redeem a code, or fail as that sign-in's fault says."""
    platform = current_platform()
    client = authenticated_client(platform)
    if client is None or platform.secret_expired:
        return error("invalid_client", 401, error_description="Unauthorized")
    if request.form.get("grant_type") != "authorization_code":
        return error("unsupported_grant_type", error_description="Invalid grant_type")
    grant = redeemed(platform, client)
    if grant is None:
        return error("invalid_grant", error_description="Bad Request")
    return instead_of_tokens(platform, grant.fault) or _tokens(platform, grant)


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    access_token = new_access_token(platform, grant)
    claims = protocol_claims(platform, grant, issuer=platform.issuer, subject=grant.person.subject)
    claims |= {"azp": grant.client_id, "at_hash": at_hash(access_token)}
    claims |= description(platform, grant)
    return token_answer(access_token, scope=" ".join(grant.scopes), id_token=id_token(platform, grant, claims))


@blueprint.route("/v1/userinfo", methods=["GET", "POST"])
def describe() -> ResponseReturnValue:
    """Describe the person whom an access token stands for."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return error("invalid_request", 401, error_description="Invalid Credentials")
    subject = userinfo_subject(grant, grant.person.subject)
    return jsonify({"sub": subject, **platform.kind.describe(grant.person, grant.scopes)})


@blueprint.get("/v1/groups/-/memberships:searchDirectGroups")
def search_direct_groups() -> ResponseReturnValue:
    """Name the groups of the person who signed in, a page at a time."""
    platform = current_platform()
    grant = bearer_grant(platform)
    if grant is None:
        return _refusal(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if GROUPS_SCOPE not in grant.scopes:
        return _refusal(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
    query = _QUERY.fullmatch(request.args.get("query", "").strip())
    if query is None:
        return _refusal(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    if query["member"] != grant.person.email or grant.fault is Fault.GROUPS_REFUSED:
        return _refusal(403, "PERMISSION_DENIED", "Error(2028): Permission denied for resource groups.")
    return _page_of_groups(platform, grant)


def _page_of_groups(platform: Platform, grant: Grant) -> ResponseReturnValue:
    asked, begin = request.args.get("pageSize", "200"), request.args.get("pageToken", "0")
    if not (asked.isascii() and asked.isdigit() and begin.isascii() and begin.isdigit()):
        return _refusal(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    size = max(1, min(int(asked), platform.groups_page_size, LARGEST_PAGE))
    first, groups = int(begin), grant.person.groups
    page: dict[str, Any] = {"memberships": [_membership(group) for group in groups[first : first + size]]}
    if first + size < len(groups):
        page["nextPageToken"] = str(first + size)
    return jsonify(page)


def _membership(address: str) -> dict[str, Any]:
    number = hashlib.sha256(address.encode()).hexdigest()[:15]
    return {
        "membership": f"groups/{number}/memberships/1",
        "group": f"groups/{number}",
        "groupKey": {"id": address},
        "displayName": address.partition("@")[0].capitalize(),
        "labels": {DISCUSSION_FORUM: ""},
        "roles": [{"name": "MEMBER"}],
    }


def _refusal(status: int, name: str, message: str) -> ResponseReturnValue:
    return jsonify(error={"code": status, "message": message, "status": name}), status
