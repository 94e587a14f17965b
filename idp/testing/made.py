"""What the factories give: a person, a client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.domain.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can sign in.

    :param id: the ``sub`` of their tokens.
    :param account: ``staff`` for one of Deepdesk's own people.
    :param roles: what their platform says of them, at each sign-in anew.
    """

    id: str
    account: str
    email: str
    name: str
    roles: tuple[Role, ...]
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered service.

    :param account: whose people sign in; none for a service of staff.
    :param client_secret: none for a public client.
    :param auth_method: the only way in which it may prove itself; none for either way with the secret.
    :param scope: what it is given when it asks for everything, but ``manage``.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uri: str
    account: str | None
    auth_method: str | None
    scope: str


def roles_of(given: str | Iterable[str]) -> tuple[Role, ...]:
    """Return one role, or several.

    :raises ValueError: a word that is no role; the sentence lists them.
    """
    words = (given,) if isinstance(given, str) else tuple(given)
    wrong = [word for word in words if word not in set(Role)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not a role; choose from: {', '.join(Role)}")
    return tuple(Role(word) for word in words)


def name_of(email: str) -> str:
    """Return the name that an address suggests: ``mia.manager@acme.example`` is Mia Manager."""
    return email.partition("@")[0].replace(".", " ").replace("-", " ").replace("_", " ").title()
