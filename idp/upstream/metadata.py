"""What an upstream says about itself: OpenID Connect Discovery 1.0, RFC 8414, RFC 9207 §3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from idp.domain.errors import UpstreamUntrusted
from idp.outbound.http import Answer, HttpClient
from idp.upstream.answers import ask, fetched
from idp.upstream.documents import Documents

WHERE = "/.well-known/openid-configuration"
WHAT = "discovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """The parts of a discovery document that a sign-in needs, with their types checked.

    Endpoints that are absent are none: a provider's configuration may supply them.

    :param algorithms: of ID token signatures; none when the document does not say.
    :param challenge_methods: of PKCE; none when the document does not say.
    :param callback_names_issuer: whether each callback must carry ``iss`` (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    jwks_uri: str | None = None
    algorithms: tuple[str, ...] | None = None
    token_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    challenge_methods: tuple[str, ...] | None = None
    callback_names_issuer: bool = False


def discovery_url(issuer: str) -> str:
    """Return where ``issuer`` publishes its metadata (OpenID Connect Discovery 1.0 §4)."""
    return issuer.removesuffix("/") + WHERE


def ask_discovery(http: HttpClient, issuer: str) -> Answer:
    """Fetch the discovery document.

    :raises UpstreamUnavailable: no answer; a status, whichever, is one.
    """
    return ask(WHAT, lambda: http.get(discovery_url(issuer)))


def metadata_cache(http: HttpClient) -> Documents[ProviderMetadata]:
    """Return a cache of metadata by the issuer that was asked."""
    return Documents(lambda issuer: parse_metadata(fetched(WHAT, ask_discovery(http, issuer)), asked=issuer))


def parse_metadata(found: Mapping[str, Any], *, asked: str) -> ProviderMetadata:
    """Check the types in a discovery document; whether its issuer is the right one is for ``issuers`` to say.

    :param asked: the configured issuer, at which it was found.
    :raises UpstreamUntrusted: a value of the wrong type.
    """
    said = found.get("issuer")
    if not isinstance(said, str):
        raise _malformed("issuer")
    return ProviderMetadata(
        issuer=said,
        authorization_endpoint=_url(found, "authorization_endpoint", asked),
        token_endpoint=_url(found, "token_endpoint", asked),
        userinfo_endpoint=_url(found, "userinfo_endpoint", asked),
        jwks_uri=_url(found, "jwks_uri", asked),
        algorithms=_strings(found, "id_token_signing_alg_values_supported"),
        token_auth_methods=_strings(found, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),
        challenge_methods=_strings(found, "code_challenge_methods_supported"),
        callback_names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _url(found: Mapping[str, Any], name: str, asked: str) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    # http only where the issuer itself is http, as in development; never javascript: and the like.
    schemes = ("https", "http") if asked.startswith("http:") else ("https",)
    if not isinstance(value, str) or not _is_plain_url(value, schemes):
        raise _malformed(name)
    return value


def _is_plain_url(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    unwritable = any(character.isspace() or not character.isprintable() for character in text)
    return parts.scheme in schemes and bool(parts.hostname) and not parts.fragment and not unwritable


def _strings(found: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _malformed(name)
    return tuple(value)


def _malformed(name: str) -> UpstreamUntrusted:
    return UpstreamUntrusted(f"the discovery document's {name} is malformed", member=name)
