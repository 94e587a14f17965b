"""Requests for access, and sign-ins that met somebody, as pages of the gallery show them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from idp.domain.access_requests import Stage
from idp.domain.identifiers import AccountCode
from idp.domain.roles import GROUPS, Role
from idp.pages.manage.frame import SECTIONS, Entry
from idp.services.people.deciding import Listed
from idp.services.sign_in.access_requests import Standing
from idp.store.access_requests import AccessRequest, RequestKind, RequestStatus
from idp.store.providers import Provider
from idp.store.users import User

NOW = datetime(2026, 11, 26, 8, 55, tzinfo=UTC)
MANAGER = "uX3kq0F8T5q1pQ2Vb7Zc9w"
LONG_MESSAGE = (
    "Hello Mia,\n\nI started on Monday in the evening team, next to Adam. My shifts begin at 17:00, so please look "
    "before that.\n\n  – Eve\n\n<b>https://elsewhere.example/look?who=eve&why=because-this-address-has-no-end-and-"
    "does-not-break-anywhere-at-all</b>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """Whoever looks at the list."""

    user_id: str = MANAGER
    name: str | None = "Mia Manager"
    email: str | None = "mia.manager@acme.example"


def _before(**ago: float) -> datetime:
    return NOW - timedelta(**ago)


def _request(request_id: str, email: str, asked_at: datetime, **known: Any) -> AccessRequest:
    values: dict[str, Any] = {
        "kind": RequestKind.ACCESS,
        "status": RequestStatus.PENDING,
        "email_vouched": False,
        "last_attempt_at": asked_at,
        "expires_at": asked_at + timedelta(days=7),
        **known,
    }
    return AccessRequest(id=request_id, account_code="acme", email=email, attempts=1, created_at=asked_at, **values)


def _listed(request: AccessRequest, **known: Any) -> Listed:
    values: dict[str, Any] = {
        "provider": None,
        "meets": None,
        "stage": Stage.MANAGERS,
        "decider": None,
        "undo_until": None,
        "bounced": False,
        **known,
    }
    return Listed(request=request, **values)


CASEY = Deciding(user_id="cA5", name="Casey Staff", email="casey.staff@deepdesk.example")
_MIA = User(id=MANAGER, name="Mia Manager", email="mia.manager@acme.example", roles=[Role.MANAGER])
_ANA = User(id="kQ1", name="Ana Agent", email="ana.agent@acme.example", roles=[Role.AGENT, Role.EDITOR])

ADAM = _listed(
    _request(
        "r1",
        "adam.agent@acme.example",
        _before(minutes=12),
        message="Hi, I am new in the evening team and would like to see the suggestions.",
        service_name="Studio",
    )
)
EVE = _listed(
    _request(
        "r2",
        "eve.evening-shift.customer-contact.netherlands-and-belgium@long-name-of-a-company.example",
        _before(hours=30),
        message=LONG_MESSAGE,
    ),
    stage=Stage.DEPUTIES,
)
SILENT = _listed(_request("r3", "sam@acme.example", _before(days=3)), stage=Stage.STAFF)
_COLLISION = _request(
    "r4",
    "ana.agent@acme.example",
    _before(hours=5),
    kind=RequestKind.LINK,
    name="Ana Agent",
    expires_at=None,
)
COLLISION = _listed(_COLLISION, provider=Provider(display_name="Genesys Cloud"), meets=_ANA)
VOUCHED = _listed(
    _request("r5", "ana.agent@acme.example", _before(minutes=3), kind=RequestKind.LINK, email_vouched=True),
    provider=Provider(display_name="Acme Customer Contact Centres (Netherlands and Belgium)"),
    meets=_ANA,
)


def _decided(request_id: str, email: str, status: RequestStatus, decided_at: datetime | None, **known: Any) -> Listed:
    row = _request(
        request_id, email, _before(days=4), status=status, decided_at=decided_at, decided_by=MANAGER, **known
    )
    return _listed(row, decider=_MIA if decided_at else None)


APPROVED = replace(
    _decided("d1", "adam.agent@acme.example", RequestStatus.APPROVED, _before(seconds=2), role=Role.AGENT),
    undo_until=NOW + timedelta(seconds=8),
)
DENIED = _decided(
    "d2", "mallory@elsewhere.example", RequestStatus.DENIED, _before(hours=2), reason="Nobody here knows this address."
)
BOUNCED = replace(
    _decided("d3", "bea.bounced@acme.example", RequestStatus.APPROVED, _before(days=1), role=Role.EDITOR), bounced=True
)
ARRIVED = _decided(
    "d4",
    "ole@acme.example",
    RequestStatus.APPROVED,
    _before(days=2),
    role=Role.ASSISTANT_EDITOR,
    arrived_at=_before(days=2) + timedelta(hours=1),
)
EXPIRED = _decided("d5", "late@acme.example", RequestStatus.EXPIRED, None)
TIED = replace(
    _decided("d6", "ana.agent@acme.example", RequestStatus.APPROVED, _before(days=5), kind=RequestKind.LINK),
    decider=None,
    meets=_ANA,
)

DECIDE: dict[str, Any] = {
    "account_name": "Acme",
    "sections": [
        Entry(href=f"/manage/{one.name}/?account=acme", title=one.title, current=one.name == "requests")
        for one in SECTIONS
        if one.name != "keys"
    ],
    "person": Deciding(),
    "waiting": (),
    "more": 0,
    "decided": (),
    "kinds": RequestKind,
    "roles": [(role.value, GROUPS[role]) for role in reversed(Role)],
    "groups": {role.value: group for role, group in GROUPS.items()},
    "action": "/manage/access-requests/?account=acme",
    "now": NOW,
}
"""What every view of the list is given."""


def standing(status: RequestStatus, **known: Any) -> Standing:
    """Return how Adam's request stands."""
    values: dict[str, Any] = {
        "decided_at": None,
        "expires_at": NOW + timedelta(days=7),
        "reason": None,
        "told": 3,
        "stage": Stage.MANAGERS,
        **known,
    }
    return Standing(
        account=AccountCode("acme"),
        account_name="Acme",
        email="adam.agent@acme.example",
        status=status,
        asked_at=NOW,
        **values,
    )


STANDINGS = {
    "pending": standing(RequestStatus.PENDING),
    "pending_for_long": standing(RequestStatus.PENDING, told=1, stage=Stage.STAFF),
    "pending_with_nobody": standing(RequestStatus.PENDING, told=0),
    "approved": standing(RequestStatus.APPROVED, decided_at=NOW),
    "denied": standing(RequestStatus.DENIED, decided_at=NOW, reason="The evening team has its own access.\nAsk Olly."),
    "denied_without_a_word": standing(RequestStatus.DENIED, decided_at=NOW),
    "expired": standing(RequestStatus.EXPIRED),
}
"""Adam's request, by how it stands."""
DECIDED = (APPROVED, DENIED, BOUNCED, ARRIVED, EXPIRED, TIED)
