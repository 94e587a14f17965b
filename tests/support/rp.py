"""A Relying Party in words: asks for people, redeems codes, looks at what it gets with PyJWT.

It knows nothing of the provider but its issuer, and finds the rest in the metadata.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import jwt
from werkzeug.test import TestResponse

from idp.domain.client_metadata import ClientMetadata
from idp.domain.client_words import AuthMethod
from idp.services.registry import clients
from tests.support import assertions, derivations
from tests.support.app import Browser, OpenIdProvider
from tests.support.assertions import ClientKey

REDIRECT_URI = "https://studio.example.com/callback"
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
"""What an ``error_description`` may hold (RFC 6749 §4.1.2.1, §5.2)."""
ERRORS_IN_REDIRECTS = frozenset({"error", "error_description", "state", "iss"})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An authorization request as it was sent, with what the Relying Party keeps for itself."""

    params: Mapping[str, str]
    verifier: str

    @property
    def nonce(self) -> str | None:
        """The nonce, where one was sent."""
        return self.params.get("nonce")


@dataclass(frozen=True, kw_only=True)
class Code:
    """An authorization code and the request that it answers."""

    value: str = field(repr=False)
    asked: Asked = field(repr=False)


@dataclass(frozen=True)
class AuthorizationAnswer:
    """What the browser got from the authorization endpoint."""

    response: TestResponse
    asked: Asked

    def __repr__(self) -> str:
        shown = self.location or self.response.get_data(as_text=True)[:500]
        return f"<{self.response.status_code} {shown}>"

    @property
    def location(self) -> str:
        """Where the browser is sent; empty for a page."""
        return self.response.headers.get("Location", "")

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the answer; each may occur once."""
        pairs = parse_qsl(urlsplit(self.location).query, keep_blank_values=True, strict_parsing=True)
        params = dict(pairs)
        assert len(params) == len(pairs), f"a parameter occurs twice: {self.location}"
        return params

    def goes_to(self, redirect_uri: str) -> bool:
        """Whether the answer is a redirect to that very address."""
        return self.response.status_code == 303 and self.location.partition("?")[0] == redirect_uri.partition("?")[0]

    def has_a_code(self) -> bool:
        """Whether the Relying Party gets a code, and nothing that speaks of an error."""
        return self.response.status_code == 303 and "code" in self.params and "error" not in self.params

    def is_refused_as(self, error: str) -> bool:
        """Whether the Relying Party is told of exactly this error, as RFC 6749 §4.1.2.1 wants it."""
        return (
            self.response.status_code == 303
            and self.params.get("error") == error
            and self.params.keys() <= ERRORS_IN_REDIRECTS
            and self.params.get("state") == self.asked.params.get("state")
            and DESCRIPTION.fullmatch(self.params.get("error_description", "")) is not None
        )

    def is_a_page_about(self, error: str) -> bool:
        """Whether a person sees the page for the service's developer, and no browser is sent anywhere."""
        text = self.response.get_data(as_text=True)
        return (
            self.response.status_code == 400
            and not self.location
            and f'id="request-error" data-error="{error}"' in text
        )

    def waits_at(self, page: str) -> bool:
        """Whether the browser is sent to a page of ours, where its request waits."""
        return self.response.status_code == 303 and self.location.startswith(f"{page}?r=")

    def resumed_in(self, browser: Browser) -> AuthorizationAnswer:
        """Come back to the waiting request, as every page does in the end."""
        parked = self.location.partition("r=")[2]
        return AuthorizationAnswer(browser.opens(f"/oauth/authorize/resume/?r={parked}"), self.asked)

    def asks_to_sign_in(self) -> bool:
        """Whether the browser is sent to the sign-in page, where its request waits."""
        return self.response.status_code == 303 and self.location.startswith("/login/?r=")

    @property
    def code(self) -> Code:
        """The code."""
        assert self.has_a_code(), self
        return Code(value=self.params["code"], asked=self.asked)


@dataclass(frozen=True)
class Answer:
    """What the token or userinfo endpoint said."""

    response: TestResponse

    def __repr__(self) -> str:
        return f"<{self.response.status_code} {self.response.get_data(as_text=True)[:500]}>"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object."""
        assert self.response.mimetype == "application/json", self.response.content_type
        body = self.response.get_json()
        assert isinstance(body, dict)
        return body

    def succeeds(self) -> bool:
        """Whether it is a success that no cache keeps."""
        return self.response.status_code == 200 and "error" not in self.body and self._is_not_kept()

    def _is_not_kept(self) -> bool:
        return self.response.headers.get("Cache-Control") == "no-store"

    def _describes(self, error: str) -> bool:
        description = self.body.get("error_description")
        described = description is None or DESCRIPTION.fullmatch(description) is not None
        return self.body.get("error") == error and described and self._is_not_kept()


class TokenAnswer(Answer):
    """What the token endpoint said."""

    def is_refused_as(self, error: str) -> bool:
        """Whether it is exactly this error, as RFC 6749 §5.2 wants it."""
        status = 401 if error == "invalid_client" else 400
        return self.response.status_code == status and self._describes(error)

    @property
    def tokens(self) -> Tokens:
        """What was given."""
        assert self.succeeds(), self
        return Tokens(
            access_token=self.body["access_token"],
            id_token=self.body.get("id_token", ""),
            refresh_token=self.body.get("refresh_token", ""),
        )


class UserinfoAnswer(Answer):
    """What the userinfo endpoint said."""

    def is_refused_as(self, error: str) -> bool:
        """Whether it is exactly this error, as RFC 6750 §3 wants it."""
        status = {"invalid_token": 401, "insufficient_scope": 403}.get(error, 400)
        challenge = self.response.headers.get("WWW-Authenticate", "")
        return (
            self.response.status_code == status
            and challenge.startswith("Bearer realm=")
            and f'error="{error}"' in challenge
            and self._describes(error)
        )

    def asks_for_a_token(self) -> bool:
        """Whether it is the bare challenge for a request without a token (RFC 6750 §3.1)."""
        challenge = self.response.headers.get("WWW-Authenticate", "")
        return self.response.status_code == 401 and challenge.startswith("Bearer realm=") and "error" not in challenge

    @property
    def claims(self) -> dict[str, Any]:
        """What is said about the person."""
        assert self.succeeds(), self
        return self.body


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a code or a refresh token gave; empty what it did not give."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False, default="")


@dataclass(kw_only=True)
class RelyingParty:
    """A registered service.

    :param auth: how it proves itself at the token endpoint.
    :param key: with which it signs assertions, where it does.
    """

    op: OpenIdProvider
    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uri: str = REDIRECT_URI
    auth: AuthMethod = AuthMethod.BASIC
    scope: str = "openid profile email"
    key: ClientKey | None = None

    @classmethod
    def registered_at(
        cls,
        op: OpenIdProvider,
        name: str = "Studio",
        *,
        account: str | None = "acme",
        admitted: tuple[str, ...] = (),
        redirect_uris: tuple[str, ...] = (REDIRECT_URI,),
        public: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        key: ClientKey | None = None,
        **metadata: Any,
    ) -> RelyingParty:
        """Register a service with the options of ``idp clients create``.

        :param key: its own, for private_key_jwt.
        """
        if key is not None:
            metadata = {"auth_method": AuthMethod.PRIVATE_KEY_JWT, **metadata}
            if "jwks_uri" not in metadata:
                metadata.setdefault("jwks", key.jwks)
        if public:
            metadata["auth_method"] = AuthMethod.NONE
        parsed = ClientMetadata.parse(client_name=name, redirect_uris=redirect_uris, **metadata)
        with op.app.app_context():
            issued = clients.create(
                parsed,
                account=account,
                admitted=admitted,
                client_id=client_id,
                client_secret=client_secret,
                sealer=op.parts.sealer,
                context=op.context,
            )
        return cls(
            op=op,
            client_id=issued.client.client_id,
            client_secret=client_secret or issued.client_secret,
            redirect_uri=redirect_uris[0],
            auth=parsed.auth_method or AuthMethod.BASIC,
            key=key,
        )

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The provider's own description."""
        answer = self._http().get(f"{self.op.issuer}/.well-known/openid-configuration")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.get_json()
        assert found["issuer"] == self.op.issuer
        return found

    def jwks(self) -> dict[str, Any]:
        """The provider's published keys."""
        keys: dict[str, Any] = self._http().get(self.metadata["jwks_uri"]).get_json()
        return keys

    def prepares(self, **changes: str | None) -> Asked:
        """Make an authorization request with everything that a careful service sends.

        :param changes: other values; none leaves a parameter out.
        """
        verifier = secrets.token_urlsafe(32)
        params: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.scope,
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return Asked(params={key: value for key, value in params.items() if value is not None}, verifier=verifier)

    def asks(self, browser: Browser, **changes: str | None) -> AuthorizationAnswer:
        """Send the browser to the authorization endpoint."""
        return self.sends(browser, self.prepares(**changes))

    def sends(self, browser: Browser, asked: Asked) -> AuthorizationAnswer:
        """Send the browser to the authorization endpoint with a prepared request."""
        response = browser.opens(self.metadata["authorization_endpoint"], query_string=dict(asked.params))
        return AuthorizationAnswer(response, asked)

    def posts(self, browser: Browser, **changes: str | None) -> AuthorizationAnswer:
        """Let the browser post an authorization request."""
        asked = self.prepares(**changes)
        return AuthorizationAnswer(browser.posts(self.metadata["authorization_endpoint"], dict(asked.params)), asked)

    def obtains_a_code_for(self, browser: Browser, **changes: str | None) -> Code:
        """Get a code for the person who is signed in to this browser."""
        return self.asks(browser, **changes).code

    def after_consent(self, browser: Browser, **changes: str | None) -> Code:
        """Get a code for the person who is signed in to this browser, who allows it on the consent page."""
        return self.allowed_by(browser, **changes).code

    def allowed_by(self, browser: Browser, **changes: str | None) -> AuthorizationAnswer:
        """Ask for the person who is signed in to this browser, who allows it on the consent page."""
        asked = self.prepares(**changes)
        waiting = self.sends(browser, asked)
        page = browser.opens(waiting.location)
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"csrf_token": token, "decision": "allow"}
        allowed = browser.posts(waiting.location, form, headers={"Origin": self.op.issuer})
        assert allowed.status_code == 303, allowed.text
        return AuthorizationAnswer(browser.opens(allowed.headers["Location"]), asked)

    def redeems(self, code: Code, /, **changes: str | None) -> TokenAnswer:
        """Exchange a code for tokens.

        :param changes: other parameters; none leaves one out.
        """
        return self.calls_token(
            **{
                "grant_type": "authorization_code",
                "code": code.value,
                "redirect_uri": code.asked.params["redirect_uri"],
                "code_verifier": code.asked.verifier,
                **changes,
            }
        )

    def refreshes(self, tokens: Tokens, /, **changes: str | None) -> TokenAnswer:
        """Exchange a refresh token.

        :param changes: other parameters; none leaves one out.
        """
        return self.calls_token(
            **{"grant_type": "refresh_token", "refresh_token": tokens.refresh_token or None, **changes}
        )

    def calls_token(self, **form: str | None) -> TokenAnswer:
        """Call the token endpoint, authenticated as registered."""
        answer = TokenAnswer(self._calls(self.metadata["token_endpoint"], form))
        if answer.response.status_code == 200:
            context = replace(self.op.context, now=self.op.clock.now())
            for name in ("access_token", "id_token"):
                if name in answer.body:
                    derivations.check(self.op.app, answer.body[name], context)
        return answer

    def revokes(self, token: str, **form: str | None) -> TokenAnswer:
        """Give a token back, authenticated as registered."""
        return TokenAnswer(self._calls(self.metadata["revocation_endpoint"], {"token": token, **form}))

    def introspects(self, token: str, **form: str | None) -> TokenAnswer:
        """Ask what a token is worth, authenticated as registered."""
        return TokenAnswer(self._calls(self.metadata["introspection_endpoint"], {"token": token, **form}))

    def asserts(self, **claims: Any) -> str:
        """Sign an assertion that says who this service is.

        :param claims: other ones; none leaves one out.
        """
        said = assertions.claims(self.client_id, self.op.issuer, self.op.clock.unix, **claims)
        return assertions.signed(said, self.key or self.client_secret or "")

    def _calls(self, address: str, form: Mapping[str, str | None]) -> TestResponse:
        """Call an endpoint for clients; what ``form`` says replaces this service's own way to prove itself."""
        sent = {key: value for key, value in form.items() if value is not None}
        headers = {}
        if self.auth is AuthMethod.BASIC:
            headers["Authorization"] = basic(self.client_id, self.client_secret or "")
        elif self.auth in {AuthMethod.SECRET_JWT, AuthMethod.PRIVATE_KEY_JWT}:
            sent = {"client_assertion_type": assertions.TYPE, "client_assertion": self.asserts(), **sent}
        else:
            sent.setdefault("client_id", self.client_id)
        if self.auth is AuthMethod.POST:
            sent.setdefault("client_secret", self.client_secret or "")
        answer: TestResponse = self._http().post(address, data=sent, headers=headers)
        return answer

    def obtains_tokens_for(self, browser: Browser, **changes: str | None) -> Tokens:
        """Go through the whole code flow for the person who is signed in to this browser."""
        return self.redeems(self.obtains_a_code_for(browser, **changes)).tokens

    def asks_userinfo(self, token: str) -> UserinfoAnswer:
        """Ask who the token's person is."""
        headers = {"Authorization": f"Bearer {token}"}
        return UserinfoAnswer(self._http().get(self.metadata["userinfo_endpoint"], headers=headers))

    def verifies(self, id_token: str, *, nonce: str | None = None) -> dict[str, Any]:
        """Check an ID token as OpenID Connect Core §3.1.3.7 says, and return its claims.

        Times are compared with the provider's clock, which is not this machine's.
        """
        header = jwt.get_unverified_header(id_token)
        key = next(one for one in self.jwks()["keys"] if one["kid"] == header["kid"])
        claims: dict[str, Any] = jwt.decode(
            id_token,
            jwt.PyJWK(key),
            algorithms=[key["alg"]],
            issuer=self.op.issuer,
            audience=self.client_id,
            options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},
        )
        assert claims["iat"] <= self.op.clock.unix < claims["exp"]
        assert claims.get("nonce") == nonce
        return claims

    def _http(self) -> Any:
        return self.op.app.test_client(use_cookies=False)


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str, secret: str) -> str:
    """Return the header of client_secret_basic, both parts form-encoded (RFC 6749 §2.3.1)."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
