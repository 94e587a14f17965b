"""How somebody can sign in, for a waiting request or without one (CONTRACT §6 rule 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from idp.domain.authentication import ACR_EMAIL
from idp.domain.authorization_request import AuthorizationRequest, Prompt
from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, NotFound, Refusal, RequestNotParked
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.services.oauth import authorize
from idp.services.parts import Parts
from idp.services.registry import clients
from idp.services.registry.clients import RegisteredClient
from idp.services.sign_in import home_realm, magic_link
from idp.store import accounts, providers
from idp.store.unit_of_work import reading

_STAFF = AccountCode(STAFF_ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChoice:
    """One upstream provider to choose."""

    code: ProviderCode
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """What the sign-in page offers, and on whose behalf.

    :param request: the one that waits; none where somebody came by themselves.
    :param staff: the providers behind the quiet link for staff; empty where there is none.
    :param email: mail is a way in, too.
    :param is_one_of_several: other accounts were possible, so the person may have chosen the wrong one.
    """

    request: AuthorizationRequest | None
    account: AccountCode
    account_name: str
    service_name: str | None
    providers: Sequence[ProviderChoice]
    staff: Sequence[ProviderChoice]
    email: bool = False
    is_one_of_several: bool = False

    @property
    def only(self) -> ProviderChoice | None:
        """The provider, when it is the only way in; the staff's are not counted, mail is."""
        return self.providers[0] if len(self.providers) == 1 and not self.email else None

    @property
    def asks(self) -> bool:
        """Whether the person is to be asked although there may be one way in only (CONTRACT §6 rule 9)."""
        return self.request is not None and (
            self.request.wants_a_new_proof or Prompt.SELECT_ACCOUNT in self.request.prompts
        )

    @property
    def hinted(self) -> ProviderChoice | None:
        """The provider that the request names by ``idp_hint``, when the account has it."""
        if self.request is None:
            return None
        wanted = self.request.staff_hint if self.account == _STAFF else self.request.idp_hint
        return next((choice for choice in self.providers if choice.code == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichAccount:
    """Several accounts are possible: the person says to which they belong.

    :param among: the accounts that are possible.
    :param staff: the providers behind the quiet link for staff; empty where there is none.
    """

    request: AuthorizationRequest
    service_name: str
    among: tuple[AccountCode, ...]
    staff: Sequence[ProviderChoice]


def of_waiting(
    parked_id: str, *, browser: str, account: str | None = None, parts: Parts, context: Context
) -> WaysIn | WhichAccount:
    """Return the ways in for a request that waits for this browser.

    :param account: the account that the person chose, where there was a choice.
    :raises RequestNotParked: it expired, was answered, began in another browser, or its client is gone.
    :raises NotFound: the chosen account is none of those that are possible.
    :raises NotAdmitted: the account is disabled.
    """
    request = authorize.waiting(parked_id, browser=browser, context=context)
    client = clients.find(request.client_id, context=context)
    if client is None:
        raise RequestNotParked
    with reading() as session:
        chosen = _chosen(session, request, client, account)
        if chosen is None:
            return WhichAccount(
                request=request,
                service_name=client.metadata.client_name,
                among=client.accounts,
                staff=_choices(session, _STAFF),
            )
        with_staff = chosen != _STAFF and (client.is_entered_by_staff or request.account is None)
        ways = _ways(session, chosen, request, client.metadata.client_name, with_staff=with_staff, parts=parts)
        several = request.account is None and len(client.accounts) > 1
        return replace(ways, is_one_of_several=several)


def of_account(account: str, *, with_staff: bool = False, parts: Parts) -> WaysIn:
    """Return the ways into an account for somebody who came by themselves.

    :param with_staff: where they come to, staff have business, too.
    :raises NotFound: there is no such account.
    :raises NotAdmitted: the account is disabled.
    """
    with reading() as session:
        return _ways(session, AccountCode(account), None, None, with_staff=with_staff, parts=parts)


def _chosen(
    session: Session, request: AuthorizationRequest, client: RegisteredClient, account: str | None
) -> AccountCode | None:
    possible = (request.account,) if request.account else client.accounts
    doors = {*possible, _STAFF} if client.is_entered_by_staff else set(possible)
    if account is not None:
        if account not in doors:
            raise NotFound("the service does not admit people of that account")
        return AccountCode(account)
    hint = request.staff_hint
    if hint is not None and _STAFF in doors and providers.find(session, _STAFF, ProviderCode(hint)):
        return _STAFF
    if len(possible) == 1:
        return possible[0]
    return home_realm.of_address(session, request.login_hint or "", among=possible)


def _ways(
    session: Session,
    code: AccountCode,
    request: AuthorizationRequest | None,
    service_name: str | None,
    *,
    with_staff: bool,
    parts: Parts,
) -> WaysIn:
    account = accounts.find(session, code)
    if account is None:
        raise NotFound("there is no such account")
    if not account.enabled:
        raise NotAdmitted(Refusal.ACCOUNT_DISABLED, account=code)
    return WaysIn(
        request=request,
        account=code,
        account_name=account.name,
        service_name=service_name,
        providers=_choices(session, code),
        staff=_choices(session, _STAFF) if with_staff else (),
        email=magic_link.is_offered(account, parts) and _may_be_by_mail(request),
    )


def _may_be_by_mail(request: AuthorizationRequest | None) -> bool:
    """Say whether a proof by mail is of a class that the waiting request takes."""
    return request is None or not request.acr or ACR_EMAIL in request.acr


def _choices(session: Session, account: AccountCode) -> Sequence[ProviderChoice]:
    return [
        ProviderChoice(code=ProviderCode(row.code), display_name=row.display_name)
        for row in sorted(providers.of_account(session, account), key=lambda row: row.display_name.casefold())
    ]
