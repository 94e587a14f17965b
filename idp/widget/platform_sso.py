"""``/platform/sso``: the window in which an agent signs in for the widget, and its last page (CONTRACT §4, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser import bond, headers, sso
from idp.browser.held_tokens import genuine
from idp.browser.looking import spends
from idp.browser.runtime import context, parts
from idp.domain import pkce
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.errors import CookieSessionOver, PlatformRequestRefused
from idp.domain.identifiers import ProviderCode
from idp.domain.landing import landing
from idp.services.sign_in import federated, ways_in
from idp.services.widget import handoff, platform
from idp.services.widget.platform import Customer
from idp.store.sso_sessions import LiveSession
from idp.tokens.cookie_token import CookieType
from idp.upstream.connector import Hints
from idp.widget.answers import put

PATH = "/platform/sso/"
DONE_PATH = "/platform/sso/done/"
MAX_PATH = 1024
"""How long a ``redirect`` may be, percent-encoded: it travels in our own address, which has an end, too."""
_PARAMETERS = ("account", "provider", "redirect", "handoff", "origin")

blueprint = Blueprint(
    "platform", __name__, static_folder="static", static_url_path="/platform/static", template_folder="templates"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the widget's window asks for.

    :param challenge: of a hand-off, with the origin that gets it; none without one.
    """

    customer: Customer
    provider: ProviderCode | None
    path: str | None
    challenge: str | None
    origin: str | None

    def address(self, path: str) -> str:
        """Return one of the addresses here, with the same request."""
        said = {
            "account": self.customer.code,
            "provider": self.provider,
            "redirect": self.path,
            "handoff": self.challenge,
            "origin": self.origin,
        }
        return f"{path}?{urlencode({name: value for name, value in said.items() if value is not None})}"


@blueprint.get(PATH)
@spends
def sign_in() -> ResponseReturnValue:
    """Let an agent in: whoever is signed in gets the cookies at once, everybody else goes to the provider."""
    asked = _asked()
    person = _person(asked)
    if person is None:
        return _away(asked)
    held = [one for one in genuine(CookieType.ACCESS) if one.account == asked.customer.code]
    try:
        given = platform.begin(person, held=held, parts=parts(), context=_acting(person))
    except CookieSessionOver:
        return _away(asked)
    response = make_response(redirect(_target(asked), 303))
    put(response, given)
    return response


@blueprint.get(DONE_PATH)
@spends
def done() -> ResponseReturnValue:
    """Say that it is done; in a hand-off, give the session to the page that opened this window."""
    asked = _asked()
    person = _person(asked)
    if person is None:
        return redirect(asked.address(PATH), 303)
    token = None
    if asked.challenge is not None and asked.origin is not None:
        token = handoff.offer(person, challenge=asked.challenge, origin=asked.origin, context=_acting(person))
    response = make_response(
        render_template(
            "platform_done.html",
            account_name=asked.customer.name,
            person=person,
            handoff=token,
            origin=asked.origin,
        )
    )
    if token is not None:
        headers.let_own_scripts_run(response)
    return response


def _asked() -> Asked:
    """Read the request.

    :raises NotFound: there is no such account.
    :raises PlatformRequestRefused: the hand-off cannot end at that origin.
    """
    said = {name: request.args.get(name) or None for name in _PARAMETERS}
    customer = platform.customer(said["account"] or "")
    challenge, origin = said["handoff"], said["origin"]
    if challenge is not None or origin is not None:
        _check_handoff(customer, challenge or "", origin or "")
    provider = None if said["provider"] is None else ProviderCode(said["provider"])
    return Asked(customer=customer, provider=provider, path=_path(said["redirect"]), challenge=challenge, origin=origin)


def _path(wanted: str | None) -> str | None:
    return "/" if wanted is not None and len(quote(wanted, safe="")) > MAX_PATH else wanted


def _check_handoff(customer: Customer, challenge: str, origin: str) -> None:
    if not pkce.is_challenge(challenge):
        raise PlatformRequestRefused("handoff is no S256 challenge", account=customer.code)
    if not parts().origins.allow(origin, customer.code, now=parts().clock.now()):
        raise PlatformRequestRefused("the account does not list the origin", account=customer.code, origin=origin[:255])


def _person(asked: Asked) -> LiveSession | None:
    return next((one for one in sso.sessions() if one.account_code == asked.customer.code), None)


def _target(asked: Asked) -> str:
    if asked.path is not None and asked.challenge is None:
        return landing(asked.customer.base_url or parts().settings.issuer, asked.path)
    return asked.address(DONE_PATH)


def _away(asked: Asked) -> ResponseReturnValue:
    """Send the agent straight to the provider; where there are several and none is named, to the choice."""
    after = asked.address(PATH)
    provider = asked.provider
    if provider is None:
        providers = ways_in.of_account(asked.customer.code, parts=parts()).providers
        if len(providers) != 1:
            return redirect(url_for("pages.sign_in", account=asked.customer.code, after=after), 303)
        provider = providers[0].code
    browser = bond.ensure()
    url = federated.begin(
        asked.customer.code,
        provider,
        parked_id=None,
        after=after,
        browser=browser,
        # Whoever signed out here may not be who comes next: at a shared desk the platform asks who it is.
        hints=Hints(choose=sso.has_signed_out() or sso.was_ended()),
        parts=parts(),
        context=context(),
    )
    response = Response(status=303, headers={"Location": url})
    bond.keep(response, browser)
    return response


def _acting(person: LiveSession) -> Context:
    return context(Actor(kind=ActorKind.USER, id=person.user_id))
