"""The OpenAPI document: everybody's to read, and true of what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from idp.api.v1.operations import OPERATIONS, PREFIX
from idp.browser.guards import guard_of
from idp.domain.roles import ALL_PERMISSIONS
from tests.support.app import OpenIdProvider
from tests.support.management import API

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def document(op: OpenIdProvider) -> Any:
    answer = op.browser().opens(f"{API}/openapi.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return answer.get_json()


def test_it_is_openapi_3_1_of_this_issuer(op: OpenIdProvider, document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": op.issuer}]
    assert document["security"] == [{"bearer": []}]


def test_it_describes_what_is_there_and_nothing_else(op: OpenIdProvider, document: Any) -> None:
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    there = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method)
        for rule in op.app.url_map.iter_rules()
        if rule.rule.startswith(f"{API}/") and rule.rule != f"{API}/openapi.json"
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert described == there


def test_it_names_the_permission_that_stands_before_each_operation(op: OpenIdProvider, document: Any) -> None:
    for one in OPERATIONS:
        told = document["paths"][PREFIX + one.path][one.method.lower()]
        guard = guard_of(op.app.view_functions[f"api_v1.{one.name}"])
        assert guard is not None
        assert (told["x-permission"], told["x-fresh-proof"]) == (guard.permission, guard.sensitive)
        assert told["x-permission"] in ALL_PERMISSIONS


def test_every_operation_tells_how_it_refuses(document: Any) -> None:
    for path, item in document["paths"].items():
        for told in item.values():
            assert {"401", "403", "404", "default"} <= told["responses"].keys(), path
            for status, answer in told["responses"].items():
                if status == "default" or status.startswith("4"):
                    assert list(answer["content"]) == ["application/problem+json"]


def test_what_a_caller_sends_holds_nothing_undescribed() -> None:
    for one in OPERATIONS:
        if one.body.model_fields:
            assert one.body.model_config.get("extra") == "forbid", one.name
            assert issubclass(one.body, BaseModel)


def test_no_secret_is_ever_in_what_is_read(document: Any) -> None:
    once = {"ClientWithSecret", "ApiKeyMade", "PlatformSecretMade"}
    sent = {"NewProvider", "ProviderChange", "NewApiKey", "NewPlatformSecret"}
    for name, schema in document["components"]["schemas"].items():
        secret = {"client_secret", "api_key", "secret", "token"} & schema.get("properties", {}).keys()
        assert not secret or name in once | sent, name


def test_every_operation_is_in_the_guide() -> None:
    guide = (DOCS / "api.md").read_text(encoding="utf-8")
    for one in OPERATIONS:
        assert f"`{one.method} {one.path}`" in guide, one.name
