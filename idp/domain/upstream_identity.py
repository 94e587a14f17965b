"""Who an upstream provider says has signed in, whatever kind of provider it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEvidence:
    """What the provider said about roles, verbatim.

    :param claim: name of the claim (or API field) it stood in.
    :param values: the strings found there, in order; empty when the claim was absent or held none.
    """

    claim: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamIdentity:
    """A verified statement by an upstream provider about one person.

    :param issuer: who speaks: the verified ``iss``, or the connection's own name where there is no ID token.
    :param subject: the provider's immutable id of the person, never an address.
    :param email_vouched: the provider says that it verified ``email``, in the way its kind documents.
    :param authenticated_at: when the person last proved who they are: the upstream's ``auth_time`` (never
        later than our clock), else the moment of the answer. Aware.
    :param proven_at: the upstream's own ``auth_time``, never later than our clock; none where it states none.
    :param amr: the upstream's registered authentication method references (RFC 8176), possibly none.
    :param session: the upstream's ``sid``, so that its logout can end what began here.
    :param claims: the verified claims that were looked at, for the explanation of roles.
    :param organisation: the person's organisation at the upstream, as compared with the pin; none where none is.
    :param platform_user_id: the person's id on the platform in which they work; none from other kinds.
    """

    issuer: str
    subject: str
    authenticated_at: datetime
    proven_at: datetime | None = None
    email: str | None = None
    email_vouched: bool = False
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    locale: str | None = None
    roles: RoleEvidence
    amr: tuple[str, ...] = ()
    session: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    organisation: str | None = None
    platform_user_id: str | None = None
