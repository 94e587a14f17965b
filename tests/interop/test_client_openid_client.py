"""npm ``openid-client`` as Relying Party: discovery to userinfo, every check of its own switched on."""

from __future__ import annotations

from tests.interop import foreign
from tests.interop.service import REDIRECT_URI, Service
from tests.interop.walking import Browser
from tests.support.node import Node


def test_openid_client_accepts_a_whole_sign_in(node: Node, browser: Browser, service: Service) -> None:
    with foreign.client(
        node,
        issuer=service.issuer,
        client_id=service.client_id,
        client_secret=service.client_secret,
        redirect_uri=REDIRECT_URI,
        scope="openid profile email roles",
    ) as client:
        callback = browser.submit(browser.open(client.authorize_url), person="manager")
        given = client.finish(callback.url)

    assert given["claims"]["roles"] == ["deepdesk.manager"]
    service.is_explained(given["claims"])
    assert given["claims"]["aud"] == service.client_id
    assert given["userinfo"]["sub"] == given["claims"]["sub"]
    assert given["userinfo"]["email"] == "manager@example.com"
    assert given["tokens"]["token_type"].lower() == "bearer"
