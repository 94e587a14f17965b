"""Who calls the management API: a service with its person's bearer token, or a person's own browser on our pages.

Cookies with tokens never count, and a request that brings an ``Authorization``
header counts by that alone (CONTRACT §6 rule 11).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NoReturn

from flask import current_app, request

from idp.api.v1.problems import Problem, challenge
from idp.browser import sso
from idp.browser.runtime import context, parts
from idp.domain.context import Actor, ActorKind, Context
from idp.domain.errors import AccessTokenRefused, NotFound, PermissionMissing
from idp.domain.guarding import Guard
from idp.domain.identifiers import AccountCode, UserId
from idp.services.people import bearers, management
from idp.services.people.bearers import Bystander
from idp.services.people.management import Managing, MustEnter, NotManaging

_SAFE = frozenset({"GET", "HEAD"})


def admitted(guard: Guard, account: str | None) -> Managing:
    """Return who calls, once they may.

    :param account: which is looked after; none for that in which the caller is met.
    :raises Problem: nobody known calls, a page of others does, or the caller has to enter the account first.
    :raises CSRFError: a browser's call without the session's proof against forgery.
    :raises DomainError: what the token, or the guard, refuses.
    """
    presented = request.headers.get("Authorization")
    who = _in_a_browser(guard, account) if presented is None else _by_token(presented, guard, account)
    management.admit(who, guard, context=acting(who.user_id))
    return who


def acting(user_id: UserId) -> Context:
    """Return the circumstances of what somebody does here."""
    return context(Actor(kind=ActorKind.USER, id=user_id))


def _by_token(presented: str, guard: Guard, account: str | None) -> Managing:
    scheme, _, token = presented.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AccessTokenRefused("no bearer token")
    found = bearers.of_token(token.strip(), account, parts=parts(), context=context())
    if isinstance(found, Bystander):
        _deny(found.account, found.user_id, guard)
    return found


def _in_a_browser(guard: Guard, account: str | None) -> Managing:
    _require_own_page()
    sessions = sso.sessions()
    if sessions and request.method not in _SAFE:
        current_app.extensions["csrf"].protect()
    match management.of(sessions, account, context=context()):
        case Managing() as who:
            return who
        case MustEnter() as guest:
            management.note_denial(
                guest.account, guest.person.user_id, guard.permission, context=acting(guest.person.user_id)
            )
            detail = f"Enter the account first, at {parts().settings.issuer}/manage/?account={guest.account}"
            raise Problem(HTTPStatus.FORBIDDEN, "must_enter", detail, {"permission": guard.permission})
        case NotManaging(person=person) if account in {None, person.account_code}:
            _deny(AccountCode(person.account_code), UserId(person.user_id), guard)
        case found if found is not None or sessions:
            raise NotFound("another account")
    raise Problem(HTTPStatus.UNAUTHORIZED, "credentials_missing", "Bring an access token, or sign in.", {}, challenge())


def _deny(account: AccountCode, user_id: UserId, guard: Guard) -> NoReturn:
    management.note_denial(account, user_id, guard.permission, context=acting(user_id))
    raise PermissionMissing(guard.permission)


def _require_own_page() -> None:
    """Let a browser's call come from a page of ours alone, as far as it says from where."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin"} or origin not in {None, parts().settings.issuer}:
        raise Problem(HTTPStatus.FORBIDDEN, "foreign_origin", "A browser calls this from pages of this provider alone.")
