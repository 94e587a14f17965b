"""``idp clients``: keys in place of a secret, and a secret for another use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Operator
from tests.support.assertions import key

CREATE = ("clients", "create", "Studio", "--account", "acme", "--redirect-uri", "https://studio.example/callback")
BY_KEY = ("--auth-method", "private_key_jwt")


@pytest.fixture
def keys(tmp_path: Path) -> str:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(key().jwks))
    return str(file)


def test_a_client_with_keys_gets_no_secret(operator: Operator, keys: str) -> None:
    made = operator.gets(*CREATE, *BY_KEY, "--jwks-file", keys)
    assert "client_secret" not in made
    assert (made["token_endpoint_auth_method"], made["jwks"]) == ("private_key_jwt", key().jwks)
    refused = operator.types("clients", "rotate-secret", made["client_id"])
    assert refused.exit_code == 1
    assert "private_key_jwt has no secret" in refused.problems[0]


def test_a_secret_for_another_use_is_made_by_rotating(operator: Operator) -> None:
    made = operator.gets(*CREATE)
    change = ("--auth-method", "client_secret_jwt")
    refused = operator.types("clients", "update", made["client_id"], *change)
    assert refused.exit_code == 1
    told = f"idp clients rotate-secret {made['client_id']} --auth-method client_secret_jwt"
    assert told in refused.problems[0]
    rotated = operator.gets("clients", "rotate-secret", made["client_id"], *change)
    assert rotated["client_secret"] != made["client_secret"]
    assert rotated["token_endpoint_auth_method"] == "client_secret_jwt"


def test_a_client_with_keys_goes_back_to_a_secret_by_rotating(operator: Operator, keys: str) -> None:
    made = operator.gets(*CREATE, *BY_KEY, "--jwks-file", keys)
    for useless in ("none", "private_key_jwt", "no-such-method"):
        assert operator.types("clients", "rotate-secret", made["client_id"], "--auth-method", useless).exit_code == 1
    assert operator.gets("clients", "show", made["client_id"]) == made
    back = operator.gets("clients", "rotate-secret", made["client_id"], "--auth-method", "client_secret_basic")
    assert (back["token_endpoint_auth_method"], back["jwks"]) == ("client_secret_basic", None)
    assert back["client_secret"]
