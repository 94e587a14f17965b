"""What an operator says about one upstream provider, checked whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from idp.domain.errors import Invalid
from idp.domain.role_mapping import RoleRules
from idp.domain.roles import Role, parse_role

KINDS_BUILT = ("oidc",)
KINDS_PROMISED = ("google", "entra", "genesys", "ringcentral", "salesforce", "oauth2")
MAX_TEXT = 255
MAX_URL = 2048
MAX_SCOPE = 1000
_GOOGLE = frozenset({"https://accounts.google.com", "accounts.google.com"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One provider's configuration, without its secret.

    :param issuer: the exact issuer identifier of the upstream.
    :param authorize_url: overrides discovery, like the other URLs; none to follow it.
    :param scope: space-separated.
    :param generic_callback: registered at the upstream with the callback that all providers once shared.
    """

    kind: str
    display_name: str
    client_id: str
    issuer: str
    authorize_url: str | None = None
    token_url: str | None = None
    userinfo_url: str | None = None
    scope: str = "openid profile email"
    subject_claim: str = "sub"
    email_claim: str = "email"
    first_name_claim: str = "given_name"
    last_name_claim: str = "family_name"
    roles_claim: str = "roles"
    role_map: Mapping[str, Role] = field(default_factory=dict)
    role_ceiling: Role | None = None
    role_based_iam: bool = False
    require_roles: bool = False
    generic_callback: bool = False

    def rules(self) -> RoleRules:
        """Return how this provider's values become roles."""
        return RoleRules(
            role_map=self.role_map,
            ceiling=self.role_ceiling,
            role_based_iam=self.role_based_iam,
            require_roles=self.require_roles,
        )

    def check(self) -> None:
        """Check everything that can be checked from here.

        :raises Invalid: every problem, one sentence each.
        """
        problems = [*_kind_problems(self.kind), *self._text_problems(), *self._url_problems()]
        if len(self.scope) > MAX_SCOPE or not self.scope.isascii() or not self.scope.isprintable():
            problems.append(f"--scope must be at most {MAX_SCOPE} printable ASCII characters")
        if "openid" not in self.scope.split(" "):
            problems.append("--scope must contain openid, or the upstream sends no ID token")
        if problems:
            raise Invalid(*problems)

    def _text_problems(self) -> Iterable[str]:
        texts = {
            "--client-id": self.client_id,
            "--display-name": self.display_name,
            "--subject-claim": self.subject_claim,
            "--email-claim": self.email_claim,
            "--first-name-claim": self.first_name_claim,
            "--last-name-claim": self.last_name_claim,
            "--roles-claim": self.roles_claim,
        }
        for option, text in texts.items():
            limit = MAX_TEXT if option == "--client-id" else 100
            if not text.strip() or len(text) > limit or not text.isprintable():
                yield f"{option} must have 1 to {limit} printable characters"

    def _url_problems(self) -> Iterable[str]:
        if self.issuer in _GOOGLE:
            yield "Google would let in anybody who has an account there; --kind google pins that, and is not built yet"
        if not self.issuer:
            yield "--issuer is needed: the upstream's issuer identifier, as its discovery document gives it"
        urls = {
            "--issuer": self.issuer,
            "--authorize-url": self.authorize_url,
            "--token-url": self.token_url,
            "--userinfo-url": self.userinfo_url,
        }
        for option, url in urls.items():
            if url and not _is_web_url(url):
                yield f"{option} {url[:200]!r} must be https (http on this machine only), without user name or fragment"


def parse_role_map(pairs: Iterable[str]) -> dict[str, Role]:
    """Read ``theirs=ours`` pairs; ours is a role identifier. The last ``=`` divides.

    :raises Invalid: every pair that cannot be read.
    """
    mapping: dict[str, Role] = {}
    problems = []
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        role = parse_role(ours)
        if not theirs or role is None:
            problems.append(f"--role-map {pair[:100]!r} must look like THEIRS=ROLE with a role of: {', '.join(Role)}")
        else:
            mapping[theirs] = role
    if problems:
        raise Invalid(*problems)
    return mapping


def parse_role_option(text: str, *, option: str) -> Role:
    """Return the role that an option names.

    :raises Invalid: it names none.
    """
    role = parse_role(text)
    if role is None:
        raise Invalid(f"{option} {text[:60]!r} is not a role; choose from: {', '.join(Role)}")
    return role


def _kind_problems(kind: str) -> Iterable[str]:
    if kind in KINDS_PROMISED:
        yield f"--kind {kind} is not built yet; use --kind oidc"
    elif kind not in KINDS_BUILT:
        yield f"--kind {kind[:40]!r} is unknown; use --kind oidc"


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_URL or "@" in parts.netloc:
        return False
    if not parts.hostname or "#" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
