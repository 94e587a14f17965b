"""What every guide's program with pages has to keep, whatever it is written in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from idp.sandbox.platform import Fault
from tests.guides.program import Person, Program, eventually, has_token, path_of, stranger, text
from tests.support.platform import RunningPlatform
from tests.support.serve import Served

LIES = (
    *(Fault.UNKNOWN_KEY, Fault.BAD_SIGNATURE, Fault.ALG_NONE, Fault.SHARED_SECRET, Fault.WRONG_ISSUER),
    *(Fault.WRONG_AUDIENCE, Fault.WRONG_NONCE, Fault.MISSING_NONCE, Fault.EXPIRED, Fault.MISSING_SUB),
)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class SigningIn:
    """A class of tests; each guide's file inherits it and gives the fixture ``program``."""

    @pytest.fixture
    def program(self) -> Program:
        raise NotImplementedError

    @pytest.fixture
    def person(self, program: Program) -> Person:
        return Person(program=program)

    def test_a_manager_signs_in_and_sees_their_role(self, person: Person) -> None:
        home = person.signs_in("manager")
        assert home.url.rstrip("/") == person.program.url
        assert (text(home, "person"), text(home, "account")) == ("Alex Manager", "acme")
        assert text(home, "role") == "deepdesk.manager"

    def test_the_request_carries_pkce_state_and_nonce(self, person: Person, provider: Served) -> None:
        person.opens("/sign-in")
        asked = next(url for url in person.sent_to if url.startswith(f"{provider.issuer}/oauth/authorize/"))
        assert "code_challenge_method=S256" in asked
        assert "&state=" in asked
        assert "&nonce=" in asked

    def test_the_guarded_page_leads_to_the_sign_in_and_back(self, person: Person) -> None:
        page = person.signs_in("manager", path="/manage")
        assert (path_of(page), page.status) == ("/manage", 200)
        assert text(page, "message") == "Only managers see this."

    def test_who_has_not_the_role_is_refused_on_the_guarded_page(self, person: Person) -> None:
        assert text(person.signs_in("agent"), "role") == "deepdesk.agent"
        refused = person.opens("/manage")
        assert (path_of(refused), refused.status) == ("/manage", 403)
        assert "Only managers" not in refused.html

    def test_a_wrong_state_signs_nobody_in(self, person: Person) -> None:
        answer = person.stops_at_the_callback()
        assert person.browser.open(answer.replace("state=", "state=x")).status == 400
        assert not text(person.opens(), "role")

    def test_an_answer_signs_nobody_in_at_another_browser(self, person: Person) -> None:
        answer = person.stops_at_the_callback()
        somebody_else = stranger(person.program)
        somebody_else.opens("/sign-in")
        assert somebody_else.browser.open(answer).status == 400
        assert not text(somebody_else.opens(), "role")

    def test_an_answer_of_another_issuer_signs_nobody_in(self, person: Person) -> None:
        answer = person.stops_at_the_callback()
        assert person.browser.open(answer.replace("iss=http", "iss=https")).status == 400
        assert not text(person.opens(), "role")

    def test_an_answer_counts_once(self, person: Person) -> None:
        answer = person.stops_at_the_callback()
        assert text(person.browser.open(answer), "role") == "deepdesk.manager"
        assert person.browser.open(answer).status == 400

    def test_an_error_for_an_answer_is_told_and_signs_nobody_in(self, person: Person, provider: Served) -> None:
        person.opens("/sign-in")
        departure = next(url for url in person.sent_to if url.startswith(f"{provider.issuer}/oauth/authorize/"))
        refused = person.browser.open(f"{departure}&prompt=none")
        assert refused.query["error"] == "login_required"
        assert (path_of(refused), refused.status) == ("/callback", 400)
        assert refused.has("sign-in")

    def test_no_cookie_is_readable_by_a_script_or_sent_from_another_site(self, person: Person) -> None:
        person.signs_in()
        cookies = [cookie for cookie in person.browser.session.cookies if cookie.domain.startswith("localhost")]
        assert cookies
        for cookie in cookies:
            assert cookie.has_nonstandard_attr("HttpOnly") or cookie.has_nonstandard_attr("httponly")
            assert (cookie.get_nonstandard_attr("SameSite") or cookie.get_nonstandard_attr("samesite")).lower() == "lax"

    def test_no_token_is_in_an_address_or_in_the_log(self, person: Person) -> None:
        person.signs_in()
        assert not has_token(person.program.log)
        assert not [url for url in person.sent_to if has_token(url)]

    def test_a_page_with_a_person_on_it_is_not_kept_by_caches(self, person: Person) -> None:
        person.signs_in()
        answer = person.browser.session.get(person.program.url, timeout=15)
        assert "no-store" in answer.headers["Cache-Control"]

    def test_signing_out_needs_a_post(self, person: Person) -> None:
        person.signs_in()
        assert person.opens("/sign-out").status in {404, 405}
        assert text(person.opens(), "role")

    def test_signing_out_ends_the_session_here_and_at_the_provider(
        self, person: Person, provider: Served, platform: RunningPlatform
    ) -> None:
        home = person.signs_in()
        old = person.browser.session.cookies.copy()
        left = person.browser.submit(home)
        assert any(url.startswith(f"{provider.issuer}/oauth/logout/?") for url in person.sent_to)
        # The service knows nobody any more, whatever is answered there; a copy of the cookie is worth nothing.
        assert 'id="role"' not in requests.get(person.program.url, cookies=old, timeout=15).text
        # Without a hint the provider asks the person.
        back = person.browser.submit(left) if left.url.startswith(provider.issuer) else left
        assert back.url.partition("?")[0] == f"{person.program.url}/"
        assert back.has("sign-in")
        # The next sign-in asks who it is.
        assert person.opens("/sign-in").url.startswith((platform.issuer, f"{provider.issuer}/login/"))


class SigningOutWithAHint:
    """A class of tests for programs that send ``id_token_hint``; it needs the fixture ``program``."""

    def test_the_provider_signs_out_without_asking(self, program: Program, provider: Served) -> None:
        person = Person(program=program)
        back = person.browser.submit(person.signs_in())
        assert back.url.partition("?")[0] == f"{program.url}/"
        assert not person.browser.open(f"{provider.issuer}/account/").url.startswith(f"{provider.issuer}/account/")


class HearingOfSignOuts:
    """A class of tests for programs that receive logout tokens; it needs the fixture ``program``."""

    def test_who_signs_out_at_the_provider_is_signed_out_here(self, program: Program, provider: Served) -> None:
        here, elsewhere = Person(program=program), stranger(program)
        assert text(here.signs_in(), "role")
        assert text(elsewhere.signs_in(), "role")
        here.browser.submit(here.browser.open(f"{provider.issuer}/logout/"))
        eventually(lambda: not text(here.opens(), "role"))
        # The same person's other browser has another session.
        assert text(elsewhere.opens(), "role")

    @pytest.mark.parametrize("token", ["", "a", "a.b.c", "eyJ.eyJ.", "\x00", "é" * 3000])
    def test_what_is_no_logout_token_is_refused(self, program: Program, token: str) -> None:
        assert posted(program, token) == 400

    def test_a_logout_token_of_somebody_else_signs_nobody_out(self, program: Program, provider: Served) -> None:
        key = RSAKey.generate_key(2048, auto_kid=True)
        forged = jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "logout+jwt"}, said(provider.issuer, program), key)
        assert posted(program, forged) == 400


def said(issuer: str, program: Program) -> dict[str, Any]:
    """What an honest logout token would say."""
    now, jti = int(time.time()), secrets.token_hex(8)
    times = {"iat": now, "exp": now + 120}
    return {"iss": issuer, "aud": program.client_id, "jti": jti, "sid": "1", "events": {EVENT: {}}, **times}


class HearingTheTruthAlone:
    """A class of tests with a provider whose key the test has; it needs the fixture ``deceived``."""

    @pytest.fixture
    def told(self, deceived: Program, platform: RunningPlatform) -> Callable[..., int]:
        """Return a function that posts a logout token with other claims, and returns the status of the answer."""
        key = platform.state.keys.current

        def tell(claims: Mapping[str, Any], typ: str = "logout+jwt") -> int:
            kept = {name: value for name, value in claims.items() if value is not None}
            token = jwt.encode({"alg": "RS256", "kid": key.kid, "typ": typ}, kept, key)
            return posted(deceived, token)

        return tell

    @pytest.fixture
    def honest(self, deceived: Program, platform: RunningPlatform) -> dict[str, Any]:
        return said(platform.issuer, deceived)

    def test_a_logout_token_counts_once(self, told: Callable[..., int], honest: dict[str, Any]) -> None:
        assert told(honest) == 200
        assert told(honest) == 400

    @pytest.mark.parametrize(
        "change",
        [
            *({"iss": "https://elsewhere.example"}, {"aud": "another"}, {"exp": 1}, {"iat": 2**40}, {"nonce": "n"}),
            *({"events": {"https://elsewhere.example/event": {}}}, {"events": EVENT}, {"events": [EVENT]}),
            *({name: None} for name in ("iss", "aud", "exp", "iat", "jti", "sid", "events")),
        ],
        ids=str,
    )
    def test_a_logout_token_that_is_not_in_order_is_refused(
        self, told: Callable[..., int], honest: dict[str, Any], change: dict[str, Any]
    ) -> None:
        assert told(honest | change) == 400

    def test_another_kind_of_token_is_no_logout_token(self, told: Callable[..., int], honest: dict[str, Any]) -> None:
        assert told(honest, typ="JWT") == 400


def posted(program: Program, token: str) -> int:
    """The status with which a program answers a logout token."""
    return requests.post(f"{program.url}/backchannel-logout", data={"logout_token": token}, timeout=15).status_code


class Renewing:
    """A class of tests for programs that renew by refresh token; it needs the fixture ``program``."""

    def test_a_changed_role_shows_without_signing_in_again(
        self, program: Program, promotion: Callable[[], None]
    ) -> None:
        person = Person(program=program)
        assert text(person.signs_in("agent"), "role") == "deepdesk.agent"
        promotion()
        addresses = len(person.sent_to)
        assert text(person.opens(), "role") == "deepdesk.manager"
        assert person.opens("/manage").status == 200
        assert len(person.sent_to) == addresses + 2

    def test_who_is_disabled_is_out_when_it_is_renewed(self, program: Program, provider: Served) -> None:
        person = Person(program=program)
        assert text(person.signs_in("editor"), "role")
        (editor,) = (
            user for user in provider.command("users", "list", "--account", "acme") if "editor@" in user["email"]
        )
        provider.command("users", "disable", editor["id"])
        try:
            eventually(lambda: not text(person.opens(), "role"))
        finally:
            provider.command("users", "enable", editor["id"])


class NotLiedTo:
    """A class of tests with a provider that lies; it needs the fixture ``deceived``, a program that trusts it."""

    def test_the_truth_signs_somebody_in(self, deceived: Program) -> None:
        assert text(Person(program=deceived).signs_in(), "person") == "Alex Manager"

    @pytest.mark.parametrize("fault", LIES, ids=lambda fault: fault.key)
    def test_a_token_that_is_not_in_order_signs_nobody_in(
        self, deceived: Program, platform: RunningPlatform, fault: Fault
    ) -> None:
        person = Person(program=deceived)
        platform.fault = fault
        try:
            refused = person.signs_in()
        finally:
            platform.all_well()
        assert refused.status == 400
        assert person.opens().has("sign-in")
