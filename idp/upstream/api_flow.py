"""What all kinds without ID tokens share: departure, exchange, and a question to the API.

The proof is the API's own answer to the access token, over TLS, at the address
configured (RFC 6749 §4.1). Where the vendor documents PKCE, the answer is bound
to its departure by it; elsewhere by ``state`` alone, which the caller compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.domain.errors import UpstreamUntrusted
from idp.domain.secrets import new_secret
from idp.outbound.http import Answer
from idp.upstream.answers import error_of
from idp.upstream.code_flow import (
    VERIFIER,
    access_token_of,
    ask_with_token,
    basic_credentials,
    challenge,
    code_of,
    departure_url,
    read_with_token,
    redeem,
    redemption,
    remembered,
)
from idp.upstream.connector import Callback, Handoff, Hints, ProviderConfig, Start
from idp.upstream.finding import Finding
from idp.upstream.parts import UpstreamParts
from idp.upstream.probes import authorization, wrong_code
from idp.upstream.reachability import diagnose_hosts


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code gave.

    :param said: the whole token answer.
    """

    access_token: str = field(repr=False)
    said: Mapping[str, Any] = field(repr=False)


class ApiFlow:
    """The authorization code flow at one OAuth 2.0 server.

    :param config: the provider as configured, with ``authorize_url`` and ``token_url``.
    :param parts: shared with every other connector of the process.
    :param pkce: whether the vendor documents PKCE beside a client secret.
    """

    def __init__(self, config: ProviderConfig, parts: UpstreamParts, *, pkce: bool) -> None:
        self._config = config
        self._parts = parts
        self._pkce = pkce

    def start(self, *, redirect_uri: str, state: str, hints: Mapping[str, str | None]) -> Handoff:
        """Say where to send the browser (RFC 6749 §4.1.1).

        :param hints: parameters of the vendor's own.
        """
        remember = {VERIFIER: new_secret()} if self._pkce else {}
        request = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._config.scope,
            "state": state,
            **(challenge(remember[VERIFIER]) if self._pkce else {}),
            **hints,
        }
        return Handoff(
            url=departure_url(configured(self._config.authorize_url, "authorize"), request), remember=remember
        )

    def exchange(self, callback: Callback) -> Redeemed:
        """Redeem the code that a callback brings.

        :raises UpstreamError: as a connector's ``finish``.
        """
        self._check_issuer(callback.params)
        verifier = remembered(callback, VERIFIER) if self._pkce else None
        form = redemption(code_of(callback.params), callback, verifier=verifier)
        endpoint = configured(self._config.token_url, "token")
        tokens = redeem(self._parts.http, endpoint, form, auth=basic_credentials(self._config))
        token = access_token_of(tokens)
        if token is not None:
            return Redeemed(token, tokens)
        if "error" in tokens:
            # Some servers say no with status 200.
            raise UpstreamUntrusted(str(error_of(tokens["error"])), endpoint="token", status=200)
        raise UpstreamUntrusted("the token answer has no access token", check="access_token")

    def ask(self, what: str, url: str, redeemed: Redeemed) -> Mapping[str, Any]:
        """Return what the API says.

        :raises UpstreamUntrusted: it refuses the access token.
        :raises UpstreamUnavailable: any other failure.
        """
        return read_with_token(self._parts.http, what, url, redeemed.access_token)

    def try_to_ask(self, what: str, url: str, redeemed: Redeemed) -> Answer:
        """Return the API's answer, whatever its status.

        :raises UpstreamUnavailable: there is none.
        """
        return ask_with_token(self._parts.http, what, url, redeemed.access_token)

    def check(
        self, start: Start, api: str | None, *, redirect_uri: str, option: str = "--api-url"
    ) -> tuple[Finding, ...]:
        """Look at token endpoint and API from here, without signing anybody in.

        :param start: the connector's own, so that what is asked is what a browser would ask.
        :param api: an address of the API that the connector reads.
        :param option: the one that sets it.
        """
        token_url = self._config.token_url
        found = diagnose_hosts({"--token-url": token_url, option: api}, self._parts.http, now=self._parts.clock.now())
        if token_url is None or any(one.breaks for one in found):
            return found
        departure = start(redirect_uri=redirect_uri, state=new_secret(), hints=Hints()).url
        return (
            *found,
            *wrong_code(self._config, token_url, redirect_uri, self._parts.http, by_form=False, pkce=self._pkce),
            *authorization(departure, redirect_uri, self._config.scope, self._parts.http),
        )

    def _check_issuer(self, params: Mapping[str, str]) -> None:
        """Refuse a callback from another provider, errors included, where both sides name one (RFC 9207 §2.4)."""
        found = params.get("iss")
        if found is not None and self._config.issuer and found != self._config.issuer:
            raise UpstreamUntrusted("the callback names another issuer", check="callback_iss", found=found[:255])


def configured(url: str | None, what: str) -> str:
    """Return an address that this kind has to have in its configuration."""
    if url is None:
        raise UpstreamUntrusted(f"the provider has no --{what}-url", check="configuration", member=f"{what}_url")
    return url
