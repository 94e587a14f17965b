"""Mails to people whom an operator made, or gave more to do."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import UserInvited
from idp.domain.addresses import parse_mailable
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import Invalid
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.roles import GROUPS, Role, outranks
from idp.mails.kinds import Invitation, MailKind, RoleRaised
from idp.services.mailing import proofs, recipients
from idp.services.mailing.post import post
from idp.services.mailing.proofs import Addressee, Drawn, Terms
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.services.sign_in import magic_link
from idp.store.mail_proofs import Purpose, Window
from idp.store.users import User


def invite(session: Session, user: User, *, parts: Parts, context: Context) -> None:
    """Mail somebody a link that signs them in, within the caller's transaction.

    :raises Invalid: mail is no way into the account, or not to this address.
    """
    account = accounts.require(session, user.account_code)
    if not parts.settings.can_mail:
        raise Invalid("--invite: this provider sends no mail; set IDP_MAIL_URL, and see: idp doctor")
    if account.code == STAFF_ACCOUNT:
        raise Invalid("--invite: staff never sign in by mail; they enter by grant, see: idp staff grant --help")
    if not magic_link.is_offered(account, parts):
        raise Invalid(
            f"--invite: people of {account.code!r} do not sign in by mail; allow it with: "
            f"idp accounts update {account.code} --magic-link unlinked"
        )
    if parse_mailable(user.email or "") is None:
        raise Invalid(f"--invite: no mail can be sent to {user.email!r}; give an address written in ASCII")
    addressee = Addressee(
        account=AccountCode(account.code),
        email=user.email or "",
        canonical=user.email_canonical or "",
        user_id=UserId(user.id),
    )

    def compose(drawn: Drawn) -> MailKind:
        return Invitation(
            account_name=account.name,
            link=drawn.link,
            code=drawn.code,
            group=_group(user.roles),
            lives_for=drawn.lives_for,
        )

    terms = Terms(purpose=Purpose.SIGN_IN, window=Window(language=recipients.language_of(user)))
    issued = proofs.issue(session, addressee, terms, compose, parts=parts, context=context)
    trail.record(session, UserInvited(account=account.code, user=user.id, mail=issued.id), context)


def tell_of_more(session: Session, user: User, before: Sequence[str], *, parts: Parts, context: Context) -> None:
    """Mail somebody whose role was raised, within the caller's transaction; nobody else is told anything here.

    :param before: their roles until then, the highest first.
    """
    is_raised = outranks(Role(user.roles[0]), Role(before[0]))
    if not (is_raised and parts.settings.can_mail and user.email_held and parse_mailable(user.email or "")):
        return
    account = accounts.require(session, user.account_code)
    post(
        session,
        RoleRaised(account_name=account.name, group=_group(user.roles)),
        to=user.email or "",
        language=recipients.language_of(user),
        account=account.code,
        parts=parts,
        context=context,
    )


def _group(roles: Sequence[str]) -> str:
    return GROUPS[Role(roles[0])]
