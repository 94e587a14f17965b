"""A steady load of sign-ins whose tokens are verified by services, while somebody watches the published keys."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import jwt
import requests

from tests.interop.service import REDIRECT_URI, TIMEOUT_SECONDS, Service
from tests.interop.walking import Browser
from tests.rotation.services import Verifying

PAUSE_SECONDS = 0.4
"""Between two looks at the published keys, and between two sign-ins, of two tokens each, while keys turn."""
CALM_LOOKS = 8
"""As many go by from one sign-in to the next while no key turns, which is most of the time."""


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A token that was issued and verified."""

    at: datetime
    alg: str
    kid: str
    expires_at: datetime


@dataclass(kw_only=True)
class Load:
    """One person who signs in to a service again and again, by the session in their browser.

    :param id_token_readers: services by name, to verify ID tokens.
    :param access_token_readers: … access tokens.
    """

    service: Service
    browser: Browser
    id_token_readers: dict[str, Verifying]
    access_token_readers: dict[str, Verifying]
    issued: list[Issued] = field(default_factory=list)
    left_at: dict[str, datetime] = field(default_factory=dict)
    """When each key that was published once was first seen to be no more."""
    _published: set[str] = field(default_factory=set)
    _is_calm: bool = False
    _failure: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def goes_well_until(self, moment: datetime, *, calmly: bool = False) -> None:
        """Return at that moment, or fail as soon as anything of the load does.

        :param calmly: with fewer sign-ins; the published keys are looked at as often as ever.
        """
        self._is_calm = calmly
        self._over.wait((moment - now()).total_seconds())
        if self._failure:
            raise self._failure

    def signed(self, *, since: datetime, until: datetime) -> Mapping[str, set[str]]:
        """Return by which keys each algorithm's tokens were signed in that time."""
        kids: dict[str, set[str]] = {}
        for one in self.issued:
            if since <= one.at < until:
                kids.setdefault(one.alg, set()).add(one.kid)
        return kids

    def last_end(self, kid: str) -> datetime:
        """Return when the last token that the key signed expired."""
        return max(one.expires_at for one in self.issued if one.kid == kid)

    def _run(self) -> None:
        try:
            for look in count():
                if self._over.wait(PAUSE_SECONDS):
                    return
                if not self._is_calm or look % CALM_LOOKS == 0:
                    self._sign_in()
                self._watch()
        except BaseException as failure:  # noqa: BLE001 - the test's own thread raises it
            self._failure = failure
            self._over.set()

    def _sign_in(self) -> None:
        at = now()
        code = self.browser.open(self.service.authorize_url(prompt="none")).query["code"]
        answer = requests.post(
            f"{self.service.issuer}/oauth/token/",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT_URI,
                "code_verifier": self.service.verifier,
            },
            auth=(self.service.client_id, self.service.client_secret),
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.ok, answer.text
        tokens = answer.json()
        self._verify(tokens["id_token"], at, self.id_token_readers, audience=self.service.client_id)
        self._verify(tokens["access_token"], at, self.access_token_readers, audience=self.service.issuer)

    def _verify(self, token: str, at: datetime, readers: Mapping[str, Verifying], *, audience: str) -> None:
        for name, reader in list(readers.items()):
            try:
                reader.verify(token, audience=audience)
            except Exception as failure:
                raise AssertionError(f"{name} refused {jwt.get_unverified_header(token)}") from failure
        header = jwt.get_unverified_header(token)
        expires = jwt.decode(token, options={"verify_signature": False})["exp"]
        moment = datetime.fromtimestamp(expires, UTC)
        self.issued.append(Issued(at=at, alg=header["alg"], kid=header["kid"], expires_at=moment))

    def _watch(self) -> None:
        at = now()
        answer = requests.get(f"{self.service.issuer}/oauth/jwks", timeout=TIMEOUT_SECONDS)
        published = {key["kid"] for key in answer.json()["keys"]}
        for kid in self._published - published:
            self.left_at.setdefault(kid, at)
        self._published |= published


def now() -> datetime:
    return datetime.now(UTC)
