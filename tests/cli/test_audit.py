"""``idp audit list``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cli.conftest import Operator
from tests.support.serve import IDP, environment, run_idp


def test_events_are_listed_oldest_first_and_narrowed(operator: Operator) -> None:
    operator.gets("accounts", "create", "globex", "--name", "Globex")
    operator.gets("accounts", "update", "acme", "--name", "Acme Ltd")
    events = operator.gets("audit", "list")
    assert [(event["account"], event["details"]["change"]) for event in events] == [
        ("acme", "created"),
        ("globex", "created"),
        ("acme", "updated"),
    ]
    assert {event["actor"].partition(":")[0] for event in events} == {"operator"}
    assert len(operator.gets("audit", "list", "--account", "globex")) == 1
    assert operator.gets("audit", "list", "--since", "2999-01-01") == []
    assert len(operator.gets("audit", "list", "--since", "2000-01-01T00:00:00+01:00")) == 3


def test_following_prints_one_object_a_line(tmp_path: Path) -> None:
    env = {"IDP_INSTANCE_DIR": str(tmp_path)}
    assert run_idp("init", env=env).returncode == 0
    command = [IDP, "audit", "list", "--follow", "--json"]
    with subprocess.Popen(command, env=environment(env), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        kinds = [json.loads(following.stdout.readline())["kind"] for _ in range(5)]
        assert run_idp("accounts", "create", "late", "--name", "Late", env=env).returncode == 0
        late = json.loads(following.stdout.readline())
        following.terminate()
    assert kinds == [*["key.made"] * 4, "account.changed"]
    assert late["account"] == "late"
