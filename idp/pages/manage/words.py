"""How the pages for those who look after an account name people, and say what a role is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.roles import GROUPS, Role, highest_first, parse_role
from idp.mails import foreign
from idp.store.users import User

ROLES: Mapping[Role, LazyString] = {
    Role.MANAGER: _("Looks after Deepdesk here: people and their roles, requests, records. Edits in Studio, too."),
    Role.EDITOR: _("Edits in Studio what is suggested: texts, links and writing styles."),
    Role.ASSISTANT_EDITOR: _("Edits the assistants."),
    Role.AGENT: _("Works with Deepdesk, and changes nothing for others."),
}
"""What each role may, in words."""
MAX_SHOWN = 80
"""So many characters of a name are shown."""


def name_of(user: User) -> str:
    """Return how somebody is called: by name, else by address, in one line without what is not seen."""
    return _short(user.name or "") or address_of(user) or gettext("Somebody without a name")


def address_of(user: User) -> str:
    """Return somebody's address as it can be shown; empty for none."""
    return foreign.one_line(user.email or "")


def actor_name(user: User | None) -> str:
    """Return how whoever did something is called; Deepdesk for its own people and for what it does by itself."""
    if user is None:
        return "Deepdesk"
    return f"{name_of(user)} (Deepdesk)" if user.account_code == STAFF_ACCOUNT else name_of(user)


def groups(roles: Iterable[str]) -> str:
    """Return the names of roles, the highest first; one that is none any more by what it was called."""
    given = list(roles)
    known = highest_first(role for role in map(parse_role, given) if role is not None)
    return ", ".join([GROUPS[role] for role in known] + [role for role in given if parse_role(role) is None])


def _short(text: str) -> str:
    line = foreign.one_line(text)
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1].rstrip()}…"
