"""Two sites over TLS, browsers by their rules about third-party cookies, and the widget between them.

def test_…(embedded):
    widget = embedded("blocked")      # an agent's window on https://platform.test, nobody signed in
    widget.signs_in()
    widget.passes(minutes=16)         # the provider's clock and the page's timers
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from idp.sandbox.certificates import Certificates, ensure_certificates
from idp.sandbox.platform.kinds import GENESYS
from idp.sandbox.platform.people import GENESYS_ORGANISATION
from idp.sandbox.widget_page import create_widget_page
from idp.services.registry import accounts, api_keys, platform_secrets
from idp.services.registry.accounts import AccountSettings
from tests.support import firefox as firefox_part
from tests.support import parts
from tests.support.app import OpenIdProvider, provider_on_a_file
from tests.support.clock import FrozenClock
from tests.support.cross_site import Profiles, ThirdPartyCookies, chromium_profile
from tests.support.embedded import Embedded
from tests.support.firefox import CookieRule, Firefox, firefox_running
from tests.support.platform import RunningPlatform, running_platform
from tests.support.tls import LOGIN_NAME, NAMES, PLATFORM_NAME, SecureAddress, secure_address

OpenProfile = Callable[[ThirdPartyCookies], BrowserContext]
OpenFirefox = Callable[..., Firefox]
OpenEmbedded = Callable[..., Embedded]
ProviderAndStartAfresh = tuple[OpenIdProvider, Callable[[], None]]
API_KEY = "an-api-key-that-every-agent-can-read"
PLATFORM_SECRET = "a secret that the platform's server shares with Deepdesk"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a server certificate for both names."""
    return ensure_certificates(tmp_path_factory.mktemp("tls"), NAMES, now=datetime.now(UTC))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Not for the session: one thread can hold one Playwright, and others may want it."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def profiles(
    playwright: Playwright, chromium: str, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Profiles]:
    """Running Chromiums, to be lent to one test after the other: starting one takes seconds."""
    with ExitStack() as stack:

        def start(third_party_cookies: ThirdPartyCookies) -> BrowserContext:
            profile = chromium_profile(
                playwright,
                chromium,
                tmp_path_factory.mktemp("profile") / "one",
                certificates,
                third_party_cookies=third_party_cookies,
            )
            return stack.enter_context(profile)

        yield Profiles(start)


@pytest.fixture
def open_profile(profiles: Profiles) -> Iterator[OpenProfile]:
    """Return a function that opens Chromium on an empty profile, with third-party cookies allowed or blocked."""
    with ExitStack() as stack:
        yield lambda third_party_cookies: stack.enter_context(profiles.lent(third_party_cookies))


@pytest.fixture(scope="session")
def firefox() -> str:
    """The path of the other browser."""
    try:
        path = firefox_part.executable()
    except parts.PartMissing as reason:
        parts.do_without("Firefox", reason)
    parts.record("Firefox", firefox_part.version(path))
    return path


@pytest.fixture
def open_firefox(firefox: str, tmp_path: Path, addresses: tuple[SecureAddress, SecureAddress]) -> Iterator[OpenFirefox]:
    """Return a function that starts Firefox on an empty profile; it finds the two sites, or others that it is given."""
    with ExitStack() as stack:

        def open_one(third_party_cookies: CookieRule, *, finding: Iterable[SecureAddress] = addresses) -> Firefox:
            directory = tmp_path / f"firefox-{len(list(tmp_path.glob('firefox-*')))}"
            return stack.enter_context(
                firefox_running(firefox, directory, finding, third_party_cookies=third_party_cookies)
            )

        yield open_one


@pytest.fixture(scope="session")
def platform() -> Iterator[RunningPlatform]:
    """The platform that signs its people in: Genesys Cloud, reached on the way only, so by plain http."""
    with running_platform("localhost", GENESYS) as running:
        yield running


@pytest.fixture(scope="session")
def addresses(certificates: Certificates) -> Iterator[tuple[SecureAddress, SecureAddress]]:
    """Where the provider is, and where the platform's page is."""
    with secure_address(LOGIN_NAME, certificates) as login, secure_address(PLATFORM_NAME, certificates) as page:
        yield login, page


@pytest.fixture(scope="session")
def secure_provider(
    addresses: tuple[SecureAddress, SecureAddress], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProviderAndStartAfresh]:
    """The provider at https://login.deepdesk.test, in this process, and what takes it back to the beginning."""
    address, _ = addresses
    with (
        provider_on_a_file(tmp_path_factory.mktemp("provider"), issuer=address.url) as (running, start_afresh),
        address.serving(running.app),
    ):
        yield running, start_afresh


@pytest.fixture(scope="session")
def page_url(secure_provider: ProviderAndStartAfresh, addresses: tuple[SecureAddress, SecureAddress]) -> Iterator[str]:
    """The origin of the platform's page, whose server has the provider's clock."""
    running, _ = secure_provider
    page = create_widget_page(
        issuer=running.issuer,
        account="acme",
        provider="genesys",
        api_key=API_KEY,
        platform_secret=PLATFORM_SECRET,
        clock=running.clock,
    )
    _, address = addresses
    with address.serving(page):
        yield address.url


@pytest.fixture
def op(secure_provider: ProviderAndStartAfresh, platform: RunningPlatform, page_url: str) -> OpenIdProvider:
    """The provider, where acme's widget may run on the platform's page and be signed in by every way."""
    running, start_afresh = secure_provider
    start_afresh()
    platform.all_well()
    running.clock.set(datetime.now(UTC))
    running.upstream(
        "genesys",
        kind="genesys",
        tenants=(GENESYS_ORGANISATION,),
        authorize_url=f"{platform.base}/oauth/authorize",
        token_url=f"{platform.base}/oauth/token",
        api_url=platform.state.api_base,
    )
    running.connects("genesys", platform, issuer="")
    with running.app.app_context():
        now = running.at_this_moment
        accounts.update("acme", AccountSettings(origins=(page_url,)), context=now)
        api_keys.create("acme", key=API_KEY, parts=running.parts, context=now)
        platform_secrets.create("acme", secret=PLATFORM_SECRET, parts=running.parts, context=now)
    return running


@pytest.fixture
def clock(op: OpenIdProvider) -> FrozenClock:
    return op.clock


@pytest.fixture
def embedded(open_profile: OpenProfile, op: OpenIdProvider, page_url: str) -> OpenEmbedded:
    """Return a function that opens the page in a browser of its own, with third-party cookies allowed or blocked."""

    def open_it(third_party_cookies: ThirdPartyCookies) -> Embedded:
        context = open_profile(third_party_cookies)
        widget = Embedded(page=context.new_page(), url=page_url, op=op)
        widget.opens()
        return widget

    return open_it
