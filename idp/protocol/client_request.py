"""What a client sends to an endpoint that it calls itself, as far as proving itself and the grants look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Request

from idp.browser.runtime import parts
from idp.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """One call. Its parameters come from the body alone.

    :param uri: the address of the endpoint that was called.
    :param authorization: the header of that name, or none.
    """

    uri: str
    authorization: str | None = field(repr=False)
    sent: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...]

    @classmethod
    def of(cls, incoming: Request, sent: Parameters, *, path: str) -> ClientRequest:
        """Return what a request with these parameters says.

        :param path: of the endpoint.
        """
        authorization = incoming.headers.get("Authorization")
        return cls(f"{parts().settings.issuer}{path}", authorization, sent.values, sent.resources)
