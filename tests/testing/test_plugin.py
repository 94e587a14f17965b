"""The plugin in a pytest of its own, as a downstream service has it, and the guide's test suite."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

from tests.guides.guide import Guide
from tests.support.serve import environment

ROOT = Path(__file__).parents[2]
GUIDE = Guide(name="testing")
TIMEOUT_SECONDS = 120
ALONE = ("-p", "no:cacheprovider", "-p", "no:randomly", "-c", "/dev/null", "-W", "error")
"""A downstream suite's pytest takes nothing of ours, and refuses every warning."""


def run_pytest(folder: Path, *options: str, installed: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a test suite as somebody in its folder does.

    :param installed: pytest finds the plugin by itself, and whatever else is installed here.
    """
    found = () if installed else ("-p", "idp.testing.plugin")
    alone = {} if installed else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *ALONE, "--rootdir", str(folder), *found, *options],
        cwd=folder,
        env=environment({"PYTHONDONTWRITEBYTECODE": "1", **alone}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def entry_points() -> configparser.SectionProxy:
    described = configparser.ConfigParser()
    described.read(ROOT / "setup.cfg", encoding="utf-8")
    return described["options.entry_points"]


def install_into(folder: Path) -> None:
    """Leave what an installation of the provider leaves: its entry points, and the list of its files."""
    described = folder / "as_installed-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: as-installed\nVersion: 1\n", encoding="utf-8")
    (described / "RECORD").write_text("idp/__init__.py,,\nidp/app.py,,\n", encoding="utf-8")
    (described / "entry_points.txt").write_text(f"[pytest11]\n{entry_points()['pytest11']}\n", encoding="utf-8")


def suite(folder: Path, text: str) -> Path:
    (folder / "test_service.py").write_text(text, encoding="utf-8")
    return folder


def test_the_page_shows_the_programs() -> None:
    shown = GUIDE.blocks("python")
    assert [file.name for file in GUIDE.programs() if file.read_text(encoding="utf-8") not in shown] == []


def test_the_pages_first_test_passes(tmp_path: Path) -> None:
    (first,) = (block for block in GUIDE.blocks("py") if block.startswith("def test"))
    done = run_pytest(suite(tmp_path, first))
    assert done.returncode == 0, done.stdout


def test_the_guides_test_suite_passes() -> None:
    done = run_pytest(GUIDE.folder, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert not {"failed", "skipped", "warning"}.intersection(done.stdout.split())


def test_a_suite_that_asks_for_no_provider_imports_none(tmp_path: Path) -> None:
    asking = "import sys\ndef test(): assert [n for n in sys.modules if n.startswith(('idp.app', 'flask'))] == []\n"
    done = run_pytest(suite(tmp_path, asking))
    assert done.returncode == 0, done.stdout


def test_pytest_finds_the_plugin_by_itself_and_imports_the_provider_as_it_is(tmp_path: Path) -> None:
    """Pytest would compile all of the provider anew, had the plugin not asked it to leave that."""
    install_into(tmp_path)
    asking = (
        "def test(deepdesk_idp, pytestconfig):\n"
        "    import idp.app\n"
        "    assert idp.app.__loader__ is not pytestconfig.pluginmanager.rewrite_hook\n"
    )
    done = run_pytest(suite(tmp_path, asking), installed=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_test_has_a_user_of_its_own(tmp_path: Path) -> None:
    asking = (
        "seen = []\n"
        "def test_one(deepdesk_idp, deepdesk_user):\n"
        "    deepdesk_idp.disable(deepdesk_user)\n"
        "    seen.append(deepdesk_user.id)\n"
        "def test_other(deepdesk_idp, deepdesk_user):\n"
        "    assert seen != [deepdesk_user.id]\n"
        "    assert deepdesk_idp.sign_in(deepdesk_user).user.roles == ('deepdesk.agent',)\n"
    )
    done = run_pytest(suite(tmp_path, asking))
    assert done.returncode == 0, done.stdout


def test_it_works_where_only_loopback_can_be_reached(tmp_path: Path) -> None:
    asking = "def test(deepdesk_idp): deepdesk_idp.tokens_for(deepdesk_idp.people.staff, deepdesk_idp.client())\n"
    done = run_pytest(suite(tmp_path, asking), "-p", "pytest_socket", "--allow-hosts=127.0.0.1")
    assert done.returncode == 0, done.stdout


def test_the_fixtures_are_listed_with_what_they_are(tmp_path: Path) -> None:
    listed = run_pytest(tmp_path, "--fixtures").stdout
    assert "deepdesk_idp [session scope]" in listed
    assert "deepdesk_user" in listed
