"""The worker as a server starts it beside itself: ``python -m idp.worker_process PARENT``.

It ends when it is told to, or when the process with the id PARENT is its parent no more, however that ended.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Work until stopped or abandoned."""
    # Ctrl-C reaches all processes of a terminal; the server, which it is for, stops this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = int(sys.argv[1])
    from idp.app import create_app
    from idp.working import work_until_stopped

    work_until_stopped(create_app(), signals=(signal.SIGTERM,), is_abandoned=lambda: os.getppid() != parent)


if __name__ == "__main__":
    main()
