"""How somebody can sign in for a waiting request (CONTRACT §6 rule 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idp.domain.authorization_request import AuthorizationRequest
from idp.domain.context import Context
from idp.domain.errors import NotAdmitted, Refusal, RequestNotParked
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.services.oauth import authorize
from idp.store import accounts, clients, providers
from idp.store.unit_of_work import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChoice:
    """One upstream provider to choose."""

    code: ProviderCode
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """What the sign-in page offers, and on whose behalf."""

    request: AuthorizationRequest
    account: AccountCode
    account_name: str
    service_name: str
    providers: Sequence[ProviderChoice]

    @property
    def only(self) -> ProviderChoice | None:
        """The provider, when there is exactly one."""
        return self.providers[0] if len(self.providers) == 1 else None

    @property
    def hinted(self) -> ProviderChoice | None:
        """The provider that the request names by ``idp_hint``, when the account has it."""
        return next((choice for choice in self.providers if choice.code == self.request.idp_hint), None)


def of_waiting(parked_id: str, *, browser: str, context: Context) -> WaysIn:
    """Return the ways in for a request that waits for this browser.

    :raises RequestNotParked: it expired, was answered, began in another browser, or its client is gone.
    :raises NotAdmitted: the account is disabled.
    """
    request = authorize.waiting(parked_id, browser=browser, context=context)
    with reading() as session:
        client = clients.find(session, request.client_id)
        account = accounts.find(session, AccountCode(client.account_code)) if client else None
        if client is None or account is None:
            raise RequestNotParked
        if not account.enabled:
            raise NotAdmitted(Refusal.ACCOUNT_DISABLED, account=account.code)
        rows = providers.of_account(session, AccountCode(account.code))
    return WaysIn(
        request=request,
        account=AccountCode(account.code),
        account_name=account.name,
        service_name=client.client_name,
        providers=[ProviderChoice(code=ProviderCode(row.code), display_name=row.display_name) for row in rows],
    )
