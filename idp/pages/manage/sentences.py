"""What an audit event says to a manager, in one sentence; a kind that has none is told by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from idp.audit.events import OK
from idp.domain.context import ActorKind
from idp.mails import foreign
from idp.pages.manage import words
from idp.store.audit_events import AuditEvent
from idp.store.users import User

REFUSED = "refused"
ALARMS = frozenset({"mail.guessing", "token.replayed", "code.replayed", "cookies.replayed", "bridge.alarmed"})
"""Kinds after which somebody should look."""
SENTENCES: Mapping[str, LazyString] = {
    "sign_in.finished": _("%(who)s signed in at %(provider)s."),
    "sign_in.finished:refused": _("%(who)s came from %(provider)s and was not let in: %(outcome)s."),
    "sign_in.failed": _("A sign-in at %(provider)s came back without saying who it is."),
    "mail.signed_in": _("%(who)s signed in by mail."),
    "mail.signed_in:refused": _("%(who)s used a mail to sign in and was not let in: %(outcome)s."),
    "mail.asked": _("Somebody asked for a mail to sign in, for %(who)s."),
    "mail.code_wrong": _("A wrong code was typed for %(who)s."),
    "mail.guessing": _("Very many wrong codes were typed for %(who)s. Perhaps somebody is guessing."),
    "session.proven": _("%(who)s proved anew who they are."),
    "session.ended": _("%(who)s signed out."),
    "access.requested": _("Somebody asked for access."),
    "access.escalated": _("Nobody had decided about a request for access, so others were asked, too."),
    "access.decided:approved": _("A request for access was approved: %(who)s."),
    "access.decided:denied": _("A request for access was denied."),
    "access.decided:pending": _("A decision about a request for access was taken back."),
    "access.expired": _("A request for access ended, because nobody decided."),
    "access.used": _("%(who)s signed in for the first time after their request was approved."),
    "identity.linked": _("A sign-in at %(provider)s belongs to %(who)s from now on."),
    "link.requested": _("Somebody came from %(provider)s with the address of %(who)s, and has to be decided about."),
    "link.decided:approved": _("It was decided that a sign-in belongs to %(who)s."),
    "link.decided:denied": _("It was decided that a sign-in does not belong to %(who)s."),
    "user.changed:created": _("%(who)s was added."),
    "user.changed:updated": _("%(who)s was changed."),
    "user.changed:roles": _("%(who)s became %(roles)s."),
    "user.changed:disabled": _("%(who)s is kept out from now on."),
    "user.changed:enabled": _("%(who)s may sign in again."),
    "user.changed:deleted": _("%(who)s was deleted."),
    "user.invited": _("%(who)s was mailed an invitation."),
    "user.signed_out": _("Everything that %(who)s had open was ended."),
    "permission.denied": _("%(who)s wanted to do something that they may not."),
    "consent.given": _("%(who)s allowed the service %(client)s to know something about them."),
    "consent.withdrawn": _("%(who)s took back what they had allowed the service %(client)s."),
    "code.issued": _("%(who)s went to the service %(client)s."),
    "code.redeemed": _("The service %(client)s was told that %(who)s is signed in."),
    "code.replayed": _("The service %(client)s used a sign-in twice. What it had was taken back."),
    "token.refreshed": _("The service %(client)s stayed connected to %(who)s."),
    "token.replayed": _("Something was used twice for %(who)s at the service %(client)s, as if copied. It was ended."),
    "token.client_issued": _("The service %(client)s signed in for itself."),
    "token.revoked": _("The service %(client)s let go of %(who)s."),
    "cookies.begun": _("%(who)s was signed in to Deepdesk in the platform."),
    "cookies.renewed": _("%(who)s stayed signed in to Deepdesk in the platform."),
    "cookies.replayed": _("The cookie of %(who)s was used twice, as if copied. The session was ended."),
    "bridge.crossed": _("The platform vouched for %(who)s."),
    "bridge.alarmed": _("A key or secret of the platform is used as nobody would who means well."),
    "exchange.minted": _("%(who)s asked for a link that opens Deepdesk in another browser."),
    "exchange.used": _("%(who)s opened Deepdesk in another browser by a link."),
    "staff.granted": _("Deepdesk staff may enter from now on: %(address)s."),
    "staff.revoked": _("Deepdesk staff may not enter any more: %(address)s."),
    "staff.entered": _("Deepdesk staff entered the service %(client)s, as %(roles)s: %(who)s."),
    "staff.manages": _("Deepdesk staff entered these pages, as %(roles)s: %(who)s."),
    "staff.refused": _("Deepdesk staff wanted to enter and may not: %(who)s."),
    "account.changed": _("The settings of the account were changed."),
    "account.changed:created": _("The account was made."),
    "account.changed:disabled": _("The account was switched off."),
    "account.changed:enabled": _("The account was switched on."),
    "provider.changed": _("The sign-in provider %(provider)s was changed."),
    "provider.changed:created": _("The sign-in provider %(provider)s was added."),
    "provider.changed:deleted": _("The sign-in provider %(provider)s was removed."),
    "client.changed": _("The service %(client)s was changed."),
    "client.changed:created": _("The service %(client)s was added."),
    "client.changed:deleted": _("The service %(client)s was removed."),
    "client.changed:secret_rotated": _("The service %(client)s was given another secret."),
    "api_key.changed:created": _("An integration key was made."),
    "api_key.changed:revoked": _("An integration key was revoked."),
    "platform_secret.changed:created": _("A secret to share with the platform was made."),
    "platform_secret.changed:revoked": _("A secret to share with the platform was revoked."),
}
"""By kind, and by what makes a difference within it."""
OUTCOMES: Mapping[str, LazyString] = {
    "no_valid_role": _("no role came along"),
    "user_disabled": _("they are kept out"),
    "account_disabled": _("the account is switched off"),
    "staff_address": _("the address is one of Deepdesk's own people"),
    "address_taken": _("somebody else has the address"),
    "proof_needed": _("somebody else, who may more than an agent, has the address"),
    "link_denied": _("it was decided that it is somebody else"),
    "not_on_trial": _("they are not in the trial"),
    "single_sign_on_only": _("they sign in where the company signs in"),
    "wrong_organisation": _("they came from another organisation"),
    "WrongOrganisation": _("they came from another organisation"),
}
"""Why somebody was not let in."""


def of(event: AuditEvent, about: User | None) -> str:
    """Return the sentence; foreign words in it are fit to be read, and to be escaped by a template."""
    sentence = next((SENTENCES[key] for key in _keys(event) if key in SENTENCES), None)
    if sentence is None:
        return event.kind
    said = str(sentence) % _values(event, about)
    return f"{said[:1].upper()}{said[1:]}"


def actor(event: AuditEvent, people: Mapping[str, User]) -> str | None:
    """Return who did it; none where it is whom the sentence is about, or nobody was signed in."""
    match event.actor_kind:
        case ActorKind.USER:
            return None if event.actor_id == event.user_id else _name(people.get(event.actor_id or ""))
        case ActorKind.CLIENT:
            return foreign.name(event.actor_id or "")
        case ActorKind.ANONYMOUS:
            return None
        case _:
            return "Deepdesk"


def outcome(name: str) -> str:
    """Return why somebody was not let in; one that is not known by its name."""
    return str(OUTCOMES.get(name, foreign.name(name)))


def is_alarm(event: AuditEvent) -> bool:
    """Say whether somebody should look."""
    return event.kind in ALARMS


def _keys(event: AuditEvent) -> list[str]:
    """Return the keys of its sentence, the closest first."""
    details = event.details
    differences = [
        REFUSED if event.outcome != OK else None,
        "roles" if details.get("change") == "updated" and "roles" in _settings(details) else None,
        details.get("change"),
        details.get("decision"),
    ]
    return [f"{event.kind}:{one}" for one in differences if isinstance(one, str)] + [event.kind]


def _values(event: AuditEvent, about: User | None) -> Mapping[str, str]:
    details = event.details
    roles = _settings(details).get("roles", details.get("roles"))
    return {
        "who": _name(about) if event.user_id else gettext("somebody whom nobody here knows"),
        "provider": foreign.name(str(details.get("provider", ""))),
        "client": foreign.name(event.client_id or ""),
        "address": foreign.one_line(str(details.get("address", ""))),
        "roles": words.groups(str(role) for role in roles) if isinstance(roles, list) else "",
        "outcome": outcome(event.outcome),
    }


def _settings(details: Mapping[str, Any]) -> Mapping[str, Any]:
    settings = details.get("settings")
    return settings if isinstance(settings, dict) else {}


def _name(user: User | None) -> str:
    return gettext("somebody who is not here any more") if user is None else words.actor_name(user)
