"""Every mail that is sent, as the facts that it tells. How it reads, the templates say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """From where and when somebody asked for a mail, so that its reader can tell whether it was them.

    :param network: the IP address it was asked from; none where that is not known.
    """

    at: datetime
    network: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailKind:
    """Root of the mails.

    :param account_name: of whose Deepdesk it speaks.
    """

    template: ClassVar[str]

    account_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink(MailKind):
    """Somebody whom the account knows asked to be signed in.

    :param link: opens the page whose button signs in.
    :param code: eight characters in two groups, ``ABCD-EFGH``.
    :param service_name: to which it leads; none where no service waits.
    """

    template: ClassVar[str] = "sign_in_link"

    link: str = field(repr=False)
    code: str = field(repr=False)
    service_name: str | None
    asked: Asked
    lives_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessQuestion(MailKind):
    """Somebody whom the account does not know asked to be signed in: they may ask for access.

    :param link: opens the page whose button asks the managers.
    """

    template: ClassVar[str] = "access_question"

    link: str = field(repr=False)
    service_name: str | None
    asked: Asked
    lives_for: timedelta


class NoLink(StrEnum):
    """Why somebody who asked for a link gets none."""

    SINGLE_SIGN_ON = "single_sign_on"
    """They sign in through their company's sign-in, and the account wants it so."""
    DISABLED = "disabled"
    """Somebody ended their access."""
    STAFF = "staff"
    """Deepdesk's own people sign in elsewhere."""
    DENIED = "denied"
    """A manager said no to them not long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLinkForYou(MailKind):
    """Somebody asked to be signed in who cannot be by mail; it says what to do instead."""

    template: ClassVar[str] = "no_link"

    why: NoLink
    service_name: str | None
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCode(MailKind):
    """A service wants to know that it is still the same person: the code, without a link."""

    template: ClassVar[str] = "proof_code"

    code: str = field(repr=False)
    service_name: str | None
    asked: Asked
    lives_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAsked(MailKind):
    """To a manager: somebody asks for access. The link opens the page where that is decided, and decides nothing.

    :param asker: their address.
    :param message: what they wrote; empty where they wrote nothing.
    :param again: it is the one reminder.
    :param as_deputy: no manager decided in time, and the reader may now.
    """

    template: ClassVar[str] = "decision_asked"

    link: str
    asker: str = field(repr=False)
    message: str = field(repr=False)
    asked_at: datetime
    expires_at: datetime
    again: bool = False
    as_deputy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessApproved(MailKind):
    """Somebody may come in: a link and a code that sign them in.

    :param group: what they are from now on, as a group's name (``Agent``).
    """

    template: ClassVar[str] = "access_approved"

    link: str = field(repr=False)
    code: str = field(repr=False)
    group: str
    service_name: str | None
    lives_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDenied(MailKind):
    """A kind no.

    :param reason: the manager's words; empty where there are none.
    """

    template: ClassVar[str] = "access_denied"

    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessExpired(MailKind):
    """Nobody decided in time; they may ask again."""

    template: ClassVar[str] = "access_expired"

    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(MailKind):
    """An operator made somebody a user and invites them: link and code as for :class:`AccessApproved`."""

    template: ClassVar[str] = "invitation"

    link: str = field(repr=False)
    code: str = field(repr=False)
    group: str
    lives_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRaised(MailKind):
    """To a person: they may do more from now on.

    :param group: what they are now.
    """

    template: ClassVar[str] = "role_raised"

    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollisionAsked(MailKind):
    """To a manager: a sign-in brought an address that another person holds. The link opens where it is decided."""

    template: ClassVar[str] = "collision_asked"

    link: str
    address: str = field(repr=False)
    provider_name: str
    asked_at: datetime


class Happened(StrEnum):
    """What an account's managers are told of."""

    PROVIDER = "provider"
    """People can sign in at one more upstream provider."""
    API_KEY = "api_key"
    PLATFORM_SECRET = "platform_secret"  # noqa: S105 - a word for what happened
    ROLE = "role"
    """Somebody may do more than before."""
    ROLES = "roles"
    """Several people may, by one import."""
    STAFF_ENTRY = "staff_entry"
    """One of Deepdesk's own people came in for the first time."""


class By(StrEnum):
    """Who did it."""

    OPERATORS = "operators"
    STAFF = "staff"
    PERSON = "person"
    SERVICE = "service"
    NOBODY = "nobody"
    """What runs by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagersTold(MailKind):
    """To a manager: something happened in the account that only few may do, so that nobody does it unseen.

    :param thing: what is new, by its name or id; never a secret.
    :param replaces: the id of what it takes the place of; empty where it does not.
    :param person: who may do more; empty where they have no name.
    :param person_address: theirs; empty where they have none that is known to be theirs.
    :param group: what they are now, or as what staff came in.
    :param people: where they are several, each by address and group; at most as many as can be read.
    :param more: how many there are besides.
    :param service_name: at which staff came in; none for the management pages.
    :param by_name: who did it; empty where ``by`` says it all, or they have no name.
    :param by_address: theirs; empty where it is not to be told.
    :param asked: when it was done, and from where.
    """

    template: ClassVar[str] = "managers_told"

    what: Happened
    thing: str = ""
    replaces: str = ""
    person: str = field(default="", repr=False)
    person_address: str = field(default="", repr=False)
    group: str = ""
    people: tuple[str, ...] = field(default=(), repr=False)
    more: int = 0
    service_name: str | None = None
    by: By
    by_name: str = field(default="", repr=False)
    by_address: str = field(default="", repr=False)
    asked: Asked
