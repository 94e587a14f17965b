"""Renewing the cookie session: rotation, grace, replay, and what ends it (CONTRACT §6 rules 3, 7 and 16)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from werkzeug.test import TestResponse

from idp.domain.jars import Jar
from idp.domain.pkce import challenge_of
from idp.settings import Settings
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import MIA, OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.database import RACERS, racing
from tests.support.platform import RunningPlatform
from tests.support.widget import ACCESS, CSRF_ACCESS, CSRF_REFRESH, ORIGIN, REFRESH, Jars, Widget

TOP, PARTITIONED = Jar.TOP, Jar.PARTITIONED
GRACE = 10


@pytest.fixture
def signed_in(widget: Widget) -> Widget:
    """A widget whose agent came by the account's API key."""
    assert widget.signs_in_by_key().status_code == 200
    return widget


@pytest.fixture
def mia(widget: Widget) -> Widget:
    """A page of a browser in which Mia, a manager, signed in at the provider; its cookies are in the ordinary jar."""
    widget.signs_in_in_a_window(MIA)
    return widget.window()


def thief_of(widget: Widget) -> Widget:
    """Return somebody with a copy of all that a browser holds now."""
    thief = Widget(widget.op, origin=widget.origin, jars=widget.jars.copy())
    thief.csrf_access, thief.csrf_refresh = widget.csrf_access, widget.csrf_refresh
    return thief


def is_over(answer: TestResponse) -> bool:
    return (answer.status_code, answer.get_json()["error"]) == (401, "signed_out")


def generation(jars: Jars, jar: Jar = PARTITIONED) -> str:
    """Return which token of its family the refresh cookie is."""
    return str(claims(jars, REFRESH, jar)["jti"])


def claims(jars: Jars, name: str = ACCESS, jar: Jar = PARTITIONED) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(jars.value(name, jar) or "", options={"verify_signature": False})
    return said


class TestRotation:
    def test_each_renewal_begins_a_generation(self, signed_in: Widget) -> None:
        seen = [generation(signed_in.jars)]
        for _ in range(3):
            assert signed_in.renews().status_code == 200
            seen.append(generation(signed_in.jars))
        family = seen[0].partition(".")[0]
        assert seen == [f"{family}.{number}" for number in (1, 2, 3, 4)]

    def test_the_answer_says_who_is_there(self, signed_in: Widget) -> None:
        asked, renewed = signed_in.asks().get_json(), signed_in.renews().get_json()
        assert renewed == asked
        assert renewed["expires_in"] == 900

    def test_the_csrf_values_stay_the_same(self, signed_in: Widget, clock: FrozenClock) -> None:
        before = signed_in.jars.value(CSRF_ACCESS, PARTITIONED), signed_in.jars.value(CSRF_REFRESH, PARTITIONED)
        for _ in range(3):
            clock.advance(minutes=20)
            signed_in.renews()
            after = signed_in.jars.value(CSRF_ACCESS, PARTITIONED), signed_in.jars.value(CSRF_REFRESH, PARTITIONED)
            assert after == before == (signed_in.csrf_access, signed_in.csrf_refresh)

    def test_the_old_access_cookie_counts_until_it_expires(self, signed_in: Widget, clock: FrozenClock) -> None:
        other_tab = thief_of(signed_in)
        signed_in.renews()
        assert other_tab.asks().status_code == 200
        clock.advance(minutes=15)
        assert other_tab.asks().get_json()["error"] == "expired"

    def test_every_renewal_is_recorded(self, signed_in: Widget) -> None:
        signed_in.renews()
        assert signed_in.op.audited().count("cookies.renewed") == 1


class TestTheGrace:
    def test_gives_the_same_generation_again(self, signed_in: Widget, clock: FrozenClock) -> None:
        lost = thief_of(signed_in)
        signed_in.renews()
        clock.advance(seconds=GRACE - 1)
        assert lost.renews().status_code == 200
        assert generation(lost.jars) == generation(signed_in.jars)

    def test_heals_a_lost_answer(self, signed_in: Widget, clock: FrozenClock) -> None:
        page = thief_of(signed_in)
        thief_of(signed_in).renews()
        clock.advance(seconds=GRACE - 1)
        for _ in range(3):
            assert page.renews().status_code == 200
            clock.advance(minutes=10)
        assert page.asks().status_code == 200

    def test_ends_to_the_second(self, signed_in: Widget, clock: FrozenClock) -> None:
        lost = thief_of(signed_in)
        signed_in.renews()
        clock.advance(seconds=GRACE)
        assert is_over(lost.renews())

    def test_ends_once_the_successor_was_used(self, signed_in: Widget) -> None:
        lost = thief_of(signed_in)
        signed_in.renews()
        signed_in.renews()
        assert is_over(lost.renews())


class TestAReplay:
    def test_ends_both_branches_and_every_look(self, signed_in: Widget, clock: FrozenClock) -> None:
        thief = thief_of(signed_in)
        signed_in.renews()
        clock.advance(seconds=GRACE)
        assert is_over(thief.renews())
        for page in (signed_in, thief):
            assert is_over(page.asks())
            assert is_over(page.renews())
            assert is_over(page.exchanges())

    def test_ends_them_also_when_the_thief_was_first(self, signed_in: Widget, clock: FrozenClock) -> None:
        thief = thief_of(signed_in)
        thief.renews()
        clock.advance(seconds=GRACE)
        assert is_over(signed_in.renews())
        assert is_over(thief.asks())
        assert is_over(thief.renews())

    def test_is_recorded_once_although_the_call_fails(self, signed_in: Widget, clock: FrozenClock) -> None:
        thief = thief_of(signed_in)
        signed_in.renews()
        clock.advance(seconds=GRACE)
        thief.renews()
        thief.renews()
        assert signed_in.op.audited().count("cookies.replayed") == 1

    def test_leaves_the_other_jar_alone(self, mia: Widget, clock: FrozenClock) -> None:
        page = mia.beside()
        page.takes_over()
        embedded = Widget(mia.op, third_party=False, jars=mia.jars)
        embedded.csrf_access, embedded.csrf_refresh = page.csrf_access, page.csrf_refresh
        thief = thief_of(embedded)
        thief.third_party = False
        embedded.renews()
        clock.advance(seconds=GRACE)
        assert is_over(thief.renews())
        assert is_over(embedded.renews())
        assert mia.renews().status_code == 200

    def test_needs_no_more_than_the_person_to_sign_in_again(self, signed_in: Widget, clock: FrozenClock) -> None:
        thief = thief_of(signed_in)
        signed_in.renews()
        clock.advance(seconds=GRACE)
        thief.renews()
        assert signed_in.signs_in_by_key().status_code == 200
        assert signed_in.renews().status_code == 200


class TestTheEnd:
    def test_after_twenty_minutes_it_is_still_a_session(self, signed_in: Widget, clock: FrozenClock) -> None:
        clock.advance(minutes=20)
        told = signed_in.asks()
        assert (told.status_code, told.get_json()["error"]) == (401, "expired")
        assert signed_in.renews(csrf=told.get_json()["csrf_refresh_token"]).status_code == 200
        assert signed_in.asks().status_code == 200

    def test_after_twenty_five_hours_it_is_none(self, signed_in: Widget, clock: FrozenClock) -> None:
        clock.advance(hours=25)
        assert is_over(signed_in.asks())
        assert is_over(signed_in.renews())

    def test_comes_however_often_it_was_renewed(self, signed_in: Widget, clock: FrozenClock) -> None:
        for _ in range(23):
            clock.advance(hours=1)
            assert signed_in.renews().status_code == 200
        clock.advance(minutes=59, seconds=59)
        assert signed_in.renews().status_code == 200
        clock.advance(seconds=1)
        assert is_over(signed_in.renews())

    def test_moves_with_another_sign_in(self, signed_in: Widget, clock: FrozenClock) -> None:
        clock.advance(hours=23)
        assert signed_in.signs_in_by_key().status_code == 200
        clock.advance(hours=23)
        assert signed_in.renews().status_code == 200

    def test_is_not_that_of_single_sign_on(self, mia: Widget, clock: FrozenClock) -> None:
        """Rule 7: idle and absolute times of the SSO session end single sign-on only."""
        clock.advance(hours=13)
        assert mia.renews().status_code == 200

    @pytest.mark.parametrize("gone", ["person", "account"])
    def test_comes_with_the_person_or_the_account(self, op: OpenIdProvider, mia: Widget, gone: str) -> None:
        if gone == "person":
            op.runs("users", "disable", "mia@acme.example", "--account", "acme")
        else:
            op.runs("accounts", "disable", "acme")
        assert is_over(mia.asks())
        assert is_over(mia.renews())

    def test_is_final_for_whoever_is_let_in_again(self, op: OpenIdProvider, mia: Widget) -> None:
        for word in ("disable", "enable"):
            op.runs("users", word, "mia@acme.example", "--account", "acme")
        assert is_over(mia.asks())
        assert is_over(mia.renews())

    def test_comes_with_the_sso_session(self, op: OpenIdProvider, mia: Widget) -> None:
        op.runs("users", "sign-out", "mia@acme.example", "--account", "acme")
        assert is_over(mia.asks())
        assert is_over(mia.renews())

    def test_a_refused_renewal_changes_nothing(self, signed_in: Widget, clock: FrozenClock) -> None:
        clock.advance(hours=25)
        before = signed_in.op.rows()
        signed_in.renews()
        assert signed_in.op.rows() == before


class TestConfirmation:
    def test_where_roles_follow_the_upstream_renewing_stops_after_a_day(
        self, op: OpenIdProvider, widget: Widget, clock: FrozenClock
    ) -> None:
        widget.signs_in_in_a_window(MIA)
        clock.advance(minutes=50)
        # Cookies by the same sign-in, which by themselves would last beyond that day.
        assert widget.takes_over().status_code == 200
        clock.advance(hours=23, minutes=9)
        assert widget.renews().status_code == 200
        clock.advance(minutes=1)
        assert is_over(widget.renews())
        assert is_over(widget.asks())

    def test_the_account_may_say_another_time(self, op: OpenIdProvider, mia: Widget, clock: FrozenClock) -> None:
        op.runs("accounts", "update", "acme", "--reverify-after", "1800")
        clock.advance(minutes=29)
        assert mia.renews().status_code == 200
        clock.advance(minutes=1)
        assert is_over(mia.renews())

    def test_another_word_of_the_upstream_lets_it_go_on(
        self, op: OpenIdProvider, mia: Widget, clock: FrozenClock
    ) -> None:
        op.runs("accounts", "update", "acme", "--reverify-after", "1800")
        clock.advance(minutes=40)
        assert is_over(mia.renews())
        op.signs_in(op.browser(), MIA)
        assert mia.renews().status_code == 200

    def test_a_window_asks_the_upstream_then_although_single_sign_on_lasts(
        self, connected: OpenIdProvider, platform: RunningPlatform
    ) -> None:
        """Else it would give cookies that are over at once, again and again."""
        connected.runs("accounts", "update", "acme", "--reverify-after", "1800")
        widget = Widget(connected)
        assert "/platform/sso/done" in widget.signs_in_in_a_window(MIA).headers["Location"]
        connected.clock.advance(minutes=31)
        before = connected.rows()["token_families"]
        away = widget.opens("/platform/sso?account=acme")
        assert away.headers["Location"].startswith(platform.issuer)
        assert ACCESS not in str(away.headers.getlist("Set-Cookie"))
        assert connected.rows()["token_families"] == before

    def test_a_link_opens_nothing_then(self, op: OpenIdProvider, mia: Widget, clock: FrozenClock) -> None:
        link = mia.exchanges().get_json()["token"]
        op.runs("accounts", "update", "acme", "--reverify-after", "1800")
        clock.advance(minutes=30)
        elsewhere, before = Widget(op), op.rows()
        assert elsewhere.opens(f"/session/jwt/?jwt={link}").status_code == 410
        assert elsewhere.jars.kept == {}
        assert op.rows() == before

    def test_a_handoff_gives_nothing_then(self, op: OpenIdProvider, widget: Widget, clock: FrozenClock) -> None:
        widget.signs_in_in_a_window(MIA)
        op.runs("accounts", "update", "acme", "--reverify-after", "30")
        verifier = "v" * 43
        asked = {"account": "acme", "handoff": challenge_of(verifier), "origin": ORIGIN}
        page = widget.opens(f"/platform/sso/done/?{urlencode(asked)}")
        token = page.text.partition('data-handoff="')[2].partition('"')[0]
        clock.advance(seconds=30)
        answer = widget.posts("/session/handoff/", {"handoff": token, "verifier": verifier})
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_handoff")

    def test_over_a_bridge_nobody_has_to_confirm(
        self, op: OpenIdProvider, signed_in: Widget, clock: FrozenClock
    ) -> None:
        op.runs("accounts", "update", "acme", "--reverify-after", "1800")
        clock.advance(hours=5)
        assert signed_in.renews().status_code == 200


class TestRoles:
    def test_a_change_is_seen_at_the_next_renewal(self, op: OpenIdProvider, mia: Widget) -> None:
        op.runs("providers", "update", "acme", "platform", "--no-role-based-iam")
        op.runs("users", "set-roles", "mia@acme.example", "--account", "acme", "--role", "deepdesk.editor")
        assert claims(mia.jars, jar=TOP)["role_name"] == "deepdesk.manager"
        assert mia.renews().get_json()["role_name"] == "deepdesk.editor"
        assert claims(mia.jars, jar=TOP)["roles"] == ["deepdesk.editor"]

    def test_over_a_bridge_it_is_agent_whatever_is_set(self, op: OpenIdProvider, signed_in: Widget) -> None:
        user = claims(signed_in.jars)["sub"]
        op.runs("users", "set-roles", user, "--account", "acme", "--role", "deepdesk.manager")
        assert signed_in.renews().get_json()["roles"] == ["deepdesk.agent"]
        assert claims(signed_in.jars)["role_name"] == "deepdesk.agent"


@BOTH_DATABASES
class TestAtTheSameMoment:
    def test_eight_renewals_end_in_one_branch(self, signed_in: Widget, clock: FrozenClock) -> None:
        tabs = [thief_of(signed_in) for _ in range(RACERS)]
        waiting = list(tabs)
        answers = racing(signed_in.op.app, lambda: waiting.pop().renews())
        assert [answer.status_code for answer in answers if isinstance(answer, TestResponse)] == [200] * RACERS
        assert len({generation(tab.jars) for tab in tabs}) == 1
        assert generation(tabs[0].jars).endswith(".2")
        clock.advance(minutes=1)
        assert tabs[0].renews().status_code == 200

    def test_a_replay_among_eight_ends_it_for_all(self, signed_in: Widget, clock: FrozenClock) -> None:
        thief = thief_of(signed_in)
        signed_in.renews()
        clock.advance(seconds=GRACE)
        waiting = [thief] + [thief_of(signed_in) for _ in range(RACERS - 1)]
        tabs = list(waiting)
        racing(signed_in.op.app, lambda: waiting.pop().renews())
        for tab in tabs:
            assert is_over(tab.asks())
            assert is_over(tab.renews())


def test_a_session_lasts_as_long_as_the_settings_say() -> None:
    fields = Settings.model_fields
    assert (fields["cookie_access_ttl"].default, fields["cookie_refresh_ttl"].default) == (900, 86400)
    assert fields["refresh_grace"].default == GRACE
