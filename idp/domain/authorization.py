"""What was authorized, by whom, for whom: all that tokens may be minted from."""

from __future__ import annotations

from dataclasses import dataclass, field

from idp.domain.authentication import Authentication
from idp.domain.claims_request import ClaimsRequest
from idp.domain.identifiers import FamilyId, SessionId, UserId
from idp.domain.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """One person's authorization of one client.

    :param family_id: names everything that it gives.
    :param nonce: of the authorization request; tokens that were renewed carry none.
    :param resources: audiences that the client picked; empty where it left that to its registration.
    :param claims: what was asked for beyond the scope.
    """

    family_id: FamilyId
    user_id: UserId
    sid: SessionId
    scope: tuple[Scope, ...]
    nonce: str | None
    authentication: Authentication
    resources: tuple[str, ...] = ()
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)

    @property
    def is_offline(self) -> bool:
        """Whether it outlives the SSO session (OpenID Connect Core §11)."""
        return Scope.OFFLINE_ACCESS in self.scope
