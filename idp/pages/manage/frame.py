"""The frame of the pages under ``/manage/``: which sections somebody sees, and what every one of these pages knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, render_template, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.services.people.management import Managing


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the management pages.

    :param permission: whoever has it sees the section.
    """

    name: str
    endpoint: str
    permission: str
    title: LazyString


SECTIONS = (
    Section(
        name="requests",
        endpoint="pages.decide_access_requests",
        permission="access_requests.view_accessrequest",
        title=_("Requests"),
    ),
    Section(name="people", endpoint="pages.manage_people", permission="users.view_user", title=_("People")),
    Section(
        name="providers",
        endpoint="pages.manage_providers",
        permission="providers.view_provider",
        title=_("Providers"),
    ),
    Section(name="services", endpoint="pages.manage_services", permission="clients.view_client", title=_("Services")),
    Section(name="keys", endpoint="pages.manage_keys", permission="api_keys.view_apikey", title=_("Keys and secrets")),
    Section(name="audit", endpoint="pages.manage_audit", permission="audit.view_auditevent", title=_("Records")),
)
"""In the order in which the navigation names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A section in the navigation of one page.

    :param current: the page belongs to it.
    """

    href: str
    title: LazyString
    current: bool


def render(template: str, who: Managing, section: str, **known: object) -> str:
    """Return a page of a section.

    :param template: extends ``manage.html``.
    :param section: the name of one of :data:`SECTIONS`.
    :param known: what the template wants besides.
    """
    return render_template(template, **frame_of(who, section), **known)


def frame_of(who: Managing, section: str) -> dict[str, object]:
    """Return what ``manage.html`` wants."""
    return {
        "account": who.account,
        "account_name": who.account_name,
        "person": who.person,
        "staff": who.staff,
        "sections": entries(who, section),
    }


def entries(who: Managing, section: str) -> Sequence[Entry]:
    """Return the sections that somebody may see."""
    return [
        Entry(href=url_for(one.endpoint, account=who.account), title=one.title, current=one.name == section)
        for one in SECTIONS
        if who.may(one.permission) and one.endpoint in current_app.view_functions
    ]
