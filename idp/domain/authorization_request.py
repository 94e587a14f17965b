"""A validated authorization request, as the rest of the program sees it (RFC 6749 §4.1.1, OIDC Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from idp.domain.claims_request import ClaimsRequest
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode, ClientId
from idp.domain.scope import Scope


class Prompt(StrEnum):
    """What a client wants its person to be asked (OpenID Connect Core §3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class ResponseMode(StrEnum):
    """How the answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode)."""

    QUERY = "query"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asked for. Every field has passed the endpoint's checks.

    :param redirect_uri: one that the client registered, verbatim.
    :param scope: what is granted if the person signs in, not what was asked for.
    :param state: opaque, returned unchanged.
    :param code_challenge: S256, or none for a client that may go without.
    :param idp_hint: code of the upstream provider to go to without asking; a wish, so an unknown one is no error.
    :param account: the one account whose person is asked for; none where the client's own settles it.
    :param max_age: seconds since the person last proved who they are; none where any time will do.
    :param subject: the one person who may be answered for, from ``id_token_hint`` or ``claims``; by ``sub``.
    :param acr: values of which the proof must have one; empty where any will do.
    :param resources: audiences that the request picked (RFC 8707), each registered for the client.
    :param outlived: it found a session whose proof was older than ``max_age``, so that a new one is needed.
    :param asked_at: when it arrived, once it waits; none while it is looked at for the first time.
    :param pushed: digest of the reference under which the request was pushed (RFC 9126); spent by the answer.
    """

    client_id: ClientId
    redirect_uri: str
    scope: tuple[Scope, ...]
    response_mode: ResponseMode = ResponseMode.QUERY
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: tuple[Prompt, ...] = ()
    max_age: int | None = None
    subject: str | None = None
    acr: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)
    account: AccountCode | None = None
    idp_hint: str | None = None
    login_hint: str | None = None
    ui_locales: str | None = None
    pushed: str | None = None
    outlived: bool = False
    asked_at: datetime | None = None

    @property
    def silent(self) -> bool:
        """``prompt=none``: answer without showing anything."""
        return Prompt.NONE in self.prompts

    @property
    def wants_a_new_proof(self) -> bool:
        """``prompt=login``, or ``max_age=0``, which means the same (OpenID Connect Core §3.1.2.1)."""
        return Prompt.LOGIN in self.prompts or self.max_age == 0

    @property
    def staff_hint(self) -> str | None:
        """The staff's provider that ``idp_hint=staff:CODE`` names, or none."""
        prefix, _, code = (self.idp_hint or "").partition(":")
        return code if prefix == STAFF_ACCOUNT and code else None

    def as_json(self) -> dict[str, Any]:
        """Return the request as JSON-able values, for a row that waits for the person."""
        stored = asdict(self) | {"claims": self.claims.as_json()}
        del stored["asked_at"]
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what :meth:`as_json` wrote, in this release or the one before."""
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        typed = {
            "scope": tuple(Scope(word) for word in stored["scope"]),
            "response_mode": ResponseMode(stored.get("response_mode", ResponseMode.QUERY)),
            "prompts": tuple(Prompt(word) for word in stored.get("prompts", ())),
            "acr": tuple(stored.get("acr", ())),
            "resources": tuple(stored.get("resources", ())),
            "claims": ClaimsRequest.from_json(stored.get("claims", {})),
        }
        return cls(**(known | typed))
