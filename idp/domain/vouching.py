"""When an upstream vouches for an email address (CONTRACT §6 rule 6).

Each function answers for one kind of statement; what none of them accepts is
an address for display only.
"""

from __future__ import annotations

EMAIL = "email"
_CONSUMER_DOMAIN = "gmail.com"
# Microsoft documents a Boolean; its endpoints also write it as a number or a string.
_SAYS_YES = ("1", "true")


def by_verified_claim(email: str | None, *, claim: str, email_verified: object) -> bool:
    """OpenID Connect: ``email_verified`` is the value true, and vouches for the claim ``email`` alone."""
    return email is not None and claim == EMAIL and email_verified is True


def by_google(email: str | None, *, claim: str, email_verified: object, hosted_domain: str | None) -> bool:
    """Google: verified, and Google itself is the mailbox's host."""
    hosted = hosted_domain is not None or (email or "").lower().endswith(f"@{_CONSUMER_DOMAIN}")
    return hosted and by_verified_claim(email, claim=claim, email_verified=email_verified)


def by_entra(email: str | None, *, claim: str, xms_edov: object) -> bool:
    """Entra: the owner of the address's domain was verified."""
    said = xms_edov is True or xms_edov == 1 or (isinstance(xms_edov, str) and xms_edov.lower() in _SAYS_YES)
    return email is not None and claim == EMAIL and said


def by_operator(email: str | None, *, claim: str, own_claim: str, trusted: bool) -> bool:
    """``--trust-email``: an operator declared that this pinned provider's own address claim can be relied on."""
    return email is not None and claim == own_claim and trusted
