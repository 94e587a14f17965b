"""Where secrets come from, where they work, and where they are never seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from idp.domain.context import Context
from idp.services.parts import EXTENSION, Parts
from idp.services.registry import clients
from idp.store.providers import Provider
from idp.store.unit_of_work import reading
from tests.cli.conftest import Operator

CLEAR = "the-secret-of-the-upstream"
PROVIDER = (
    *("providers", "create", "acme", "okta", "--kind", "oidc", "--issuer", "https://acme.okta.example"),
    *("--client-id", "deepdesk"),
)
CLIENT = ("clients", "create", "Studio", "--account", "acme", "--client-id", "studio")
REDIRECT = ("--redirect-uri", "https://studio.example/callback")


def opened(operator: Operator) -> str:
    """Return the upstream's secret as a sign-in would use it."""
    parts: Parts = operator.app.extensions[EXTENSION]
    with operator.app.app_context(), reading() as session:
        row = session.scalars(select(Provider)).one()
    return parts.sealer.open(row.client_secret_sealed, record=f"provider:{row.id}:client_secret")


def works(operator: Operator, secret: str) -> bool:
    """Say whether the client studio can authenticate with a secret."""
    parts: Parts = operator.app.extensions[EXTENSION]
    with operator.app.app_context():
        client = clients.show("studio", context=Context.of_operator("test", parts.clock.now()))
    return client.knows_secret(secret)


def stored(folder: Path) -> bytes:
    """Return every byte that the database keeps."""
    return b"".join(path.read_bytes() for path in folder.glob("idp.db*"))


@pytest.mark.parametrize("way", ["file", "standard input", "prompt"])
def test_an_upstreams_secret_is_read_and_kept_sealed(operator: Operator, tmp_path: Path, way: str) -> None:
    (tmp_path / "secret").write_text(f"{CLEAR}\n")
    options = {"file": (str(tmp_path / "secret"),), "standard input": ("-",), "prompt": ()}[way]
    words = ("--client-secret-file", *options) if options else ()
    done = operator.types(*PROVIDER, *words, stdin=f"{CLEAR}\n")
    assert done.exit_code == 0, done.err
    assert CLEAR not in done.out + done.err
    assert opened(operator) == CLEAR
    assert b"acme.okta.example" in stored(tmp_path)
    assert CLEAR.encode() not in stored(tmp_path)


def test_an_upstreams_secret_is_replaced_when_one_is_given_and_stays_otherwise(operator: Operator) -> None:
    operator.gets(*PROVIDER, "--client-secret-file", "-", stdin=CLEAR)
    operator.gets("providers", "update", "acme", "okta", "--require-roles")
    assert opened(operator) == CLEAR
    operator.gets("providers", "update", "acme", "okta", "--client-secret-file", "-", stdin="another-secret")
    assert opened(operator) == "another-secret"


@pytest.mark.parametrize("secret", ["  \n", "se\x00cret", "se\ncret"])
def test_what_cannot_be_a_secret_is_refused_in_one_line_and_not_repeated(operator: Operator, secret: str) -> None:
    done = operator.types(*PROVIDER, "--client-secret-file", "-", stdin=secret)
    assert (done.exit_code, len(done.problems)) == (1, 1)
    assert "cret" not in done.err.replace("secret", "")


def test_a_secret_file_that_is_not_text_is_refused_in_one_line(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "binary", tmp_path):
        done = operator.types(*PROVIDER, "--client-secret-file", str(path))
        assert done.problems == [f"Error: the file {str(path)!r} cannot be read"]


def test_a_made_secret_works_and_is_in_no_later_answer_nor_in_the_database(operator: Operator, tmp_path: Path) -> None:
    made = operator.gets(*CLIENT, *REDIRECT)["client_secret"]
    assert works(operator, made)
    assert not works(operator, made[:-1])
    later = [
        operator.types(*words)
        for words in (
            ("clients", "show", "studio"),
            ("clients", "show", "studio", "--json"),
            ("clients", "update", "studio", "--no-pkce"),
            (*CLIENT, *REDIRECT, "--exist-ok"),
            (*CLIENT, *REDIRECT),
            ("audit", "list"),
        )
    ]
    assert made not in "".join(done.out + done.err for done in later)
    assert b"studio.example" in stored(tmp_path)
    assert made.encode() not in stored(tmp_path)


def test_people_are_told_to_keep_a_made_secret(operator: Operator) -> None:
    done = operator.types(*CLIENT, *REDIRECT)
    assert "client_secret" in done.out
    assert "shown this once" in done.err


def test_a_secret_from_elsewhere_works_and_is_not_printed(operator: Operator) -> None:
    words = (*CLIENT, *REDIRECT, "--client-secret-file", "-")
    done = operator.types(*words, stdin="a-secret-from-elsewhere\n")
    assert done.exit_code == 0
    assert "a-secret-from-elsewhere" not in done.out + done.err
    assert works(operator, "a-secret-from-elsewhere")


@pytest.mark.parametrize(("keep", "old_works"), [((), False), (("--keep-old-for", "3600"), True)])
def test_a_rotation_ends_the_old_secret_unless_told_to_keep_it(
    operator: Operator, keep: tuple[str, ...], old_works: bool
) -> None:
    old = operator.gets(*CLIENT, *REDIRECT)["client_secret"]
    new = operator.gets("clients", "rotate-secret", "studio", *keep)["client_secret"]
    assert works(operator, new)
    assert works(operator, old) is old_works


def test_a_key_is_listed_without_its_private_half(operator: Operator) -> None:
    operator.gets("init")
    known = {"kid", "use", "alg", "state", "created_at", "published_at", "promoted_at", "retired_at"}
    known |= {"published_until", "revoked_at", "since"}
    assert [set(key) for key in operator.gets("keys", "list")] == [known] * 6
