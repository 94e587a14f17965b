"""What can go wrong at the platform, one thing a sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any


class Fault(Enum):
    """A fault, with the words that the picker shows for it."""

    NONE = ("none", "Nothing, all is well")
    REFUSAL = ("refusal", "The person is refused")
    SLOW = ("slow", "The platform is very slow")
    SERVER_ERROR = ("server-error", "The platform has a server error (500)")
    HTML = ("html", "A web page comes instead of data")
    HUGE = ("huge", "The answer is far too large")
    ROTATED_KEY = ("rotated-key", "The signing key was just changed (should still work)")
    UNKNOWN_KEY = ("unknown-key", "Signed with a key that was never published")
    BAD_SIGNATURE = ("bad-signature", "The signature is wrong")
    ALG_NONE = ("alg-none", "Not signed at all (alg none)")
    SHARED_SECRET = ("shared-secret", "Signed with the client secret (HS256)")
    WRONG_ISSUER = ("wrong-issuer", "The token names another issuer")
    WRONG_AUDIENCE = ("wrong-audience", "The token is for another application")
    WRONG_NONCE = ("wrong-nonce", "The token answers another sign-in (wrong nonce)")
    MISSING_NONCE = ("missing-nonce", "The token answers no sign-in (no nonce)")
    EXPIRED = ("expired", "The token has expired")
    MISSING_SUB = ("missing-sub", "The token does not say who it is (no sub)")
    WRONG_USERINFO_SUB = ("wrong-userinfo-sub", "User information is about somebody else")
    WRONG_CALLBACK_ISS = ("wrong-callback-iss", "The browser returns with another issuer's name")
    EMAIL_VERIFIED_STRING = ("email-verified-string", "email_verified is the word “true”, not the value")

    def __init__(self, key: str, label: str) -> None:
        self.key = key
        self.label = label

    @classmethod
    def of(cls, key: str) -> Fault:
        """Return the fault that a form names.

        :raises ValueError: there is none of that name.
        """
        for fault in cls:
            if fault.key == key:
                return fault
        raise ValueError(key)


ELSEWHERE = "https://elsewhere.example"

Change = Callable[[dict[str, Any]], object]

IN_THE_CLAIMS: Mapping[Fault, Change] = {
    Fault.WRONG_ISSUER: lambda claims: claims.update(iss=ELSEWHERE),
    Fault.WRONG_AUDIENCE: lambda claims: claims.update(aud="another-application"),
    Fault.WRONG_NONCE: lambda claims: claims.update(nonce="of-another-sign-in"),
    Fault.MISSING_NONCE: lambda claims: claims.pop("nonce", None),
    Fault.EXPIRED: lambda claims: claims.update(iat=claims["iat"] - 7200, exp=claims["iat"] - 3600),
    Fault.MISSING_SUB: lambda claims: claims.pop("sub"),
    Fault.EMAIL_VERIFIED_STRING: lambda claims: claims.update(email_verified="true"),
}
"""Faults that are no more than other claims in an otherwise genuine ID token."""
