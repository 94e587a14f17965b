"""Sign-in through an upstream provider: away and back (ARCHITECTURE, walk 1)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from idp.audit import trail
from idp.audit.events import SignInFailed
from idp.domain.authorization_request import AuthorizationRequest, Prompt
from idp.domain.context import Context
from idp.domain.errors import AttemptUnknown, DomainError, NotFound, UpstreamError, WrongOrganisation
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.domain.secrets import digest, new_secret
from idp.domain.upstream_identity import UpstreamIdentity
from idp.services.parts import Parts
from idp.services.registry.providers import connector_of, redirect_uri
from idp.services.sessions.sso import Begun
from idp.services.sign_in import entry, record
from idp.store import providers, sign_in_attempts
from idp.store.providers import Provider
from idp.store.sign_in_attempts import Departed
from idp.store.unit_of_work import reading, unit_of_work
from idp.upstream.connector import Callback, Hints

AWAY_FOR = timedelta(hours=1)
"""How long somebody may take at the upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody came back and was let in.

    :param parked_id: the authorization request that waits for them, or none.
    :param after: the path of ours that wanted them to sign in, or none.
    """

    session: Begun
    parked_id: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSignedIn:
    """Somebody came back and was not let in, or the upstream's answer could not be used.

    :param error: an :class:`UpstreamError` or :class:`NotAdmitted`.
    """

    error: DomainError
    account: AccountCode
    provider_name: str
    parked_id: str | None
    after: str | None


def hints_of(request: AuthorizationRequest) -> Hints:
    """Return what a waiting request suggests to an upstream (CONTRACT §6 rule 9)."""
    return Hints(
        login_hint=request.login_hint,
        ui_locales=request.ui_locales,
        new_proof=request.wants_a_new_proof,
        max_age=request.max_age,
        choose=Prompt.SELECT_ACCOUNT in request.prompts,
    )


def begin(
    account: AccountCode,
    code: ProviderCode,
    *,
    parked_id: str | None,
    after: str | None = None,
    browser: str,
    hints: Hints,
    parts: Parts,
    context: Context,
) -> str:
    """Send somebody to an upstream provider.

    :param after: the path of ours to which the browser goes afterwards, where no request waits.
    :param browser: the browser cookie's value, to which the return is bound.
    :returns: the upstream's address.
    :raises NotFound: the account has no such provider.
    :raises UpstreamError: the provider cannot be reached or contradicts its configuration.
    """
    with reading() as session:
        provider = providers.find(session, account, code)
    if provider is None:
        raise _no_provider(account, code)
    state = new_secret()
    callback = redirect_uri(provider, issuer=parts.settings.issuer)
    handoff = connector_of(provider, parts).start(redirect_uri=callback, state=state, hints=hints)
    departed = Departed(
        provider_id=providers.id_of(provider),
        parked_id=parked_id,
        after=after,
        redirect_uri=callback,
        remembered_sealed=parts.sealer.seal(json.dumps(dict(handoff.remember)), record=_record(state)),
    )
    with unit_of_work() as session:
        # The upstream was asked in between: an operator may have removed the provider meanwhile.
        if providers.get(session, departed.provider_id) is None:
            raise _no_provider(account, code)
        sign_in_attempts.add(
            session,
            state,
            browser=browser,
            departed=departed,
            created_at=context.now,
            expires_at=context.now + AWAY_FOR,
        )
    return handoff.url


def finish(
    params: Mapping[str, str],
    *,
    callback_uri: str,
    browser: str,
    cookies: Collection[str],
    parts: Parts,
    context: Context,
) -> SignedIn | NotSignedIn:
    """Take somebody back from an upstream provider.

    The attempt is taken in a transaction of its own before the upstream is
    asked: whatever happens then, the same answer is never looked at twice.

    :param params: the callback's query, each parameter once.
    :param callback_uri: the address at which the callback arrived.
    :param browser: the browser cookie's value; empty when it brought none.
    :param cookies: the SSO cookies that the browser brought.
    :raises AttemptUnknown: no open attempt of this browser departed with that state from this provider.
    """
    state = params.get("state", "")
    with unit_of_work() as session:
        departed = sign_in_attempts.take(session, state, browser=browser, redirect_uri=callback_uri, now=context.now)
        provider = providers.get(session, departed.provider_id) if departed else None
    if departed is None or provider is None:
        raise AttemptUnknown(callback=callback_uri)
    try:
        identity = _identity(provider, params, departed, state, parts, context)
        session_begun = entry.enter(provider, identity, cookies=cookies, parts=parts, context=context)
    except UpstreamError as error:
        _audit_failure(provider, error, context)
        return _not_signed_in(error, provider, departed)
    except DomainError as error:
        return _not_signed_in(error, provider, departed)
    return SignedIn(session=session_begun, parked_id=departed.parked_id, after=departed.after)


def _no_provider(account: AccountCode, code: ProviderCode) -> NotFound:
    return NotFound(f"account {account!r} has no provider {code!r}")


def _identity(
    provider: Provider, params: Mapping[str, str], departed: Departed, state: str, parts: Parts, context: Context
) -> UpstreamIdentity:
    remembered = json.loads(parts.sealer.open(departed.remembered_sealed, record=_record(state)))
    callback = Callback(params=params, redirect_uri=departed.redirect_uri, remembered=remembered)
    return connector_of(provider, parts).finish(callback, now=context.now)


def _not_signed_in(error: DomainError, provider: Provider, departed: Departed) -> NotSignedIn:
    return NotSignedIn(
        error=error,
        account=AccountCode(provider.account_code),
        provider_name=provider.display_name,
        parked_id=departed.parked_id,
        after=departed.after,
    )


def _audit_failure(provider: Provider, error: UpstreamError, context: Context) -> None:
    with unit_of_work() as session:
        if isinstance(error, WrongOrganisation):
            record.keep_stranger(session, provider, error, context)
        event = SignInFailed(
            account=provider.account_code, provider=provider.code, outcome=type(error).__name__, reason=str(error)
        )
        trail.record(session, event, context)


def _record(state: str) -> str:
    return f"sign_in_attempt:{digest(state)}"
