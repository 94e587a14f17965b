"""What a platform knows about one person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to sign in as.

    :param key: names the person in the picker's form.
    :param subject: the platform's immutable id of the person: ``sub``; at Entra
        ``oid``; elsewhere the user's or the extension's id.
    :param email: none where the platform holds no address.
    :param about: what is special about them, in a few words.
    :param roles: as the platform assigns them; none leaves the claim out.
    :param tenant: id of the tenant, organisation or account that they sign in to.
    :param home_tenant: where they come from, if that is another tenant: a guest, a clone.
    :param hosted_domain: Google's primary domain of their organisation; none for consumers.
    :param groups: object ids at Entra, addresses at Google.
    :param domain_owner_verified: Entra's ``xms_edov``; none leaves the claim out.
    :param username: what they type to sign in, if that is not the address.
    :param is_active: whether their account is in use.
    """

    key: str
    subject: str
    given_name: str
    family_name: str
    email: str | None
    about: str
    email_verified: bool = True
    roles: tuple[str, ...] = ()
    tenant: str = ""
    home_tenant: str | None = None
    hosted_domain: str | None = None
    groups: tuple[str, ...] = ()
    domain_owner_verified: bool | None = None
    username: str | None = None
    is_active: bool = True

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.given_name} {self.family_name}"

    @property
    def login(self) -> str:
        """What they type to sign in."""
        return self.username or self.email or self.key
