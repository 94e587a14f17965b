"""How long people without SSO wait: for the managers' page and for the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_high

from idp.domain.context import Context
from idp.domain.identifiers import AccountCode
from idp.store import access_requests
from idp.store.access_requests import RequestStatus
from idp.store.unit_of_work import reading

LOOKED_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typical:
    """What people of an account wait.

    :param median: from asking to the first sign-in.
    :param people: of how many in the last three months.
    """

    median: timedelta
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """All waits of an account.

    :param arrived: from asking to the first sign-in, one a person.
    :param pending: how long those wait by now whom nobody has decided about.
    """

    arrived: Sequence[timedelta]
    pending: Sequence[timedelta]


def typical(account: AccountCode, *, context: Context) -> Typical | None:
    """Return what people of an account typically wait, or none where nobody arrived lately."""
    with reading() as session:
        lately = access_requests.arrived_since(session, context.now - LOOKED_BACK, account=account)
    times = [row.arrived_at - row.created_at for row in lately if row.arrived_at is not None]
    return Typical(median=median_high(times), people=len(times)) if times else None


def by_account(*, context: Context) -> Mapping[str, Waits]:
    """Return the waits of every account in which somebody asked for access."""
    arrived: dict[str, list[timedelta]] = defaultdict(list)
    pending: dict[str, list[timedelta]] = defaultdict(list)
    with reading() as session:
        for row in access_requests.for_access(session):
            if row.arrived_at is not None:
                arrived[row.account_code].append(row.arrived_at - row.created_at)
            elif row.status == RequestStatus.PENDING:
                pending[row.account_code].append(context.now - row.created_at)
    codes = sorted({*arrived, *pending})
    return {code: Waits(arrived=arrived[code], pending=pending[code]) for code in codes}
