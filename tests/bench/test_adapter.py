"""Our SQLite adapter for ``oidc-provider`` does what the package asks of one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.support.node import Node

SCRIPT = Path(__file__).with_name("adapter.mjs")


def test_the_sqlite_adapter_keeps_consumes_finds_and_revokes(node: Node, tmp_path: Path) -> None:
    command = [node.executable, "--no-warnings", str(SCRIPT), str(tmp_path / "oidc.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "fresh": {"jti": "c", "grantId": "g", "nonce": "n"},
        "missing": True,
        "consumed": True,
        "reopened": True,
        "byUid": {"jti": "s", "uid": "u", "accountId": "a"},
        "byUserCode": {"jti": "d", "userCode": "UC"},
        "revoked": [False, True],
        "otherModel": True,
        "destroyed": True,
    }
