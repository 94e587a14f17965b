"""``idp sandbox --tls``: the sandbox on two sites, for a browser that was told what the sandbox prints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Playwright

from idp.sandbox.certificates import Certificates, ensure_certificates
from tests.e2e.journey import Visitor
from tests.support.cross_site import chromium_profile
from tests.support.sandbox import Sandbox, sandbox_running
from tests.support.serve import run_idp
from tests.support.tls import NAMES


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox"), tls=True) as running:
        yield running


@pytest.fixture
def kept(sandbox: Sandbox) -> Certificates:
    """The certificates that the sandbox made."""
    return ensure_certificates(Path(sandbox.env["IDP_INSTANCE_DIR"]) / "tls", NAMES, now=datetime.now(UTC))


@pytest.fixture
def page(playwright: Playwright, chromium: str, tmp_path: Path, kept: Certificates) -> Iterator[Page]:
    with chromium_profile(playwright, chromium, tmp_path / "one", kept, third_party_cookies="blocked") as context:
        yield context.new_page()


def test_it_prints_what_a_browser_needs_in_five_lines(sandbox: Sandbox, kept: Certificates) -> None:
    said = sandbox.log_file.read_text(encoding="utf-8")
    assert len(said.splitlines()) <= 5
    for needed in (*NAMES, sandbox.address, str(kept.authority), kept.server_pin):
        assert needed in said


def test_a_sign_in_at_the_sample_service_ends_at_claims_of_the_secure_issuer(sandbox: Sandbox, page: Page) -> None:
    visitor = Visitor(page=page, sandbox=sandbox)
    visitor.signs_in_as("manager")
    assert visitor.claims["iss"] == sandbox.address
    assert visitor.claims["roles"] == ["deepdesk.manager"]


def test_the_front_page_leads_to_the_platform_page_on_the_other_site(sandbox: Sandbox, page: Page) -> None:
    page.goto(sandbox.address)
    page.click("a[href^='https://platform.test']")
    assert page.inner_text("h1") == "Conversation with a customer"
    assert page.get_attribute("#widget", "data-issuer") == sandbox.address


def test_it_speaks_no_plain_http(sandbox: Sandbox) -> None:
    port = sandbox.address.rpartition(":")[2]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5)


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("--host", "0.0.0.0"), {}),  # noqa: S104 - refused
        ((), {"IDP_ENV": "production", "IDP_SECRET_KEYS": "x" * 32}),
    ],
    ids=["public address", "production"],
)
def test_it_is_refused_where_the_plain_one_is(words: tuple[str, ...], settings: dict[str, str], tmp_path: Path) -> None:
    done = run_idp("sandbox", "--tls", *words, env={"IDP_INSTANCE_DIR": str(tmp_path), **settings})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (tmp_path / "tls").exists()
