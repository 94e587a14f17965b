"""API keys and platform secrets of an account: for staff who entered it. What was made is shown once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.browser.runtime import context, parts
from idp.domain.errors import AlreadyExists, Invalid
from idp.domain.identifiers import AccountCode
from idp.domain.integration_secrets import MAX_LIVE, is_weak_api_key, parse_api_key, parse_platform_secret
from idp.pages import blueprint
from idp.pages.manage import receipts
from idp.pages.manage.door import acting, managed
from idp.pages.manage.frame import render
from idp.services.people.management import Managing
from idp.services.registry import api_keys, platform_secrets, within
from idp.store.api_keys import ApiKey
from idp.store.platform_secrets import PlatformSecret

PATH = "/manage/keys/"
OWN = "own_secret"
MAX_TYPED = 1024
Row = ApiKey | PlatformSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was just made, in clear."""

    id: str
    clear: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One of the two sorts: what it is called, what may be done with it, and by which service.

    :param path: below :data:`PATH`.
    :param name: in the names of endpoints and templates.
    :param permissions: to view, add, change and delete.
    :param ends_at_once: what is replaced ends in the same moment.
    :param wrong: what stands beside one brought along that cannot be used.
    """

    path: str
    name: str
    permissions: Mapping[str, str]
    ends_at_once: bool
    wrong: LazyString
    all: Callable[[AccountCode], Sequence[Row]]
    require: Callable[[AccountCode, str], None]
    parse: Callable[[str], str]
    create: Callable[[Managing, str | None], Made]
    rotate: Callable[[Managing, str], Made]
    revoke: Callable[[Managing, str], object]


def _permissions(model: str) -> Mapping[str, str]:
    app = {"apikey": "api_keys", "platformsecret": "platform_secrets"}[model]
    return {action: f"{app}.{action}_{model}" for action in ("view", "add", "change", "delete")}


def _created_key(who: Managing, own: str | None) -> Made:
    made = api_keys.create(who.account, key=own, parts=parts(), context=acting(who.person))
    return Made(id=made.id, clear=made.api_key)


def _rotated_key(who: Managing, key_id: str) -> Made:
    made = api_keys.rotate(key_id, parts=parts(), context=acting(who.person))
    return Made(id=made.id, clear=made.api_key)


def _created_secret(who: Managing, own: str | None) -> Made:
    made = platform_secrets.create(who.account, secret=own, parts=parts(), context=acting(who.person))
    return Made(id=made.id, clear=made.secret)


def _rotated_secret(who: Managing, secret_id: str) -> Made:
    made = platform_secrets.rotate(secret_id, parts=parts(), context=acting(who.person))
    return Made(id=made.id, clear=made.secret)


API_KEYS = Sort(
    path="api-keys/",
    name="api_key",
    permissions=_permissions("apikey"),
    ends_at_once=True,
    wrong=_("An API key has 16 to 256 letters, digits and signs, without spaces. Leave it empty, and one is made."),
    all=api_keys.list_all,
    require=within.api_key,
    parse=parse_api_key,
    create=_created_key,
    rotate=_rotated_key,
    revoke=lambda who, key_id: api_keys.revoke(key_id, context=acting(who.person)),
)
PLATFORM_SECRETS = Sort(
    path="platform-secrets/",
    name="platform_secret",
    permissions=_permissions("platformsecret"),
    ends_at_once=False,
    wrong=_("A platform secret is one line of 32 to 512 bytes. Leave it empty, and one is made."),
    all=platform_secrets.list_all,
    require=within.platform_secret,
    parse=parse_platform_secret,
    create=_created_secret,
    rotate=_rotated_secret,
    revoke=lambda who, secret_id: platform_secrets.revoke(secret_id, context=acting(who.person)),
)
SORTS = (API_KEYS, PLATFORM_SECRETS)
_KNOWN = _("It is known already, in use or ended. Leave it empty, and another one is made.")


@blueprint.get(PATH)
@managed(API_KEYS.permissions["view"])
def manage_keys(who: Managing) -> ResponseReturnValue:
    """List keys and secrets: those in use, then those that ended."""
    return render(
        "manage_keys.html",
        who,
        "keys",
        sorts=[_listed(sort, who) for sort in SORTS if who.may(sort.permissions["view"])],
        most=MAX_LIVE,
        receipt=receipts.presented(who, PATH),
        now=context().now,
    )


def _offer(sort: Sort) -> None:
    """Serve the pages of a sort: one to make another, one to replace, one to end."""

    @managed(sort.permissions["add"], sensitive=True)
    def new(who: Managing) -> ResponseReturnValue:
        return _new(who, sort)

    @managed(sort.permissions["add"], sensitive=True)
    def add(who: Managing) -> ResponseReturnValue:
        return _add(who, sort)

    @managed(sort.permissions["change"], sensitive=True)
    def rotation(who: Managing, key_id: str) -> ResponseReturnValue:
        sort.require(who.account, key_id)
        return _confirm(who, sort, key_id, "rotate")

    @managed(sort.permissions["change"], sensitive=True)
    def rotate(who: Managing, key_id: str) -> ResponseReturnValue:
        sort.require(who.account, key_id)
        return _rotate(who, sort, key_id)

    @managed(sort.permissions["delete"], sensitive=True)
    def revocation(who: Managing, key_id: str) -> ResponseReturnValue:
        sort.require(who.account, key_id)
        return _confirm(who, sort, key_id, "revoke")

    @managed(sort.permissions["delete"], sensitive=True)
    def revoke(who: Managing, key_id: str) -> ResponseReturnValue:
        sort.require(who.account, key_id)
        return _revoke(who, sort, key_id)

    root, one = f"{PATH}{sort.path}", f"{PATH}{sort.path}<key_id>/"
    blueprint.add_url_rule(f"{root}new/", f"new_{sort.name}", new, methods=["GET"])
    blueprint.add_url_rule(f"{root}new/", f"add_{sort.name}", add, methods=["POST"])
    blueprint.add_url_rule(f"{one}rotate/", f"rotation_of_{sort.name}", rotation, methods=["GET"])
    blueprint.add_url_rule(f"{one}rotate/", f"rotate_{sort.name}", rotate, methods=["POST"])
    blueprint.add_url_rule(f"{one}revoke/", f"revocation_of_{sort.name}", revocation, methods=["GET"])
    blueprint.add_url_rule(f"{one}revoke/", f"revoke_{sort.name}", revoke, methods=["POST"])


for _sort in SORTS:
    _offer(_sort)


def _add(who: Managing, sort: Sort) -> ResponseReturnValue:
    own = request.form.get(OWN, "")[:MAX_TYPED].strip() or None
    if _seen() != _present(who, sort):
        return _new(who, sort, problem="changed"), HTTPStatus.CONFLICT
    if own is not None and not _is_usable(own, sort):
        return _new(who, sort, own=sort.wrong), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        made = sort.create(who, own)
    except AlreadyExists:
        return _new(who, sort, own=_KNOWN), HTTPStatus.CONFLICT
    except Invalid:
        return _new(who, sort, problem="full"), HTTPStatus.CONFLICT
    return _made(who, sort, made, is_weak=sort is API_KEYS and is_weak_api_key(made.clear))


def _rotate(who: Managing, sort: Sort, key_id: str) -> ResponseReturnValue:
    if _seen() != _present(who, sort):
        return _confirm(who, sort, key_id, "rotate", problem="changed"), HTTPStatus.CONFLICT
    try:
        made = sort.rotate(who, key_id)
    except Invalid:
        return _confirm(who, sort, key_id, "rotate", problem="not_possible"), HTTPStatus.CONFLICT
    return _made(who, sort, made, replaces=key_id)


def _revoke(who: Managing, sort: Sort, key_id: str) -> ResponseReturnValue:
    try:
        sort.revoke(who, key_id)
    except Invalid:
        return _confirm(who, sort, key_id, "revoke", problem="not_possible"), HTTPStatus.CONFLICT
    receipt = receipts.issue(who, f"revoked_{sort.name}", PATH, key_id)
    return redirect(url_for("pages.manage_keys", account=who.account, done=receipt), 303)


def _is_usable(own: str, sort: Sort) -> bool:
    try:
        sort.parse(own)
    except Invalid:
        return False
    return True


def _seen() -> str:
    """Return which ones were in use when the form was made, so that pressing twice makes one."""
    return request.form.get("seen", "")


def _present(who: Managing, sort: Sort) -> str:
    return " ".join(row.id for row in _live(who, sort))


def _live(who: Managing, sort: Sort) -> list[Row]:
    return [row for row in sort.all(who.account) if row.revoked_at is None]


def _listed(sort: Sort, who: Managing) -> Mapping[str, object]:
    rows = sort.all(who.account)

    def to(endpoint: str, action: str, row: Row) -> str | None:
        known = who.may(sort.permissions[action]) and row.revoked_at is None
        return url_for(f"pages.{endpoint}_{sort.name}", key_id=row.id, account=who.account) if known else None

    return {
        "name": sort.name,
        "live": sum(row.revoked_at is None for row in rows),
        "rows": [
            {"row": row, "rotate": to("rotation_of", "change", row), "revoke": to("revocation_of", "delete", row)}
            for row in sorted(rows, key=lambda row: row.revoked_at is not None)
        ],
        "new_href": url_for(f"pages.new_{sort.name}", account=who.account)
        if who.may(sort.permissions["add"])
        else None,
    }


def _new(who: Managing, sort: Sort, *, own: LazyString | None = None, problem: str | None = None) -> str:
    live = _live(who, sort)
    return render(
        "manage_key_new.html",
        who,
        "keys",
        sort=sort.name,
        own_problem=own,
        problem=problem,
        is_full=len(live) >= MAX_LIVE,
        newest=live[0] if live else None,
        seen=_present(who, sort),
        action=url_for(f"pages.add_{sort.name}", account=who.account),
        back_href=url_for("pages.manage_keys", account=who.account),
    )


def _confirm(who: Managing, sort: Sort, key_id: str, act: str, *, problem: str | None = None) -> str:
    row = next(one for one in sort.all(who.account) if one.id == key_id)
    live = _live(who, sort)
    return render(
        "manage_key_confirm.html",
        who,
        "keys",
        sort=sort.name,
        act=act,
        row=row,
        ends_at_once=sort.ends_at_once,
        is_last=row.revoked_at is None and len(live) == 1,
        is_full=act == "rotate" and not sort.ends_at_once and len(live) >= MAX_LIVE,
        problem=problem or ("not_possible" if row.revoked_at is not None else None),
        seen=_present(who, sort),
        now=context().now,
        action=url_for(f"pages.{act}_{sort.name}", key_id=key_id, account=who.account),
        back_href=url_for("pages.manage_keys", account=who.account),
    )


def _made(who: Managing, sort: Sort, made: Made, *, replaces: str | None = None, is_weak: bool = False) -> str:
    """Show what was made, this once: it stands in no address, and no browser keeps the page (``Cache-Control``)."""
    return render(
        "manage_key_made.html",
        who,
        "keys",
        sort=sort.name,
        made_id=made.id,
        clear=made.clear,
        replaces=replaces,
        ends_at_once=sort.ends_at_once,
        is_weak=is_weak,
        back_href=url_for("pages.manage_keys", account=who.account),
    )
