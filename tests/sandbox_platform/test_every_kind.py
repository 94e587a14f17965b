from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
import requests
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from idp.sandbox.platform import KINDS, Fault, Kind, PlatformClient, create_platform
from idp.sandbox.platform.kinds import ENTRA, GENESYS, GOOGLE, OAUTH2, OIDC, RINGCENTRAL
from tests.sandbox_platform.application import AUTHORIZE, CHALLENGE, KEYS, PROFILE, RETURN, Application, ask

EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code, indirect=True)
WITH_ID_TOKENS = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.issues_id_tokens], ids=lambda kind: kind.code, indirect=True
)
WITH_PROFILES = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not kind.issues_id_tokens], ids=lambda kind: kind.code, indirect=True
)

THE_FIVE = {"agent", "editor", "manager", "no-role", "unverified"}


@EVERY_KIND
def test_everybody_can_sign_in_and_a_code_works_once(anywhere: Application, kind: Kind) -> None:
    assert kind is GOOGLE or {person.key for person in kind.people} >= THE_FIVE
    for person in kind.people:
        code = anywhere.platform.approve(anywhere.departure(), person.key)["code"]
        assert anywhere.redeems(code).status_code == 200
    assert anywhere.redeems(code).json()["error"] == "invalid_grant"


@EVERY_KIND
def test_a_wrong_verifier_redeems_nothing(anywhere: Application) -> None:
    code = anywhere.platform.approve(anywhere.departure(), anywhere.anybody)["code"]
    assert anywhere.redeems(code, "w" * 43).json()["error"] == "invalid_grant"


@EVERY_KIND
def test_a_wrong_or_expired_secret_is_refused(anywhere: Application) -> None:
    wrong = anywhere.redeems("no-code", auth=(anywhere.client_id, "guess"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    anywhere.platform.state.secret_expired = True
    expired = anywhere.redeems("no-code")
    assert (expired.status_code, expired.json()["error"]) == (401, "invalid_client")


@EVERY_KIND
def test_strict_redirects_know_registered_addresses_only(anywhere: Application) -> None:
    anywhere.platform.state.strict_redirects = True
    assert ask("GET", anywhere.departure()).status_code == 400
    client_id = anywhere.client_id
    known = PlatformClient(client_id=client_id, client_secret="s", redirect_uris=(RETURN,))
    anywhere.platform.state.clients = {client_id: known}
    assert ask("GET", anywhere.departure()).status_code == 200


@EVERY_KIND
def test_the_picker_shows_the_people_and_only_the_faults_of_its_kind(anywhere: Application, kind: Kind) -> None:
    page = unescape(ask("GET", anywhere.departure()).text)
    assert kind.title in page
    assert all(person.about in page for person in kind.people)
    for fault in Fault:
        assert (f'<option value="{fault.key}"' in page) is fault.applies_to(kind)


@EVERY_KIND
def test_faults_of_transport_and_refusals_are_everywhere(anywhere: Application) -> None:
    anywhere.platform.state.slowness = timedelta(0)
    answers: dict[Fault, requests.Response] = {}
    for fault in (Fault.SERVER_ERROR, Fault.HTML, Fault.HUGE, Fault.SLOW):
        anywhere.platform.fault = fault
        code = anywhere.platform.approve(anywhere.departure(), anywhere.anybody)["code"]
        answers[fault] = anywhere.redeems(code)
    assert answers[Fault.SERVER_ERROR].status_code == 500
    assert answers[Fault.HTML].text.startswith("<!doctype html>")
    assert len(answers[Fault.HUGE].content) > 1024 * 1024
    assert answers[Fault.SLOW].json()["access_token"]
    anywhere.platform.fault = Fault.REFUSAL
    assert anywhere.platform.approve(anywhere.departure(), anywhere.anybody)["error"] == "access_denied"


@pytest.mark.parametrize(("kind", "fault"), [(OIDC, Fault.NO_HD), (GENESYS, Fault.NO_OID)], indirect=["kind"])
def test_a_switch_that_the_kind_does_not_have_is_not_passed_over(anywhere: Application, fault: Fault) -> None:
    anywhere.platform.fault = fault
    assert anywhere.platform.approve(anywhere.departure(), "agent")["error"] == "server_error"


@WITH_ID_TOKENS
def test_nobody_is_shown_a_page_who_asked_for_none(anywhere: Application) -> None:
    assert anywhere.platform.approve(anywhere.departure(prompt="none"))["error"] == "login_required"
    assert anywhere.platform.approve(anywhere.departure("email", prompt="none"))["error"] == "invalid_scope"
    anywhere.platform.state.granted_scopes = ("openid",)
    assert anywhere.platform.approve(anywhere.departure(prompt="none"))["error"] == "invalid_scope"
    assert ask("GET", anywhere.departure(client_id="stranger", prompt="none")).status_code == 400


@WITH_ID_TOKENS
def test_keys_can_be_broken(anywhere: Application, kind: Kind) -> None:
    url = f"{anywhere.platform.base}{KEYS[kind.code]}"
    assert ask("GET", url).json()["keys"]
    anywhere.platform.state.keys_broken = True
    assert ask("GET", url).status_code == 500


@WITH_PROFILES
def test_profiles_have_faults_of_their_own(anywhere: Application) -> None:
    said = {}
    for fault in (Fault.PROFILE_SERVER_ERROR, Fault.PROFILE_UNAUTHORISED, Fault.PROFILE_HTML, Fault.PROFILE_WITHOUT_ID):
        anywhere.platform.fault = fault
        said[fault] = anywhere.profile("manager")
    assert said[Fault.PROFILE_SERVER_ERROR].status_code == 500
    assert said[Fault.PROFILE_UNAUTHORISED].status_code == 401
    assert said[Fault.PROFILE_HTML].text.startswith("<!doctype html>")
    assert "id" not in said[Fault.PROFILE_WITHOUT_ID].json()


@pytest.mark.parametrize("kind", [GENESYS, RINGCENTRAL, OAUTH2], ids=lambda kind: kind.code, indirect=True)
def test_people_can_change_between_sign_ins(anywhere: Application) -> None:
    before = anywhere.profile("agent").json()
    anywhere.platform.fault = Fault.NEW_SUBJECT
    renewed = [anywhere.profile("agent").json()["id"] for _ in range(2)]
    assert before["id"] != renewed[0] == renewed[1] != anywhere.profile("editor").json()["id"]
    anywhere.platform.fault = Fault.SAME_EMAIL_AS_ANOTHER
    assert "editor@acme.example" in anywhere.profile("agent").text
    anywhere.platform.fault = Fault.CHANGED_EMAIL
    assert "renamed.agent@acme.example" in anywhere.profile("agent").text
    anywhere.platform.fault = Fault.NO_EMAIL
    assert not {"email", "mail"} & anywhere.profile("agent").json().keys()


@WITH_PROFILES
def test_an_api_refuses_a_token_it_did_not_give(anywhere: Application, kind: Kind) -> None:
    assert anywhere.gets(PROFILE[kind.code], {"access_token": "guess"}).status_code == 401


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_a_platform_works_below_a_path(kind: Kind) -> None:
    base = "http://localhost/there"
    app = create_platform(base, [PlatformClient(client_id="c", client_secret="s")], kind=kind)
    browser = Client(DispatcherMiddleware(Flask("top"), {"/there": app}))
    asked = f"client_id=c&redirect_uri={RETURN}&response_type=code&scope=openid"
    asked += f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
    page = browser.get(f"/there{AUTHORIZE[kind.code]}?{asked}")
    assert page.status_code == 200
    assert 'href="/there/static/platform.css"' in page.text
    assert browser.get("/there/").status_code == 200
    if kind is ENTRA:
        metadata = browser.get("/there/common/v2.0/.well-known/openid-configuration").json
        assert metadata["issuer"] == "http://localhost/there/{tenantid}/v2.0"
