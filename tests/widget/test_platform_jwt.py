"""The platform JWT bridge: whose secret signed it, for how long it counts, and how often (CONTRACT §6 rule 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest

from idp.domain.identifiers import AccountCode
from idp.domain.jars import Jar
from idp.services.registry import accounts, platform_secrets
from idp.services.registry.accounts import AccountSettings
from idp.store import platform_secrets as stored_secrets
from idp.store.unit_of_work import reading
from tests.protocol.conftest import BOTH_DATABASES
from tests.support import assertions
from tests.support.app import OpenIdProvider
from tests.support.clock import FrozenClock
from tests.support.database import racing
from tests.support.widget import CSRF_REFRESH, ORIGIN, PLATFORM_SECRET, REFRESH, Widget
from tests.widget.ways_in import (
    ELSEWHERE,
    JOHN,
    MISSING,
    OTHER_ORIGIN,
    OTHER_SECRET,
    about,
    access,
    allows,
    events,
    payload,
    platform_jwt,
    sets_cookies,
    signs_in_by_jwt,
    unread,
)

PATH = "/session/jwt"
DAY = timedelta(days=1)
HERE, THERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def globex(op: OpenIdProvider) -> Widget:
    """The widget of another account, whose platform has a secret of its own."""
    op.account("globex", origins=(OTHER_ORIGIN,))
    with op.app.app_context():
        platform_secrets.create("globex", secret=OTHER_SECRET, parts=op.parts, context=op.context)
    return Widget(op, origin=OTHER_ORIGIN)


def secret_id(op: OpenIdProvider) -> str:
    with op.app.app_context():
        return platform_secrets.list_all("acme")[-1].id


def last_used(op: OpenIdProvider, secret: str = PLATFORM_SECRET) -> object:
    with op.app.app_context(), reading() as session:
        found = stored_secrets.find(session, AccountCode("acme"), secret)
        return found and found.last_used_at


def is_refused(widget: Widget, token: str) -> bool:
    """Say whether a token is refused without a trace."""
    before = widget.op.rows()
    answer = signs_in_by_jwt(widget, token)
    assert not sets_cookies(answer)
    assert token not in answer.text
    return (
        (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
        and answer.headers["Cache-Control"] == "no-store"
        and widget.op.rows() == before
    )


def unix(op: OpenIdProvider, **later: float) -> int:
    return int((op.clock.now() + timedelta(**later)).timestamp())


# Coming in


def test_the_agent_of_the_example_comes_in(op: OpenIdProvider, widget: Widget) -> None:
    token = platform_jwt(op)
    answer = signs_in_by_jwt(widget, token)
    assert answer.status_code == 200
    assert allows(answer) == ORIGIN
    assert answer.get_json()["identity"] == JOHN
    claims = access(widget)
    assert (claims["acr"], claims["amr"]) == ("urn:deepdesk:acr:bridge", ["platform_jwt"])
    assert (claims["roles"], claims["aud"]) == (["deepdesk.agent"], "urn:deepdesk:account:acme")
    assert claims["identity"] == JOHN
    assert widget.asks().status_code == 200


@pytest.mark.parametrize("path", ["/session/jwt", "/session/jwt/"])
def test_both_spellings_of_the_address_are_answered(op: OpenIdProvider, widget: Widget, path: str) -> None:
    assert widget.posts(path, {"jwt": platform_jwt(op)}).status_code == 200


def test_a_page_asks_before_it_posts(widget: Widget) -> None:
    answer = widget.calls("OPTIONS", PATH, headers={"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 204
    assert (allows(answer), answer.headers["Access-Control-Allow-Methods"]) == (ORIGIN, "POST")


def test_without_a_number_it_may_come_again(op: OpenIdProvider, widget: Widget) -> None:
    token = platform_jwt(op)
    signs_in_by_jwt(widget, token)
    first = access(widget)
    assert signs_in_by_jwt(widget, token).status_code == 200
    assert access(widget)["sid"] == first["sid"]
    other = Widget(op)
    assert signs_in_by_jwt(other, token).status_code == 200
    assert access(other)["sub"] == first["sub"]


def test_name_and_address_follow_the_platform_and_nothing_takes_them_away(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget)
    for changes in ({"user_name": MISSING, "user_email": MISSING}, {"user_name": "", "user_email": None}):
        answer = signs_in_by_jwt(widget, platform_jwt(op, identity=about(**changes)))
        assert answer.get_json()["identity"] == JOHN
    answer = signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_name="Jane Doe")))
    assert answer.get_json()["identity"]["user_name"] == "Jane Doe"


def test_a_number_is_the_same_id_as_its_text(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_id="1234")))
    first = access(widget)["sub"]
    signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_id=1234)))
    assert access(widget)["sub"] == first


def test_who_is_signed_in_to_studio_in_the_same_browser_is_left_alone(widget: Widget) -> None:
    widget.signs_in_in_a_window()
    signs_in_by_jwt(widget)
    assert widget.window().asks().get_json()["identity"]["user_email"] == "mia@acme.example"
    assert widget.asks().get_json()["identity"] == JOHN


# Whose secret


def test_another_secret_is_refused(op: OpenIdProvider, widget: Widget) -> None:
    for secret in ("a secret that is another one, 32 letters", PLATFORM_SECRET + " ", PLATFORM_SECRET[:-1]):
        assert is_refused(widget, platform_jwt(op, secret=secret))


def test_the_secret_of_another_account_is_refused(op: OpenIdProvider, widget: Widget, globex: Widget) -> None:
    assert is_refused(widget, platform_jwt(op, secret=OTHER_SECRET))
    assert is_refused(globex, platform_jwt(op, identity=about(account="globex")))
    assert (
        signs_in_by_jwt(globex, platform_jwt(op, secret=OTHER_SECRET, identity=about(account="globex"))).status_code
        == 200
    )


def test_two_accounts_may_share_one_secret_and_their_people_stay_apart(
    op: OpenIdProvider, widget: Widget, globex: Widget
) -> None:
    with op.app.app_context():
        platform_secrets.create("globex", secret=PLATFORM_SECRET, parts=op.parts, context=op.context)
    signs_in_by_jwt(widget, platform_jwt(op, jti="1"))
    assert signs_in_by_jwt(globex, platform_jwt(op, identity=about(account="globex"), jti="1")).status_code == 200
    assert access(widget)["sub"] != access(globex)["sub"]


def test_without_a_secret_the_bridge_is_off(op: OpenIdProvider) -> None:
    op.account("initech", origins=(OTHER_ORIGIN,))
    assert is_refused(Widget(op, origin=OTHER_ORIGIN), platform_jwt(op, identity=about(account="initech")))


@pytest.mark.parametrize("account", ["staff", "nobody", "ACME", "acme ", "../acme"])
def test_there_is_no_such_account_for_a_platform(op: OpenIdProvider, account: str) -> None:
    assert is_refused(Widget(op, origin=None), platform_jwt(op, identity=about(account=account)))


def test_while_a_secret_is_changed_both_count(op: OpenIdProvider, widget: Widget) -> None:
    with op.app.app_context():
        newer = platform_secrets.rotate(secret_id(op), parts=op.parts, context=op.at_this_moment)
    signs_in_by_jwt(widget)
    first = access(widget)["sub"]
    assert signs_in_by_jwt(widget, platform_jwt(op, secret=newer.secret)).status_code == 200
    assert access(widget)["sub"] == first


def test_a_revoked_secret_is_refused_and_what_it_began_goes_on(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget)
    op.runs("platform-secrets", "revoke", secret_id(op))
    assert is_refused(Widget(op), platform_jwt(op))
    assert widget.renews().status_code == 200


def test_the_last_use_is_remembered_of_the_secret_that_signed(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock
) -> None:
    with op.app.app_context():
        newer = platform_secrets.rotate(secret_id(op), parts=op.parts, context=op.at_this_moment)
    signs_in_by_jwt(widget, platform_jwt(op, secret=OTHER_SECRET))
    signs_in_by_jwt(widget, platform_jwt(op, exp=unix(op)))
    assert (last_used(op), last_used(op, secret=newer.secret)) == (None, None)
    signs_in_by_jwt(widget)
    used = clock.now()
    assert (last_used(op), last_used(op, secret=newer.secret)) == (used, None)
    clock.advance(minutes=1)
    signs_in_by_jwt(widget, platform_jwt(op, secret=newer.secret))
    assert (last_used(op), last_used(op, secret=newer.secret)) == (used, clock.now())


def test_neither_secret_nor_token_is_kept_in_clear(op: OpenIdProvider, widget: Widget) -> None:
    for token in (platform_jwt(op), platform_jwt(op, jti="a-number-of-a-platform")):
        signs_in_by_jwt(widget, token)
        assert not op.stores(token)
    assert not op.stores(PLATFORM_SECRET)
    assert not op.stores("a-number-of-a-platform")
    assert {one["secret"] for one in events(op, "bridge.crossed")} == {secret_id(op)}


# Forgeries


def test_only_hs256_is_taken(op: OpenIdProvider, widget: Widget) -> None:
    said = payload(op)
    for token in (
        jwt.encode(said, "", algorithm="none"),
        jwt.encode(said, PLATFORM_SECRET * 2, algorithm="HS384"),
        jwt.encode(said, PLATFORM_SECRET * 2, algorithm="HS512"),
        jwt.encode(said, assertions.key("RS256").private, algorithm="RS256"),
        jwt.encode(said, assertions.key("ES256").private, algorithm="ES256"),
    ):
        assert is_refused(widget, token)


def test_a_published_key_is_no_secret(op: OpenIdProvider, widget: Widget) -> None:
    for path in ("/oauth/jwks", "/auth/jwks"):
        for key in widget.http.get(f"{op.issuer}{path}").get_json()["keys"]:
            assert is_refused(widget, platform_jwt(op, secret=key.get("n") or key["x"]))


def test_what_is_cut_or_spelled_otherwise_is_refused(op: OpenIdProvider, widget: Widget) -> None:
    token = platform_jwt(op)
    signed, _, _ = token.rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same_bytes = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    for spelled in (signed, f"{signed}.", f"{token}.", f"{token}=", f" {token}", same_bytes, token[:-1], "a.b.c"):
        assert is_refused(widget, spelled)


# Times


def test_it_counts_until_it_ends(op: OpenIdProvider, widget: Widget, clock: FrozenClock) -> None:
    token = platform_jwt(op, exp=unix(op, hours=1))
    clock.advance(minutes=59, seconds=59)
    assert signs_in_by_jwt(widget, token).status_code == 200
    clock.advance(seconds=1)
    assert is_refused(Widget(op), token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": -60, "exp": 86_400},
        {"iat": -60, "exp": 3600 * 24 * 365 * 20},
        {"iat": 61, "exp": 3600},
        {"iat": -60, "exp": 3600, "nbf": 61},
        {"iat": -86_400, "exp": 1},
        {"iat": -120, "exp": -60},
        {"iat": 3600, "exp": 60},
    ],
    ids=lambda changes: ",".join(f"{name}{value:+}" for name, value in changes.items()),
)
def test_times_that_do_not_hold_are_refused(op: OpenIdProvider, widget: Widget, changes: dict[str, int]) -> None:
    moved: dict[str, Any] = {name: unix(op, seconds=value) for name, value in changes.items()}
    assert is_refused(widget, platform_jwt(op, **moved))


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": MISSING},
        {"exp": MISSING},
        {"type": MISSING},
        {"identity": MISSING},
        {"type": "refresh"},
        {"type": "exchange"},
        {"identity": None},
        {"identity": "1234"},
        {"identity": []},
        {"identity": about(user_id=MISSING)},
        {"identity": about(user_id="")},
        {"identity": about(user_id=["1"])},
        {"identity": about(user_id=True)},
        {"identity": about(user_id="a" * 256)},
        {"identity": about(user_id="1\0")},
        {"identity": about(user_id="\ud800")},
        {"identity": about(account=MISSING)},
        {"identity": about(account=["acme"])},
        {"identity": about(account="acme\0")},
        {"identity": about(user_name=["John"])},
        {"identity": about(user_name="\0")},
        {"identity": about(user_email=1)},
        {"iat": "1620658801"},
        {"exp": "9999999999"},
        {"exp": 1e300},
        {"jti": 1},
        {"jti": ""},
        {"aud": ELSEWHERE},
        {"aud": []},
        {"aud": [ELSEWHERE]},
        {"aud": {}},
        {"padding": "x" * 8192},
    ],
    ids=str,
)
def test_a_token_that_does_not_say_what_it_must_is_refused(
    op: OpenIdProvider, widget: Widget, changes: dict[str, Any]
) -> None:
    assert is_refused(widget, platform_jwt(op, **changes))


def test_an_audience_must_be_us(op: OpenIdProvider, widget: Widget) -> None:
    assert signs_in_by_jwt(widget, platform_jwt(op, aud=op.issuer)).status_code == 200
    assert signs_in_by_jwt(widget, platform_jwt(op, aud=[ELSEWHERE, op.issuer])).status_code == 200
    assert signs_in_by_jwt(widget, platform_jwt(op, iss=ELSEWHERE)).status_code == 200


@pytest.mark.parametrize("depth", [500, 2500])
def test_depth_breaks_nothing(op: OpenIdProvider, widget: Widget, depth: int) -> None:
    said = json.dumps(payload(op, identity="DEEP")).replace('"DEEP"', "[" * depth + "]" * depth)
    token = jwt.api_jws.encode(said.encode(), PLATFORM_SECRET, algorithm="HS256")
    assert is_refused(widget, token)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"jwt": None}, {"jwt": ""}, {"jwt": 1}, {"jwt": ["x"]}, {"jwt": "\0"}, {"jwt": "a" * 16_385}]
)
def test_a_body_that_is_no_such_request_is_told_so(widget: Widget, body: Any) -> None:
    answer = widget.posts(PATH, body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


# Numbered tokens


def test_one_with_a_number_counts_once(op: OpenIdProvider, widget: Widget) -> None:
    token = platform_jwt(op, jti="1")
    assert signs_in_by_jwt(widget, token).status_code == 200
    assert is_refused(widget, token)
    assert is_refused(Widget(op), token)
    assert is_refused(Widget(op), platform_jwt(op, jti="1", exp=unix(op, hours=2)))
    assert widget.asks().status_code == 200


def test_two_people_may_have_the_same_number(op: OpenIdProvider, widget: Widget) -> None:
    assert signs_in_by_jwt(widget, platform_jwt(op, jti="1")).status_code == 200
    other = platform_jwt(op, jti="1", identity=about(user_id="other"))
    assert signs_in_by_jwt(Widget(op), other).status_code == 200


def test_a_number_is_not_spent_where_the_agent_is_kept_out(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock
) -> None:
    signs_in_by_jwt(widget)
    sub = access(widget)["sub"]
    op.runs("users", "disable", sub)
    clock.advance(seconds=1)
    token = platform_jwt(op, iat=op.clock.unix, jti="1")
    answer = signs_in_by_jwt(Widget(op), token)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")
    op.runs("users", "enable", sub)
    assert signs_in_by_jwt(Widget(op), token).status_code == 200


@BOTH_DATABASES
@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_of_eight_that_bring_one_number_together_one_comes_in(op: OpenIdProvider, known: bool) -> None:
    if known:
        signs_in_by_jwt(Widget(op))
    token = platform_jwt(op, jti="once")
    statuses = racing(op.app, lambda: signs_in_by_jwt(Widget(op), token).status_code)
    assert sorted(map(str, statuses)) == ["200"] + ["401"] * 7


@BOTH_DATABASES
def test_of_eight_that_bring_one_without_a_number_all_come_in(op: OpenIdProvider) -> None:
    token = platform_jwt(op)

    def arrive() -> str:
        widget = Widget(op)
        assert signs_in_by_jwt(widget, token).status_code == 200
        return str(access(widget)["sub"])

    subjects = racing(op.app, arrive)
    assert len(set(map(str, subjects))) == 1, subjects


@BOTH_DATABASES
def test_of_eight_with_the_two_secrets_of_a_change_over_all_are_one_person(op: OpenIdProvider) -> None:
    with op.app.app_context():
        newer = platform_secrets.rotate(secret_id(op), parts=op.parts, context=op.at_this_moment)
    for turn in range(3):
        identity = about(user_id=f"together-{turn}")
        tokens = [platform_jwt(op, secret=secret, identity=identity) for secret in (PLATFORM_SECRET, newer.secret)]
        turns = iter(tokens * 4)

        def arrive(turns: Iterator[str] = turns) -> str:
            widget = Widget(op)
            assert signs_in_by_jwt(widget, next(turns)).status_code == 200
            return str(access(widget)["sub"])

        subjects = racing(op.app, arrive)
        assert len(set(map(str, subjects))) == 1, subjects


# After a sign-out


def test_after_a_sign_out_what_was_signed_before_opens_nothing(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock
) -> None:
    token = platform_jwt(op)
    signs_in_by_jwt(widget, token)
    assert widget.signs_out().status_code in {200, 204}
    assert is_refused(Widget(op), token)
    assert is_refused(Widget(op), platform_jwt(op, iat=op.clock.unix))
    clock.advance(seconds=1)
    assert signs_in_by_jwt(Widget(op), platform_jwt(op, iat=op.clock.unix)).status_code == 200


def test_it_is_the_persons_own_sign_out_that_counts(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget)
    keyed = Widget(op)
    keyed.signs_in_by_key("1234")
    other = platform_jwt(op, identity=about(user_id="other"))
    signs_in_by_jwt(Widget(op), other)
    keyed.signs_out()
    assert signs_in_by_jwt(Widget(op)).status_code == 200
    widget.signs_out()
    assert signs_in_by_jwt(Widget(op), other).status_code == 200
    assert keyed.signs_in_by_key("1234").status_code == 200


@pytest.mark.parametrize("words", [("sign-out",), ("disable", "enable")])
def test_the_same_holds_when_an_operator_ends_what_they_have(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock, words: tuple[str, ...]
) -> None:
    token = platform_jwt(op)
    signs_in_by_jwt(widget, token)
    sub = access(widget)["sub"]
    for word in words:
        op.runs("users", word, sub)
    assert widget.asks().status_code == 401
    assert is_refused(Widget(op), token)
    clock.advance(seconds=1)
    assert signs_in_by_jwt(Widget(op), platform_jwt(op, iat=op.clock.unix)).status_code == 200


@pytest.mark.parametrize(
    "commands",
    [
        [("users", "sign-out")],
        [("users", "disable"), ("users", "enable")],
        [("accounts", "disable"), ("accounts", "enable")],
    ],
    ids=lambda commands: " ".join(commands[0]),
)
def test_the_same_holds_where_nothing_was_open_any_more(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock, commands: list[tuple[str, str]]
) -> None:
    signs_in_by_jwt(widget)
    sub = access(widget)["sub"]
    widget.signs_out()
    clock.advance(minutes=5)
    token = platform_jwt(op, iat=op.clock.unix)
    clock.advance(minutes=5)
    for group, word in commands:
        op.runs(group, word, sub if group == "users" else "acme")
    clock.advance(seconds=6)
    assert is_refused(Widget(op), token)


def test_a_disabled_agent_is_kept_out_with_a_new_one_too(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock
) -> None:
    signs_in_by_jwt(widget)
    op.runs("users", "disable", access(widget)["sub"])
    clock.advance(seconds=1)
    answer = signs_in_by_jwt(Widget(op), platform_jwt(op, iat=op.clock.unix))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")


def test_when_the_account_was_disabled_what_was_signed_before_opens_nothing(
    op: OpenIdProvider, widget: Widget, clock: FrozenClock
) -> None:
    token = platform_jwt(op)
    signs_in_by_jwt(widget, token)
    op.runs("accounts", "disable", "acme")
    answer = signs_in_by_jwt(Widget(op, origin=None), platform_jwt(op))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")
    op.runs("accounts", "enable", "acme")
    clock.advance(seconds=6)
    assert is_refused(Widget(op), token)
    assert signs_in_by_jwt(Widget(op), platform_jwt(op, iat=op.clock.unix)).status_code == 200


def test_an_account_on_trial_admits_those_whom_it_knows(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget)
    with op.app.app_context():
        accounts.update("acme", AccountSettings(trial=True), context=op.context)
    before = op.rows()
    answer = signs_in_by_jwt(widget, platform_jwt(op, identity=about(user_id="new")))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "access_denied")
    assert op.rows() == before
    assert signs_in_by_jwt(widget).status_code == 200


# How long the session lasts


def test_the_session_ends_with_the_token(op: OpenIdProvider, widget: Widget, clock: FrozenClock) -> None:
    answer = signs_in_by_jwt(widget, platform_jwt(op, exp=unix(op, hours=2)))
    ends = unix(op, hours=2)
    lines = answer.headers.getlist("Set-Cookie")
    assert all("Max-Age=7200" in line for line in lines), lines
    assert unread(widget.jars.value(REFRESH, Jar.PARTITIONED))["exp"] == ends
    clock.advance(hours=1, minutes=50)
    assert widget.renews().status_code == 200
    assert unread(widget.jars.value(REFRESH, Jar.PARTITIONED))["exp"] == ends
    assert access(widget)["exp"] == ends
    assert widget.asks().get_json()["expires_in"] == 600
    clock.advance(minutes=10)
    assert widget.renews().status_code == 401
    assert widget.asks().status_code == 401


def test_a_token_of_a_few_minutes_makes_no_longer_access(op: OpenIdProvider, widget: Widget) -> None:
    answer = signs_in_by_jwt(widget, platform_jwt(op, exp=unix(op, minutes=5)))
    assert answer.get_json()["expires_in"] == 300
    assert access(widget)["exp"] == unix(op, minutes=5)


def test_a_newer_token_prolongs_the_session_and_an_older_one_shortens_it(op: OpenIdProvider, widget: Widget) -> None:
    for hours in (2, 6, 1):
        signs_in_by_jwt(widget, platform_jwt(op, exp=unix(op, hours=hours)))
        assert unread(widget.jars.value(REFRESH, Jar.PARTITIONED))["exp"] == unix(op, hours=hours)


def test_what_an_exchange_link_opens_ends_with_the_token_too(op: OpenIdProvider, widget: Widget) -> None:
    signs_in_by_jwt(widget, platform_jwt(op, exp=unix(op, hours=2)))
    token = widget.exchanges().get_json()["token"]
    desktop = Widget(op, origin=None)
    desktop.opens(f"/session/jwt/?jwt={token}")
    assert unread(desktop.jars.value(REFRESH, Jar.TOP))["exp"] == unix(op, hours=2)
    op.clock.advance(hours=2)
    assert desktop.renews(desktop.jars.value(CSRF_REFRESH, Jar.TOP)).status_code == 401


# From where


def test_a_second_network_raises_an_alarm_each_time(op: OpenIdProvider) -> None:
    token = platform_jwt(op)

    def arrives_from(network: str) -> int:
        answer = signs_in_by_jwt(Widget(op), token, environ_overrides={"REMOTE_ADDR": network})
        return answer.status_code

    assert [arrives_from(HERE), arrives_from(HERE)] == [200, 200]
    assert events(op, "bridge.alarmed") == []
    assert [arrives_from(THERE), arrives_from(THERE), arrives_from(HERE)] == [200, 200, 200]
    alarms = events(op, "bridge.alarmed")
    assert [(one["alarm"], one["bridge"], one["secret"]) for one in alarms] == [
        ("second_network", "platform_jwt", secret_id(op))
    ] * 2
    assert {(one["account"], one["outcome"]) for one in alarms} == {("acme", "alarm")}


def test_what_nobody_signed_raises_no_alarm(op: OpenIdProvider) -> None:
    forged = platform_jwt(op, secret=OTHER_SECRET)
    for network in (HERE, THERE):
        signs_in_by_jwt(Widget(op), forged, environ_overrides={"REMOTE_ADDR": network})
    assert events(op, "bridge.alarmed") == []


def test_two_tokens_of_one_person_are_compared_by_themselves(op: OpenIdProvider) -> None:
    signs_in_by_jwt(Widget(op), platform_jwt(op), environ_overrides={"REMOTE_ADDR": HERE})
    newer = platform_jwt(op, exp=unix(op, hours=1))
    signs_in_by_jwt(Widget(op), newer, environ_overrides={"REMOTE_ADDR": THERE})
    assert events(op, "bridge.alarmed") == []


def test_a_server_is_answered_with_cookies_of_the_ordinary_jar(op: OpenIdProvider) -> None:
    server = Widget(op, origin=None)
    answer = signs_in_by_jwt(server)
    assert answer.status_code == 200
    assert allows(answer) is None
    assert not any("partitioned" in line.lower() for line in answer.headers.getlist("Set-Cookie"))
    assert access(server, Jar.TOP)["jar"] == "top"


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "https://login.deepdesk.example", OTHER_ORIGIN])
def test_no_other_page_comes_in(op: OpenIdProvider, globex: Widget, origin: str) -> None:
    before = op.rows()
    token = platform_jwt(op, jti="1")
    answer = signs_in_by_jwt(Widget(op, origin=origin), token)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "origin_not_allowed")
    assert allows(answer) is None
    assert not sets_cookies(answer)
    assert op.rows() == before
    assert last_used(op) is None
    assert signs_in_by_jwt(Widget(op), token).status_code == 200


def test_the_longest_session_is_that_of_a_day(op: OpenIdProvider, widget: Widget, clock: FrozenClock) -> None:
    signs_in_by_jwt(widget, platform_jwt(op, iat=op.clock.unix, exp=op.clock.unix + int(DAY.total_seconds())))
    clock.advance(hours=23, minutes=59)
    assert widget.renews().status_code == 200
    clock.advance(minutes=1)
    assert widget.renews().status_code == 401
