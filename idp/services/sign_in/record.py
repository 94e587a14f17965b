"""What is kept of a sign-in, let in or not: its evidence, the rules of that moment, and what followed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import OK, IdentityLinked, SignInFinished
from idp.domain.addresses import Address, parse_address
from idp.domain.context import Context
from idp.domain.errors import Refusal, WrongOrganisation
from idp.domain.linking import Match
from idp.domain.role_mapping import Derivation, RoleRules
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import UpstreamIdentity
from idp.services.registry.providers import settings_of
from idp.store.providers import Provider
from idp.store.sign_ins import SignIn
from idp.store.users import User

WRONG_ORGANISATION = "wrong_organisation"
"""The outcome of a sign-in that a pin refused before anybody was looked up."""
_ON_EXISTING_USERS = frozenset({Match.AWAITED, Match.CLAIMED, Match.LINKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a sign-in was decided.

    :param id: of the record that :func:`keep` makes.
    :param roles_before: those in our records until then.
    :param user: whom it let in, or refused; none where nobody was recognised.
    """

    id: str
    match: Match | Refusal
    refusal: Refusal | None
    rules: RoleRules
    roles_before: tuple[Role, ...]
    derivation: Derivation
    user: User | None

    @property
    def outcome(self) -> str:
        """``ok``, or why not."""
        return OK if self.refusal is None else self.refusal.value


def keep(
    session: Session,
    provider: Provider,
    identity: UpstreamIdentity,
    address: Address | None,
    decision: Decision,
    context: Context,
) -> None:
    """Record a decided sign-in, and the audit events that belong to it."""
    derivation = decision.derivation
    session.add(
        SignIn(
            id=decision.id,
            at=context.now,
            account_code=provider.account_code,
            provider_code=provider.code,
            user_id=decision.user.id if decision.user else None,
            issuer=identity.issuer,
            subject=identity.subject,
            organisation=identity.organisation,
            match=decision.match.value if isinstance(decision.match, Match) else None,
            email=address.given if address else None,
            email_canonical=address.canonical if address else None,
            email_vouched=identity.email_vouched,
            outcome=decision.outcome,
            role_claim=identity.roles.claim,
            role_values=list(identity.roles.values),
            role_rules=decision.rules.as_json(),
            roles_before=list(decision.roles_before),
            role_steps=[asdict(step) for step in derivation.steps],
            roles=list(derivation.roles),
            request_id=context.request_id,
        )
    )
    _audit(session, provider, decision, context)


def keep_stranger(session: Session, provider: Provider, error: WrongOrganisation, context: Context) -> None:
    """Record a sign-in that a pin refused: nobody was looked up, and no roles were derived."""
    address = parse_address(error.email or "")
    session.add(
        SignIn(
            id=new_identifier(),
            at=context.now,
            account_code=provider.account_code,
            provider_code=provider.code,
            user_id=None,
            issuer=None,
            subject=(error.subject or "")[:255],
            organisation=None if error.found is None else error.found[:255],
            match=None,
            email=address.given if address else None,
            email_canonical=address.canonical if address else None,
            email_vouched=False,
            outcome=WRONG_ORGANISATION,
            role_claim=provider.roles_claim,
            role_values=[],
            role_rules=settings_of(provider).rules().as_json(),
            roles_before=[],
            role_steps=[],
            roles=[],
            request_id=context.request_id,
        )
    )


def _audit(session: Session, provider: Provider, decision: Decision, context: Context) -> None:
    user = decision.user.id if decision.user else None
    let_in = decision.refusal is None
    if let_in and decision.match in _ON_EXISTING_USERS:
        linked = IdentityLinked(
            account=provider.account_code, user=user, provider=provider.code, match=decision.match.value
        )
        trail.record(session, linked, context)
    event = SignInFinished(
        account=provider.account_code,
        user=user,
        provider=provider.code,
        outcome=decision.outcome,
        new_user=let_in and decision.match is Match.NEW,
        roles=list(decision.derivation.roles) if let_in else [],
    )
    trail.record(session, event, context)
