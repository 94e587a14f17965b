"""From verified claims, or an API's answer, to an :class:`UpstreamIdentity`.

What a kind reads in its own way (who speaks, the pin, who vouches) its
connector says; the rest is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from idp.domain.clock import from_unix
from idp.domain.provider_kinds import Kind, own_email_claim
from idp.domain.upstream_identity import RoleEvidence, UpstreamIdentity
from idp.domain.vouching import by_operator, by_verified_claim
from idp.upstream.claims import described, find, identifier, moment, strings, text
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An address, and the answer that brought it, which alone may vouch for it."""

    address: str | None
    said: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a connector itself says about somebody.

    :param organisation: as compared with the pin; none where nothing pins.
    :param looked_at: what else decided something, by its own names, for the explanation.
    """

    issuer: str
    subject: str
    mail: Mail
    vouched: bool
    roles: RoleEvidence
    organisation: str | None = None
    platform_user_id: str | None = None
    looked_at: Mapping[str, Any] = field(default_factory=dict)


def lacks(config: ProviderConfig, claims: Mapping[str, Any]) -> bool:
    """Say whether ``claims`` leave out the address or the roles, so that it is worth asking userinfo."""
    return lacks_mail(config, claims) or _roles_claim(config, claims) is None


def lacks_mail(config: ProviderConfig, claims: Mapping[str, Any]) -> bool:
    """Say whether ``claims`` leave out the address."""
    return find(claims, config.email_claim) is None


def mail_of(config: ProviderConfig, *answers: Mapping[str, Any]) -> Mail:
    """Return the address of the first answer that has one.

    :raises UpstreamUntrusted: it is malformed.
    """
    said = next((answer for answer in answers if not lacks_mail(config, answer)), answers[-1])
    return Mail(address=text(said, config.email_claim), said=said)


def roles_of(config: ProviderConfig, *answers: Mapping[str, Any]) -> RoleEvidence:
    """Return the roles of the first answer that has any.

    :raises UpstreamUntrusted: they are malformed.
    """
    for answer in answers:
        claim = _roles_claim(config, answer)
        if claim is not None:
            return RoleEvidence(claim=claim, values=strings(answer, claim) or ())
    return RoleEvidence(claim=config.roles_claim)


def is_verified(config: ProviderConfig, mail: Mail) -> bool:
    """Say whether the provider, or its operator, vouches for the address (CONTRACT §6 rule 6)."""
    said = mail.said.get("email_verified")
    return by_verified_claim(mail.address, claim=config.email_claim, email_verified=said) or is_trusted(config, mail)


def is_trusted(config: ProviderConfig, mail: Mail) -> bool:
    """Say whether an operator declared that the provider's addresses can be relied on."""
    own = own_email_claim(Kind(config.kind))
    return by_operator(mail.address, claim=config.email_claim, own_claim=own, trusted=config.trust_email)


def identity_of(
    config: ProviderConfig, claims: Mapping[str, Any], more: Mapping[str, Any], *, now: datetime
) -> UpstreamIdentity:
    """Say who it was, by OpenID Connect alone (Core §5.1).

    :param claims: of the verified ID token; they go before those of ``more``.
    :param more: of userinfo about the same subject, possibly none.
    :raises ClaimMissing: without the claim that identifies people at this provider.
    :raises UpstreamUntrusted: a claim that decides something is malformed.
    """
    mail = mail_of(config, claims, more)
    subject = identifier(claims, config.subject_claim)
    person = Person(
        issuer=config.issuer,
        subject=subject,
        mail=mail,
        vouched=is_verified(config, mail),
        roles=roles_of(config, claims, more),
        looked_at={"sub": claims.get("sub"), config.subject_claim: subject},
    )
    return described_identity(config, person, claims, more, now=now)


def described_identity(
    config: ProviderConfig, person: Person, claims: Mapping[str, Any], more: Mapping[str, Any], *, now: datetime
) -> UpstreamIdentity:
    """Add to ``person`` what the answers say in the same way at every kind.

    :param claims: of the verified ID token; empty at kinds without one.
    :param more: of userinfo or the API, which say nothing about the proof itself.
    :raises UpstreamUntrusted: ``auth_time`` is malformed.
    """
    known = {**more, **{name: value for name, value in claims.items() if value is not None}}
    mail, verified = person.mail, person.mail.said.get("email_verified")
    looked_at = {
        "iss": person.issuer,
        **person.looked_at,
        config.email_claim: mail.address,
        "email_verified": verified if isinstance(verified, bool) else described(mail.said, "email_verified"),
        person.roles.claim: list(person.roles.values) or None,
        "auth_time": moment(claims, "auth_time"),
    }
    return UpstreamIdentity(
        issuer=person.issuer,
        subject=person.subject,
        email=mail.address,
        email_vouched=person.vouched,
        name=described(known, "name"),
        given_name=described(known, config.first_name_claim),
        family_name=described(known, config.last_name_claim),
        locale=described(known, "locale"),
        roles=person.roles,
        authenticated_at=_proven_at(claims, now) or now,
        proven_at=_proven_at(claims, now),
        amr=_methods(claims),
        session=described(claims, "sid"),
        claims={name: value for name, value in looked_at.items() if value is not None},
        organisation=person.organisation,
        platform_user_id=person.platform_user_id,
    )


def _roles_claim(config: ProviderConfig, claims: Mapping[str, Any]) -> str | None:
    if find(claims, config.roles_claim) is not None:
        return config.roles_claim
    if config.roles_claim == DEFAULT_ROLES_CLAIM and claims.get(SINGLE_ROLE_CLAIM) is not None:
        return SINGLE_ROLE_CLAIM
    return None


def _proven_at(claims: Mapping[str, Any], now: datetime) -> datetime | None:
    said = moment(claims, "auth_time")
    if said is None:
        return None
    # Compared as numbers: a time beyond the calendar is merely in the future.
    return now if said >= now.timestamp() else from_unix(said)


def _methods(claims: Mapping[str, Any]) -> tuple[str, ...]:
    methods = claims.get("amr")
    if not isinstance(methods, list):
        return ()
    return tuple(item for item in methods if isinstance(item, str) and item in REGISTERED_AMR)
