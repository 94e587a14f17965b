"""Names, paths and attributes of the four cookies, as browsers are told (CONTRACT §5, §6 rule 1; RFC 6265, CHIPS)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.domain.jars import Jar
from idp.services.registry import api_keys
from idp.settings import Settings
from tests.support.app import ISSUER, SECRET_KEY, OpenIdProvider, initialise
from tests.support.clock import FrozenClock
from tests.support.widget import ACCESS, API_KEY, CSRF_ACCESS, CSRF_REFRESH, ORIGIN, REFRESH, Widget

DAY = "86400"
OVER_TLS = {"Secure", "SameSite=None"}
WITHOUT_TLS = {"SameSite=Lax"}


def given(answer: TestResponse) -> dict[str, set[str]]:
    """Return the attributes by cookie, of an answer that sets each once."""
    assert answer.status_code in {200, 303}, answer.text
    named = [header.partition("=")[::2] for header in answer.headers.getlist("Set-Cookie")]
    found = {name: set(rest.split("; ")[1:]) for name, rest in named}
    assert len(found) == len(named), named
    return found


def the_four(*common: str, max_age: str = DAY) -> dict[str, set[str]]:
    """Return the attributes of the four, by their names."""
    kept = {f"Max-Age={max_age}", *common}
    return {
        ACCESS: kept | {"Path=/", "HttpOnly"},
        REFRESH: kept | {"Path=/auth/refresh", "HttpOnly"},
        CSRF_ACCESS: kept | {"Path=/"},
        CSRF_REFRESH: kept | {"Path=/"},
    }


def without_expires(found: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: {one for one in said if not one.startswith("Expires=")} for name, said in found.items()}


@pytest.fixture
def http_widget(on_loopback: tuple[OpenIdProvider, Callable[[], None]]) -> Widget:
    """A widget of a provider in development."""
    op, start_afresh = on_loopback
    start_afresh()
    with_a_platform(op)
    return Widget(op)


@pytest.fixture(scope="module")
def shared_widget(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Widget]:
    """A widget of a provider that shares its access cookie with its neighbours."""
    directory, clock = tmp_path_factory.mktemp("shared"), FrozenClock()
    url = f"sqlite:///{directory / 'idp.db'}"
    initialise(url, directory)
    environ = {
        "IDP_ISSUER": ISSUER,
        "IDP_DATABASE_URL": url,
        "IDP_INSTANCE_DIR": str(directory / "instance"),
        "IDP_SECRET_KEYS": SECRET_KEY,
        "IDP_COOKIE_DOMAIN": "deepdesk.example",
        "IDP_LOG_LEVEL": "error",
    }
    op = OpenIdProvider(app=create_app(Settings.load(environ, root=directory), clock=clock), clock=clock)
    with_a_platform(op)
    yield Widget(op)
    op.hangs_up()


def with_a_platform(op: OpenIdProvider) -> None:
    op.runs("accounts", "update", "acme", "--origin", ORIGIN)
    with op.app.app_context():
        api_keys.create("acme", key=API_KEY, parts=op.parts, context=op.context)


class TestOverTls:
    def test_a_widgets_own_call_fills_its_partition(self, widget: Widget) -> None:
        assert without_expires(given(widget.signs_in_by_key())) == the_four(*OVER_TLS, "Partitioned")

    def test_a_window_fills_the_ordinary_jar(self, widget: Widget) -> None:
        assert without_expires(given(widget.signs_in_in_a_window())) == the_four(*OVER_TLS)

    def test_a_server_gets_those_of_the_ordinary_jar(self, widget: Widget) -> None:
        server = widget.beside(origin=None)
        assert without_expires(given(server.signs_in_by_key())) == the_four(*OVER_TLS)

    def test_a_handoff_fills_the_partition(self, widget: Widget) -> None:
        widget.signs_in_in_a_window()
        assert without_expires(given(widget.takes_over())) == the_four(*OVER_TLS, "Partitioned")

    def test_a_renewal_stays_in_the_jar_of_the_token(self, widget: Widget) -> None:
        widget.signs_in_by_key()
        assert without_expires(given(widget.renews())) == the_four(*OVER_TLS, "Partitioned")
        other = Widget(widget.op)
        other.signs_in_in_a_window()
        assert without_expires(given(other.window().renews())) == the_four(*OVER_TLS)

    def test_a_renewal_keeps_them_until_the_same_end(self, widget: Widget, clock: FrozenClock) -> None:
        widget.signs_in_by_key()
        clock.advance(minutes=10)
        assert without_expires(given(widget.renews())) == the_four(*OVER_TLS, "Partitioned", max_age="85800")

    def test_a_partition_never_comes_without_tls(self, widget: Widget) -> None:
        """PITFALLS 27: browsers drop such a cookie."""
        for said in given(widget.signs_in_by_key()).values():
            assert {"Partitioned", "Secure", "SameSite=None"} <= said

    def test_looking_sets_none(self, widget: Widget) -> None:
        widget.signs_in_by_key()
        assert "Set-Cookie" not in widget.asks().headers
        assert "Set-Cookie" not in widget.exchanges().headers

    def test_signing_out_clears_both_jars_as_they_were_set(self, widget: Widget) -> None:
        widget.signs_in_by_key()
        cleared = widget.signs_out().headers.getlist("Set-Cookie")
        assert attributes(cleared) == by_jar(*OVER_TLS)
        assert widget.jars.kept == {}

    def test_signing_out_spares_the_jar_of_another_person(self, widget: Widget) -> None:
        widget.signs_in_in_a_window()
        widget.signs_in_by_key()
        for header in widget.signs_out().headers.getlist("Set-Cookie"):
            assert header.endswith("; Partitioned")
        assert widget.jars.value(ACCESS, Jar.TOP)


class TestWithoutTls:
    def test_they_are_neither_secure_nor_partitioned(self, http_widget: Widget) -> None:
        assert without_expires(given(http_widget.signs_in_by_key())) == the_four(*WITHOUT_TLS)
        assert without_expires(given(http_widget.renews())) == the_four(*WITHOUT_TLS)

    def test_a_window_gets_the_same(self, http_widget: Widget) -> None:
        assert without_expires(given(http_widget.signs_in_in_a_window())) == the_four(*WITHOUT_TLS)

    def test_they_are_cleared_once(self, http_widget: Widget) -> None:
        assert http_widget.signs_in_by_key().status_code == 200
        assert without_expires(given(http_widget.signs_out())) == the_four(*WITHOUT_TLS, max_age="0")
        assert http_widget.jars.kept == {}


class TestADomain:
    SHARED = "Domain=deepdesk.example"

    def test_covers_the_access_cookie_and_its_csrf_cookie_alone(self, shared_widget: Widget) -> None:
        for answer in (shared_widget.signs_in_by_key(), shared_widget.renews()):
            covered = {name for name, said in given(answer).items() if self.SHARED in said}
            assert covered == {ACCESS, CSRF_ACCESS}

    def test_is_named_when_they_are_cleared(self, shared_widget: Widget) -> None:
        shared_widget.signs_in_by_key()
        cleared = shared_widget.signs_out().headers.getlist("Set-Cookie")
        assert {one.partition("=")[0] for one in cleared if self.SHARED in one} == {ACCESS, CSRF_ACCESS}

    def test_never_covers_the_providers_own(self, shared_widget: Widget) -> None:
        for answer in (shared_widget.signs_in_in_a_window(), shared_widget.opens("/login/?account=acme")):
            for header in answer.headers.getlist("Set-Cookie"):
                assert not (header.startswith("__Host-") and "Domain" in header)

    def test_is_not_there_by_itself(self, widget: Widget) -> None:
        for said in given(widget.signs_in_by_key()).values():
            assert not any(one.startswith("Domain") for one in said)


def attributes(headers: list[str]) -> list[tuple[str, frozenset[str]]]:
    found: list[Any] = []
    for header in headers:
        name, _, rest = header.partition("=")
        said = {one for one in rest.split("; ")[1:] if not one.startswith("Expires=")}
        found.append((name, frozenset(said)))
    return sorted(found, key=lambda one: (one[0], sorted(one[1])))


def by_jar(*common: str) -> list[tuple[str, frozenset[str]]]:
    """Return what clears the four in both jars."""
    found = [
        (name, frozenset(said | extra))
        for name, said in the_four(*common, max_age="0").items()
        for extra in (set(), {"Partitioned"})
    ]
    return sorted(found, key=lambda one: (one[0], sorted(one[1])))
