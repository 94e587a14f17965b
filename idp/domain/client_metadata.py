"""What a client is registered as, by the names of RFC 7591 §2, checked whole.

One value and one parser for the command line, and later for the management
API and dynamic registration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from idp.domain.errors import Invalid
from idp.domain.redirect_uri import parse_redirect_uri
from idp.domain.scope import DEFAULT_FOR_CLIENTS, Scope, parse_registered

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_NAME_LENGTH = 100
MIN_SECRET_LENGTH = 16
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_SECRET = re.compile(r"[\x21-\x7e]+")


class AuthMethod(StrEnum):
    """How a client proves itself at the token endpoint (RFC 7591 §2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


class GrantType(StrEnum):
    """Grants that a client can be registered for. ``refresh_token`` is stored until it is built."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant


class ResponseType(StrEnum):
    """Response types that are built."""

    CODE = "code"


class SigningAlg(StrEnum):
    """Algorithms with which ID tokens can be signed."""

    RS256 = "RS256"
    ES256 = "ES256"


class Pkce(StrEnum):
    """Whether a client's requests must carry a challenge (CONTRACT §6 rule 13)."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """One client's registration.

    :param auth_method: none (the Python value) accepts both client_secret_basic and client_secret_post.
    :param scope: what requests can be granted, each once.
    """

    client_name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[GrantType, ...]
    response_types: tuple[ResponseType, ...]
    auth_method: AuthMethod | None
    scope: tuple[Scope, ...]
    id_token_alg: SigningAlg
    pkce: Pkce

    @property
    def is_public(self) -> bool:
        """A public client has no secret (RFC 6749 §2.1)."""
        return self.auth_method is AuthMethod.NONE

    def accepts(self, method: AuthMethod) -> bool:
        """Say whether the client may authenticate in this way."""
        if self.auth_method is None:
            return method is not AuthMethod.NONE
        return method is self.auth_method

    @classmethod
    def parse(
        cls,
        *,
        client_name: str,
        redirect_uris: Iterable[str] = (),
        grant_types: Iterable[str] = (),
        response_types: Iterable[str] = (),
        auth_method: str | None = None,
        scope: str | None = None,
        id_token_alg: str = SigningAlg.RS256,
        pkce: Pkce = Pkce.REQUIRED,
    ) -> ClientMetadata:
        """Check a registration; what is not given takes the defaults of CONTRACT §2.

        :param scope: space-separated.
        :raises Invalid: every problem, one sentence each.
        """
        problems: list[str] = []

        def checked(parse: Callable[[], T], otherwise: T) -> T:
            try:
                return parse()
            except Invalid as refused:
                problems.extend(refused.problems)
                return otherwise

        uris = tuple(dict.fromkeys(redirect_uris))
        metadata = cls(
            client_name=checked(lambda: _name(client_name), ""),
            redirect_uris=tuple(checked(partial(parse_redirect_uri, uri), uri) for uri in uris),
            grant_types=checked(lambda: _words(GrantType, grant_types, "grant type"), ()) or tuple(GrantType),
            response_types=checked(lambda: _words(ResponseType, response_types, "response type"), ())
            or (ResponseType.CODE,),
            auth_method=checked(lambda: _auth_method(auth_method), None),
            scope=DEFAULT_FOR_CLIENTS if scope is None else checked(lambda: parse_registered(scope), ()),
            id_token_alg=checked(lambda: _word(SigningAlg, id_token_alg, "ID token algorithm"), SigningAlg.RS256),
            pkce=pkce,
        )
        problems += metadata._contradictions()
        if problems:
            raise Invalid(*problems)
        return metadata

    def _contradictions(self) -> list[str]:
        problems = []
        if not self.redirect_uris:
            problems.append("give at least one --redirect-uri: where people are sent back to after signing in")
        if self.is_public and self.pkce is Pkce.OPTIONAL:
            problems.append("a public client always needs PKCE: leave out --no-pkce")
        if GrantType.AUTHORIZATION_CODE not in self.grant_types:
            problems.append("the grant type authorization_code is needed; no other grant is built yet")
        return problems


def parse_client_id(text: str) -> str:
    """Return ``text`` when it may name a client.

    :raises Invalid: anything but 1 to 128 unreserved URL characters.
    """
    if not _CLIENT_ID.fullmatch(text):
        raise Invalid("a client_id is 1 to 128 characters of A-Z a-z 0-9 . _ ~ -")
    return text


def parse_client_secret(text: str) -> str:
    """Return ``text`` when it may serve as a client's secret that was made elsewhere.

    :raises Invalid: too short, or with characters that HTTP Basic would garble.
    """
    if len(text) < MIN_SECRET_LENGTH or not _SECRET.fullmatch(text):
        raise Invalid(f"a client secret has at least {MIN_SECRET_LENGTH} visible ASCII characters, no spaces")
    return text


def _name(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_NAME_LENGTH or not stripped.isprintable():
        raise Invalid(f"the name must have 1 to {MAX_NAME_LENGTH} printable characters")
    return stripped


def _auth_method(text: str | None) -> AuthMethod | None:
    return None if text is None else _word(AuthMethod, text, "auth method")


def _words(kind: type[E], texts: Iterable[str], what: str) -> tuple[E, ...]:
    return tuple(_word(kind, text, what) for text in dict.fromkeys(texts))


def _word(kind: type[E], text: str, what: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(f"{what} {text[:60]!r} is not supported; choose from: {', '.join(kind)}") from None
