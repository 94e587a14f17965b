"""The types say what the script is: TypeScript accepts a page that uses it rightly, and the script has each member."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from idp.widget import sdk
from tests.support import node as node_part
from tests.support import parts
from tests.support.node import PEERS, Node
from tests.widget_sdk.tab import EVENTS, Tab

USAGE = Path(__file__).with_name("usage.ts")
STRICT = ("--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom")


@pytest.fixture
def types() -> Path:
    return Path(sdk.__file__).parent / sdk.VERSIONS[0] / "session.d.ts"


@pytest.fixture(scope="module")
def typescript(node: Node) -> Path:
    """The compiler among the npm peers."""
    try:
        parts.record("npm typescript", node_part.peer_version("typescript"))
    except parts.PartMissing as reason:
        parts.do_without("npm typescript", reason)
    return PEERS / "node_modules" / "typescript" / "bin" / "tsc"


def test_a_page_in_typescript_is_checked_against_the_types(
    node: Node, typescript: Path, types: Path, tmp_path: Path
) -> None:
    for file in (types, USAGE):
        shutil.copy(file, tmp_path)
    command = [node.executable, str(typescript), *STRICT, "usage.ts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "")


def test_each_member_of_the_script_is_in_the_types(tab: Tab, types: Path) -> None:
    members = tab.page.evaluate(
        "() => [...Object.keys(session), ...Object.getOwnPropertyNames(DeepdeskSession.prototype)]"
    )
    text = types.read_text()
    assert [name for name in members if f" {name}(" not in text and f" {name}:" not in text] == ["on"]
    assert " on<" in text


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_in_the_types(event: str, types: Path) -> None:
    assert f"    {event}: " in types.read_text().replace('"', "")
