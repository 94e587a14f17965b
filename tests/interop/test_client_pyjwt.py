"""PyJWT with discovery, as Deepdesk's services verify an ID token."""

from __future__ import annotations

import jwt
import pytest

from tests.interop.service import Service, claims_by_pyjwt
from tests.interop.walking import Browser


@pytest.fixture
def tokens(browser: Browser, service: Service) -> dict[str, str]:
    """What a manager's sign-in gave the service."""
    callback = browser.submit(browser.open(service.authorize_url()), person="manager")
    return service.redeem(callback.query["code"])


def test_the_snippet_reads_the_role(tokens: dict[str, str], service: Service) -> None:
    data = claims_by_pyjwt(service.issuer, service.client_id, tokens["id_token"])
    assert data.get("role_name", "deepdesk.agent") == "deepdesk.manager"


def test_the_snippet_refuses_the_token_of_another_service(tokens: dict[str, str], service: Service) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        claims_by_pyjwt(service.issuer, "another-service", tokens["id_token"])


def test_the_snippet_refuses_an_access_token(tokens: dict[str, str], service: Service) -> None:
    with pytest.raises(jwt.PyJWTError):
        claims_by_pyjwt(service.issuer, service.client_id, tokens["access_token"])
