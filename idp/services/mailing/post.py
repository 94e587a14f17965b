"""Posting a mail: it is written in the transaction that causes it, and nobody waits for a mail server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from idp.domain.context import Context
from idp.domain.secrets import new_identifier
from idp.mails.kinds import MailKind
from idp.mails.rendering import rendered
from idp.services.parts import Parts
from idp.settings.mail import domain_of
from idp.store import outbox
from idp.store.outbox import OutboxKind


def post(
    session: Session,
    kind: MailKind,
    *,
    to: str,
    language: str,
    account: str | None,
    parts: Parts,
    context: Context,
    due_at: datetime | None = None,
    silent: bool = False,
    about: str | None = None,
) -> str:
    """Write a mail into the outbox, in the caller's transaction; once that is committed, a worker sends it.

    Its texts are sealed there, because links and codes are in them.

    :param to: checked by :func:`idp.domain.addresses.parse_mailable`.
    :param language: as a language tag.
    :param account: whose matter it is, for the listing.
    :param due_at: not before; none for at once.
    :param silent: do all of it but send: for an answer that must not take another time where there is nobody to
        write to. Of what it said nothing stays.
    :param about: by which :func:`idp.store.outbox.withdraw_about` finds it until it is due.
    :returns: the outbox item's id.
    """
    written = rendered(kind, language=language)
    message_id = f"<{new_identifier()}@{domain_of(parts.settings.issuer)}>"
    texts = json.dumps({"text": written.text, "html": written.html, "language": language})
    payload = {
        "to": to,
        "subject": written.subject,
        "message_id": message_id,
        "sealed": parts.sealer.seal(texts, record=record_of(message_id)),
    }
    if about is not None:
        payload["about"] = about
    return outbox.enqueue(
        session,
        OutboxKind.MAIL,
        _blanked(payload) if silent else payload,
        account=account,
        now=context.now,
        due_at=due_at,
        done_at=context.now if silent else None,
    )


def record_of(message_id: str) -> str:
    """Name the record under which a mail's texts are sealed."""
    return f"mail:{message_id}"


def _blanked(payload: Mapping[str, str]) -> Mapping[str, str]:
    """Return as many characters that say nothing: the row takes as long to write as any other."""
    return {name: "-" * len(value) for name, value in payload.items()}
