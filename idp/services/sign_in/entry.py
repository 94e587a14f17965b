"""Letting in whom an upstream vouches for: matching, admission, roles, and the record of all three."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.audit import trail
from idp.audit.events import OK, SignInFinished
from idp.domain.addresses import Address, parse_address
from idp.domain.admission import Applicant, decide
from idp.domain.authentication import Authentication
from idp.domain.context import Context
from idp.domain.errors import AttemptUnknown, NotAdmitted, Refusal
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.role_mapping import Derivation, derive
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import UpstreamIdentity
from idp.services.parts import Parts
from idp.services.registry.providers import settings_of
from idp.services.sessions import sso
from idp.services.sessions.sso import Begun
from idp.store import accounts, providers, upstream_identities, users
from idp.store.providers import Provider
from idp.store.sign_ins import SignIn
from idp.store.sso_sessions import UpstreamSession
from idp.store.unit_of_work import unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from idp.store.users import MAX_LOCALE_LENGTH, User


def enter(
    provider: Provider, identity: UpstreamIdentity, *, cookies: Collection[str], parts: Parts, context: Context
) -> Begun:
    """Let somebody in, or refuse; either way the sign-in and its reasons are recorded.

    One transaction: user, link, session, sign-in and audit stand or fall together.

    :raises AttemptUnknown: the provider was removed meanwhile.
    :raises NotAdmitted: they may not enter; recorded before it is raised, and no user was made.
    """
    try:
        return _enter(provider, identity, cookies, parts, context)
    except IntegrityError:
        # Another arrival at the same moment made the user, or took the address: now that is known.
        return _enter(provider, identity, cookies, parts, context)


def _enter(
    provider: Provider, identity: UpstreamIdentity, cookies: Collection[str], parts: Parts, context: Context
) -> Begun:
    address = parse_address(identity.email or "")
    with unit_of_work() as session:
        # Read again: while the person was away, an operator may have changed the provider, or removed it.
        present = providers.get(session, providers.id_of(provider))
        if present is None:
            raise AttemptUnknown(provider=provider.code)
        provider = present
        rules = settings_of(provider).rules()
        # The address first: should the same person arrive elsewhere between the two looks, the second finds
        # them known, and not their own address taken by a stranger.
        holder = _holder(session, provider.account_code, address)
        user = _known_user(session, provider, identity)
        ours = () if user is None else tuple(Role(role) for role in user.roles)
        derivation = derive(identity.roles, rules, ours=ours)
        refusal = decide(_applicant(session, provider, user, holder), derivation, rules)
        is_new = user is None
        begun = None
        if refusal is None:
            user = user or _new_user(session, provider, identity, context)
            _refresh(session, user, identity, address, holder, derivation, context)
            begun = sso.begin(
                session,
                user_id=UserId(user.id),
                account=AccountCode(user.account_code),
                authentication=Authentication.federated(identity),
                upstream=UpstreamSession(issuer=identity.issuer, subject=identity.subject, sid=identity.session),
                cookies=cookies,
                parts=parts,
                context=context,
            )
        outcome = OK if refusal is None else refusal.value
        _record(session, provider, identity, address, derivation, user, outcome, context)
        _audit(session, provider, user, outcome, is_new and refusal is None, derivation, context)
    if begun is None:
        raise NotAdmitted(refusal or Refusal.USER_DISABLED, provider=provider.code)
    return begun


def _known_user(session: Session, provider: Provider, identity: UpstreamIdentity) -> User | None:
    link = upstream_identities.find(
        session, providers.id_of(provider), issuer=identity.issuer, subject=identity.subject
    )
    return None if link is None else users.get(session, UserId(link.user_id))


def _applicant(session: Session, provider: Provider, user: User | None, holder: UserId | None) -> Applicant:
    account = accounts.find(session, AccountCode(provider.account_code))
    return Applicant(
        account_enabled=account is not None and account.enabled,
        known=user is not None,
        user_enabled=user is None or user.enabled,
        address_taken=holder not in {None, user.id if user else None},
    )


def _holder(session: Session, account: str, address: Address | None) -> UserId | None:
    if address is None:
        return None
    return users.holder_of_address(session, AccountCode(account), address.canonical)


def _new_user(session: Session, provider: Provider, identity: UpstreamIdentity, context: Context) -> User:
    user = User(
        id=new_identifier(),
        account_code=provider.account_code,
        roles=[],
        enabled=True,
        email_vouched=False,
        created_at=context.now,
    )
    session.add(user)
    session.flush()
    session.add(
        UpstreamIdentityLink(
            id=new_identifier(),
            provider_id=provider.id,
            issuer=identity.issuer,
            subject=identity.subject,
            user_id=user.id,
            created_at=context.now,
            last_seen_at=context.now,
        )
    )
    return user


def _refresh(
    session: Session,
    user: User,
    identity: UpstreamIdentity,
    address: Address | None,
    holder: UserId | None,
    derivation: Derivation,
    context: Context,
) -> None:
    """Bring the user's record up to what the upstream says now.

    :param holder: who held the address when admission was decided. Should somebody have taken it since,
        the unique index refuses, and everything is decided anew.
    """
    others = holder not in {None, UserId(user.id)}
    user.roles = list(derivation.roles)
    user.name = identity.name
    user.given_name = identity.given_name
    user.family_name = identity.family_name
    user.locale = identity.locale if len(identity.locale or "") <= MAX_LOCALE_LENGTH else None
    user.last_sign_in_at = context.now
    user.email = address.given if address else None
    user.email_canonical = address.canonical if address else None
    # An address that somebody else answers for stays theirs: here it is display only.
    user.email_vouched = identity.email_vouched and address is not None and not others
    for link in upstream_identities.of_user(session, UserId(user.id)):
        if (link.issuer, link.subject) == (identity.issuer, identity.subject):
            link.last_seen_at = context.now
    session.flush()


def _record(
    session: Session,
    provider: Provider,
    identity: UpstreamIdentity,
    address: Address | None,
    derivation: Derivation,
    user: User | None,
    outcome: str,
    context: Context,
) -> None:
    session.add(
        SignIn(
            id=new_identifier(),
            at=context.now,
            account_code=provider.account_code,
            provider_code=provider.code,
            user_id=user.id if user else None,
            subject=identity.subject,
            email=address.given if address else None,
            email_canonical=address.canonical if address else None,
            email_vouched=identity.email_vouched,
            outcome=outcome,
            role_claim=identity.roles.claim,
            role_values=list(identity.roles.values),
            role_steps=[asdict(step) for step in derivation.steps],
            roles=list(derivation.roles),
            request_id=context.request_id,
        )
    )


def _audit(
    session: Session,
    provider: Provider,
    user: User | None,
    outcome: str,
    new_user: bool,
    derivation: Derivation,
    context: Context,
) -> None:
    event = SignInFinished(
        account=provider.account_code,
        user=user.id if user else None,
        provider=provider.code,
        outcome=outcome,
        new_user=new_user,
        roles=list(derivation.roles) if outcome == OK else [],
    )
    trail.record(session, event, context)
