"""Whoever signs out is signed out at every service within ten seconds, also at one that was away for a minute.

Three services of one account are signed in at from each of three browsers of
one person, and from one of somebody else. The outage has services and a
person of its own, begins with the first test, and goes on beside the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlencode

import pytest

from tests.interop.service import Service
from tests.interop.walking import Browser, Page
from tests.processes.hearing import GOODBYE_URI, NOBODY_LISTENS, OFFLINE, HearingService, SignedIn, hearing_service
from tests.processes.outage import OUTAGE_SECONDS, WITHIN_SECONDS, Outage, Trio, states_on
from tests.processes.two_servers import becomes_true
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, serving

PERSON, OTHER_PERSON, PERSON_OF_THE_OUTAGE = "manager", "agent", "editor"
ADDRESS = "manager@acme.example"


SignIn = Callable[[str, Sequence[HearingService]], SignedIn]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The provider as it runs in production, with its worker beside it."""
    with serving(tmp_path_factory.mktemp("provider"), workers=2) as served:
        yield served


@pytest.fixture(scope="module")
def platform(provider: Served) -> Iterator[RunningPlatform]:
    """The upstream of the account ``acme``."""
    with running_platform() as running:
        provider.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        provider.command(
            *("providers", "create", "acme", "platform", "--kind", "oidc", "--issuer", running.issuer),
            *("--client-id", running.client_id, "--client-secret-file", "-", "--role-based-iam"),
            stdin=running.client_secret,
        )
        yield running


@pytest.fixture(scope="module")
def signs_in(platform: RunningPlatform) -> Iterator[SignIn]:
    """Sign a person in at services, in a new browser."""
    with ExitStack() as open_browsers:

        def sign_in(person: str, services: Sequence[HearingService]) -> SignedIn:
            browser = Browser(stop=NOBODY_LISTENS)
            open_browsers.enter_context(browser.session)
            signed_in = SignedIn(browser=browser)
            for service in services:
                signed_in.held[service.client_id] = signed_in.visits(service, person)
            return signed_in

        yield sign_in


@pytest.fixture(scope="module")
def services(provider: Served, platform: RunningPlatform) -> Iterator[Sequence[HearingService]]:
    """Three of them; whatever a test was about, they believed all that they were told."""
    with ExitStack() as listening:
        listed = [listening.enter_context(hearing_service(provider, name)) for name in ("studio", "desk", "reports")]
        yield listed
        assert [one.ear.refused for one in listed] == [[], [], []]


@pytest.fixture
def browsers(signs_in: SignIn, services: Sequence[HearingService]) -> Sequence[SignedIn]:
    """Three of one person, each signed in at all services."""
    signed_in = [signs_in(PERSON, services) for _ in range(3)]
    assert len({one.sid for one in signed_in}) == 3
    return signed_in


@pytest.fixture
def other(signs_in: SignIn, services: Sequence[HearingService]) -> SignedIn:
    """Somebody else, who stays signed in."""
    return signs_in(OTHER_PERSON, services)


def all_hear(services: Sequence[HearingService], browsers: Sequence[SignedIn], *, since: float) -> None:
    """Check that every service has ended the sessions of these browsers in time."""
    for service in services:
        for one in browsers:
            heard_after = service.ear.heard_after(one.sid, since=since, within=WITHIN_SECONDS)
            assert heard_after <= WITHIN_SECONDS, f"{service.client_id} refused {service.ear.refused}"


def is_out(services: Sequence[HearingService], browser: SignedIn) -> None:
    """Check that nothing is left of a session, here or at the services."""
    for service in services:
        assert browser.sid not in service.ear.open
        assert service.refresh(browser.held[service.client_id]) == "invalid_grant"
        assert browser.asks_silently(service) == "login_required"


def is_in(services: Sequence[HearingService], browser: SignedIn) -> None:
    """Check that a session goes on, here and at the services."""
    for service in services:
        assert browser.sid in service.ear.open
        assert service.refresh(browser.held[service.client_id]) == "ok"
        assert browser.asks_silently(service) == "code"


def test_signing_out_at_one_service_ends_that_browsers_session_at_all_and_leaves_the_others(
    services: Sequence[HearingService], browsers: Sequence[SignedIn], other: SignedIn
) -> None:
    leaving, *staying = browsers
    studio, *_ = services
    offline = leaving.visits(studio, PERSON, OFFLINE)
    since = time.monotonic()
    page = sign_out_at(studio, leaving)
    assert page.url == f"{GOODBYE_URI}&state=back+at+studio"
    all_hear(services, [leaving], since=since)
    is_out(services, leaving)
    # What outlives a session was not the session's.
    assert studio.refresh(offline) == "ok"
    for one in (*staying, other):
        is_in(services, one)


def sign_out_at(service: HearingService, signed_in: SignedIn) -> Page:
    """Do what a service's own button for it does (RP-Initiated Logout 1.0 §2)."""
    request = {
        "id_token_hint": signed_in.held[service.client_id].id_token,
        "post_logout_redirect_uri": GOODBYE_URI,
        "state": "back at studio",
    }
    return signed_in.browser.open(f"{service.client.issuer}/oauth/logout/?{urlencode(request)}")


def test_the_command_signs_a_person_out_of_everything(
    provider: Served, services: Sequence[HearingService], browsers: Sequence[SignedIn], other: SignedIn
) -> None:
    offline = browsers[0].visits(services[1], PERSON, OFFLINE)
    provider.command("users", "sign-out", ADDRESS, "--account", "acme")
    since = time.monotonic()
    all_hear(services, browsers, since=since)
    for one in browsers:
        is_out(services, one)
    assert services[1].refresh(offline) == "invalid_grant"
    is_in(services, other)


def test_what_outlived_a_session_ends_with_the_rest(
    provider: Served, services: Sequence[HearingService], signs_in: SignIn
) -> None:
    browser, desk = signs_in(PERSON, []), services[1]
    offline = browser.visits(desk, PERSON, OFFLINE)
    browser.browser.submit(browser.browser.open(f"{provider.issuer}/logout/"))
    assert desk.refresh(offline) == "ok"
    provider.command("users", "sign-out", ADDRESS, "--account", "acme")
    assert desk.refresh(offline) == "invalid_grant"


def test_a_person_signs_out_everywhere_in_my_account(
    provider: Served, services: Sequence[HearingService], browsers: Sequence[SignedIn], other: SignedIn
) -> None:
    acting = browsers[0].browser
    offline = browsers[1].visits(services[1], PERSON, OFFLINE)
    assert "/account/sign-out/?account=acme" in acting.open(f"{provider.issuer}/account/").html
    page = acting.open(f"{provider.issuer}/account/sign-out/?account=acme")
    assert page.has("sign-out-everywhere")
    since = time.monotonic()
    signed_out = acting.submit(page)
    assert signed_out.has("signed-out")
    all_hear(services, browsers, since=since)
    told = {one.client_id: "told" for one in services}
    becomes_true(lambda: states_on(acting.open(signed_out.url)) == told, within_seconds=WITHIN_SECONDS)
    for one in browsers:
        is_out(services, one)
    assert services[1].refresh(offline) == "invalid_grant"
    is_in(services, other)


@pytest.fixture
def let_in_again(provider: Served) -> Iterator[None]:
    """Other tests need the person, also when this one fails."""
    yield
    provider.command("users", "enable", ADDRESS, "--account", "acme")


@pytest.mark.usefixtures("let_in_again")
def test_disabling_a_person_reaches_every_service(
    provider: Served, services: Sequence[HearingService], browsers: Sequence[SignedIn], other: SignedIn
) -> None:
    provider.command("users", "disable", ADDRESS, "--account", "acme")
    since = time.monotonic()
    all_hear(services, browsers, since=since)
    for one in browsers:
        is_out(services, one)
    is_in(services, other)
    # What was open does not come back with them.
    provider.command("users", "enable", ADDRESS, "--account", "acme")
    for one in browsers:
        is_out(services, one)


# The outage.


@pytest.fixture(scope="module")
def trio(provider: Served, signs_in: SignIn) -> Iterator[Trio]:
    with ExitStack() as listening:
        names = ("wiki", "shop", "mail")
        *there, away = [listening.enter_context(hearing_service(provider, name)) for name in names]
        deaf = Service.register(provider, "Archive", "--account", "acme", "--client-id", "archive")
        signed_in = signs_in(PERSON_OF_THE_OUTAGE, [*there, away])
        deaf.redeem(signed_in.browser.open(deaf.authorize_url()).query["code"])
        yield Trio(there=there, away=away, deaf=deaf, signed_in=signed_in)
        assert [one.ear.refused for one in (*there, away)] == [[], [], []]


@pytest.fixture(scope="module", autouse=True)
def _outage(trio: Trio) -> Iterator[Future[Outage]]:
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(trio.lives_through_it)


@pytest.fixture
def outage(_outage: Future[Outage]) -> Outage:
    return _outage.result(OUTAGE_SECONDS + 60)


def test_the_others_hear_in_time_though_one_service_is_away(outage: Outage) -> None:
    assert max(outage.others_heard_after) <= WITHIN_SECONDS


def test_a_service_that_was_away_for_a_minute_hears_within_ten_seconds_of_coming_back(outage: Outage) -> None:
    assert outage.heard_after <= WITHIN_SECONDS


def test_the_page_says_who_still_waits_and_who_cannot_be_told(outage: Outage, trio: Trio) -> None:
    told = {one.client_id: "told" for one in trio.there}
    assert outage.looks[-1].states == {**told, trio.away.client_id: "waiting", trio.deaf.client_id: "deaf"}
    assert {look.states[trio.away.client_id] for look in outage.looks} == {"waiting"}
    assert outage.last_look.states == {**told, trio.away.client_id: "told", trio.deaf.client_id: "deaf"}


def test_the_page_never_calls_somebody_told_who_was_not(outage: Outage) -> None:
    for look in (*outage.looks, outage.last_look):
        assert {client for client, state in look.states.items() if state == "told"} <= look.heard
