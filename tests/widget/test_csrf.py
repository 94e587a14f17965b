"""The CSRF value: which calls need it, and that nothing happens without it (CONTRACT §6 rule 2)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from tests.support.clock import FrozenClock
from tests.support.widget import ACCESS, CSRF_ACCESS, CSRF_REFRESH, ORIGIN, REFRESH, Widget

PARTITIONED = Jar.PARTITIONED
GUARDED = (
    ("POST", "/auth/refresh"),
    ("POST", "/auth/refresh/"),
    ("GET", "/auth/exchange-token"),
    ("POST", "/auth/exchange-token"),
    ("POST", "/auth/logout"),
)
WRONG = {
    "none": None,
    "empty": "",
    "a word": "hello",
    "beyond ASCII": "caf\u00e9",
    "of the other token": "other",
    "of another session": "another",
    "in capitals": "capitals",
    "cut off": "cut",
    "twice": "twice",
}


@pytest.fixture
def signed_in(widget: Widget) -> Widget:
    """A widget whose agent came by the account's API key."""
    assert widget.signs_in_by_key().status_code == 200
    return widget


def right(widget: Widget, path: str) -> str:
    return widget.csrf_refresh if path.startswith("/auth/refresh") else widget.csrf_access


def wrong(widget: Widget, path: str, how: str) -> str | None:
    """Return a value that is not the one."""
    value = right(widget, path)
    if how == "another":
        elsewhere = Widget(widget.op)
        elsewhere.signs_in_by_key("2")
        return right(elsewhere, path)
    other = widget.csrf_access if path.startswith("/auth/refresh") else widget.csrf_refresh
    made = {"other": other, "capitals": value.swapcase(), "cut": value[:-1], "twice": f"{value}, {value}"}
    return made.get(how, how)


def is_refused(answer: TestResponse) -> bool:
    return (answer.status_code, answer.get_json()["error"]) == (403, "csrf_failed")


class TestWithoutIt:
    @pytest.mark.parametrize("how", WRONG)
    @pytest.mark.parametrize(("method", "path"), GUARDED)
    def test_nothing_happens(self, signed_in: Widget, method: str, path: str, how: str) -> None:
        sent = WRONG[how] and wrong(signed_in, path, WRONG[how] or "")
        held, before = dict(signed_in.jars.kept), signed_in.op.rows()
        answer = signed_in.calls(method, path, csrf=sent)
        assert is_refused(answer)
        assert "Set-Cookie" not in answer.headers
        assert signed_in.jars.kept == held
        assert signed_in.op.rows() == before
        assert signed_in.asks().status_code == 200
        assert signed_in.renews().status_code == 200

    @pytest.mark.parametrize(("method", "path"), GUARDED)
    def test_a_page_of_our_own_and_a_server_need_it_too(self, signed_in: Widget, method: str, path: str) -> None:
        for origin in (signed_in.op.issuer, None):
            assert is_refused(signed_in.beside(origin=origin).calls(method, path))

    def test_the_page_may_read_why(self, signed_in: Widget) -> None:
        answer = signed_in.calls("POST", "/auth/refresh")
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "X-CSRF-TOKEN" in answer.get_json()["error_description"]

    def test_a_spent_token_is_no_replay(self, signed_in: Widget, clock: FrozenClock) -> None:
        """Else any page could end a session by letting the browser send an old cookie."""
        old = Widget(signed_in.op, jars=signed_in.jars.copy())
        signed_in.renews()
        clock.advance(minutes=1)
        assert is_refused(old.renews(csrf=""))
        assert signed_in.renews().status_code == 200

    def test_a_form_cannot_carry_it(self, signed_in: Widget) -> None:
        for field in ("csrf_token", "csrf_refresh_token", "X-CSRF-TOKEN"):
            assert is_refused(signed_in.calls("POST", "/auth/refresh", data={field: signed_in.csrf_refresh}))


class TestWithIt:
    @pytest.mark.parametrize(("method", "path"), GUARDED)
    def test_a_call_needs_no_body(self, signed_in: Widget, method: str, path: str) -> None:
        assert signed_in.calls(method, path, csrf=right(signed_in, path)).status_code == 200

    @pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
    def test_whatever_the_body_is(self, signed_in: Widget, media_type: str) -> None:
        answer = signed_in.calls(
            "POST", "/auth/refresh", csrf=signed_in.csrf_refresh, data=b"\x00{", content_type=media_type
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize("path", ["/auth/session/", "/auth/session", "/auth/jwks"])
    def test_looking_needs_none(self, signed_in: Widget, path: str) -> None:
        assert signed_in.calls("GET", path).status_code == 200


class TestTheValue:
    def test_is_the_same_in_cookie_claim_and_answer(self, signed_in: Widget) -> None:
        told = signed_in.asks().get_json()
        for token, cookie in ((ACCESS, CSRF_ACCESS), (REFRESH, CSRF_REFRESH)):
            assert claims(signed_in, token)["csrf"] == signed_in.jars.value(cookie, PARTITIONED) == told[cookie]

    def test_is_told_to_a_page_that_was_reloaded_after_the_access_token_expired(
        self, signed_in: Widget, clock: FrozenClock
    ) -> None:
        clock.advance(minutes=15)
        reloaded = signed_in.beside()
        reloaded.csrf_access = reloaded.csrf_refresh = ""
        told = reloaded.asks()
        assert told.status_code == 401
        assert told.get_json()["error"] == "expired"
        assert told.get_json()["csrf_refresh_token"] == signed_in.jars.value(CSRF_REFRESH, PARTITIONED)
        assert "csrf_access_token" not in told.get_json()
        assert reloaded.renews().status_code == 200

    def test_is_told_to_nobody_once_the_session_is_over(self, signed_in: Widget, clock: FrozenClock) -> None:
        clock.advance(minutes=15)
        left_open = Widget(signed_in.op, jars=signed_in.jars.copy())
        signed_in.signs_out()
        assert left_open.asks().get_json().keys() == {"error", "error_description"}

    def test_is_another_in_another_session(self, signed_in: Widget) -> None:
        other = Widget(signed_in.op)
        other.signs_in_by_key()
        assert {other.csrf_access, other.csrf_refresh}.isdisjoint({signed_in.csrf_access, signed_in.csrf_refresh})

    def test_is_nowhere_in_the_database(self, signed_in: Widget) -> None:
        for value in (signed_in.csrf_access, signed_in.csrf_refresh, *signed_in.jars.kept.values()):
            assert not signed_in.op.stores(value)


def claims(widget: Widget, name: str) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(widget.jars.value(name, PARTITIONED) or "", options={"verify_signature": False})
    return said
