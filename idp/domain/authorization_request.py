"""A validated authorization request, as the rest of the program sees it (RFC 6749 §4.1.1, OIDC Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode, ClientId
from idp.domain.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asked for. Every field has passed the endpoint's checks.

    :param redirect_uri: one that the client registered, verbatim.
    :param scope: what is granted if the person signs in, not what was asked for.
    :param state: opaque, returned unchanged.
    :param code_challenge: S256, or none for a client that may go without.
    :param idp_hint: code of the upstream provider to go to without asking; a wish, so an unknown one is no error.
    :param account: the one account whose person is asked for; none where the client's own settles it.
    :param silent: ``prompt=none``: answer without showing anything.
    """

    client_id: ClientId
    redirect_uri: str
    scope: tuple[Scope, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    silent: bool = False
    account: AccountCode | None = None
    idp_hint: str | None = None
    login_hint: str | None = None
    ui_locales: str | None = None

    @property
    def staff_hint(self) -> str | None:
        """The staff's provider that ``idp_hint=staff:CODE`` names, or none."""
        prefix, _, code = (self.idp_hint or "").partition(":")
        return code if prefix == STAFF_ACCOUNT and code else None

    def as_json(self) -> dict[str, Any]:
        """Return the request as JSON-able values, for a row that waits for the person."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what :meth:`as_json` wrote."""
        return cls(**{**stored, "scope": tuple(Scope(word) for word in stored["scope"])})
