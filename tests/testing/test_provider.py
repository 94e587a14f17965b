"""The factories of a running provider: each makes in one line what a service will really meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from idp.domain.errors import NotAdmitted
from idp.domain.roles import Role
from idp.testing import Client, Kind, Provider
from idp.testing.code_flow import NotGiven
from tests.guides.answering import Request, answering

API = "https://reports.example.com"


def key_of(uri: str, token: str) -> Any:
    return jwt.PyJWKClient(uri).get_signing_key_from_jwt(token)


def test_the_provider_is_able_to_serve(idp: Provider) -> None:
    assert requests.get(f"{idp.issuer}/readyz", timeout=10).json()["status"] == "ok"


@pytest.mark.parametrize("role", list(Role))
def test_somebody_of_any_role_gets_an_id_token_that_says_so(idp: Provider, client: Client, role: Role) -> None:
    user = idp.user(role=role)
    token = str(idp.tokens_for(user, client, nonce="of-the-test").id_token)
    claims = jwt.decode(
        token, key_of(idp.jwks_uri, token), algorithms=["RS256"], audience=client.client_id, issuer=idp.issuer
    )
    assert (claims["sub"], claims["email"], claims["nonce"]) == (user.id, user.email, "of-the-test")
    assert (claims["account"], claims["role_name"], claims["roles"]) == ("acme", role, [role])
    assert claims["email_verified"] is True


def test_a_person_has_the_name_and_language_that_were_given(idp: Provider, client: Client) -> None:
    user = idp.user("kim@acme.example", role=(Role.EDITOR, Role.AGENT), name="Kim van Dijk", locale="nl-NL")
    claims = idp.tokens_for(user, client).claims
    assert (claims["given_name"], claims["family_name"], claims["locale"]) == ("Kim", "van Dijk", "nl-NL")
    assert claims["roles"] == [Role.EDITOR, Role.AGENT]


def test_a_name_follows_from_an_address(idp: Provider, client: Client) -> None:
    assert idp.tokens_for(idp.user("ann-sophie.berg@acme.example"), client).claims["name"] == "Ann Sophie Berg"


def test_people_without_a_given_address_are_each_somebody_else(idp: Provider) -> None:
    assert len({idp.user().id for _ in range(3)}) == 3


def test_a_word_that_is_no_role_is_refused(idp: Provider) -> None:
    with pytest.raises(ValueError, match=r"'manager' is not a role; choose from: deepdesk\.manager"):
        idp.user(role="manager")


def test_a_role_that_changes_arrives_with_the_next_sign_in(idp: Provider, client: Client) -> None:
    user = idp.user(role=Role.AGENT)
    idp.sign_in(user)
    promoted = replace(user, roles=(Role.MANAGER,))
    claims = idp.tokens_for(promoted, client).claims
    assert (claims["sub"], claims["role_name"]) == (user.id, Role.MANAGER)


def test_an_access_token_is_for_the_service_that_was_asked_for(idp: Provider, client: Client) -> None:
    token = idp.tokens_for(idp.user(), client, scope="roles", resource=API).access_token
    claims = jwt.decode(token, key_of(idp.jwks_uri, token), algorithms=["ES256"], audience=API, issuer=idp.issuer)
    assert claims["roles"] == [Role.AGENT]


def test_a_refresh_token_renews(idp: Provider, client: Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": idp.tokens_for(idp.user(), client).refresh_token}
    basic = (client.client_id, str(client.client_secret))
    assert requests.post(f"{idp.issuer}/oauth/token/", data=form, auth=basic, timeout=10).ok


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_a_client_may_prove_itself_in_any_way_with_or_without_secret(idp: Provider, method: str) -> None:
    client = idp.client("https://service.example.com/callback", auth_method=method)
    assert idp.tokens_for(idp.user(), client).claims["aud"] == client.client_id


def test_a_client_keeps_the_credentials_that_it_is_given(idp: Provider) -> None:
    client = idp.client(client_id="studio", client_secret="a secret of another kind".replace(" ", "%"))
    assert (client.client_id, idp.tokens_for(idp.user(), client).claims["aud"]) == ("studio", "studio")


def test_the_person_allows_a_third_party(idp: Provider) -> None:
    client = idp.client("https://other.example.com/callback", party="third", scope="openid email")
    signed_in = idp.sign_in(idp.user())
    assert "account" not in signed_in.tokens(client).claims
    assert "A service" in signed_in.browser.get(f"{idp.issuer}/account/", timeout=10).text


def test_staff_enter_an_account_by_grant(idp: Provider, client: Client) -> None:
    claims = idp.tokens_for(idp.staff_member(may_enter=("acme",), role=Role.EDITOR), client).claims
    assert (claims["account"], claims["role_name"], claims["staff"]) == ("acme", Role.EDITOR, True)
    assert claims["email_verified"] is True


def test_staff_without_a_grant_do_not(idp: Provider, client: Client) -> None:
    with pytest.raises(NotGiven, match=r"the provider keeps the browser: 200 'Sign in .*' at /login/$"):
        idp.tokens_for(idp.staff_member(), client)


def test_staff_sign_in_to_a_service_of_theirs(idp: Provider) -> None:
    client = idp.client(account=None)
    assert idp.tokens_for(idp.staff_member(), client).claims["account"] == "staff"


def test_accounts_are_apart(idp: Provider, client: Client) -> None:
    idp.account("rival")
    stranger = idp.user(account="rival")
    with pytest.raises(NotGiven, match="keeps the browser"):
        idp.tokens_for(stranger, client)
    assert idp.tokens_for(stranger, idp.client(account="rival")).claims["account"] == "rival"


def test_a_provider_is_one_more_way_in(idp: Provider) -> None:
    account = idp.account("choosy")
    idp.provider("entra", account=account, kind="entra", tenants=("8f3c0000-0000-4000-8000-000000000001",))
    page = requests.get(f"{idp.issuer}/login/", params={"account": account}, timeout=10)
    assert "Entra" in page.text


# A browser of their own.


def test_a_browser_goes_through_at_once(idp: Provider, client: Client) -> None:
    asked = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "of-the-service",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    browser = idp.sign_in(idp.user()).browser
    answer = browser.get(f"{idp.issuer}/oauth/authorize/", params=asked, allow_redirects=False, timeout=10)
    sent_back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert sent_back["state"] == ["of-the-service"]
    assert "code" in sent_back


def test_another_program_can_take_the_cookie_over(idp: Provider) -> None:
    signed_in = idp.sign_in(idp.user(name="Robin Reader"))
    assert "Robin Reader" in requests.get(f"{idp.issuer}/account/", cookies=signed_in.cookies, timeout=10).text


def test_a_page_that_keeps_the_browser_is_named(idp: Provider, client: Client) -> None:
    with pytest.raises(NotGiven, match=r"400 .* at /oauth/authorize/"):
        idp.sign_in(idp.user()).goes_through(f"{idp.issuer}/oauth/authorize/?client_id={client.client_id}")


def test_a_proxy_of_the_surroundings_is_left_aside(
    idp: Provider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert idp.tokens_for(idp.user(), client).claims["account"] == "acme"


def test_a_refusal_is_told_as_the_provider_says_it(idp: Provider, client: Client) -> None:
    with pytest.raises(NotGiven, match="invalid_scope"):
        idp.tokens_for(idp.user(), client, scope="manage")


# Session cookies.


def test_session_cookies_are_those_of_the_widget(idp: Provider) -> None:
    user = idp.user(platform_id="agent-0007", role=Role.EDITOR)
    cookies = idp.sign_in(user).session_cookies()
    token = cookies.access_token_cookie
    claims = jwt.decode(
        token,
        key_of(idp.session_jwks_uri, token),
        algorithms=["ES256"],
        audience="urn:deepdesk:account:acme",
        issuer=idp.issuer,
    )
    assert (claims["sub"], claims["identity"]["user_id"], claims["roles"]) == (user.id, "agent-0007", [Role.EDITOR])
    assert claims["csrf"] == cookies.csrf_access_token


def test_session_cookies_are_renewed_by_the_provider(idp: Provider) -> None:
    cookies = idp.sign_in(idp.user()).session_cookies()
    answer = requests.post(
        f"{idp.issuer}/auth/refresh",
        cookies=cookies.as_dict(),
        headers={"X-CSRF-TOKEN": cookies.csrf_refresh_token},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


def test_staff_have_no_session_cookies(idp: Provider) -> None:
    with pytest.raises(ValueError, match="no widget"):
        idp.sign_in(idp.staff_member()).session_cookies()


# Tokens that nobody would be given, and the end of sessions.


@pytest.mark.parametrize("kind", [Kind.ID_TOKEN, Kind.ACCESS_TOKEN])
def test_a_token_with_any_claims_has_a_genuine_signature(idp: Provider, kind: Kind) -> None:
    token = idp.signed_token({"aud": "anybody", "exp": 1}, kind=kind)
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token, key_of(idp.jwks_uri, token), algorithms=[kind.alg], audience="anybody", issuer=idp.issuer)


def test_a_session_token_is_signed_by_the_other_keys(idp: Provider) -> None:
    token = idp.signed_token(kind=Kind.SESSION)
    assert jwt.decode(
        token, key_of(idp.session_jwks_uri, token), algorithms=["ES256"], audience="urn:deepdesk:account:acme"
    )
    with pytest.raises(jwt.PyJWKClientError):
        key_of(idp.jwks_uri, token)


def test_somebody_who_is_disabled_is_kept_out(idp: Provider) -> None:
    user = idp.user()
    idp.disable(user)
    with pytest.raises(NotAdmitted):
        idp.sign_in(user)


def test_a_service_is_told_of_a_sign_out(idp: Provider) -> None:
    heard: list[str] = []

    def hear(request: Request) -> Any:
        heard.extend(parse_qs(request.body)["logout_token"])
        return {}

    with answering(hear) as url:
        client = idp.client("https://told.example.com/callback", backchannel_logout_uri=f"{url}/logout")
        signed_in = idp.sign_in(idp.user())
        signed_in.tokens(client)
        idp.sign_out(signed_in.user)
        assert idp.deliver() == 1
    claims = jwt.decode(
        heard[0], key_of(idp.jwks_uri, heard[0]), algorithms=["RS256"], audience=client.client_id, issuer=idp.issuer
    )
    assert claims["sid"] == signed_in.sid
