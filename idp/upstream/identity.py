"""From verified OpenID Connect claims to an :class:`UpstreamIdentity` (OpenID Connect Core §5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.domain.clock import from_unix
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.upstream.claims import described, identifier, moment, strings, text
from idp.upstream.connector import ProviderConfig

DEFAULT_ROLES_CLAIM = "roles"
SINGLE_ROLE_CLAIM = "role_name"
"""Where some upstreams put one role as a string instead; looked at only while the claim is the default."""

REGISTERED_AMR = frozenset(
    (
        *("face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba"),
        *("retina", "sc", "sms", "swk", "tel", "user", "vbm", "wia"),
    )
)
"""RFC 8176 §2 and the registry it opened."""


def lacks(config: ProviderConfig, claims: Mapping[str, Any]) -> bool:
    """Say whether ``claims`` leave out the address or the roles, so that it is worth asking userinfo."""
    return claims.get(config.email_claim) is None or _roles_claim(config, claims) is None


def identity_of(
    config: ProviderConfig, claims: Mapping[str, Any], more: Mapping[str, Any], *, now: datetime
) -> UpstreamIdentity:
    """Say who it was.

    :param claims: of the verified ID token; they go before those of ``more``.
    :param more: of userinfo about the same subject, possibly none.
    :raises ClaimMissing: without the claim that identifies people at this provider.
    :raises UpstreamUntrusted: a claim that decides something is malformed.
    """
    # The address and its voucher come from one and the same answer.
    mail = claims if claims.get(config.email_claim) is not None else more
    known = {**more, **{name: value for name, value in claims.items() if value is not None}}
    email = text(mail, config.email_claim)
    verified = mail.get("email_verified")
    roles = _roles(config, claims, more)
    looked_at = {
        "iss": config.issuer,
        "sub": claims.get("sub"),
        config.subject_claim: identifier(claims, config.subject_claim),
        config.email_claim: email,
        "email_verified": verified if isinstance(verified, bool) else described(mail, "email_verified"),
        roles.claim: list(roles.values) or None,
        "auth_time": moment(claims, "auth_time"),
    }
    return UpstreamIdentity(
        issuer=config.issuer,
        subject=identifier(claims, config.subject_claim),
        email=email,
        email_vouched=email is not None and config.email_claim == "email" and verified is True,
        name=described(known, "name"),
        given_name=described(known, config.first_name_claim),
        family_name=described(known, config.last_name_claim),
        locale=described(known, "locale"),
        roles=roles,
        authenticated_at=_authenticated_at(claims, now),
        amr=_methods(claims),
        session=described(claims, "sid"),
        claims={name: value for name, value in looked_at.items() if value is not None},
    )


def _roles_claim(config: ProviderConfig, claims: Mapping[str, Any]) -> str | None:
    if claims.get(config.roles_claim) is not None:
        return config.roles_claim
    if config.roles_claim == DEFAULT_ROLES_CLAIM and claims.get(SINGLE_ROLE_CLAIM) is not None:
        return SINGLE_ROLE_CLAIM
    return None


def _roles(config: ProviderConfig, *answers: Mapping[str, Any]) -> RoleEvidence:
    for claims in answers:
        claim = _roles_claim(config, claims)
        if claim is not None:
            return RoleEvidence(claim=claim, values=strings(claims, claim) or ())
    return RoleEvidence(claim=config.roles_claim)


def _authenticated_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    said = moment(claims, "auth_time")
    # Compared as numbers: a time beyond the calendar is merely in the future.
    if said is None or said >= now.timestamp():
        return now
    return from_unix(said)


def _methods(claims: Mapping[str, Any]) -> tuple[str, ...]:
    methods = claims.get("amr")
    if not isinstance(methods, list):
        return ()
    return tuple(item for item in methods if isinstance(item, str) and item in REGISTERED_AMR)
