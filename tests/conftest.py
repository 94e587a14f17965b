"""What holds for every test: markers by folder, loopback only, and real parts or a plain word about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import apache as apache_part
from tests.support import chromium as chromium_part
from tests.support import measured, parts, seeds
from tests.support import nginx as nginx_part
from tests.support import node as node_part
from tests.support import postgres as postgres_part

TESTS = Path(__file__).parent
LOOPBACK = "127.0.0.0/8,::1,localhost"
PEER_PACKAGES = ("oidc-provider", "openid-client", "oidc-client-ts", "axe-core", "typescript")

UNIT_FOLDERS = frozenset({"domain", "tokens"})
"""Their marker is ``unit``; any other folder's marker is its own name."""
WAITING_FOLDER = "rotation"
"""Its test mostly waits, for minutes, so it starts before all others and runs beside them."""
MARKER_OF_PART = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "chromium": "browser",
    "firefox": "browser",
    "nginx": "nginx",
    "apache": "apache",
    "node": "node",
}
"""Name of a fixture, or value of a parameter, that asks for a real part → the test's marker."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and close the network before pytest-socket reads its options."""
    for folder in sorted(path.name for path in TESTS.iterdir() if path.is_dir()):
        config.addinivalue_line("markers", f"{_marker_of(folder)}: set by folder")
    for part, marker in MARKER_OF_PART.items():
        config.addinivalue_line("markers", f"{marker}: set on what asks for {part}")
    config.option.allow_hosts = LOOPBACK
    config.option.allow_unix_socket = True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder and by the real parts that it will ask for; what waits for long goes first."""
    for item in items:
        folder, *below = item.path.relative_to(TESTS).parts
        if below:
            item.add_marker(_marker_of(folder))
        for marker in {MARKER_OF_PART[part] for part in _asked(item) & MARKER_OF_PART.keys()}:
            item.add_marker(marker)
    items.sort(key=lambda item: item.get_closest_marker(WAITING_FOLDER) is None)


def _marker_of(folder: str) -> str:
    return "unit" if folder in UNIT_FOLDERS else folder


def _asked(item: pytest.Item) -> set[str]:
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*getattr(item, "fixturenames", ()), *(value for value in parameters if isinstance(value, str))}


# Real parts: one of each a process, started when first asked for.


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_part.Cluster]:
    """A private PostgreSQL server."""
    try:
        with postgres_part.cluster() as running:
            parts.record("PostgreSQL", running.version)
            yield running
    except parts.PartMissing as reason:
        parts.do_without("PostgreSQL", reason)


@pytest.fixture
def postgres_url(postgres: postgres_part.Cluster) -> str:
    """The URL of an empty PostgreSQL database of this test's own."""
    return postgres.fresh_database()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    try:
        path = chromium_part.executable()
    except parts.PartMissing as reason:
        parts.do_without("Chromium", reason)
    parts.record("Chromium", chromium_part.version(path))
    return path


@pytest.fixture(scope="session")
def nginx() -> str:
    """The path of the proxy."""
    try:
        path = nginx_part.executable()
    except parts.PartMissing as reason:
        parts.do_without("nginx", reason)
    parts.record("nginx", nginx_part.version(path))
    return path


@pytest.fixture(scope="session")
def apache() -> apache_part.Apache:
    """The web server with mod_auth_openidc."""
    try:
        found = apache_part.apache()
    except parts.PartMissing as reason:
        parts.do_without("Apache", reason)
    parts.record("Apache", found.version)
    return found


@pytest.fixture(scope="session")
def node() -> node_part.Node:
    """A Node.js with the npm peers beside it."""
    try:
        found = node_part.node()
        peers = {name: node_part.peer_version(name) for name in PEER_PACKAGES}
    except parts.PartMissing as reason:
        parts.do_without("Node.js with the npm peers", reason)
    parts.record("Node.js", found.version)
    for name, version in peers.items():
        parts.record(f"npm {name}", version)
    return found


# What was used is known in the workers; the summary is written by the process that started them.


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's record to the process that started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["parts"] = {"used": parts.used, "missing": parts.missing}
        session.config.workeroutput["seeds"] = seeds.used
        session.config.workeroutput["measured"] = measured.used


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the record of a worker that is done."""
    record = getattr(node, "workeroutput", {}).get("parts", {})
    parts.used.update(record.get("used", {}))
    parts.missing.update(record.get("missing", {}))
    seeds.used.update(getattr(node, "workeroutput", {}).get("seeds", {}))
    measured.used.update(getattr(node, "workeroutput", {}).get("measured", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real software the tests ran against, and which was missing."""
    if parts.used or parts.missing:
        terminalreporter.section("real parts used")
    for name, version in sorted(parts.used.items()):
        terminalreporter.line(f"{name} {version}")
    for name, reason in sorted(parts.missing.items()):
        terminalreporter.line(f"{name}: MISSING, {reason}", yellow=True)
    if seeds.used:
        terminalreporter.section("random tests, to repeat them")
    for name, command in sorted(seeds.used.items()):
        terminalreporter.line(f"{name}: {command}")
    if measured.used:
        terminalreporter.section("measured")
    for name, outcome in sorted(measured.used.items()):
        terminalreporter.line(f"{name}: {outcome}")
