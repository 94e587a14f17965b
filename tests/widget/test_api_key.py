"""The API key bridge: every agent can read the key, so it gives little, and only where an account turned it on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.domain.bridges import Bridge
from idp.domain.jars import Jar
from idp.services.registry import accounts, api_keys
from idp.services.registry.accounts import AccountSettings
from idp.store import api_keys as stored_keys
from idp.store.bridge_people import BridgePerson
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.widget import ACCESS, API_KEY, ORIGIN, REFRESH, Widget
from tests.widget.ways_in import (
    ELSEWHERE,
    OTHER_KEY,
    OTHER_ORIGIN,
    access,
    allows,
    events,
    set_otherwise,
    sets_cookies,
    unread,
)

PATH = "/session/api-key/"
GOOD = {"account": "acme", "api_key": API_KEY, "agent_id": "1", "agent_name": "Test"}


@pytest.fixture
def server(op: OpenIdProvider) -> Widget:
    """A server that calls, with no page and no origin."""
    return Widget(op, origin=None)


@pytest.fixture
def globex(op: OpenIdProvider) -> Widget:
    """The widget of another account, which has a page and a provider and no key."""
    op.account("globex", origins=(OTHER_ORIGIN,))
    return Widget(op, origin=OTHER_ORIGIN)


def key_id(op: OpenIdProvider) -> str:
    with op.app.app_context():
        return api_keys.list_all("acme")[0].id


def last_used(op: OpenIdProvider) -> object:
    with op.app.app_context(), reading() as session:
        found = stored_keys.find(session, API_KEY)
        return found and found.last_used_at


def people(op: OpenIdProvider) -> list[User]:
    with op.app.app_context(), reading() as session:
        return list(session.scalars(select(User)))


# Coming in


def test_an_agent_comes_in(widget: Widget) -> None:
    answer = widget.signs_in_by_key("a-17", "Kim Agent")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert allows(answer) == ORIGIN
    body = answer.get_json()
    assert body["identity"] == {
        "account": "acme",
        "user_id": "a-17",
        "user_name": "Kim Agent",
        "user_email": None,
    }
    assert (body["roles"], body["acr"]) == (["deepdesk.agent"], "urn:deepdesk:acr:bridge")
    claims = access(widget)
    assert (claims["acr"], claims["amr"], claims["jar"]) == ("urn:deepdesk:acr:bridge", ["api_key"], "partitioned")
    assert (claims["fresh"], claims["role_name"]) == (False, "deepdesk.agent")
    assert widget.asks().status_code == 200


def test_whoever_comes_again_is_the_same_person(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key("1", "Test")
    first = access(widget)
    again = Widget(op)
    again.signs_in_by_key("1", "Test Married")
    assert access(again)["sub"] == first["sub"]
    assert access(again)["sid"] != first["sid"]
    assert access(again)["identity"]["user_name"] == "Test Married"


def test_without_a_name_the_old_one_stays(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key("1", "Test")
    for nothing in ({"agent_name": ""}, {"agent_name": None}, {}):
        said = {name: value for name, value in GOOD.items() if name != "agent_name"} | nothing
        assert widget.posts(PATH, said).get_json()["identity"]["user_name"] == "Test"


def test_an_id_is_compared_to_the_letter(widget: Widget) -> None:
    subjects = set()
    ids = ["a", "A", " a", "a ", "\u00e4", "a\u0308", "\uff41", "01", "1"]
    for agent_id in ids:
        assert widget.signs_in_by_key(agent_id).status_code == 200
        subjects.add(access(widget)["sub"])
    assert len(subjects) == len(ids)


@BOTH_DATABASES
def test_of_eight_that_arrive_together_for_the_first_time_all_are_one_person(op: OpenIdProvider) -> None:
    def arrive() -> str:
        widget = Widget(op)
        assert widget.signs_in_by_key("together").status_code == 200
        return str(access(widget)["sub"])

    subjects = racing(op.app, arrive)
    assert len(set(map(str, subjects))) == 1, subjects
    assert len(people(op)) == 1


@BOTH_DATABASES
def test_so_they_are_with_the_two_keys_of_a_change_over(op: OpenIdProvider) -> None:
    with op.app.app_context():
        newer = api_keys.create("acme", key=None, parts=op.parts, context=op.context)
    for turn in range(3):
        turns = iter([API_KEY, newer.api_key] * 4)

        def arrive(agent_id: str = f"together-{turn}", turns: Iterator[str] = turns) -> str:
            widget = Widget(op)
            assert widget.signs_in_by_key(agent_id, key=next(turns)).status_code == 200
            return str(access(widget)["sub"])

        subjects = racing(op.app, arrive)
        assert len(set(map(str, subjects))) == 1, subjects


def test_who_comes_again_in_the_same_browser_keeps_their_session(widget: Widget) -> None:
    widget.signs_in_by_key()
    sid, csrf = access(widget)["sid"], widget.csrf_access
    widget.signs_in_by_key()
    assert (access(widget)["sid"], widget.csrf_access) == (sid, csrf)


def test_another_agent_in_the_same_page_ends_the_first_ones_session(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key("1")
    thief = Widget(op, jars=widget.jars.copy())
    widget.signs_in_by_key("2")
    assert thief.asks().status_code == 401
    assert widget.asks().get_json()["identity"]["user_id"] == "2"


def test_who_is_signed_in_to_studio_in_the_same_browser_is_left_alone(widget: Widget) -> None:
    widget.signs_in_in_a_window()
    studio = widget.window()
    assert widget.signs_in_by_key().status_code == 200
    assert studio.asks().get_json()["identity"]["user_email"] == "mia@acme.example"
    assert widget.asks().get_json()["identity"]["user_id"] == "1"


# The key


def test_a_key_of_nobody_is_refused(op: OpenIdProvider, widget: Widget) -> None:
    before = op.rows()
    for key in ("x", API_KEY[:-1], f"{API_KEY} ", API_KEY.upper(), "x" * 10_000):
        answer = widget.signs_in_by_key(key=key)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")
        assert not sets_cookies(answer)
    assert op.rows() == before


def test_without_a_key_of_the_account_the_bridge_is_off(globex: Widget) -> None:
    for key in (API_KEY, OTHER_KEY, "x"):
        answer = globex.signs_in_by_key(account="globex", key=key)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")


def test_another_accounts_key_is_refused(op: OpenIdProvider, widget: Widget, globex: Widget) -> None:
    with op.app.app_context():
        api_keys.create("globex", key=OTHER_KEY, parts=op.parts, context=op.context)
    before = op.rows()
    assert globex.signs_in_by_key(account="globex", key=API_KEY).status_code == 401
    assert widget.signs_in_by_key(key=OTHER_KEY).status_code == 401
    assert op.rows() == before
    assert globex.signs_in_by_key(account="globex", key=OTHER_KEY).status_code == 200


def test_one_id_at_two_accounts_is_two_people(op: OpenIdProvider, widget: Widget, globex: Widget) -> None:
    with op.app.app_context():
        api_keys.create("globex", key=OTHER_KEY, parts=op.parts, context=op.context)
    widget.signs_in_by_key("1")
    globex.signs_in_by_key("1", account="globex", key=OTHER_KEY)
    assert access(widget)["sub"] != access(globex)["sub"]


def test_a_revoked_key_is_refused_and_what_it_began_goes_on(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    op.runs("api-keys", "revoke", key_id(op))
    assert Widget(op).signs_in_by_key().status_code == 401
    assert widget.renews().status_code == 200


def test_while_a_key_is_changed_both_work(op: OpenIdProvider, widget: Widget) -> None:
    with op.app.app_context():
        newer = api_keys.create("acme", key=None, parts=op.parts, context=op.context)
    assert widget.signs_in_by_key().status_code == 200
    first = access(widget)["sub"]
    assert widget.signs_in_by_key(key=newer.api_key).status_code == 200
    assert access(widget)["sub"] == first


def test_staff_have_no_bridge(op: OpenIdProvider, server: Widget) -> None:
    refused = op.app.test_cli_runner().invoke(args=["api-keys", "create", "staff"])
    assert refused.exit_code != 0
    before = op.rows()
    assert server.signs_in_by_key(account="staff").status_code == 401
    assert op.rows() == before


def test_the_last_use_is_remembered_and_a_vain_try_is_none(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock
) -> None:
    assert last_used(op) is None
    widget.signs_in_by_key(key="x")
    widget.signs_in_by_key(account="globex")
    assert last_used(op) is None
    widget.signs_in_by_key()
    used = clock.now()
    assert last_used(op) == used
    clock.advance(minutes=1)
    widget.signs_in_by_key(key="x")
    widget.renews()
    assert last_used(op) == used
    widget.signs_in_by_key()
    assert last_used(op) == clock.now()


def test_the_key_is_nowhere_in_clear(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    assert not op.stores(API_KEY)
    assert [one["bridge"] for one in events(op, "bridge.crossed")] == ["api_key"]
    assert events(op, "bridge.crossed")[0]["secret"] == key_id(op)


# Who may


def test_a_disabled_account_lets_nobody_in(op: OpenIdProvider, server: Widget) -> None:
    server.signs_in_by_key("known")
    op.disables_account("acme")
    before = op.rows()
    for agent_id in ("known", "new"):
        answer = server.signs_in_by_key(agent_id)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")
    assert op.rows() == before


def test_a_disabled_agent_is_kept_out_until_they_are_enabled(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key()
    sub = access(widget)["sub"]
    op.runs("users", "disable", sub)
    before = op.rows()
    answer = widget.signs_in_by_key()
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")
    assert op.rows() == before
    op.runs("users", "enable", sub)
    assert widget.signs_in_by_key().status_code == 200
    assert access(widget)["sub"] == sub


def test_an_account_on_trial_admits_those_whom_it_knows(op: OpenIdProvider, widget: Widget) -> None:
    widget.signs_in_by_key("known")
    with op.app.app_context():
        accounts.update("acme", AccountSettings(trial=True), context=op.context)
    before = op.rows()
    assert widget.signs_in_by_key("new").status_code == 401
    assert op.rows() == before
    assert widget.signs_in_by_key("known").status_code == 200


# How many


def came_before(op: OpenIdProvider, *, people: int) -> None:
    """Let agents have come in by the key a moment ago."""
    now, made_with = op.clock.now(), key_id(op)
    numbers = [str(number) for number in range(people)]
    with op.app.app_context(), unit_of_work() as session:
        session.add_all(
            User(
                id=f"user-{number}",
                account_code="acme",
                roles=["deepdesk.agent"],
                enabled=True,
                email_held=False,
                email_vouched=False,
                created_at=now,
            )
            for number in numbers
        )
        session.flush()
        session.add_all(
            BridgePerson(
                account_code="acme",
                bridge=Bridge.API_KEY,
                platform_id=f"agent-{number}",
                user_id=f"user-{number}",
                made_with=made_with,
                created_at=now,
            )
            for number in numbers
        )


@pytest.mark.parametrize("limits", ["on", "off"])
def test_a_key_makes_200_people_an_hour_and_off_does_not_lift_that(
    op: OpenIdProvider, clock: FrozenClock, tmp_path: Path, limits: str
) -> None:
    came_before(op, people=199)
    with set_otherwise(op, tmp_path, IDP_RATE_LIMITS=limits) as other:
        server = Widget(other, origin=None)
        assert server.signs_in_by_key("the-last-one").status_code == 200
        refused = server.signs_in_by_key("one-too-many")
        assert (refused.status_code, refused.get_json()["error"]) == (429, "too_many_new_people")
        assert int(refused.headers["Retry-After"]) > 0
        assert not sets_cookies(refused)
        assert server.signs_in_by_key("agent-7").status_code == 200
        clock.advance(hours=1)
        assert server.signs_in_by_key("one-too-many").status_code == 200


@pytest.fixture
def capped(op: OpenIdProvider, tmp_path: Path) -> Iterator[OpenIdProvider]:
    with set_otherwise(op, tmp_path, IDP_RATE_LIMITS="bridge_people=3/1h") as other:
        yield other


def test_the_number_can_be_moved(op: OpenIdProvider, capped: OpenIdProvider, clock: FrozenClock) -> None:
    widget = Widget(capped)
    for number in range(3):
        assert widget.signs_in_by_key(str(number)).status_code == 200
    before = len(people(op))
    assert widget.signs_in_by_key("3").status_code == 429
    assert len(people(op)) == before
    clock.advance(minutes=59, seconds=59)
    assert widget.signs_in_by_key("3").status_code == 429
    clock.advance(seconds=1)
    assert widget.signs_in_by_key("3").status_code == 200


def test_a_full_key_raises_an_alarm_each_time(op: OpenIdProvider, capped: OpenIdProvider) -> None:
    widget = Widget(capped)
    for number in range(3):
        widget.signs_in_by_key(str(number))
    assert events(op, "bridge.alarmed") == []
    for _ in range(2):
        widget.signs_in_by_key("3")
    alarms = events(op, "bridge.alarmed")
    assert [(one["alarm"], one["bridge"], one["secret"]) for one in alarms] == [
        ("bridge_people", "api_key", key_id(op))
    ] * 2
    assert {(one["account"], one["outcome"]) for one in alarms} == {("acme", "alarm")}


def test_those_who_are_known_still_come_in(capped: OpenIdProvider) -> None:
    widget = Widget(capped)
    for number in range(3):
        widget.signs_in_by_key(str(number))
    assert widget.signs_in_by_key("3").status_code == 429
    assert [widget.signs_in_by_key(str(number)).status_code for number in range(3)] == [200] * 3


def test_each_key_has_its_own_number(op: OpenIdProvider, capped: OpenIdProvider) -> None:
    with op.app.app_context():
        newer = api_keys.create("acme", key=None, parts=op.parts, context=op.context)
    widget = Widget(capped)
    for number in range(4):
        widget.signs_in_by_key(str(number))
    assert widget.signs_in_by_key("3", key=newer.api_key).status_code == 200


@BOTH_DATABASES
def test_of_eight_new_ones_that_arrive_together_no_more_than_that_get_in(capped: OpenIdProvider) -> None:
    numbers = iter(range(8))

    def arrive() -> int:
        return Widget(capped).signs_in_by_key(f"together-{next(numbers)}").status_code

    statuses = racing(capped.app, arrive)
    assert sorted(map(str, statuses)) == ["200"] * 3 + ["429"] * 5


# From where


def test_a_server_is_answered_with_cookies_of_the_ordinary_jar(server: Widget) -> None:
    answer = server.signs_in_by_key()
    assert answer.status_code == 200
    assert allows(answer) is None
    assert not any("partitioned" in line.lower() for line in answer.headers.getlist("Set-Cookie"))
    assert access(server, Jar.TOP)["jar"] == "top"
    assert {server.jars.value(name, Jar.PARTITIONED) for name in (ACCESS, REFRESH)} == {None}


def test_a_page_gets_cookies_of_the_partitioned_jar(widget: Widget) -> None:
    answer = widget.signs_in_by_key()
    lines = answer.headers.getlist("Set-Cookie")
    assert len(lines) == 4
    assert all(
        {"Partitioned", "Secure", "SameSite=None"} <= {part.strip() for part in line.split(";")} for line in lines
    )


@pytest.mark.parametrize(
    "origin",
    [
        ELSEWHERE,
        "null",
        "",
        "https://login.deepdesk.example",
        "http://platform.acme.example",
        "https://platform.acme.example:8443",
        "https://platform.acme.example/",
        "https://PLATFORM.acme.example",
        "https://sub.platform.acme.example",
        "https://platform.acme.example.evil.example",
        OTHER_ORIGIN,
    ],
)
def test_no_other_page_comes_in(op: OpenIdProvider, globex: Widget, origin: str) -> None:
    before = op.rows()
    answer = Widget(op, origin=origin).signs_in_by_key()
    assert (answer.status_code, answer.get_json()["error"]) == (403, "origin_not_allowed")
    assert allows(answer) is None
    assert not sets_cookies(answer)
    assert op.rows() == before
    assert last_used(op) is None


def test_a_page_of_both_accounts_may_be_either(op: OpenIdProvider, widget: Widget, globex: Widget) -> None:
    with op.app.app_context():
        api_keys.create("globex", key=OTHER_KEY, parts=op.parts, context=op.context)
        accounts.update("globex", AccountSettings(origins=(OTHER_ORIGIN, ORIGIN)), context=op.context)
    assert widget.signs_in_by_key().status_code == 200
    assert widget.signs_in_by_key(account="globex", key=OTHER_KEY).status_code == 200


# What is sent


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "acme",
        1,
        {},
        [GOOD],
        without("account"),
        without("api_key"),
        without("agent_id"),
        *(
            {**GOOD, name: value}
            for name in GOOD
            for value in (1, True, 1.5, [], ["1"], {}, "\0", "a\nb", "\ud800", "\u202e")
        ),
        *({**GOOD, name: value} for name in ("account", "api_key", "agent_id") for value in (None, "")),
        *({**GOOD, name: "a" * 256} for name in ("account", "agent_id", "agent_name")),
        {**GOOD, "api_key": "a" * 16_385},
    ],
)
def test_a_body_that_is_no_such_request_is_told_so(op: OpenIdProvider, widget: Widget, body: Any) -> None:
    before = op.rows()
    answer = widget.posts(PATH, body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert allows(answer) == ORIGIN
    assert API_KEY not in answer.text
    assert op.rows() == before


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"[" * 30_000, b'{"account":' * 3000, b'{"a":' + b"9" * 6000 + b"}"]
)
def test_what_is_no_json_is_told_so(widget: Widget, data: bytes) -> None:
    answer = widget.calls("POST", PATH, data=data, content_type="application/json")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "text/json", ""],
)
def test_what_a_form_could_send_is_refused(op: OpenIdProvider, widget: Widget, content_type: str) -> None:
    before = op.rows()
    answer = widget.calls("POST", PATH, data=json.dumps(GOOD), content_type=content_type)
    assert (answer.status_code, answer.get_json()["error"]) == (415, "unsupported_media_type")
    assert op.rows() == before


def test_a_body_that_is_too_large_is_refused(widget: Widget) -> None:
    assert widget.posts(PATH, {**GOOD, "more": "x" * 100_000}).status_code == 413


def test_what_else_is_sent_is_passed_over(widget: Widget) -> None:
    told = {**GOOD, "roles": ["deepdesk.manager"], "role_name": "deepdesk.manager", "user_email": "mia@acme.example"}
    answer = widget.posts(PATH, told)
    assert answer.get_json()["roles"] == ["deepdesk.agent"]
    assert answer.get_json()["identity"]["user_email"] is None


def test_a_get_and_a_query_do_nothing(op: OpenIdProvider, widget: Widget) -> None:
    before = op.rows()
    assert widget.calls("GET", PATH, query_string=GOOD).status_code == 405
    assert widget.calls("POST", PATH, query_string=GOOD).status_code == 415
    assert op.rows() == before


# How long


def test_the_session_lasts_as_any(widget: Widget, clock: FrozenClock) -> None:
    widget.signs_in_by_key()
    refresh = unread(widget.jars.value(REFRESH, Jar.PARTITIONED))
    assert refresh["exp"] - refresh["iat"] == timedelta(hours=24).total_seconds()
    clock.advance(hours=23)
    assert widget.renews().status_code == 200
    clock.advance(hours=1)
    assert widget.renews().status_code == 401
