"""``api-keys`` and ``platform-secrets``: by which a platform vouches for an account's agents. Each is answered once."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from idp.api.v1.models import List, Moment, Nothing, Sent, Told
from idp.api.v1.operations import Call, operation
from idp.api.v1.paging import whole
from idp.browser.runtime import parts
from idp.domain.integration_secrets import MAX_KEY_LENGTH, MAX_SECRET_BYTES, MIN_KEY_LENGTH, MIN_SECRET_BYTES
from idp.services.registry import api_keys, platform_secrets, within
from idp.store.api_keys import ApiKey
from idp.store.platform_secrets import PlatformSecret

KEYS, SECRETS = "API keys", "platform secrets"
_KEYS = "/accounts/{account}/api-keys"
_KEY = f"{_KEYS}/{{key_id}}"
_SECRETS = "/accounts/{account}/platform-secrets"
_SECRET = f"{_SECRETS}/{{secret_id}}"
_TO_KEY = {
    name: {"account": "$response.body#/account", "key_id": "$response.body#/id"}
    for name in ("rotate_api_key", "revoke_api_key")
}
_TO_SECRET = {
    name: {"account": "$response.body#/account", "secret_id": "$response.body#/id"}
    for name in ("rotate_platform_secret", "revoke_platform_secret")
}


class State(StrEnum):
    """Whether it still counts."""

    LIVE = "live"
    REVOKED = "revoked"


class Integration(Told):
    """What may be known of a key or secret."""

    id: str
    account: str
    created_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None
    state: State


class NewApiKey(Sent):
    """A key that is brought along, or none: one is made."""

    api_key: (
        Annotated[
            str,
            Field(
                min_length=MIN_KEY_LENGTH,
                max_length=MAX_KEY_LENGTH,
                pattern=r"^[\x21-\x7e]+$",
                json_schema_extra={"writeOnly": True},
            ),
        ]
        | None
    ) = None


class NewPlatformSecret(Sent):
    """A secret that is brought along, or none: one is made."""

    secret: (
        Annotated[
            str,
            Field(
                min_length=MIN_SECRET_BYTES,
                max_length=MAX_SECRET_BYTES,
                pattern=r"^[\x20-\x7e]+$",
                json_schema_extra={"writeOnly": True},
            ),
        ]
        | None
    ) = None


class ApiKeyMade(Told):
    """A new key, which is answered this once."""

    id: str
    account: str
    api_key: str | None = Field(description="Null where the caller brought it along.")


class PlatformSecretMade(Told):
    """A new secret, which is answered this once."""

    id: str
    account: str
    secret: str | None = Field(description="Null where the caller brought it along.")


@operation("GET", _KEYS, "api_keys.view_apikey", tag=KEYS, summary="List API keys", answer=List[Integration])
def list_api_keys(call: Call[Nothing, Nothing]) -> List[Integration]:
    """Those that were revoked included, the latest first. The keys themselves cannot be read."""
    return whole(List[Integration], [_shown(row) for row in api_keys.list_all(call.account)])


@operation(
    "POST",
    _KEYS,
    "api_keys.add_apikey",
    tag=KEYS,
    summary="Make an API key",
    body=NewApiKey,
    answer=ApiKeyMade,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    links=_TO_KEY,
)
def create_api_key(call: Call[Nothing, NewApiKey]) -> ApiKeyMade:
    """An account has two live ones at most, one to replace the other. Its managers are told."""
    brought = call.body.api_key
    made = api_keys.create(call.account, key=brought, parts=parts(), context=call.context)
    return ApiKeyMade(id=made.id, account=made.account, api_key=made.api_key if brought is None else None)


@operation(
    "POST",
    f"{_KEY}/rotation",
    "api_keys.change_apikey",
    tag=KEYS,
    summary="Replace an API key",
    answer=ApiKeyMade,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    links=_TO_KEY,
)
def rotate_api_key(call: Call[Nothing, Nothing], key_id: str) -> ApiKeyMade:
    """The old one ends at once. For an overlap make a second one, and revoke the first."""
    within.api_key(call.account, key_id)
    made = api_keys.rotate(key_id, parts=parts(), context=call.context)
    return ApiKeyMade(id=made.id, account=made.account, api_key=made.api_key)


@operation(
    "DELETE",
    _KEY,
    "api_keys.delete_apikey",
    tag=KEYS,
    summary="Revoke an API key",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
)
def revoke_api_key(call: Call[Nothing, Nothing], key_id: str) -> None:
    """At once. Sessions that it began go on; end them with a sign-out."""
    within.api_key(call.account, key_id)
    api_keys.revoke(key_id, context=call.context)


@operation(
    "GET",
    _SECRETS,
    "platform_secrets.view_platformsecret",
    tag=SECRETS,
    summary="List platform secrets",
    answer=List[Integration],
)
def list_platform_secrets(call: Call[Nothing, Nothing]) -> List[Integration]:
    """Those that were revoked included, the latest first. The secrets themselves cannot be read."""
    return whole(List[Integration], [_shown(row) for row in platform_secrets.list_all(call.account)])


@operation(
    "POST",
    _SECRETS,
    "platform_secrets.add_platformsecret",
    tag=SECRETS,
    summary="Make a platform secret",
    body=NewPlatformSecret,
    answer=PlatformSecretMade,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    links=_TO_SECRET,
)
def create_platform_secret(call: Call[Nothing, NewPlatformSecret]) -> PlatformSecretMade:
    """An account has two live ones at most, one to replace the other. Its managers are told."""
    brought = call.body.secret
    made = platform_secrets.create(call.account, secret=brought, parts=parts(), context=call.context)
    return PlatformSecretMade(id=made.id, account=made.account, secret=made.secret if brought is None else None)


@operation(
    "POST",
    f"{_SECRET}/rotation",
    "platform_secrets.change_platformsecret",
    tag=SECRETS,
    summary="Make a secret that replaces one",
    answer=PlatformSecretMade,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    links=_TO_SECRET,
)
def rotate_platform_secret(call: Call[Nothing, Nothing], secret_id: str) -> PlatformSecretMade:
    """The old one stays valid until it is revoked."""
    within.platform_secret(call.account, secret_id)
    made = platform_secrets.rotate(secret_id, parts=parts(), context=call.context)
    return PlatformSecretMade(id=made.id, account=made.account, secret=made.secret)


@operation(
    "DELETE",
    _SECRET,
    "platform_secrets.delete_platformsecret",
    tag=SECRETS,
    summary="Revoke a platform secret",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
)
def revoke_platform_secret(call: Call[Nothing, Nothing], secret_id: str) -> None:
    """At once."""
    within.platform_secret(call.account, secret_id)
    platform_secrets.revoke(secret_id, context=call.context)


def _shown(row: ApiKey | PlatformSecret) -> Integration:
    return Integration(
        id=row.id,
        account=row.account_code,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        state=State.LIVE if row.revoked_at is None else State.REVOKED,
    )
