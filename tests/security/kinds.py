"""One token of every kind, all genuine, all fresh, and all of one person or service."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from idp.domain.client_words import SigningAlg
from idp.domain.jars import Jar
from idp.services.registry import accounts, api_keys, platform_secrets
from idp.services.registry.accounts import AccountSettings
from idp.tokens.mail_link import LinkKind, MailLinks
from idp.tokens.signing import sign
from tests.support import assertions
from tests.support.app import ISSUER, Browser, OpenIdProvider
from tests.support.forms import submits
from tests.support.mail import Correspondent, lets_in_by_mail
from tests.support.rp import RelyingParty, s256
from tests.support.widget import ACCESS, API_KEY, ORIGIN, PLATFORM_SECRET, REFRESH, Widget

VERIFIER = "the-verifier-of-the-widget-in-these-tests-43ch"
"""Of the hand-off."""


def every_kind(rp: RelyingParty, browser: Browser) -> dict[str, str]:
    """Return one of each by name; assertions as the service makes them, which has a key for them."""
    tokens = rp.obtains_tokens_for(browser)
    _, claims = parts_of(tokens.access_token)
    about_the_client = assertions.claims(rp.client_id, ISSUER, rp.op.clock.unix)
    return {
        "access": tokens.access_token,
        "refresh": tokens.refresh_token,
        "assertion": rp.asserts(),
        "ID": tokens.id_token,
        "code": rp.obtains_a_code_for(browser).value,
        "session": browser.cookie("__Host-idp_sso.acme") or "",
        "cookie, by the other keys": ours(rp.op, claims | {"type": "access"}, typ="session+jwt", alg="ES256"),
        "logout": ours(rp.op, claims, typ="logout+jwt", alg="ES256"),
        "ours, as an assertion": ours(rp.op, about_the_client, typ="JWT", alg="ES256"),
        "access, by the other keys": by_the_cookies_keys(rp.op, claims, typ="at+jwt"),
        "ID, by the other keys": by_the_cookies_keys(rp.op, parts_of(tokens.id_token)[1], typ="JWT"),
        **_of_the_widget(rp.op, browser),
        **_of_mails(rp.op),
    }


def has_a_widget(op: OpenIdProvider) -> None:
    """Give the account acme a platform: its origin, its API key, its shared secret."""
    with op.app.app_context():
        accounts.update("acme", AccountSettings(origins=(ORIGIN,)), context=op.context)
        api_keys.create("acme", key=API_KEY, parts=op.parts, context=op.context)
        platform_secrets.create("acme", secret=PLATFORM_SECRET, parts=op.parts, context=op.context)


def widget_of(op: OpenIdProvider, browser: Browser) -> Widget:
    """Return a widget in the browser of somebody who is signed in, with cookies of its own."""
    widget = Widget(op)
    session = browser.cookie("__Host-idp_sso.acme") or ""
    widget.jars.kept[(Jar.TOP, "__Host-idp_sso.acme", "/")] = session
    assert widget.opens("/platform/sso/?account=acme").status_code == 303
    return widget.window()


def _of_the_widget(op: OpenIdProvider, browser: Browser) -> dict[str, str]:
    widget = widget_of(op, browser)
    asked = urlencode({"account": "acme", "handoff": s256(VERIFIER), "origin": ORIGIN})
    page = widget.opens(f"/platform/sso/done/?{asked}").text
    now = op.clock.unix
    identity = {"account": "acme", "user_id": "1234"}
    said = {"iat": now, "exp": now + 3600, "type": "access", "identity": identity}
    cookie = widget.jars.value(ACCESS, Jar.TOP) or ""
    return {
        "access cookie": cookie,
        "access cookie, by another name": by_the_cookies_keys(op, parts_of(cookie)[1], typ="at+jwt"),
        "refresh cookie": widget.jars.value(REFRESH, Jar.TOP) or "",
        "CSRF value": widget.csrf_access,
        "exchange": widget.exchanges().get_json()["token"],
        "hand-off": page.partition('data-handoff="')[2].partition('"')[0],
        "platform JWT": jwt.encode(said, PLATFORM_SECRET, algorithm="HS256"),
        "API key": API_KEY,
    }


def _of_mails(op: OpenIdProvider) -> dict[str, str]:
    """Return what mails carry to Sam, whom an operator made, and to two whom nobody knows; Lee has asked already."""
    lets_in_by_mail(op)
    op.makes("sam@acme.example")
    sam, robin, lee = (Correspondent.of(op, f"{name}@acme.example") for name in ("sam", "robin", "lee"))
    waiting = sam.asks()
    robin.asks()
    lee.asks()
    letter, mail = sam.mail(), waiting.request.args["m"]
    asked = submits(lee.browser, lee.browser.opens(lee.mail().link), "access-request")
    request_link = _carried_by(asked.headers["Location"])
    request = op.parts.mail_links.read(LinkKind.REQUEST, request_link)
    elsewhere = MailLinks(["the key of another provider, in these tests"])
    return {
        "sign-in link": _carried_by(letter.link),
        "access link": _carried_by(robin.mail().link),
        "request link": request_link,
        "sign-in link, by another server key": elsewhere.make(LinkKind.MAIL, mail),
        "request link, by another server key": elsewhere.make(LinkKind.REQUEST, request),
        "mail": mail,
        "access request": request,
        "mailed code": letter.code,
    }


def _carried_by(link: str) -> str:
    return parse_qs(urlsplit(link).query)["t"][0]


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT."""
    header, payload, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(header + "==")), json.loads(base64.urlsafe_b64decode(payload + "=="))


def ours(op: OpenIdProvider, claims: dict[str, Any], *, typ: str, alg: str) -> str:
    """Sign claims with the provider's current key of an algorithm."""
    with op.app.app_context():
        return sign(claims, op.parts.keys.signer(SigningAlg(alg), now=op.clock.now()), typ=typ)


def by_the_cookies_keys(op: OpenIdProvider, claims: dict[str, Any], *, typ: str) -> str:
    """Sign claims with the key that signs cookie tokens."""
    with op.app.app_context():
        return sign(claims, op.parts.session_keys.signer(SigningAlg.ES256, now=op.clock.now()), typ=typ)
