"""How the script and its types are served: to any page, without cookies; a version for good, the newest for minutes."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext

from idp.widget import sdk
from tests.widget_sdk.provider import Provider
from tests.widget_sdk.releases import RELEASED

NEWEST = ("/sdk/session.js", "/sdk/session.d.ts")
EXACT = ("/sdk/1.0.0/session.js", "/sdk/1.0.0/session.d.ts")
LAST_OF = {"/sdk/session.js": "/sdk/1.0.0/session.js", "/sdk/session.d.ts": "/sdk/1.0.0/session.d.ts"}


@pytest.fixture
def http() -> FlaskClient:
    app = Flask("serving", static_folder=None)
    app.url_map.strict_slashes = False
    app.register_blueprint(sdk.blueprint)
    return app.test_client()


@pytest.mark.parametrize("path", NEWEST + EXACT)
def test_any_page_may_load_it_and_no_cookie_plays_a_part(http: FlaskClient, path: str) -> None:
    http.set_cookie("access_token_cookie", "anything")
    answer = http.get(path, headers={"Origin": "https://platform.example"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Access-Control-Allow-Credentials", "Set-Cookie", "Vary"} & set(answer.headers.keys())


@pytest.mark.parametrize(("path", "exact"), LAST_OF.items())
def test_the_newest_is_the_last_release_and_asked_for_again_soon(http: FlaskClient, path: str, exact: str) -> None:
    answer = http.get(path)
    assert answer.data == http.get(exact).data
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("path", EXACT)
def test_a_version_is_kept_for_good(http: FlaskClient, path: str) -> None:
    assert http.get(path).headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", NEWEST + EXACT)
def test_the_media_type_lets_a_browser_run_only_the_script(http: FlaskClient, path: str) -> None:
    expected = "text/javascript; charset=utf-8" if path.endswith(".js") else "text/plain; charset=utf-8"
    assert http.get(path).headers["Content-Type"] == expected


@pytest.mark.parametrize("path", NEWEST + EXACT)
def test_what_a_browser_holds_already_is_not_sent_again(http: FlaskClient, path: str) -> None:
    first = http.get(path)
    again = http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert again.headers[name] == first.headers[name]
    assert http.get(path, headers={"If-None-Match": '"another"'}).data == first.data


@pytest.mark.parametrize("path", NEWEST + EXACT)
def test_head_is_get_without_the_body(http: FlaskClient, path: str) -> None:
    got, looked = http.get(path), http.head(path)
    assert looked.status_code == 200
    assert looked.data == b""
    assert dict(looked.headers) == dict(got.headers)


@pytest.mark.parametrize("path", NEWEST + EXACT)
def test_a_path_is_answered_with_and_without_its_slash(http: FlaskClient, path: str) -> None:
    assert http.get(f"{path}/").data == http.get(path).data


@pytest.mark.parametrize("version", ["9.9.9", "1.0", "latest", "1.0.0 ", "..", "%00", "<script>"])
@pytest.mark.parametrize("name", ["session.js", "session.d.ts"])
def test_another_version_is_not_found_in_one_plain_line(http: FlaskClient, version: str, name: str) -> None:
    answer = http.get(f"/sdk/{version}/{name}")
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert answer.text == f"There is no such version of {name}; there are: 1.0.0.\n"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/sdk/", "/sdk/1.0.0/", "/sdk/1.0.0/session.source.js", "/sdk/release.py"])
def test_nothing_else_is_served(http: FlaskClient, path: str) -> None:
    assert http.get(path).status_code == 404


@pytest.mark.parametrize(("hash_", "runs"), [(RELEASED["1.0.0"]["session.js"], True), ("sha384-" + "A" * 64, False)])
def test_a_page_may_name_the_scripts_hash(
    context: BrowserContext, provider: Provider, platform: str, hash_: str, runs: bool
) -> None:
    page = context.new_page()
    page.goto(f"{platform}/other/")
    loaded = page.evaluate(
        """([src, integrity]) => new Promise((resolve) => {
            const script = document.createElement("script");
            Object.assign(script, { src, integrity, crossOrigin: "anonymous" });
            script.onload = () => resolve(true);
            script.onerror = () => resolve(false);
            document.head.append(script);
        })""",
        [f"{provider.issuer}/sdk/1.0.0/session.js", hash_],
    )
    assert loaded is runs
    assert page.evaluate("typeof globalThis.DeepdeskSession") == ("function" if runs else "undefined")
