"""In which language a page speaks: what the person chose, else what the service or the browser asks for."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale

from idp.browser import cookies
from idp.browser.runtime import parts

LANGUAGES = {"en": "English", "nl": "Nederlands", "de": "Deutsch"}
"""Each by its own name, which is how somebody who reads nothing else finds it."""
PARAMETER = "lang"
_IN_QUERY = PARAMETER.encode()
DEFAULT = "en"
_REPEATABLE = frozenset(
    {
        *("pages.sign_in", "pages.choose_account", "pages.sign_out", "pages.staff"),
        *("pages.magic", "pages.ask_for_mail", "pages.mail_sent", "pages.type_mail_code", "pages.fresh_proof_page"),
        *("pages.confirm_sign_in", "pages.press_sign_in", "pages.ask_for_access", "pages.access_status"),
        *("pages.manage_people", "pages.new_person", "pages.add_person", "pages.manage_person", "pages.roles_of"),
        *("pages.set_roles_of", "pages.state_of", "pages.set_state_of", "pages.deletion_of", "pages.delete_person"),
        *("pages.sign_out_of", "pages.manage_audit"),
        *("pages.manage_providers", "pages.manage_provider", "pages.provider_sheet", "pages.manage_services"),
        *("pages.new_provider", "pages.add_provider", "pages.edit_provider", "pages.change_provider"),
        *("pages.deletion_of_provider", "pages.manage_keys", "pages.new_api_key", "pages.new_platform_secret"),
        *("pages.rotation_of_api_key", "pages.rotation_of_platform_secret"),
        *("pages.revocation_of_api_key", "pages.revocation_of_platform_secret"),
        *("pages.prove_again", "pages.decide_access_requests", "pages.consent", "pages.everywhere", "pages.signed_out"),
    }
)
"""Pages that may be opened again without spending anything."""


def init_app(app: Flask) -> None:
    """Let pages be translated, and remember a choice."""
    Babel(app, default_translation_directories="translations", locale_selector=current)
    app.after_request(_remember)
    app.context_processor(_for_templates)


def current() -> str:
    """Return the language of this request's page."""
    return _offered([_asked()]) or _offered([_kept()]) or _preferred()


def of_waiting(ui_locales: str | None) -> None:
    """Follow what the waiting service asks for, unless the person chose (OpenID Connect Core §3.1.2.1)."""
    g.ui_locales = (ui_locales or "").split()


def keep(response: Response, language: str | None) -> None:
    """Let the browser speak the language that a person chose, whatever was chosen in it before."""
    chosen = _offered([language or ""])
    if chosen is not None and chosen != _kept():
        cookies.set_language(response, chosen, parts().settings)


def _for_templates() -> dict[str, object]:
    """Return what every page knows; links to other languages only where looking again changes nothing."""
    known: dict[str, object] = {"lang": str(get_locale()), "languages": LANGUAGES}
    if _is_repeatable() and request.query_string.isascii():
        known["language_href"] = _same_page
    return known


def _is_repeatable() -> bool:
    """Say whether this address may be opened (again) by GET: its own page, a form's, or one that does not exist."""
    return request.endpoint in _REPEATABLE or (request.method == "GET" and request.endpoint is None)


def _same_page(language: str) -> str:
    values = {**request.args.to_dict(), PARAMETER: language}
    return f"{request.path}?{urlencode(values)}"


def _preferred() -> str:
    asked = _offered(g.get("ui_locales", ()))
    return asked or request.accept_languages.best_match(list(LANGUAGES)) or DEFAULT


def _asked() -> str:
    query = request.query_string
    if _IN_QUERY not in query or not query.isascii():
        # What is not ASCII is refused, but in some language, and reading it would fail again.
        return ""
    return request.args.get(PARAMETER, "")


def _kept() -> str:
    return request.cookies.get(cookies.name(cookies.LANGUAGE, parts().settings), "")


def _offered(tags: Iterable[str]) -> str | None:
    """Return the first language that we speak among language tags (RFC 5646), by their primary subtag."""
    primary = (tag.partition("-")[0].lower() for tag in tags)
    return next((language for language in primary if language in LANGUAGES), None)


def _remember(response: Response) -> Response:
    asked = _asked()
    chosen = _offered([asked]) if asked else None
    if chosen is not None and chosen != _kept() and response.mimetype == "text/html":
        cookies.set_language(response, chosen, parts().settings)
    return response
