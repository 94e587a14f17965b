"""A private nginx in front of several servers: own configuration, own folder, a port that needs no privileges.

It shares the work out in turn, as in production, unless a request names the
server that is to answer it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.parts import PartMissing
from tests.support.serve import free_port, running, wait_until_listening

INSTALL = "install nginx (Debian and Ubuntu: apt install nginx)"
CHOICE = "X-Backend"
"""The request's header that names the server, by its number from 0."""
ANSWERED_BY = "X-Answered-By"
"""The answer's header: ``host:port`` of the servers that were tried, the last of which answered."""

_CONFIGURATION = """\
daemon off;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    scgi_temp_path {directory}/scgi;
    uwsgi_temp_path {directory}/uwsgi;

    upstream all {{
        {servers}
    }}
    {upstreams}
    map $http_x_backend $chosen {{
        default all;
        {choices}
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://$chosen;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_connect_timeout 5s;
            add_header {answered_by} $upstream_addr always;
        }}
    }}
}}
"""


def executable() -> str:
    """Return the server's path.

    :raises PartMissing: there is none.
    """
    # Debian's is in /usr/sbin, which is on the path of root alone.
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise PartMissing(INSTALL)
    return found


def version(path: str) -> str:
    """Return e.g. ``1.22.1``."""
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=True, timeout=15).stderr
    return said.strip().rpartition("/")[2]


@contextmanager
def in_front_of(servers: Sequence[str], *, path: str) -> Iterator[str]:
    """Run nginx while the block runs; gives its address, ``http://127.0.0.1:PORT``.

    :param servers: ``host:port`` of each.
    :param path: of the executable.
    """
    address = f"127.0.0.1:{free_port()}"
    # Not pytest's tmp_path: started by root, nginx works as another user, to whom that is closed.
    with tempfile.TemporaryDirectory(prefix="idp-nginx-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)
        configuration, log_file = directory / "nginx.conf", directory / "nginx.log"
        configuration.write_text(_configured(servers, directory, address))
        command = [path, "-c", str(configuration), "-p", str(directory), "-e", "stderr"]
        with running(command, log_file, env={}) as process:
            wait_until_listening(address, process, log_file)
            yield f"http://{address}"


def _configured(servers: Sequence[str], directory: Path, address: str) -> str:
    return _CONFIGURATION.format(
        directory=directory,
        servers=" ".join(f"server {one};" for one in servers),
        upstreams=" ".join(f"upstream only{number} {{ server {one}; }}" for number, one in enumerate(servers)),
        choices=" ".join(f"{number} only{number};" for number in range(len(servers))),
        address=address,
        answered_by=ANSWERED_BY,
    )
