"""What was released stays as it is, small, and one global; and how it is made of the readable source."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from idp.widget import sdk
from idp.widget.sdk.release import SERVED, SOURCE, release, served_form
from tests.widget_sdk.provider import Provider
from tests.widget_sdk.releases import RELEASED

FOLDER = Path(sdk.__file__).parent
FEWER_BYTES_THAN = 8000


def test_all_versions_are_pinned_and_offered() -> None:
    assert set(sdk.VERSIONS) == set(RELEASED) == {path.name for path in FOLDER.iterdir() if path.name[0].isdigit()}


@pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version, files in RELEASED.items() for name in files]
)
def test_a_released_file_never_changes(version: str, name: str) -> None:
    digest = hashlib.sha384((FOLDER / version / name).read_bytes()).digest()
    assert f"sha384-{base64.b64encode(digest).decode()}" == RELEASED[version][name]


@pytest.mark.parametrize("version", RELEASED)
def test_a_page_loads_fewer_than_eight_thousand_bytes(version: str) -> None:
    assert len((FOLDER / version / SERVED).read_bytes()) < FEWER_BYTES_THAN


@pytest.mark.parametrize("version", RELEASED)
def test_what_pages_load_is_made_of_the_readable_source(version: str) -> None:
    folder = FOLDER / version
    assert served_form((folder / SOURCE).read_text()) == (folder / SERVED).read_text()


@pytest.mark.parametrize("version", RELEASED)
def test_the_script_names_its_version(version: str) -> None:
    assert (FOLDER / version / SERVED).read_text().startswith(f"/* DeepdeskSession {version}")


@pytest.mark.parametrize("kind", ["text/javascript", "module"])
def test_the_script_defines_one_global_as_a_classic_script_and_as_a_module(
    kind: str, context: BrowserContext, provider: Provider, platform: str
) -> None:
    page = context.new_page()
    page.goto(f"{platform}/other/")
    added = page.evaluate(
        """([src, type]) => new Promise((resolve, reject) => {
            const before = new Set(Object.getOwnPropertyNames(window));
            const script = Object.assign(document.createElement("script"), { src, type, crossOrigin: "anonymous" });
            script.onload = () => resolve(Object.getOwnPropertyNames(window).filter((name) => !before.has(name)));
            script.onerror = reject;
            document.head.append(script);
        })""",
        [f"{provider.issuer}/sdk/session.js", kind],
    )
    assert added == ["DeepdeskSession"]


def test_the_readable_source_runs_as_the_served_script_does(
    context: BrowserContext, provider: Provider, platform: str
) -> None:
    page = context.new_page()
    page.goto(f"{platform}/other/")
    page.add_script_tag(content=(FOLDER / sdk.VERSIONS[0] / SOURCE).read_text())
    page.evaluate("issuer => { session = new DeepdeskSession({ issuer, account: 'acme' }); }", provider.issuer)
    assert page.evaluate("session.start()") is False
    assert page.evaluate("session.state") == "signed-out"


def test_comments_indentation_and_long_private_names_go() -> None:
    source = "/* Kept. */\n// Not kept.\nclass A {\n  #name = 1;\n\n  #other = this.#name;\n}\n"
    assert served_form(source) == "/* Kept. */\nclass A {\n#a = 1;\n#b = this.#a;\n}\n"


@pytest.mark.parametrize(
    "line", ["f(); // behind code", 'open("https://a.example");', 'color = "#123";', "text = `first", "a = /[#]/;"]
)
def test_a_source_that_would_break_is_not_released(line: str) -> None:
    with pytest.raises(ValueError, match=r"line of its own|spans lines"):
        served_form(f"{line}\n")


def test_a_version_is_released_once(tmp_path: Path) -> None:
    (tmp_path / SOURCE).write_text("/* 1.1.0 */\n  f();\n")
    assert release(tmp_path).read_text() == "/* 1.1.0 */\nf();\n"
    (tmp_path / SOURCE).write_text("g();\n")
    with pytest.raises(FileExistsError):
        release(tmp_path)
    assert (tmp_path / SERVED).read_text() == "/* 1.1.0 */\nf();\n"
