"""An account's own settings."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from idp.api.v1.models import WHOLE, Domain, Email, Moment, Nothing, Sent, Told
from idp.api.v1.operations import Call, operation
from idp.domain.mail_sign_in import MagicLinks
from idp.services.registry import accounts as service
from idp.services.registry.account_checks import (
    MAX_ESCALATION_HOURS,
    MAX_EXPIRY_DAYS,
    MAX_IDLE_DAYS,
    MAX_NAME_LENGTH,
    MAX_ORIGIN_LENGTH,
)
from idp.services.registry.accounts import AccountSettings
from idp.store.accounts import Account as Row

TAG = "account"
_PATH = "/accounts/{account}"
_MOST = 100
_MOST_SECONDS = 999_999_999
_LISTS = {
    "origin": "origins",
    "email_domain": "email_domains",
    "access_domain": "access_domains",
    "deputy": "deputies",
}
_EMPTIED = {"base_url": "", "reverify_after": 0, "disable_idle_after": 0}
"""What null stands for, where there is a value that means none."""

Origin = Annotated[
    str, Field(max_length=MAX_ORIGIN_LENGTH, pattern=r"^https://[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9][0-9]{0,3})?$")
]
BaseUrl = Annotated[
    str,
    Field(
        max_length=2048, pattern=r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~/-]*)?$"
    ),
]


class Account(Told):
    """An account with its settings."""

    code: str
    name: str
    enabled: bool
    base_url: str | None
    origin: list[str]
    email_domain: list[str]
    access_domain: list[str]
    trial: bool
    link_by_email: bool
    reverify_after: int | None
    magic_link: MagicLinks
    request_expiry: int
    escalate_after: int
    disable_idle_after: int | None
    deputy: list[str]
    created_at: Moment


class AccountChange(Sent):
    """What is to change; what is not given stays, a list that is given replaces the old one."""

    name: (
        Annotated[
            str, Field(max_length=MAX_NAME_LENGTH, pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$")
        ]
        | None
    ) = None
    base_url: BaseUrl | None = Field(None, description="Where relative redirects lead; null for the issuer.")
    origin: Annotated[list[Origin], Field(max_length=_MOST)] | None = Field(None, description="Of the widget's pages.")
    email_domain: Annotated[list[Domain], Field(max_length=_MOST)] | None = Field(
        None, description="Mail domains that the account owns."
    )
    access_domain: Annotated[list[Domain], Field(max_length=_MOST)] | None = Field(
        None, description="Mail domains whose people may ask for access; none for everybody."
    )
    trial: bool | None = None
    link_by_email: bool | None = None
    reverify_after: Annotated[int, Field(ge=1, le=_MOST_SECONDS), WHOLE] | None = Field(None, description="Seconds.")
    magic_link: MagicLinks | None = None
    request_expiry: Annotated[int, Field(ge=1, le=MAX_EXPIRY_DAYS), WHOLE] | None = Field(None, description="Days.")
    escalate_after: Annotated[int, Field(ge=1, le=MAX_ESCALATION_HOURS), WHOLE] | None = Field(
        None, description="Hours."
    )
    disable_idle_after: Annotated[int, Field(ge=1, le=MAX_IDLE_DAYS), WHOLE] | None = Field(None, description="Days.")
    deputy: Annotated[list[Email], Field(max_length=_MOST)] | None = Field(None, description="Addresses of users.")

    def settings(self) -> AccountSettings:
        """Return what was sent as the service takes it."""
        given: dict[str, Any] = {}
        for name, value in self.given().items():
            known = _EMPTIED.get(name) if value is None else value
            given[_LISTS.get(name, name)] = tuple(dict.fromkeys(known)) if isinstance(known, list) else known
        return AccountSettings(**given)


@operation("GET", _PATH, "accounts.view_account", tag=TAG, summary="Show the account", answer=Account)
def show_account(call: Call[Nothing, Nothing]) -> Account:
    """With its settings."""
    return _shown(service.show(call.account))


@operation(
    "PATCH",
    _PATH,
    "accounts.change_account",
    tag=TAG,
    summary="Change the account's settings",
    body=AccountChange,
    answer=Account,
    refusals=(HTTPStatus.CONFLICT,),
    sensitive=True,
)
def change_account(call: Call[Nothing, AccountChange]) -> Account:
    """What is not given stays."""
    return _shown(service.update(call.account, call.body.settings(), context=call.context))


def _shown(row: Row) -> Account:
    return Account(
        code=row.code,
        name=row.name,
        enabled=row.enabled,
        base_url=row.base_url,
        origin=[one.origin for one in row.origins],
        email_domain=[one.domain for one in row.email_domains],
        access_domain=[one.domain for one in row.access_domains],
        trial=row.trial,
        link_by_email=row.link_by_email,
        reverify_after=row.reverify_after,
        magic_link=MagicLinks(row.magic_link),
        request_expiry=row.request_expiry_days,
        escalate_after=row.escalate_after_hours,
        disable_idle_after=row.disable_idle_after_days,
        deputy=service.addresses_of_deputies(row),
        created_at=row.created_at,
    )
