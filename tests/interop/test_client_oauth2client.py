"""``oauth2client``, with which today's admin dashboards sign staff in: no PKCE, trailing slashes, scope ``openid``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from httplib2 import Http
from oauth2client.client import FlowExchangeError, OAuth2WebServerFlow

from tests.interop.foreign import Upstream
from tests.interop.service import REDIRECT_URI, Service, claims_by_pyjwt
from tests.interop.walking import Browser
from tests.support.serve import Served


@pytest.fixture(scope="session")
def dashboard(provider: Served, upstream: Upstream) -> Service:
    """A service registered for clients that know no PKCE."""
    return Service.register(provider, "Dashboard", "--account", "acme", "--no-pkce")


@pytest.fixture
def http() -> Iterator[Http]:
    """What oauth2client speaks HTTP with. Left alone, it would make one of its own and never close it."""
    opened = Http()
    yield opened
    opened.close()


def _flow(service: Service) -> OAuth2WebServerFlow:
    return OAuth2WebServerFlow(
        client_id=service.client_id,
        client_secret=service.client_secret,
        scope="openid",
        redirect_uri=REDIRECT_URI,
        auth_uri=f"{service.issuer}/oauth/authorize/",
        token_uri=f"{service.issuer}/oauth/token/",
        user_agent="dashboard",
    )


def test_oauth2client_signs_a_person_in(browser: Browser, dashboard: Service, http: Http) -> None:
    flow = _flow(dashboard)
    callback = browser.submit(browser.open(flow.step1_get_authorize_url(state="s")), person="manager")
    assert callback.query["state"] == "s"

    credentials = flow.step2_exchange(callback.query["code"], http=http)
    assert credentials.id_token["role_name"] == "deepdesk.manager"
    assert credentials.id_token["email"] == "manager@example.com"
    claims = claims_by_pyjwt(dashboard.issuer, dashboard.client_id, credentials.id_token_jwt)
    assert claims["roles"] == ["deepdesk.manager"]
    dashboard.is_explained(claims)


def test_oauth2client_sees_a_code_refused_the_second_time(browser: Browser, dashboard: Service, http: Http) -> None:
    flow = _flow(dashboard)
    callback = browser.submit(browser.open(flow.step1_get_authorize_url()), person="agent")
    flow.step2_exchange(callback.query["code"], http=http)
    with pytest.raises(FlowExchangeError, match="invalid_grant"):
        flow.step2_exchange(callback.query["code"], http=http)


def test_a_service_registered_with_pkce_is_told_what_is_missing(browser: Browser, service: Service) -> None:
    callback = browser.open(_flow(service).step1_get_authorize_url())
    assert callback.query["error"] == "invalid_request"
