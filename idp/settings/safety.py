"""What production refuses because it is only safe on a developer's machine."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.settings.mail import MailServer, MailTls
from idp.settings.values import Registration

if TYPE_CHECKING:
    from idp.settings import Settings

_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def insecure(settings: Settings) -> list[str]:
    """Return every problem, each naming its setting."""
    problems = []
    host = urlsplit(settings.issuer).hostname or ""
    if not settings.is_https:
        problems.append("IDP_ISSUER: production needs https")
    if not settings.secret_keys:
        problems.append("IDP_SECRET_KEYS: production needs at least one key; make one with: openssl rand -hex 32")
    if settings.uses_sqlite and _on_network_file_system(settings):
        problems.append("IDP_DATABASE_URL: SQLite must not lie on a network file system")
    if settings.mail_server and _mail_in_clear(settings.mail_server):
        problems.append("IDP_MAIL_URL: tls=none is allowed towards this machine only")
    if not (is_loopback(host) or host.endswith(".test")):
        if settings.registration is Registration.OPEN:
            problems.append("IDP_REGISTRATION: open is refused in production; use token")
        if settings.rate_limits == "off":
            problems.append("IDP_RATE_LIMITS: off is refused in production")
    return problems


def _mail_in_clear(server: MailServer) -> bool:
    return server.tls is MailTls.NONE and not is_loopback(server.host)


def _on_network_file_system(settings: Settings) -> bool:
    """Look up the mount below the database; unknown counts as local."""
    path = Path(settings.database_url.get_secret_value().removeprefix("sqlite:///")).resolve()
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return False
    below = [(mount[1], mount[2]) for mount in mounts if path.is_relative_to(mount[1])]
    return bool(below) and max(below, key=lambda mount: len(mount[0]))[1] in _NETWORK_FILE_SYSTEMS
