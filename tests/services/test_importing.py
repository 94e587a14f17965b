"""Users from a CSV file: all of them, or none, with the lines at fault."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from idp.domain.errors import Invalid, NotFound
from idp.services.people import importing
from idp.services.people.importing import MAX_PROBLEMS, Imported
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading
from idp.store.users import User
from tests.services.conftest import KIM, STAFF_DOMAIN, rows, user_of

HEADER = "email,name,roles,platform_id\n"


@pytest.fixture
def load(connect, parts, context):
    """Import a document's lines into acme."""

    def loaded(*lines: str, account: str = "acme", only_check: bool = False, seen: list | None = None) -> Imported:
        return importing.load(
            account,
            importing.parse(HEADER + "\n".join(lines)),
            only_check=only_check,
            progress=lambda: seen.append(1) if seen is not None else None,
            parts=parts,
            context=context,
        )

    return loaded


def problems(act, *lines: str, **how) -> tuple[str, ...]:
    with pytest.raises(Invalid) as refused:
        act(*lines, **how)
    return refused.value.problems


def parsed(*lines: str):
    return importing.parse(HEADER + "\n".join(lines))


def everybody() -> list[tuple[str, str | None, list[str], str | None]]:
    with reading() as session:
        return [
            (one.email, one.name, one.roles, one.platform_id)
            for one in session.scalars(select(User).order_by(User.email_canonical))
        ]


def test_users_are_made_as_the_file_says(load):
    seen: list[int] = []
    done = load(
        'kim@acme.example,"Kim, K.",deepdesk.agent deepdesk.editor,gen-1', "", " lee@acme.example , , , ", seen=seen
    )
    assert (done.made, done.present, len(seen)) == (2, [], 2)
    assert everybody() == [
        ("kim@acme.example", "Kim, K.", ["deepdesk.editor", "deepdesk.agent"], "gen-1"),
        ("lee@acme.example", None, ["deepdesk.agent"], None),
    ]


def test_a_file_from_a_spreadsheet_is_read(provider_app):
    rows_read = importing.parse("\ufeff" + HEADER.replace("\n", "\r\n") + "kim@acme.example,Kim,,\r\n")
    assert [(line, new.name) for line, new in rows_read] == [(2, "Kim")]


def test_those_who_are_there_stay_as_they_are(load, make):
    make(name="Kim", roles=["deepdesk.manager"])
    done = load("KIM@acme.example,Somebody,deepdesk.agent,gen-1", "lee@acme.example,,,")
    assert (done.made, list(done.present)) == (1, ["KIM@acme.example"])
    assert everybody()[0] == ("kim@acme.example", "Kim", ["deepdesk.manager"], None)


def test_a_second_run_changes_nothing(load):
    lines = ("kim@acme.example,Kim,,gen-1", "lee@acme.example,,,")
    load(*lines)
    before = everybody()
    done = load(*lines)
    assert (done.made, len(done.present)) == (0, 2)
    assert everybody() == before


@pytest.mark.parametrize(
    "text", ["", "email,name,roles\n", "Email,name,roles,platform_id\n", "email;name;roles;platform_id\n"]
)
def test_another_header_is_refused(text):
    assert problems(lambda: importing.parse(text)) == ("line 1 must be: email,name,roles,platform_id",)


def test_every_problem_is_told_with_its_line():
    told = problems(
        parsed,
        "kim@acme.example,Kim,deepdesk.agent,gen-1",
        "nobody,,boss chief,",
        "a,b,c",
        "KIM@acme.example,,,gen-1",
        "lee@acme.example,,,",
    )
    assert [line.partition(": ")[0] for line in told] == ["line 3", "line 3", "line 3", "line 4", "line 5", "line 5"]
    assert told[-2:] == ("line 5: the same address as in line 2", "line 5: the same platform id as in line 2")


def test_a_broken_quotation_is_told_with_its_line():
    (told,) = problems(parsed, "kim@acme.example,Kim,,", 'lee@acme.example,"Lee')
    assert told.startswith("line 3: ")


def test_people_without_platform_id_have_none_in_common():
    assert len(parsed("kim@acme.example,,,", "lee@acme.example,,,", "robin@acme.example,,,None")) == 3


def test_too_many_problems_are_counted():
    told = problems(parsed, *["nobody,,,"] * (MAX_PROBLEMS + 7))
    assert len(told) == MAX_PROBLEMS + 1
    assert told[-1] == "and 7 more"


def test_one_bad_line_keeps_everybody_out(load, make, staff_provider):
    make("robin@acme.example", platform_id="gen-9")
    told = problems(
        load,
        "kim@acme.example,Kim,,",
        "lee@acme.example,Lee,,gen-9",
        f"eve@{STAFF_DOMAIN},Eve,,",
        "robin@acme.example,,,gen-1",
    )
    assert [line.partition(": ")[0] for line in told] == ["line 3", "line 4", "line 5"]
    assert [one[0] for one in everybody()] == ["robin@acme.example"]


def test_a_check_finds_the_same_and_changes_nothing(load):
    assert load("kim@acme.example,Kim,,", only_check=True).made == 1
    assert rows(User) == 0
    with reading() as session:
        assert session.scalars(select(AuditEvent.kind).where(AuditEvent.kind == "user.changed")).all() == []


def test_a_check_finds_what_is_wrong(load, make):
    make("robin@acme.example", platform_id="gen-9")
    assert problems(load, "lee@acme.example,,,gen-9", only_check=True)


def test_an_account_has_to_be_there(load):
    with pytest.raises(NotFound):
        load("kim@acme.example,,,", account="nowhere")


def test_imported_users_are_claimed_like_any_other(load, connect, enter):
    load("kim@acme.example,Kim,deepdesk.manager,")
    user = user_of(enter(connect(role_based_iam=False), KIM))
    assert (rows(User), user.roles) == (1, ["deepdesk.manager"])
