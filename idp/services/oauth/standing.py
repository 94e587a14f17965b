"""Who somebody is at a client: one of its account's people, or staff who entered by grant (CONTRACT §6 rule 8)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.identifiers import AccountCode
from idp.domain.staff import entry_into
from idp.store import accounts, staff_grants
from idp.store.subjects import Subject


def standing_in(
    session: Session,
    subject: Subject | None,
    *,
    client_account: AccountCode | None,
    admitted: Collection[AccountCode],
    now: datetime,
) -> Subject | None:
    """Return the person as the client meets them, by what counts at this moment; none when it may not.

    A customer's own people and clients cost no query. For staff at a customer's
    client, account and roles come from their grants.

    :param client_account: the client's account; none for a client of staff and of the accounts ``admitted``.
    """
    if subject is None or subject.account == client_account:
        return subject
    if client_account is None:
        return subject if subject.staff or subject.account in admitted else None
    if not subject.staff:
        return None
    return _entered(session, subject, client_account, now)


def _entered(session: Session, subject: Subject, account: AccountCode, now: datetime) -> Subject | None:
    grants = [row.as_grant() for row in staff_grants.of_user(session, subject.user_id)]
    entry = entry_into(account, grants, now=now)
    present = accounts.find(session, account)
    if entry is None or present is None or not present.enabled or account == STAFF_ACCOUNT:
        return None
    return replace(subject, account=account, roles=entry.roles, until=entry.until)
