"""Connecting an account to an upstream provider, changing and removing one: for staff who entered the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.browser.runtime import context, parts
from idp.domain.codes import CODE
from idp.domain.errors import AlreadyExists, ChangedMeanwhile, Invalid
from idp.domain.provider_checks import check as check_settings
from idp.domain.provider_kinds import Kind
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import GROUPS, Role
from idp.pages import blueprint
from idp.pages.manage import provider_fields, provider_words, receipts
from idp.pages.manage.door import acting, managed
from idp.pages.manage.frame import render
from idp.pages.manage.provider_fields import SECRET, Control, Part
from idp.pages.manage.providers import PATH, to_provider
from idp.services.operations import provider_standing
from idp.services.people.management import Managing
from idp.services.registry import providers
from idp.store.providers import Provider

NEW = "new"
"""The address of the form that makes one, so no provider's code."""
MAX_CODE = 63
MAX_SEEN = 64
_CODE_WRONG = _("Give a code of small letters, digits and hyphens, at most 63. “new” is none.")
_CODE_TAKEN = _("This account has a provider of that code already.")


@blueprint.get(f"{PATH}{NEW}/")
@managed("providers.add_provider", sensitive=True)
def new_provider(who: Managing) -> ResponseReturnValue:
    """Offer the kinds; with ``kind``, its form."""
    kind = _kind(request.args.get("kind", ""))
    if kind is None:
        return _kinds(who)
    if "client_id" in request.args:  # what was typed before a proof of who they are
        return _form(who, kind, provider_fields.typed(request.args, kind), code=_code(request.args))
    offered = provider_fields.presented(provider_fields.offered(kind))
    return _form(who, kind, offered, code=_free_code(who, kind))


@blueprint.post(f"{PATH}{NEW}/")
@managed("providers.add_provider", sensitive=True)
def add_provider(who: Managing) -> ResponseReturnValue:
    """Connect the account to what was typed."""
    kind = _kind(request.form.get("kind", ""))
    if kind is None:
        return _kinds(who), HTTPStatus.UNPROCESSABLE_ENTITY
    given, code = provider_fields.typed(request.form, kind), _code(request.form)
    values, wrong = provider_fields.read(given, kind)
    wrong |= {"code"} if code == NEW or not CODE.fullmatch(code) else set()
    wrong |= set() if _secret() else {SECRET}
    settings = ProviderSettings.of(kind, **values)
    problems = _problems(settings, wrong)
    if problems:
        return _form(who, kind, given, code=code, problems=problems), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        providers.create(
            who.account, code, settings, client_secret=_secret(), parts=parts(), context=acting(who.person)
        )
    except Invalid as refused:
        return _form(who, kind, given, code=code, problems=_named(refused, kind)), HTTPStatus.UNPROCESSABLE_ENTITY
    except AlreadyExists:
        return _form(who, kind, given, code=code, problems={"code": _CODE_TAKEN}), HTTPStatus.CONFLICT
    return to_provider(who, code, "created")


@blueprint.get(f"{PATH}<code>/edit/")
@managed("providers.change_provider", sensitive=True)
def edit_provider(who: Managing, code: str) -> ResponseReturnValue:
    """Offer a provider's settings."""
    row = providers.show(who.account, code)
    kind = Kind(row.kind)
    if "client_id" in request.args:  # what was typed before a proof of who they are
        given, seen = provider_fields.typed(request.args, kind), request.args.get("seen", "")[:MAX_SEEN]
        return _form(who, kind, given, row=row, seen=seen)
    return _form(who, kind, provider_fields.presented(providers.settings_of(row)), row=row)


@blueprint.post(f"{PATH}<code>/edit/")
@managed("providers.change_provider", sensitive=True)
def change_provider(who: Managing, code: str) -> ResponseReturnValue:
    """Store what was typed; an empty secret leaves the present one."""
    row = providers.show(who.account, code)
    kind = Kind(row.kind)
    given = provider_fields.typed(request.form, kind)
    values, wrong = provider_fields.read(given, kind)
    seen = request.form.get("seen", "")[:MAX_SEEN]
    problems = _problems(replace(providers.settings_of(row), **values), wrong)
    if problems:
        return _form(who, kind, given, row=row, problems=problems, seen=seen), HTTPStatus.UNPROCESSABLE_ENTITY
    named_before = providers.names_people_by(row)
    try:
        changed = providers.update(
            who.account,
            code,
            values,
            client_secret=_secret() or None,
            seen=seen,
            parts=parts(),
            context=acting(who.person),
        )
    except Invalid as refused:
        named = _named(refused, kind)
        return _form(who, kind, given, row=row, problems=named, seen=seen), HTTPStatus.UNPROCESSABLE_ENTITY
    except ChangedMeanwhile:
        return _form(who, kind, given, row=row, is_stale=True), HTTPStatus.CONFLICT
    return to_provider(who, code, "saved" if providers.names_people_by(changed) == named_before else "renamed_issuer")


@blueprint.get(f"{PATH}<code>/delete/")
@managed("providers.delete_provider", sensitive=True)
def deletion_of_provider(who: Managing, code: str) -> ResponseReturnValue:
    """Say who is known by it and what becomes of them, and ask."""
    found = provider_standing.of_account(who.account, context=context())
    row = providers.show(who.account, code)
    return render(
        "manage_provider_delete.html",
        who,
        "providers",
        name=row.display_name,
        kind=provider_words.kind_name(row.kind),
        code=code,
        people=next((one.people for one in found if one.provider.id == row.id), 0),
        is_only=len(found) == 1,
        action=url_for("pages.delete_provider", code=code, account=who.account),
        back_href=url_for("pages.manage_provider", code=code, account=who.account),
    )


@blueprint.post(f"{PATH}<code>/delete/")
@managed("providers.delete_provider", sensitive=True)
def delete_provider(who: Managing, code: str) -> ResponseReturnValue:
    """Remove a provider with the links of its people."""
    name = providers.show(who.account, code).display_name
    providers.delete(who.account, code, context=acting(who.person))
    receipt = receipts.issue(who, "deleted", PATH, name)
    return redirect(url_for("pages.manage_providers", account=who.account, done=receipt), 303)


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in set(Kind) else None


def _code(form: Mapping[str, str]) -> str:
    return form.get("code", "")[: MAX_CODE + 1].strip()


def _secret() -> str:
    return request.form.get(SECRET, "")[: provider_fields.MAX_SECRET].strip()


def _free_code(who: Managing, kind: Kind) -> str:
    taken = {row.code for row in providers.list_all(who.account)}
    return kind.value if kind.value not in taken else ""


def _problems(settings: ProviderSettings, wrong: Iterable[str]) -> dict[str, LazyString | str]:
    """Return everything that is wrong with what was typed, by field.

    :param wrong: fields that could not be read.
    """
    kind = Kind(settings.kind)
    found: dict[str, LazyString | str] = {name: _sentence(kind, name) for name in wrong}
    try:
        check_settings(settings)
    except Invalid as refused:
        found |= _named(refused, kind)
    return found


def _named(refused: Invalid, kind: Kind) -> dict[str, LazyString | str]:
    found = provider_fields.wrong_fields(refused.problems, kind)
    return {name: _sentence(kind, name) if sentence is None else sentence for name, sentence in found.items()}


def _sentence(kind: Kind, name: str) -> LazyString:
    if name == "code":
        return _CODE_WRONG
    return next(field.wrong for field in provider_fields.of_kind(kind) if field.name == name)


def _kinds(who: Managing) -> str:
    return render(
        "manage_provider_kind.html",
        who,
        "providers",
        kinds=[
            (url_for("pages.new_provider", account=who.account, kind=kind.value), name, meaning)
            for kind, (name, meaning) in provider_words.KINDS.items()
        ],
        back_href=url_for("pages.manage_providers", account=who.account),
    )


def _form(
    who: Managing,
    kind: Kind,
    values: Mapping[str, str],
    *,
    code: str = "",
    row: Provider | None = None,
    problems: Mapping[str, LazyString | str] | None = None,
    seen: str | None = None,
    is_stale: bool = False,
) -> str:
    known = code if row is None else row.code
    here = {"account": who.account} if row is None else {"account": who.account, "code": row.code}
    fields = provider_fields.of_kind(kind)
    order = ["code", *(field.name for field in fields)]
    problems = problems or {}
    in_order = sorted(problems, key=lambda name: order.index(name) if name in order else len(order))
    return render(
        "manage_provider_form.html",
        who,
        "providers",
        kind=kind.value,
        kind_name=provider_words.kind_name(kind),
        code=known,
        is_new=row is None,
        name=None if row is None else row.display_name,
        parts=[(part, heading, [one for one in fields if one.part is part]) for part, heading in _headings()],
        controls=Control,
        values=values,
        problems={name: problems[name] for name in in_order},
        is_stale=is_stale,
        roles=[(role.value, GROUPS[role]) for role in Role],
        seen=None if row is None else seen or providers.version_of(row),
        action=url_for("pages.add_provider" if row is None else "pages.change_provider", **here),
        sheet_href=url_for("pages.provider_sheet", account=who.account, code=known, kind=kind.value) if known else None,
        back_href=url_for("pages.manage_providers" if row is None else "pages.manage_provider", **here),
    )


def _headings() -> list[tuple[Part, LazyString]]:
    return list(provider_fields.PARTS.items())
