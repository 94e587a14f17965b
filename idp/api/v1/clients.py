"""``clients``: the services that an account's people sign in to, by the names of RFC 7591."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from idp.api.v1.models import WHOLE, List, Nothing, Sent, Told, example
from idp.api.v1.operations import Call, Reply, operation
from idp.api.v1.paging import whole
from idp.browser.runtime import parts
from idp.domain.client_metadata import MAX_NAME_LENGTH, ClientMetadata
from idp.domain.client_words import AuthMethod, ClaimsProfile, GrantType, Party, Pkce, ResponseType, SigningAlg
from idp.domain.public_jwks import MAX_KEYS
from idp.domain.roles import Role
from idp.domain.scope import Scope
from idp.services.registry import clients as service
from idp.services.registry import within
from idp.services.registry.clients import Issued, RegisteredClient

TAG = "clients"
_PATH = "/accounts/{account}/clients"
_ONE = f"{_PATH}/{{client_id}}"
_LINKS = {
    name: {"account": "$response.body#/account", "client_id": "$response.body#/client_id"}
    for name in ("show_client", "change_client", "rotate_client_secret", "delete_client")
}
_KEEP_AT_MOST = 90 * 86400
_ARGUMENTS = {
    "token_endpoint_auth_method": "auth_method",
    "id_token_signed_response_alg": "id_token_alg",
    "claims": "claims_profile",
    "audience": "audiences",
    "role": "roles",
}
"""Members that :meth:`ClientMetadata.parse` knows by another name."""
_WORDS = "|".join(Scope)

ClientName = Annotated[
    str, Field(max_length=MAX_NAME_LENGTH, pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$")
]
Scopes = Annotated[str, Field(pattern=rf"^({_WORDS})( ({_WORDS}))*$", max_length=500)]
RedirectUri = Annotated[
    str,
    Field(
        max_length=2048,
        pattern=r"^(https://|http://(127\.0\.0\.1|\[::1\]|localhost)[:/]|[a-z][a-z0-9+-]*\.[a-z0-9.+-]*:/)[\x21\x22\x24-\x5b\x5d-\x7e]*$",
    ),
]
ServiceUri = Annotated[
    str, Field(max_length=2048, pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[\x21\x22\x24-\x5b\x5d-\x7e]*)?$")
]
Resource = Annotated[str, Field(max_length=512, pattern=r"^[a-z][a-z0-9+.-]*:[\x21\x24-\x5b\x5d-\x7e]+$")]
Uris = Annotated[list[RedirectUri], Field(max_length=20)]
Resources = Annotated[list[Resource], Field(max_length=20)]


class PublicKey(BaseModel):
    """A public key (RFC 7517 §4)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kty: str


class KeySet(BaseModel):
    """A client's public keys (RFC 7517 §5)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: list[PublicKey] = Field(min_length=1, max_length=MAX_KEYS)


class Client(Told):
    """A client as it is registered; its secret cannot be read."""

    client_id: str
    client_name: str
    account: str
    redirect_uris: list[str]
    grant_types: list[GrantType]
    response_types: list[ResponseType]
    token_endpoint_auth_method: AuthMethod | None = Field(
        description="Null: client_secret_basic and client_secret_post are both accepted."
    )
    scope: str
    id_token_signed_response_alg: SigningAlg
    pkce: Pkce
    party: Party
    claims: ClaimsProfile
    audience: list[str]
    serves: list[str]
    role: list[Role]
    post_logout_redirect_uris: list[str]
    backchannel_logout_uri: str | None
    jwks: dict[str, Any] | None
    jwks_uri: str | None


class ClientWithSecret(Client):
    """A client with its new secret, which is shown this once."""

    client_secret: str | None = Field(description="Null where the client has none: public, or with keys of its own.")


class Registration(Sent):
    """What a client is registered as; each member but the name may be left out."""

    redirect_uris: Uris = Field([])
    grant_types: Annotated[list[GrantType], Field(max_length=len(GrantType))] = Field([])
    response_types: Annotated[list[ResponseType], Field(max_length=len(ResponseType))] = Field([])
    token_endpoint_auth_method: AuthMethod | None = None
    scope: Scopes | None = None
    id_token_signed_response_alg: SigningAlg = SigningAlg.RS256
    pkce: Pkce = Pkce.REQUIRED
    party: Party = Party.FIRST
    claims: ClaimsProfile | None = None
    audience: Resources = Field([])
    serves: Resources = Field([])
    role: Annotated[list[Role], Field(max_length=len(Role))] = Field([])
    post_logout_redirect_uris: Uris = Field([])
    backchannel_logout_uri: ServiceUri | None = None
    jwks: KeySet | None = None
    jwks_uri: ServiceUri | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what was sent as :meth:`ClientMetadata.parse` takes it."""
        given = self.given()
        if self.jwks is not None:
            given["jwks"] = self.jwks.model_dump()
        return {_ARGUMENTS.get(name, name): value for name, value in given.items()}


class NewClient(Registration):
    """A client that is to be registered."""

    model_config = example(client_name="Reports", redirect_uris=["https://reports.example.com/callback"])

    client_name: ClientName


class ClientChange(Registration):
    """What is to change; what is not given stays, a list that is given replaces the old one."""

    client_name: ClientName = "unchanged"


class Rotation(Sent):
    """How a secret is replaced."""

    keep_old_for: Annotated[int, Field(ge=0, le=_KEEP_AT_MOST), WHOLE] = Field(
        0, description="Seconds for which the old secret stays valid beside the new one."
    )


@operation("GET", _PATH, "clients.view_client", tag=TAG, summary="List clients", answer=List[Client])
def list_clients(call: Call[Nothing, Nothing]) -> List[Client]:
    """By name."""
    return whole(List[Client], [_shown(one) for one in service.list_all(call.account, context=call.context)])


@operation(
    "POST",
    _PATH,
    "clients.add_client",
    tag=TAG,
    summary="Register a client",
    body=NewClient,
    answer=ClientWithSecret,
    status=HTTPStatus.CREATED,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
    tells=("Location",),
    links=_LINKS,
)
def create_client(call: Call[Nothing, NewClient]) -> Reply:
    """Its `client_secret` is answered this once."""
    metadata = ClientMetadata.parse(**call.body.arguments())
    issued = service.create(metadata, account=call.account, sealer=parts().sealer, context=call.context)
    where = f"/api/v1/accounts/{call.account}/clients/{issued.client.client_id}"
    return Reply(body=_with_secret(issued), headers={"Location": where})


@operation("GET", _ONE, "clients.view_client", tag=TAG, summary="Show a client", answer=Client, links=_LINKS)
def show_client(call: Call[Nothing, Nothing], client_id: str) -> Client:
    """Without its secret."""
    within.client(call.account, client_id)
    return _shown(service.show(client_id, context=call.context))


@operation(
    "PATCH",
    _ONE,
    "clients.change_client",
    tag=TAG,
    summary="Change a client",
    body=ClientChange,
    answer=Client,
    refusals=(HTTPStatus.CONFLICT,),
    sensitive=True,
)
def change_client(call: Call[Nothing, ClientChange], client_id: str) -> Client:
    """What is not given stays. Whoever can change where people are sent back to can sign in as them."""
    within.client(call.account, client_id)
    return _shown(service.update(client_id, call.body.arguments(), context=call.context))


@operation(
    "DELETE",
    _ONE,
    "clients.delete_client",
    tag=TAG,
    summary="Remove a client",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
    sensitive=True,
)
def delete_client(call: Call[Nothing, Nothing], client_id: str) -> None:
    """With what was issued to it."""
    within.client(call.account, client_id)
    service.delete(client_id, context=call.context)


@operation(
    "POST",
    f"{_ONE}/secret",
    "clients.change_client",
    tag=TAG,
    summary="Give a client a new secret",
    body=Rotation,
    answer=ClientWithSecret,
    sensitive=True,
    refusals=(HTTPStatus.CONFLICT,),
)
def rotate_client_secret(call: Call[Nothing, Rotation], client_id: str) -> ClientWithSecret:
    """The new `client_secret` is answered this once."""
    within.client(call.account, client_id)
    issued = service.rotate_secret(
        client_id,
        keep_old_for=timedelta(seconds=call.body.keep_old_for),
        sealer=parts().sealer,
        context=call.context,
    )
    return _with_secret(issued)


def _with_secret(issued: Issued) -> ClientWithSecret:
    return ClientWithSecret(**_shown(issued.client).model_dump(), client_secret=issued.client_secret)


def _shown(client: RegisteredClient) -> Client:
    metadata = client.metadata
    return Client(
        client_id=client.client_id,
        client_name=metadata.client_name,
        account=client.account or "",
        redirect_uris=list(metadata.redirect_uris),
        grant_types=list(metadata.grant_types),
        response_types=list(metadata.response_types),
        token_endpoint_auth_method=metadata.auth_method,
        scope=" ".join(metadata.scope),
        id_token_signed_response_alg=metadata.id_token_alg,
        pkce=metadata.pkce,
        party=metadata.party,
        claims=metadata.claims_profile,
        audience=list(metadata.audiences),
        serves=list(metadata.serves),
        role=list(metadata.roles),
        post_logout_redirect_uris=list(metadata.post_logout_redirect_uris),
        backchannel_logout_uri=metadata.backchannel_logout_uri,
        jwks=None if metadata.jwks is None else dict(metadata.jwks),
        jwks_uri=metadata.jwks_uri,
    )
