"""What can go wrong at the platform, one thing a sign-in."""

from __future__ import annotations

from enum import Enum

from idp.sandbox.platform.kinds import Kind

_EVERY = frozenset({"oidc", "google", "entra", "genesys", "ringcentral", "salesforce", "oauth2"})
_WITH_ID_TOKEN = frozenset({"oidc", "google", "entra", "salesforce"})
_WITH_USERINFO = _WITH_ID_TOKEN - {"entra"}
_WITH_PROFILE = _EVERY - _WITH_ID_TOKEN
# The plain OIDC platform misbehaves by the book only; these are the others' habits.
_BY_VENDOR = _EVERY - {"oidc"}
_GOOGLE, _ENTRA, _GENESYS = frozenset({"google"}), frozenset({"entra"}), frozenset({"genesys"})


class Fault(Enum):
    """A fault, with the words that the picker shows for it, and the codes of the kinds that have it."""

    NONE = ("none", "Nothing, all is well", _EVERY)
    REFUSAL = ("refusal", "The person is refused", _EVERY)
    SLOW = ("slow", "The platform is very slow", _EVERY)
    SERVER_ERROR = ("server-error", "The platform has a server error (500)", _EVERY)
    HTML = ("html", "A web page comes instead of data", _EVERY)
    HUGE = ("huge", "The answer is far too large", _EVERY)
    ROTATED_KEY = ("rotated-key", "The signing key was just changed (should still work)", _WITH_ID_TOKEN)
    UNKNOWN_KEY = ("unknown-key", "Signed with a key that was never published", _WITH_ID_TOKEN)
    BAD_SIGNATURE = ("bad-signature", "The signature is wrong", _WITH_ID_TOKEN)
    ALG_NONE = ("alg-none", "Not signed at all (alg none)", _WITH_ID_TOKEN)
    SHARED_SECRET = ("shared-secret", "Signed with the client secret (HS256)", _WITH_ID_TOKEN)
    WRONG_ISSUER = ("wrong-issuer", "The token names another issuer", _WITH_ID_TOKEN)
    WRONG_AUDIENCE = ("wrong-audience", "The token is for another application", _WITH_ID_TOKEN)
    WRONG_NONCE = ("wrong-nonce", "The token answers another sign-in (wrong nonce)", _WITH_ID_TOKEN)
    MISSING_NONCE = ("missing-nonce", "The token answers no sign-in (no nonce)", _WITH_ID_TOKEN)
    EXPIRED = ("expired", "The token has expired", _WITH_ID_TOKEN)
    MISSING_SUB = ("missing-sub", "The token does not say who it is (no sub)", _WITH_ID_TOKEN)
    WRONG_USERINFO_SUB = ("wrong-userinfo-sub", "User information is about somebody else", _WITH_USERINFO)
    WRONG_CALLBACK_ISS = ("wrong-callback-iss", "The browser returns with another issuer's name", _WITH_ID_TOKEN)
    EMAIL_VERIFIED_STRING = (
        "email-verified-string",
        "email_verified is the word “true”, not the value",
        _WITH_USERINFO,
    )
    NEW_SUBJECT = ("new-subject", "The same person arrives with a new id", _BY_VENDOR)
    CHANGED_EMAIL = ("changed-email", "The person has another address by now", _BY_VENDOR)
    SAME_EMAIL_AS_ANOTHER = ("same-email-as-another", "The person has a colleague’s address", _BY_VENDOR)
    NO_EMAIL = ("no-email", "The person comes without an address", _BY_VENDOR)
    LEGACY_ISSUER = ("legacy-issuer", "The token names the issuer without https:// (should still work)", _GOOGLE)
    NO_HD = ("no-hd", "The token has no hosted domain (no hd)", _GOOGLE)
    HD_AS_LIST = ("hd-as-list", "The hosted domain is a list, not a word", _GOOGLE)
    HD_OTHER = ("hd-other", "The hosted domain is another organisation’s", _GOOGLE)
    GROUPS_REFUSED = ("groups-refused", "Google refuses to tell the person’s groups (403)", _GOOGLE)
    TENANTID_LITERAL = ("tenantid-literal", "The token’s issuer still says {tenantid}", _ENTRA)
    TENANT_COMMON = ("tenant-common", "The token’s issuer says common", _ENTRA)
    WRONG_TENANT = ("wrong-tenant", "The person belongs to another tenant", _ENTRA)
    ISS_TID_MISMATCH = ("iss-tid-mismatch", "Issuer and tid name different tenants", _ENTRA)
    NO_OID = ("no-oid", "The token has no object id (no oid)", _ENTRA)
    EMAIL_AS_PREFERRED_USERNAME_ONLY = (
        "email-as-preferred-username-only",
        "The address comes as preferred_username only",
        _ENTRA,
    )
    HASGROUPS = ("hasgroups", "The token only says that there are groups (hasgroups)", _ENTRA)
    GRAPH_REFUSED = ("graph-refused", "Microsoft Graph refuses to tell the person’s groups (403)", _ENTRA)
    MISSING_ORGANIZATION = ("missing-organization", "The profile names no organisation", _GENESYS)
    ROLES_AS_IDS = ("roles-as-ids", "The roles are ids without names", _GENESYS)
    PROFILE_HTML = ("profile-html", "A web page comes instead of the profile", _WITH_PROFILE)
    PROFILE_HUGE = ("profile-huge", "The profile is far too large", _WITH_PROFILE)
    PROFILE_SERVER_ERROR = ("profile-server-error", "The profile has a server error (500)", _WITH_PROFILE)
    PROFILE_UNAUTHORISED = ("profile-unauthorised", "The profile refuses the access token (401)", _WITH_PROFILE)
    PROFILE_WITHOUT_ID = ("profile-without-id", "The profile does not say who it is (no id)", _WITH_PROFILE)
    PROFILE_OTHER_PERSON = (
        "profile-other-person",
        "The profile is about somebody else than the rest",
        frozenset({"genesys", "ringcentral"}),
    )

    def __init__(self, key: str, label: str, kinds: frozenset[str]) -> None:
        self.key = key
        self.label = label
        self._kinds = kinds

    def applies_to(self, kind: Kind) -> bool:
        """Say whether a platform of ``kind`` can have this fault."""
        return kind.code in self._kinds

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
