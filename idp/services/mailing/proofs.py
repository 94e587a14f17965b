"""Mails by which somebody proves that they read an address: making the row, the link and the code, and posting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from idp.domain import mail_code
from idp.domain.context import Context
from idp.domain.identifiers import AccountCode, SessionId, UserId
from idp.domain.secrets import new_identifier
from idp.mails.kinds import MailKind
from idp.services.mailing import links
from idp.services.mailing.post import post
from idp.services.parts import Parts
from idp.store import mail_proofs
from idp.store.mail_proofs import Purpose, Sent, Window

_PATHS = {Purpose.ACCESS: links.ACCESS_PATH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """To whom a mail goes.

    :param email: as it was typed, or is known.
    :param to: as its holder spells it, where that is another spelling.
    :param user_id: the user who holds the address; none where nobody does.
    """

    account: AccountCode
    email: str
    canonical: str
    user_id: UserId | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a mail carries.

    :param code: as it is shown.
    """

    link: str = field(repr=False)
    code: str = field(repr=False)
    lives_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A mail that is on its way.

    :param id: of its row.
    :param mail_id: of the outbox item.
    """

    id: str
    mail_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What using a mail does.

    :param sid: whose session it proves anew.
    :param request_id: the access request that led to it.
    :param due_at: it is not sent before; none for at once.
    :param silent: it is written as any other and never sent, so that nobody can tell by the time.
    """

    purpose: Purpose
    window: Window
    sid: SessionId | None = None
    request_id: str | None = None
    due_at: datetime | None = None
    silent: bool = False


def issue(
    session: Session,
    addressee: Addressee,
    terms: Terms,
    compose: Callable[[Drawn], MailKind],
    *,
    parts: Parts,
    context: Context,
) -> Issued:
    """Write a mail with a link and a code in the caller's transaction."""
    proof_id, code = new_identifier(), mail_code.new_code()
    lives_for = parts.settings.lifetime("magic_link_ttl")
    mail_proofs.add(
        session,
        Sent(
            id=proof_id,
            purpose=terms.purpose,
            account=addressee.account,
            email=addressee.email,
            email_canonical=addressee.canonical,
            user_id=addressee.user_id,
            sid=terms.sid,
            request_id=terms.request_id,
            window=terms.window,
            network=context.network,
            code_tag=parts.mail_links.tag(proof_id, code),
            expires_at=(terms.due_at or context.now) + lives_for,
        ),
        now=context.now,
    )
    path = _PATHS.get(terms.purpose, links.CONFIRM_PATH)
    link = links.to(path, proof_id, parts=parts)
    mail_id = post(
        session,
        compose(Drawn(link=link, code=mail_code.shown(code), lives_for=lives_for)),
        to=addressee.to or addressee.email,
        language=terms.window.language,
        account=addressee.account,
        parts=parts,
        context=context,
        due_at=terms.due_at,
        silent=terms.silent,
    )
    return Issued(id=proof_id, mail_id=mail_id)
