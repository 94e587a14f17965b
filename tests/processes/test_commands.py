"""Commands in processes of their own: what happens before there is an application, and what goes on until stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.serve import IDP, environment, run_idp

ROOT = Path(__file__).parents[2]


def test_wrong_settings_are_lines_not_a_stack_trace(tmp_path: Path) -> None:
    env = {"IDP_INSTANCE_DIR": str(tmp_path), "IDP_FOO": "1", "IDP_ISSUER": "http://login.example.com/"}
    done = run_idp("accounts", "list", env=env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert sorted(line.partition(":")[0] for line in done.stderr.splitlines()) == ["Error", "Error"]
    assert "IDP_FOO" in done.stderr
    assert "IDP_ISSUER" in done.stderr


def test_the_sandbox_refuses_production(tmp_path: Path) -> None:
    env = {
        "IDP_INSTANCE_DIR": str(tmp_path),
        "IDP_ENV": "production",
        "IDP_SECRET_KEYS": "x" * 32,
        "IDP_ISSUER": "https://login.example.com",
    }
    done = run_idp("sandbox", env=env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_certificate_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Met while the parts are built, after the settings were checked: still no stack trace."""
    done = run_idp("accounts", "list", env={"IDP_INSTANCE_DIR": str(tmp_path), "IDP_OUTBOUND_CA_FILE": "/nowhere"})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: IDP_OUTBOUND_CA_FILE")


def test_flask_reaches_the_same_commands(tmp_path: Path) -> None:
    settings = {"IDP_INSTANCE_DIR": str(tmp_path)}
    assert run_idp("init", env=settings).returncode == 0
    done = subprocess.run(
        [Path(sys.executable).with_name("flask"), "--app", "wsgi", "accounts", "list", "--json"],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"staff"' in done.stdout


def test_following_prints_one_object_a_line(tmp_path: Path) -> None:
    env = {"IDP_INSTANCE_DIR": str(tmp_path)}
    assert run_idp("init", env=env).returncode == 0
    command = [IDP, "audit", "list", "--follow", "--json"]
    with subprocess.Popen(command, env=environment(env), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        kinds = [json.loads(following.stdout.readline())["kind"] for _ in range(8)]
        assert run_idp("accounts", "create", "late", "--name", "Late", env=env).returncode == 0
        late = json.loads(following.stdout.readline())
        following.terminate()
    assert kinds == [*["key.made"] * 6, "account.changed", "roles.provisioned"]
    assert late["account"] == "late"
