"""What a client is registered as, by the names of RFC 7591 §2, checked whole.

One value and one parser for the command line, and later for the management
API and dynamic registration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from idp.domain.client_contradictions import contradictions
from idp.domain.client_words import (
    DEFAULT_GRANT_TYPES,
    AuthMethod,
    ClaimsProfile,
    GrantType,
    Party,
    Pkce,
    ResponseType,
    SigningAlg,
)
from idp.domain.errors import Invalid
from idp.domain.public_jwks import parse_public_jwks
from idp.domain.redirect_uri import parse_redirect_uri, parse_service_uri
from idp.domain.resource import parse_resource
from idp.domain.roles import Role
from idp.domain.scope import DEFAULT_FOR_CLIENTS, Scope, parse_registered

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_NAME_LENGTH = 100
MIN_SECRET_LENGTH = 16
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_SECRET = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """One client's registration.

    :param auth_method: none (the Python value) accepts both client_secret_basic and client_secret_post.
    :param scope: what requests can be granted, each once.
    :param audiences: services for which it may ask access tokens, by resource indicator (RFC 8707).
    :param serves: audiences whose tokens it may introspect, because it is the service they name.
    :param roles: what its own tokens carry (client_credentials).
    :param jwks: its public keys; or ``jwks_uri``, where they are published.
    """

    client_name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[GrantType, ...]
    response_types: tuple[ResponseType, ...]
    auth_method: AuthMethod | None
    scope: tuple[Scope, ...]
    id_token_alg: SigningAlg
    pkce: Pkce
    party: Party
    claims_profile: ClaimsProfile
    audiences: tuple[str, ...]
    serves: tuple[str, ...]
    roles: tuple[Role, ...]
    post_logout_redirect_uris: tuple[str, ...]
    backchannel_logout_uri: str | None
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None

    @property
    def is_public(self) -> bool:
        """A public client has no secret (RFC 6749 §2.1)."""
        return self.auth_method is AuthMethod.NONE

    @property
    def is_third_party(self) -> bool:
        """Whether people have to allow what it learns of them."""
        return self.party is Party.THIRD

    def accepts(self, method: AuthMethod) -> bool:
        """Say whether the client may authenticate in this way."""
        if self.auth_method is None:
            return method in {AuthMethod.BASIC, AuthMethod.POST}
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
        party: Party = Party.FIRST,
        claims_profile: str | None = None,
        audiences: Iterable[str] = (),
        serves: Iterable[str] = (),
        roles: Iterable[str] = (),
        post_logout_redirect_uris: Iterable[str] = (),
        backchannel_logout_uri: str | None = None,
        jwks: object = None,
        jwks_uri: str | None = None,
    ) -> ClientMetadata:
        """Check a registration; what is not given takes the defaults of CONTRACT §2.

        :param scope: space-separated.
        :param claims_profile: by default that of the party.
        :param jwks: as decoded from JSON; an empty value is none, as for the other optional ones.
        :raises Invalid: every problem, one sentence each.
        """
        problems: list[str] = []

        def checked(parse: Callable[[], T], otherwise: T) -> T:
            try:
                return parse()
            except Invalid as refused:
                problems.extend(refused.problems)
                return otherwise

        def each(parse: Callable[[str], T], texts: Iterable[str], otherwise: Callable[[str], T]) -> tuple[T, ...]:
            return tuple(checked(partial(parse, text), otherwise(text)) for text in dict.fromkeys(texts))

        def uris(texts: Iterable[str], what: str) -> tuple[str, ...]:
            return each(partial(parse_redirect_uri, what=what), texts, str)

        def service_uri(text: str | None, what: str) -> str | None:
            return checked(partial(parse_service_uri, text, what=what), None) if text else None

        metadata = cls(
            client_name=checked(lambda: _name(client_name), ""),
            redirect_uris=uris(redirect_uris, "redirect URI"),
            grant_types=checked(lambda: _words(GrantType, grant_types, "grant type"), ()) or DEFAULT_GRANT_TYPES,
            response_types=checked(lambda: _words(ResponseType, response_types, "response type"), ())
            or (ResponseType.CODE,),
            auth_method=checked(lambda: _auth_method(auth_method), None),
            scope=DEFAULT_FOR_CLIENTS if scope is None else checked(lambda: parse_registered(scope), ()),
            id_token_alg=checked(lambda: _word(SigningAlg, id_token_alg, "ID token algorithm"), SigningAlg.RS256),
            pkce=pkce,
            party=party,
            claims_profile=checked(lambda: _profile(claims_profile, party), ClaimsProfile.STANDARD),
            audiences=each(partial(parse_resource, what="audience"), audiences, str),
            serves=each(partial(parse_resource, what="served audience"), serves, str),
            roles=checked(lambda: _words(Role, roles, "role"), ()),
            post_logout_redirect_uris=uris(post_logout_redirect_uris, "post-logout redirect URI"),
            backchannel_logout_uri=service_uri(backchannel_logout_uri, "back-channel logout URI"),
            jwks=checked(lambda: parse_public_jwks(jwks), None) if jwks else None,
            jwks_uri=service_uri(jwks_uri, "JWKS URI"),
        )
        problems += contradictions(metadata)
        if problems:
            raise Invalid(*problems)
        return metadata


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


def _profile(text: str | None, party: Party) -> ClaimsProfile:
    if not text:
        return ClaimsProfile.DEEPDESK if party is Party.FIRST else ClaimsProfile.STANDARD
    return _word(ClaimsProfile, text, "claims profile")


def _words(kind: type[E], texts: Iterable[str], what: str) -> tuple[E, ...]:
    return tuple(_word(kind, text, what) for text in dict.fromkeys(texts))


def _word(kind: type[E], text: str, what: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(f"{what} {text[:60]!r} is not supported; choose from: {', '.join(kind)}") from None
