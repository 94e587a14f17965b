"""Two jars in one browser: which session counts, and that the other is left alone (CONTRACT §6 rule 1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from tests.support.app import MIA, SAM, OpenIdProvider, Person
from tests.support.clock import FrozenClock
from tests.support.widget import ACCESS, CSRF_ACCESS, CSRF_REFRESH, REFRESH, Jars, Widget

TOP, PARTITIONED = Jar.TOP, Jar.PARTITIONED
GLOBEX_ORIGIN = "https://platform.globex.example"
GINA = replace(MIA, subject="globex-0001", email="gina@globex.example", name="Gina Globex", account="globex")
TURNS = 6


@pytest.fixture
def globex(op: OpenIdProvider) -> OpenIdProvider:
    """The provider with a second account whose platform has a widget, too."""
    op.account("globex", email_domains=("globex.example",), origins=(GLOBEX_ORIGIN,))
    return op


@pytest.fixture
def twice(widget: Widget, clock: FrozenClock) -> Widget:
    """A page of a browser where Mia is signed in twice: in the ordinary jar, and a minute later in the partitioned."""
    widget.signs_in_in_a_window(MIA)
    clock.advance(minutes=1)
    assert widget.takes_over().status_code == 200
    return widget


@pytest.fixture
def two_people(widget: Widget, clock: FrozenClock) -> Widget:
    """A page where an agent is, by the API key, in a browser where Mia is signed in at Studio."""
    assert widget.signs_in_by_key("4711", "Kim Agent").status_code == 200
    clock.advance(minutes=1)
    widget.signs_in_in_a_window(MIA)
    return widget


def name_of(answer: TestResponse) -> str:
    """Return who is there."""
    assert answer.status_code == 200, answer.text
    name: str = answer.get_json()["identity"]["user_name"]
    return name


def is_over(answer: TestResponse) -> bool:
    return (answer.status_code, answer.get_json()["error"]) == (401, "signed_out")


def in_the(jar: Jar, jars: Jars) -> tuple[str | None, ...]:
    """Return what a jar holds."""
    return tuple(jars.value(name, jar) for name in (ACCESS, REFRESH, CSRF_ACCESS, CSRF_REFRESH))


def without_csrf(widget: Widget) -> Widget:
    """Return a page of the same browser that was just opened and knows no CSRF value."""
    page = widget.beside()
    page.csrf_access = page.csrf_refresh = ""
    return page


def ends(widget: Widget, jar: Jar, clock: FrozenClock) -> None:
    """Let a thief spend what a jar holds, so that its family ends, and its alone."""
    thief = Widget(widget.op, jars=Jars({key: value for key, value in widget.jars.kept.items() if key[0] is jar}))
    csrf = thief.jars.value(CSRF_REFRESH, jar) or ""
    copied = thief.jars.copy()
    assert thief.renews(csrf=csrf).status_code == 200
    clock.advance(seconds=10)
    thief.jars = copied
    assert is_over(thief.renews(csrf=csrf))


class TestOnePerson:
    def test_two_tabs_renew_in_turn_and_nobody_is_signed_out(self, twice: Widget, clock: FrozenClock) -> None:
        tabs = (twice, twice.window())
        for _ in range(TURNS):
            for tab in tabs:
                clock.advance(minutes=20)
                assert tab.asks().get_json()["error"] == "expired"
                assert name_of(tab.renews()) == "Mia Manager"
        for tab in tabs:
            assert name_of(tab.asks()) == "Mia Manager"
        assert "cookies.replayed" not in twice.op.audited()

    def test_two_embedded_tabs_renew_whichever_they_know(self, twice: Widget, clock: FrozenClock) -> None:
        second = twice.beside()
        second.csrf_refresh = twice.jars.value(CSRF_REFRESH, TOP) or ""
        for _ in range(TURNS):
            for tab in (twice, second):
                clock.advance(minutes=20)
                assert tab.renews().status_code == 200
        assert "cookies.replayed" not in twice.op.audited()

    def test_a_renewal_stays_in_the_jar_of_its_token(self, twice: Widget) -> None:
        ordinary, own = in_the(TOP, twice.jars), in_the(PARTITIONED, twice.jars)
        twice.renews()
        assert in_the(TOP, twice.jars) == ordinary
        assert in_the(PARTITIONED, twice.jars) != own
        own = in_the(PARTITIONED, twice.jars)
        twice.window().renews()
        assert in_the(TOP, twice.jars) != ordinary
        assert in_the(PARTITIONED, twice.jars) == own

    def test_the_newest_counts(self, twice: Widget, clock: FrozenClock) -> None:
        fresh = without_csrf(twice)
        clock.advance(minutes=1)
        twice.renews()
        assert fresh.asks().get_json()["csrf_access_token"] == twice.jars.value(CSRF_ACCESS, PARTITIONED)
        clock.advance(minutes=1)
        twice.window().renews()
        assert fresh.asks().get_json()["csrf_access_token"] == twice.jars.value(CSRF_ACCESS, TOP)

    @pytest.mark.parametrize("newest", [TOP, PARTITIONED])
    def test_a_dead_newest_gives_way_to_the_other(self, twice: Widget, clock: FrozenClock, newest: Jar) -> None:
        other = PARTITIONED if newest is TOP else TOP
        clock.advance(minutes=1)
        (twice.window() if newest is TOP else twice).renews()
        ends(twice, newest, clock)
        fresh = without_csrf(twice)
        assert fresh.asks().get_json()["csrf_access_token"] == twice.jars.value(CSRF_ACCESS, other)
        assert fresh.renews().status_code == 200

    def test_each_jar_has_a_family_of_its_own(self, twice: Widget, clock: FrozenClock) -> None:
        ends(twice, PARTITIONED, clock)
        assert name_of(twice.window().renews()) == "Mia Manager"

    def test_signing_in_again_leaves_the_other_jar(self, twice: Widget) -> None:
        window = twice.window()
        assert twice.takes_over().status_code == 200
        assert name_of(window.renews()) == "Mia Manager"
        twice.signs_in_in_a_window(MIA)
        assert name_of(twice.renews()) == "Mia Manager"

    def test_signing_in_again_keeps_what_other_tabs_know(self, twice: Widget, clock: FrozenClock) -> None:
        tab, window = twice.beside(), twice.window()
        clock.advance(minutes=5)
        twice.takes_over()
        twice.signs_in_in_a_window(MIA)
        assert tab.renews().status_code == 200
        assert window.renews().status_code == 200


class TestTwoPeople:
    def test_each_place_has_its_own(self, two_people: Widget) -> None:
        assert name_of(two_people.asks()) == "Kim Agent"
        assert name_of(two_people.window().asks()) == "Mia Manager"
        assert name_of(two_people.beside(origin=None).asks()) == "Mia Manager"

    def test_both_renew_in_turn(self, two_people: Widget, clock: FrozenClock) -> None:
        window = two_people.window()
        for _ in range(TURNS):
            clock.advance(minutes=20)
            assert name_of(two_people.renews()) == "Kim Agent"
            assert name_of(window.renews()) == "Mia Manager"

    def test_the_newer_one_does_not_count_elsewhere(self, two_people: Widget, clock: FrozenClock) -> None:
        clock.advance(minutes=1)
        two_people.renews()
        assert name_of(two_people.window().asks()) == "Mia Manager"

    def test_neither_reaches_the_other_by_its_csrf_value(self, two_people: Widget) -> None:
        for page, jar in ((two_people, TOP), (two_people.window(), PARTITIONED)):
            page.csrf_access = page.jars.value(CSRF_ACCESS, jar) or ""
            page.csrf_refresh = page.jars.value(CSRF_REFRESH, jar) or ""
            for answer in (page.renews(), page.exchanges(), page.signs_out()):
                assert (answer.status_code, answer.get_json()["error"]) == (403, "csrf_failed")

    def test_whose_session_is_over_is_not_taken_for_the_other(self, two_people: Widget, clock: FrozenClock) -> None:
        window = two_people.window()
        ends(two_people, PARTITIONED, clock)
        assert is_over(two_people.asks())
        assert is_over(two_people.renews())
        assert name_of(window.asks()) == "Mia Manager"

    def test_a_new_agent_leaves_the_other_jar(self, two_people: Widget) -> None:
        window = two_people.window()
        two_people.signs_in_by_key("4712", "Lou Agent")
        assert name_of(two_people.asks()) == "Lou Agent"
        assert name_of(window.renews()) == "Mia Manager"

    def test_signing_out_in_the_widget_leaves_the_other(self, two_people: Widget) -> None:
        window, kept = two_people.window(), in_the(TOP, two_people.jars)
        assert two_people.signs_out().status_code == 200
        assert in_the(TOP, two_people.jars) == kept
        assert in_the(PARTITIONED, two_people.jars) == (None,) * 4
        assert name_of(window.asks()) == "Mia Manager"
        assert name_of(window.renews()) == "Mia Manager"

    def test_signing_out_in_a_window_leaves_the_widget(self, two_people: Widget) -> None:
        kept = in_the(PARTITIONED, two_people.jars)
        assert two_people.window().signs_out().status_code == 200
        assert in_the(PARTITIONED, two_people.jars) == kept
        assert in_the(TOP, two_people.jars) == (None,) * 4
        assert name_of(two_people.renews()) == "Kim Agent"


class TestOneAfterTheOther:
    """Another person in the same jar takes the first one's place."""

    def test_at_a_shared_desk_the_first_ones_session_ends(self, widget: Widget) -> None:
        widget.signs_in_by_key("4711", "Kim Agent")
        left_open = Widget(widget.op, jars=widget.jars.copy())
        left_open.csrf_refresh = widget.csrf_refresh
        widget.signs_in_by_key("4712", "Lou Agent")
        assert name_of(widget.asks()) == "Lou Agent"
        assert is_over(left_open.renews())

    def test_in_a_window_too(self, widget: Widget) -> None:
        widget.signs_in_in_a_window(MIA)
        left_open = Widget(widget.op, origin=widget.op.issuer, jars=widget.jars.copy())
        left_open.csrf_refresh = widget.jars.value(CSRF_REFRESH, TOP) or ""
        widget.signs_in_in_a_window(SAM)
        assert name_of(widget.window().asks()) == "Sam Agent"
        assert is_over(left_open.renews())


class TestTwoAccounts:
    @pytest.fixture
    def mixed(self, globex: OpenIdProvider, widget: Widget) -> Widget:
        """A page of acme's platform in a browser where Gina of globex is signed in at the provider."""
        widget.signs_in_by_key("4711", "Kim Agent")
        widget.signs_in_in_a_window(GINA)
        return widget

    def test_a_page_sees_its_own_accounts_session(self, mixed: Widget) -> None:
        assert name_of(mixed.asks()) == "Kim Agent"
        at_globex = mixed.beside(origin=GLOBEX_ORIGIN)
        assert name_of(at_globex.asks()) == "Gina Globex"

    def test_both_renew_in_turn(self, mixed: Widget, clock: FrozenClock) -> None:
        window = mixed.window()
        for _ in range(TURNS):
            clock.advance(minutes=20)
            assert name_of(mixed.renews()) == "Kim Agent"
            assert name_of(window.renews()) == "Gina Globex"

    def test_a_page_signs_nobody_else_out(self, mixed: Widget) -> None:
        window = mixed.window()
        mixed.signs_out()
        assert name_of(window.asks()) == "Gina Globex"
        assert mixed.jars.value(ACCESS, TOP)

    @pytest.mark.parametrize("person", [MIA, GINA], ids=lambda person: person.account)
    def test_a_jar_of_another_account_is_not_used(self, globex: OpenIdProvider, person: Person) -> None:
        origin = GLOBEX_ORIGIN if person is MIA else "https://platform.acme.example"
        page = Widget(globex, origin=origin)
        page.signs_in_in_a_window(person)
        answer = page.asks()
        assert (answer.status_code, answer.get_json()["error"]) == (403, "origin_not_allowed")


class TestWithoutThirdPartyCookies:
    @pytest.fixture
    def blocked(self, op: OpenIdProvider) -> Widget:
        """A page in a browser that sends embedded pages their partition alone."""
        return Widget(op, third_party=False)

    def test_a_window_alone_signs_no_widget_in(self, blocked: Widget) -> None:
        blocked.signs_in_in_a_window(MIA)
        assert is_over(blocked.asks())
        assert name_of(blocked.window().asks()) == "Mia Manager"

    def test_a_handoff_does(self, blocked: Widget, clock: FrozenClock) -> None:
        blocked.signs_in_in_a_window(MIA)
        assert name_of(blocked.takes_over()) == "Mia Manager"
        window = blocked.window()
        for _ in range(TURNS):
            clock.advance(minutes=20)
            assert name_of(blocked.renews()) == "Mia Manager"
            assert name_of(window.renews()) == "Mia Manager"

    def test_a_bridge_does(self, blocked: Widget, clock: FrozenClock) -> None:
        blocked.signs_in_by_key("4711", "Kim Agent")
        clock.advance(minutes=20)
        assert name_of(blocked.renews()) == "Kim Agent"
        assert name_of(blocked.asks()) == "Kim Agent"

    def test_signing_out_in_the_widget_ends_the_window_too(self, blocked: Widget) -> None:
        """What the browser does not let the widget reach ends on the server."""
        blocked.signs_in_in_a_window(MIA)
        blocked.takes_over()
        window = blocked.window()
        assert blocked.signs_out().status_code == 200
        assert is_over(window.asks())
        assert is_over(window.renews())
