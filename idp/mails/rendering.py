"""How a mail reads: its facts, put into the templates in its reader's language. Knows no Flask and no request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from babel.dates import format_date, format_time
from babel.support import Translations
from babel.units import format_unit
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from idp.mails import foreign
from idp.mails.kinds import Asked, MailKind

LANGUAGES: Final[Mapping[str, str]] = {"en": "en_GB", "nl": "nl", "de": "de"}
"""The languages in which mails are written, and the locale that says how each writes dates."""
DEFAULT: Final = "en"
DEEPDESK: Final = "Deepdesk"

_TEMPLATES: Final = Path(__file__).parent / "templates"
_TRANSLATIONS: Final = Path(__file__).parents[1] / "translations"
_OURS: Final = frozenset({"link", "code"})
_ADDRESSES: Final = frozenset({"asker", "address", "network", "person_address", "by_address", "people"})
_MESSAGES: Final = frozenset({"message", "reason"})
_UNITS: Final = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_BLANK_LINES: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words.

    :param subject: one line, without any secret.
    :param text: lines of at most 76 characters, links, addresses and the code apart.
    :param html: a whole document, which fetches nothing.
    """

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def rendered(kind: MailKind, *, language: str) -> Rendered:
    """Return the words of a mail, in English where its reader's language is not spoken here.

    :param language: a language tag; its first subtag counts.
    """
    environment = _environment(_spoken(language))
    values = _values(kind)
    shown = {name: _shown(name, value) for name, value in values.items()}
    text = environment.get_template(f"{kind.template}.txt")
    html = environment.get_template(f"{kind.template}.html")
    subject = foreign.one_line(_block(text, "subject", values))
    return Rendered(
        subject=subject,
        text=_BLANK_LINES.sub("\n\n", text.render(shown)).strip() + "\n",
        html=html.render(shown, subject=subject),
    )


def _spoken(language: str) -> str:
    primary = language.partition("-")[0].lower()
    return primary if primary in LANGUAGES else DEFAULT


@cache
def _environment(language: str) -> Environment:
    """Return what renders in one language; made once a process, and of two made at once either will do."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    translations = Translations.load(_TRANSLATIONS, [language])
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    locale = LANGUAGES[language]
    environment.filters.update(
        moment=partial(_moment, locale=locale),
        duration=partial(_duration, locale=locale),
        wrapped=foreign.wrapped,
        quoted=foreign.quoted,
    )
    environment.globals["language"] = language
    return environment


def _values(kind: MailKind) -> dict[str, Any]:
    """Return a mail's facts by their names, each fit for one line or, as a message, for lines of its own."""
    facts = {fact.name: getattr(kind, fact.name) for fact in fields(kind)}
    values = {name: _fit(name, value) for name, value in facts.items()}
    return {**values, "service": values.get("service_name") or DEEPDESK}


def _fit(name: str, value: object) -> object:
    """Return a fact without what could break out of its place; a text that nobody vouches for counts as a name."""
    if isinstance(value, Asked):
        return {"at": value.at, "network": value.network and foreign.one_line(value.network)}
    if isinstance(value, tuple):
        return tuple(_fit(name, one) for one in value)
    if not isinstance(value, str) or name in _OURS:
        return value
    if name in _MESSAGES:
        return foreign.message(value)
    return foreign.one_line(value) if name in _ADDRESSES else foreign.name(value)


def _shown(name: str, value: object) -> object:
    """Return a fact as it stands in the mail's body, where a mail program looks for links; addresses stay whole."""
    if isinstance(value, tuple):
        return tuple(_shown(name, one) for one in value)
    is_foreign = isinstance(value, str) and name not in _OURS | _ADDRESSES
    return foreign.without_links(str(value)) if is_foreign else value


def _block(template: Template, name: str, values: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(values))))


def _moment(at: datetime, *, locale: str) -> str:
    """Return day, minute and zone: a mail does not know its reader's zone, so it says which one it means."""
    at = at.astimezone(UTC)
    return f"{format_date(at, 'long', locale)}, {format_time(at, 'HH:mm', locale=locale)} UTC"


def _duration(length: timedelta, *, locale: str) -> str:
    """Return a duration in words, in the largest unit that it fills; never longer than it is."""
    for unit, size in _UNITS:
        if length >= size and (length % size == timedelta() or unit == "minute"):
            return format_unit(length // size, f"duration-{unit}", length="long", locale=locale)
    return format_unit(length // timedelta(seconds=1), "duration-second", length="long", locale=locale)
