"""A private Apache with mod_auth_openidc: own configuration, own folder, a port that needs no privileges."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.parts import PartMissing
from tests.support.serve import environment, running, wait_until_listening

INSTALL = "install Apache and mod_auth_openidc (Debian and Ubuntu: apt install apache2-bin libapache2-mod-auth-openidc)"
MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "headers", "proxy", "proxy_http", "auth_openidc")

_CONFIGURATION = """\
ServerRoot {directory}
ServerName localhost
PidFile {directory}/apache.pid
Listen {address}
{modules}
User www-data
Group www-data
ErrorLog /dev/stderr
LogLevel warn
<VirtualHost {address}>
    Include {site}
</VirtualHost>
"""


@dataclass(frozen=True, kw_only=True)
class Apache:
    """The server's executable, and the version of it and of the module."""

    path: str
    version: str


def apache() -> Apache:
    """Return the server that is installed.

    :raises PartMissing: it is not, or lacks the module.
    """
    # Debian's is in /usr/sbin, which is on the path of root alone.
    path = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin:/usr/local/sbin")
    if path is None or not all(_module(name).exists() for name in LOADED):
        raise PartMissing(INSTALL)
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=True, timeout=15).stdout
    return Apache(path=path, version=said.split("Apache/")[1].split()[0])


@contextmanager
def serving_site(apache: Apache, site: Path, *, port: int, env: Mapping[str, str]) -> Iterator[Path]:
    """Run Apache with a fragment of a virtual host while the block runs; gives its log.

    :param site: the fragment.
    :param env: what the fragment takes from the environment.
    """
    address = f"127.0.0.1:{port}"
    # Not pytest's tmp_path: started by root, Apache works as another user, to whom that is closed.
    with tempfile.TemporaryDirectory(prefix="idp-apache-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)
        configuration, log_file = directory / "apache.conf", directory / "apache.log"
        configuration.write_text(
            _CONFIGURATION.format(
                directory=directory,
                address=address,
                site=site,
                modules="\n".join(f"LoadModule {name}_module {_module(name)}" for name in LOADED),
            )
        )
        command = [apache.path, "-f", str(configuration), "-D", "FOREGROUND"]
        with running(command, log_file, env=environment(env)) as process:
            wait_until_listening(address, process, log_file)
            yield log_file


def _module(name: str) -> Path:
    return MODULES / f"mod_{name}.so"
