"""Microsoft Entra ID v2.0: tenants with issuers of their own, app roles, and groups that may not fit into a token.

Every tenant's page shows everybody: people of another tenant are what an
application's own check has to withstand.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from flask import Blueprint, abort, jsonify, request
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
from idp.sandbox.platform.people import ENTRA_CONSUMERS, ENTRA_OTHER_TENANT, ENTRA_TENANT, OVERAGE
from idp.sandbox.platform.publishing import metadata
from idp.sandbox.platform.state import Grant, Platform
from idp.sandbox.platform.tokens import id_token, protocol_claims

AUTHORIZE_PATH = "/<tenant>/oauth2/v2.0/authorize"
ISSUER_TENANTS = {
    ENTRA_TENANT: ENTRA_TENANT,
    ENTRA_OTHER_TENANT: ENTRA_OTHER_TENANT,
    ENTRA_CONSUMERS: ENTRA_CONSUMERS,
    "consumers": ENTRA_CONSUMERS,
    "common": "{tenantid}",
    "organizations": "{tenantid}",
}
"""Names that stand in a path → the tenant that the metadata there puts into the issuer."""

GRAPH_SCOPES = frozenset({"GroupMember.Read.All", "User.Read"})
GRAPH_PREFIX = "https://graph.microsoft.com/"
RETIRED_GRAPH = "https://graph.windows.net"
DETAILS = "Trace ID: 00000000-0000-0000-0000-000000000000"

blueprint = Blueprint("entra", __name__)
authorize.offer(blueprint, AUTHORIZE_PATH)


@blueprint.before_request
def know_the_tenant() -> ResponseReturnValue | None:
    """Refuse paths of tenants that do not exist."""
    tenant = (request.view_args or {}).get("tenant")
    if tenant is None or tenant in ISSUER_TENANTS:
        return None
    message = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
    if request.url_rule is not None and request.url_rule.rule == AUTHORIZE_PATH:
        abort(400, f"AADSTS90002: {message}")
    return _refusal("invalid_tenant", 90002, message)


@blueprint.get("/<tenant>/v2.0/.well-known/openid-configuration")
def discovery(tenant: str) -> ResponseReturnValue:
    """Say what this tenant can do; like the real one without a word about PKCE."""
    platform = current_platform()
    here = f"{platform.issuer}/{tenant}"
    return metadata(
        platform,
        {
            "issuer": _issuer(platform, ISSUER_TENANTS[tenant]),
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "userinfo_endpoint": f"{platform.issuer}/graph/oidc/userinfo",
            "jwks_uri": f"{here}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "request_uri_parameter_supported": False,
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "msgraph_host": "graph.microsoft.com",
        },
    )


@blueprint.get("/<tenant>/discovery/v2.0/keys")
def keys(tenant: str) -> ResponseReturnValue:
    """Publish the public keys; like the real ones they name an issuer and no algorithm."""
    platform = current_platform()
    if platform.keys_broken:
        return error("server_error", 500)
    issuer = _issuer(platform, ISSUER_TENANTS[tenant])
    published = [{**key, "issuer": issuer} for key in platform.keys.published()]
    return jsonify(keys=[{name: key[name] for name in key if name != "alg"} for key in published])


@blueprint.post("/<tenant>/oauth2/v2.0/token")
def exchange(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - any tenant redeems, as its people may be guests
    """Redeem a code, or fail as that sign-in's fault says."""
    platform = current_platform()
    client = authenticated_client(platform)
    if client is None:
        return _refusal("invalid_client", 7000215, "Invalid client secret provided.", 401)
    if platform.secret_expired:
        return _refusal("invalid_client", 7000222, "The provided client secret keys are expired.", 401)
    if request.form.get("grant_type") != "authorization_code":
        return _refusal("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    grant = redeemed(platform, client)
    if grant is None:
        return _refusal("invalid_grant", 70000, "The provided value for the input parameter 'code' is not valid.")
    return instead_of_tokens(platform, grant.fault) or _tokens(platform, grant)


def _tokens(platform: Platform, grant: Grant) -> ResponseReturnValue:
    issuer = _issuer(platform, grant.person.tenant)
    claims = protocol_claims(platform, grant, issuer=issuer, subject=_pairwise(grant))
    claims |= {"nbf": claims["iat"], "tid": grant.person.tenant, "ver": "2.0", "uti": "AAAAAAAAAAAAAAAAAAAAAA"}
    claims |= _person(grant)
    if platform.groups_claim:
        claims |= _groups(grant)
    return token_answer(
        new_access_token(platform, grant),
        scope=" ".join(grant.scopes),
        ext_expires_in=600,
        id_token=id_token(platform, grant, claims),
    )


def _person(grant: Grant) -> dict[str, Any]:
    """Describe a person; never a word about whether the address is verified, but for ``xms_edov``."""
    person, is_guest = grant.person, grant.person.home_tenant is not None
    claims: dict[str, Any] = {"acct": int(is_guest)}
    if "profile" in grant.scopes:
        claims |= {"oid": person.subject, "name": person.name, "preferred_username": person.login}
    if person.roles:
        claims["roles"] = list(person.roles)
    if person.email is not None and ("email" in grant.scopes or is_guest):
        claims["email"] = person.email
        if person.domain_owner_verified is not None:
            claims["xms_edov"] = person.domain_owner_verified
    return claims


def _groups(grant: Grant) -> dict[str, Any]:
    person = grant.person
    if len(person.groups) <= OVERAGE:
        return {"groups": list(person.groups)} if person.groups else {}
    endpoint = f"{RETIRED_GRAPH}/{person.tenant}/users/{person.subject}/getMemberObjects"
    return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}


def _pairwise(grant: Grant) -> str:
    """Return the subject that this application sees, and no other."""
    seen = hashlib.sha256(f"{grant.client_id} {grant.person.tenant} {grant.person.subject}".encode()).digest()
    return base64.urlsafe_b64encode(seen).rstrip(b"=").decode()


@blueprint.route("/graph/oidc/userinfo", methods=["GET", "POST"])
def describe() -> ResponseReturnValue:
    """Describe the person whom an access token stands for; less than the ID token does."""
    grant = bearer_grant(current_platform())
    if grant is None:
        return _graph_refusal(401, "InvalidAuthenticationToken", "Access token is empty or not valid.")
    person = grant.person
    claims = {"sub": _pairwise(grant), "name": person.name}
    claims |= {"given_name": person.given_name, "family_name": person.family_name}
    if "email" in grant.scopes and person.email is not None:
        claims["email"] = person.email
    return jsonify(claims)


@blueprint.post("/graph/v1.0/me/getMemberObjects", defaults={"oid": None})
@blueprint.post("/graph/v1.0/users/<oid>/getMemberObjects")
def get_member_objects(oid: str | None) -> ResponseReturnValue:
    """Name the groups of the person who signed in, by their object ids."""
    grant = bearer_grant(current_platform())
    if grant is None:
        return _graph_refusal(401, "InvalidAuthenticationToken", "Access token is empty or not valid.")
    granted = {scope.removeprefix(GRAPH_PREFIX) for scope in grant.scopes}
    if not granted & GRAPH_SCOPES or oid not in (None, grant.person.subject) or grant.fault is Fault.GRAPH_REFUSED:
        return _graph_refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("securityEnabledOnly"), bool):
        return _graph_refusal(400, "Request_BadRequest", "The parameter securityEnabledOnly is missing.")
    return jsonify(value=list(grant.person.groups))


def _issuer(platform: Platform, tenant: str) -> str:
    return f"{platform.issuer}/{tenant}/v2.0"


def _refusal(code: str, number: int, message: str, status: int = 400) -> ResponseReturnValue:
    return error(code, status, error_description=f"AADSTS{number}: {message} {DETAILS}", error_codes=[number])


def _graph_refusal(status: int, code: str, message: str) -> ResponseReturnValue:
    return jsonify(error={"code": code, "message": message}), status
