"""The upstream providers of an account: the list, each with its last check, and the sheet for the customer's IT."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.browser.runtime import context, parts
from idp.domain.codes import CODE
from idp.domain.errors import NotFound, TooManyRequests
from idp.domain.identifiers import AccountCode
from idp.domain.provider_kinds import PRESETS, Kind
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import GROUPS, Role
from idp.pages import blueprint
from idp.pages.manage import provider_words, receipts
from idp.pages.manage.door import acting, managed
from idp.pages.manage.frame import render
from idp.services.operations import provider_standing
from idp.services.operations.provider_standing import Standing
from idp.services.people.management import Managing
from idp.services.registry import providers
from idp.store.providers import Provider

PATH = "/manage/providers/"


@blueprint.get(PATH)
@managed("providers.view_provider")
def manage_providers(who: Managing) -> ResponseReturnValue:
    """List the account's providers."""
    found = provider_standing.of_account(who.account, context=context())
    return render(
        "manage_providers.html",
        who,
        "providers",
        providers=[_row(one, who) for one in found],
        receipt=receipts.presented(who, PATH),
        now=context().now,
        new_href=url_for("pages.new_provider", account=who.account) if who.may("providers.add_provider") else None,
    )


@blueprint.get(f"{PATH}<code>/")
@managed("providers.view_provider")
def manage_provider(who: Managing, code: str) -> ResponseReturnValue:
    """Show one provider."""
    return _shown(who, code)


@blueprint.post(f"{PATH}<code>/check/")
@managed("providers.change_provider")
def check_provider(who: Managing, code: str) -> ResponseReturnValue:
    """Look at a provider from here, and remember what was found."""
    try:
        provider_standing.look_in_turn(who.account, code, parts=parts(), context=acting(who.person))
    except TooManyRequests as refused:
        seconds = max(1, int(refused.retry_after.total_seconds()))
        response = make_response(_shown(who, code, wait_seconds=seconds), HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(seconds)
        return response
    return to_provider(who, code, "checked")


@blueprint.get(f"{PATH}<code>/sheet/")
@managed("providers.view_provider")
def provider_sheet(who: Managing, code: str) -> ResponseReturnValue:
    """Show what the customer's IT types into the upstream's console; ``kind`` says it of one that is not there yet."""
    settings, uri = _for_sheet(who, code)
    resolved = settings.resolved()
    return render(
        "manage_provider_sheet.html",
        who,
        "providers",
        kind=settings.kind,
        kind_name=provider_words.kind_name(settings.kind),
        code=code,
        redirect_uri=uri,
        settings=resolved,
        role_map=mapped(settings),
        roles=[(role.value, GROUPS[role]) for role in Role],
        today=context().now,
        back_href=_back(who, code),
    )


def to_provider(who: Managing, code: str, what: str, *facts: str) -> ResponseReturnValue:
    """Lead to a provider's page, which says what was just done."""
    receipt = receipts.issue(who, what, f"{PATH}{code}/", *facts)
    return redirect(url_for("pages.manage_provider", code=code, account=who.account, done=receipt), 303)


def mapped(settings: ProviderSettings) -> list[tuple[str, str]]:
    """Return the map of roles: their value, and the name of what it gives here; by our roles, the highest first."""
    order = list(Role)
    pairs = sorted(settings.role_map.items(), key=lambda pair: (order.index(pair[1]), pair[0]))
    return [(theirs, GROUPS[ours]) for theirs, ours in pairs]


def _row(one: Standing, who: Managing) -> Mapping[str, object]:
    row, found = one.provider, provider_words.findings(one.check)
    return {
        "href": url_for("pages.manage_provider", code=row.code, account=who.account),
        "name": row.display_name,
        "kind": provider_words.kind_name(row.kind),
        "code": row.code,
        "since": row.created_at,
        "checked_at": None if one.check is None else one.check.checked_at,
        "breaks": sum(finding.breaks for finding in found),
        "notes": sum(not finding.breaks for finding in found),
        "expires": row.client_secret_expires,
        "is_over": one.secret_is_over,
        "ends_soon": one.secret_ends_soon,
        "days": one.secret_days,
        "people": one.people,
    }


def _shown(who: Managing, code: str, *, wait_seconds: int | None = None) -> str:
    one = provider_standing.of_one(who.account, code, context=context())
    row, settings = one.provider, providers.settings_of(one.provider)
    ceiling = settings.rules().ceiling
    return render(
        "manage_provider.html",
        who,
        "providers",
        one=_row(one, who),
        findings=provider_words.findings(one.check),
        failure=one.failure,
        settings=settings.resolved(),
        who_may_come=provider_words.who_may_come(settings),
        role_map=mapped(settings),
        ceiling=None if ceiling is None else GROUPS[ceiling],
        redirect_uri=providers.redirect_uri(row, issuer=parts().settings.issuer),
        receipt=receipts.presented(who, f"{PATH}{code}/"),
        wait_seconds=wait_seconds,
        now=context().now,
        may_change=who.may("providers.change_provider"),
        hrefs=_hrefs(who, row),
    )


def _hrefs(who: Managing, row: Provider) -> Mapping[str, str | None]:
    def to(endpoint: str, permission: str = "providers.view_provider") -> str | None:
        return url_for(endpoint, code=row.code, account=who.account) if who.may(permission) else None

    return {
        "sheet": to("pages.provider_sheet"),
        "check": to("pages.check_provider", "providers.change_provider"),
        "edit": to("pages.edit_provider", "providers.change_provider"),
        "delete": to("pages.deletion_of_provider", "providers.delete_provider"),
        "all": url_for("pages.manage_providers", account=who.account),
    }


def _for_sheet(who: Managing, code: str) -> tuple[ProviderSettings, str]:
    """Return a provider's settings and callback, or those of one that staff are about to make.

    :raises NotFound: there is no such provider, and none is being made.
    """
    issuer = parts().settings.issuer
    try:
        row = providers.show(who.account, code)
    except NotFound:
        kind = request.args.get("kind", "")
        if kind not in set(Kind) or not CODE.fullmatch(code) or not who.may("providers.add_provider"):
            raise
        planned = ProviderSettings.of(kind, display_name=code, client_id="")
        return planned, _planned_uri(who.account, code, issuer)
    return providers.settings_of(row), providers.redirect_uri(row, issuer=issuer)


def _planned_uri(account: AccountCode, code: str, issuer: str) -> str:
    row = Provider(account_code=account, code=code, generic_callback=False)
    return providers.redirect_uri(row, issuer=issuer)


def _back(who: Managing, code: str) -> str:
    kind = request.args.get("kind", "")
    if kind in set(PRESETS):
        return url_for("pages.new_provider", account=who.account, kind=kind)
    return url_for("pages.manage_provider", code=code, account=who.account)
