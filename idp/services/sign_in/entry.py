"""Letting in whom an upstream vouches for: recognition, admission, roles, and the record of all three."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.domain.addresses import Address, parse_address
from idp.domain.admission import Applicant, decide
from idp.domain.authentication import Authentication
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import AttemptUnknown, NotAdmitted, Refusal
from idp.domain.identifiers import AccountCode, UserId
from idp.domain.linking import Match
from idp.domain.role_mapping import RoleRules, derive
from idp.domain.roles import Role
from idp.domain.secrets import new_identifier
from idp.domain.upstream_identity import UpstreamIdentity
from idp.services.parts import Parts
from idp.services.people import link_requests
from idp.services.registry.providers import settings_of
from idp.services.sessions import sso
from idp.services.sessions.sso import Begun
from idp.services.sign_in import arrivals, profile, record
from idp.services.sign_in.matching import Met, is_still_awaited, meet
from idp.services.sign_in.record import Decision
from idp.store import providers, staff_grants, upstream_identities
from idp.store.providers import Provider
from idp.store.sso_sessions import UpstreamSession
from idp.store.unit_of_work import unit_of_work
from idp.store.users import User


class _Overtaken(Exception):
    """Somebody else became the user while this arrival was decided."""


def enter(
    provider: Provider, identity: UpstreamIdentity, *, cookies: Collection[str], parts: Parts, context: Context
) -> Begun:
    """Let somebody in, or refuse; either way the sign-in and its reasons are recorded.

    One transaction: user, link, session, sign-in and audit stand or fall together.

    :param cookies: the SSO cookies that the browser brought.
    :raises AttemptUnknown: the provider was removed meanwhile.
    :raises NotAdmitted: they may not enter; recorded before it is raised, and no user was made.
    """
    try:
        return _enter(provider, identity, cookies, parts, context)
    except (IntegrityError, _Overtaken):
        # Another arrival at the same moment made or claimed the user, or took the address: now that is known.
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
        met = meet(session, present, identity, address, cookies=cookies, parts=parts, context=context)
        decision = _decide(identity, met, settings_of(present).rules())
        begun = None
        if decision.refusal is None:
            user = _welcome(session, present, identity, address, met, decision, context)
            decision = replace(decision, user=user)
            begun = _begin(session, user, identity, cookies, parts, context)
        elif decision.refusal.needs_a_decision and met.holder is not None:
            link_requests.ask(session, present, identity, met.holder, parts=parts, context=context)
        record.keep(session, present, identity, address, decision, context)
    if decision.refusal is not None or begun is None:
        raise NotAdmitted(decision.refusal or Refusal.USER_DISABLED, provider=provider.code)
    return begun


def _decide(identity: UpstreamIdentity, met: Met, rules: RoleRules) -> Decision:
    ours = () if met.user is None else tuple(Role(role) for role in met.user.roles)
    derivation = derive(identity.roles, rules, ours=ours)
    applicant = Applicant(
        account_enabled=met.account is not None and met.account.enabled,
        match=met.match,
        user_enabled=met.user is None or met.user.enabled,
        staff_address=met.staff_address,
        trial=met.account is not None and met.account.trial,
    )
    return Decision(
        id=new_identifier(),
        match=met.match,
        refusal=decide(applicant, derivation, rules),
        rules=rules,
        roles_before=ours,
        derivation=derivation,
        user=met.user,
    )


def _welcome(
    session: Session,
    provider: Provider,
    identity: UpstreamIdentity,
    address: Address | None,
    met: Met,
    decision: Decision,
    context: Context,
) -> User:
    if not is_still_awaited(session, met):
        raise _Overtaken
    user = met.user or profile.new_user(session, provider, context)
    if met.match is not Match.KNOWN:
        upstream_identities.tie(
            session,
            providers.id_of(provider),
            issuer=identity.issuer,
            subject=identity.subject,
            user_id=UserId(user.id),
            now=context.now,
        )
    if user.last_sign_in_at is None:
        arrivals.note_first(session, user, context=context)
    user.roles, user.roles_sign_in_id = list(decision.derivation.roles), decision.id
    profile.refresh(session, user, identity, address, met.holder, context)
    user.confirmed_at, user.confirmed_by = context.now, provider.id
    if user.account_code == STAFF_ACCOUNT and user.email_vouched and address is not None:
        staff_grants.bind(session, UserId(user.id), address.canonical)
    return user


def _begin(
    session: Session,
    user: User,
    identity: UpstreamIdentity,
    cookies: Collection[str],
    parts: Parts,
    context: Context,
) -> Begun:
    return sso.begin(
        session,
        user_id=UserId(user.id),
        account=AccountCode(user.account_code),
        authentication=Authentication.federated(identity),
        upstream=UpstreamSession(issuer=identity.issuer, subject=identity.subject, sid=identity.session),
        proven_at=identity.proven_at,
        cookies=cookies,
        parts=parts,
        context=context,
    )
