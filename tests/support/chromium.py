"""The system's Chromium, driven by Playwright, quiet and without a sandbox that root could not have."""

from __future__ import annotations

import shutil
import subprocess

from tests.support.parts import PartMissing

INSTALL = "install Chromium (Debian: apt install chromium)"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the pages under test is to be fetched.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str:
    """Return the browser's path.

    :raises PartMissing: there is none.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise PartMissing(INSTALL)


def version(path: str) -> str:
    """Return what the browser calls itself, e.g. ``156.0.8078.108``."""
    said = subprocess.run([path, "--version", "--no-sandbox"], capture_output=True, text=True, check=True, timeout=60)
    return next((word for word in said.stdout.split() if word[0].isdigit()), said.stdout.strip())
