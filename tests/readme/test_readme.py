"""README.md is true: its blocks, word for word, register, connect, sign a person in and read the claims."""

from __future__ import annotations

import json
import re
import sys
import time
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urljoin

import pytest
import requests

from tests.interop.walking import Browser, Page
from tests.readme.conftest import REDIRECT_URI
from tests.readme.document import blocks, the_block, the_blocks
from tests.readme.running import Terminal, program
from tests.support.node import PEERS, Node

RUN_BY_THESE_TESTS = {
    ("Two commands", "sh"),
    ("Register your first service", "sh"),
    ("Register your first service", "js"),
    ("Connect an upstream", "sh"),
    ("Staff, customers' platforms, and who may enter", "sh"),
    ("Read the claims", "python"),
    ("Services that know no PKCE", "sh"),
    ("Services that know no PKCE", "python"),
    ("When something is not as expected", "sh"),
}
MAIL_WITHIN_SECONDS = 15
_WAY_BY_THE_PLATFORM = re.compile(r'data-provider="platform" href="([^"]+)"')

ASK_OPENID_CLIENT = """
import { createInterface } from "node:readline";
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { url, checks } = await begin();
console.log(url.href);
const tokens = await finish(new URL((await lines.next()).value), checks);
console.log(JSON.stringify({ id_token: tokens.id_token, claims: tokens.claims() }));
process.exit(0);
"""
ASK_OAUTH2CLIENT = """
print(begin("the-state"), flush=True)
print(finish(input()), flush=True)
"""
ASK_PYJWT = """
import json
print(json.dumps({"role": role, "data": data}))
"""


def test_nothing_in_it_is_left_unrun() -> None:
    assert {(block.heading, block.language) for block in blocks()} == RUN_BY_THESE_TESTS


def test_make_run_prints_one_address(said: str, issuer: str) -> None:
    assert re.findall(r"http\S+", said) == [f"{issuer}/"]


def test_the_other_command_is_one_that_make_knows(terminal: Terminal) -> None:
    (word, target) = the_blocks("Two commands", "sh")[1].split()
    assert word == "make"
    assert re.search(rf"^  {target}\s", terminal.run("make"), re.MULTILINE)


def test_an_upstream_is_connected_and_its_redirect_uri_is_told(connected: dict[str, str], issuer: str) -> None:
    assert connected["redirect_uri"] == f"{issuer}/oauth/callback/globex.platform/"
    assert connected["role_based_iam"] == "yes"


def test_a_person_signs_in_with_openid_client(
    node: Node, issuer: str, service: dict[str, str], browser: Browser, tmp_path: Path
) -> None:
    tokens = _sign_in_with_openid_client(node, issuer, service, browser, tmp_path)
    assert tokens["claims"]["roles"] == ["deepdesk.manager"]
    assert tokens["claims"]["account"] == "acme"
    read = _read_with_pyjwt(issuer, service["client_id"], tokens["id_token"], tmp_path)
    assert read == {"role": "deepdesk.manager", "data": tokens["claims"]}


def test_a_person_of_the_new_upstream_signs_in_with_oauth2client(
    issuer: str, dashboard: dict[str, str], browser: Browser, tmp_path: Path
) -> None:
    source = _given(issuer, dashboard) + the_block("Services that know no PKCE", "python") + ASK_OAUTH2CLIENT
    with program(sys.executable, "-c", source, cwd=tmp_path, env={}) as oauth2client:
        callback = _choose(browser, oauth2client.says(), "editor")
        assert callback.query["state"] == "the-state"
        oauth2client.hears(callback.query["code"])
        id_token = oauth2client.says()

    read = _read_with_pyjwt(issuer, dashboard["client_id"], id_token, tmp_path)
    assert read["role"] == "deepdesk.editor"
    assert read["data"]["account"] == "globex"


def test_platforms_are_pinned_and_staff_come_and_go(terminal: Terminal, issuer: str) -> None:
    printed = terminal.run(*the_blocks("Staff, customers' platforms, and who may enter", "sh"))
    for code in ("platform", "genesys", "entra"):
        assert f"{issuer}/oauth/callback/acme.{code}/" in printed
    assert "casey.staff@deepdesk.example" in printed
    assert "deepdesk.editor" in printed
    assert "kim.staff@deepdesk.example" not in terminal.run(".venv/bin/idp staff list")
    _wait_for_mail(issuer, "sam.invited@acme.example")


@pytest.mark.parametrize(("hint", "place"), [("genesys", "/genesys/oauth/"), ("staff:google", "/google/o/oauth2/")])
def test_a_hint_goes_straight_to_a_platform(
    hint: str, place: str, issuer: str, service: dict[str, str], browser: Browser
) -> None:
    asked = {
        "client_id": service["client_id"],
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "idp_hint": hint,
    }
    assert place in browser.open(f"{issuer}/oauth/authorize/?{urlencode(asked)}").url


def test_pyjwt_refuses_the_token_of_another_service(
    issuer: str, node: Node, service: dict[str, str], browser: Browser, tmp_path: Path
) -> None:
    tokens = _sign_in_with_openid_client(node, issuer, service, browser, tmp_path)
    with pytest.raises(AssertionError, match="InvalidAudienceError"):
        _read_with_pyjwt(issuer, "another-service", tokens["id_token"], tmp_path)


def test_somebody_who_looks_for_a_reason_finds_it(
    terminal: Terminal, node: Node, issuer: str, service: dict[str, str], browser: Browser, tmp_path: Path
) -> None:
    _sign_in_with_openid_client(node, issuer, service, browser, tmp_path)
    printed = terminal.run(the_block("When something is not as expected", "sh"))
    assert "broken" not in printed
    assert "the value is a role of ours" in printed
    assert "sign_in.finished" in printed


def _wait_for_mail(issuer: str, to: str) -> None:
    """Wait until the sandbox's mailbox has a mail to somebody."""
    deadline = time.monotonic() + MAIL_WITHIN_SECONDS
    while 'id="no-mails"' in requests.get(f"{issuer}/mailbox/?{urlencode({'to': to})}", timeout=10).text:
        assert time.monotonic() < deadline, f"no mail to {to}"
        time.sleep(0.2)


def _sign_in_with_openid_client(
    node: Node, issuer: str, service: dict[str, str], browser: Browser, directory: Path
) -> dict[str, object]:
    """Sign the manager in; returns ``id_token`` and ``claims``."""
    (directory / "node_modules").symlink_to(PEERS / "node_modules")
    script = directory / "service.mjs"
    script.write_text(the_block("Register your first service", "js") + ASK_OPENID_CLIENT, encoding="utf-8")
    env = {
        "ISSUER": issuer,
        "CLIENT_ID": service["client_id"],
        "CLIENT_SECRET": service["client_secret"],
        "REDIRECT_URI": REDIRECT_URI,
    }
    with program(node.executable, script.name, cwd=directory, env=env) as openid_client:
        callback = _choose(browser, openid_client.says(), "manager")
        openid_client.hears(callback.url)
        return json.loads(openid_client.says())


def _choose(browser: Browser, address: str, person: str) -> Page:
    """Go where the service sends the browser, choose a way in where there are several, and somebody to be."""
    page = browser.open(address)
    if way := _WAY_BY_THE_PLATFORM.search(page.html):
        page = browser.open(urljoin(page.url, unescape(way[1])))
    callback = browser.submit(page, person=person)
    assert callback.url.startswith(REDIRECT_URI), callback
    return callback


def _read_with_pyjwt(issuer: str, client_id: str, id_token: str, directory: Path) -> dict[str, object]:
    given = _given(issuer, {"client_id": client_id}) + f"id_token = {id_token!r}\n"
    source = given + the_block("Read the claims", "python") + ASK_PYJWT
    with program(sys.executable, "-c", source, cwd=directory, env={}) as pyjwt:
        return json.loads(pyjwt.says())


def _given(issuer: str, client: dict[str, str]) -> str:
    """Return the names that the README's Python takes as given."""
    names = {"issuer": issuer} | {name: client[name] for name in ("client_id", "client_secret") if name in client}
    return "".join(f"{name} = {value!r}\n" for name, value in names.items())
