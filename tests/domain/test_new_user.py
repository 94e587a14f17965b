"""A user whom an operator makes beforehand, with every problem told at once."""

from __future__ import annotations

import pytest

from idp.domain.errors import Invalid
from idp.domain.new_user import NewUser
from idp.domain.roles import Role


def problems(email: str = "kim@acme.example", **given) -> tuple[str, ...]:
    with pytest.raises(Invalid) as refused:
        NewUser.parse(email, **given)
    return refused.value.problems


def test_what_was_typed_is_read():
    new = NewUser.parse("Kim@Acme.example", name=" Kim ", roles=["deepdesk.editor"], platform_id=" gen-1 ")
    assert (new.address.given, new.address.canonical) == ("Kim@Acme.example", "kim@acme.example")
    assert (new.name, new.roles, new.platform_id) == ("Kim", (Role.EDITOR,), "gen-1")


def test_an_address_is_enough():
    new = NewUser.parse("kim@acme.example")
    assert (new.name, new.roles, new.platform_id) == (None, (), None)


@pytest.mark.parametrize("blank", ["", "   "])
def test_blank_texts_say_nothing(blank):
    new = NewUser.parse("kim@acme.example", name=blank, platform_id=blank)
    assert (new.name, new.platform_id) == (None, None)


@pytest.mark.parametrize(
    "email", ["", "kim", "@acme.example", "kim@", "kim @acme.example", "k" * 250 + "@acme.example"]
)
def test_what_is_no_address_is_refused(email):
    (told,) = problems(email)
    assert told.endswith("is not an email address")
    assert len(told) < 300


@pytest.mark.parametrize("role", ["manager", "deepdesk.Manager", " deepdesk.agent", "deepdesk.*", "", "x" * 1000])
def test_a_role_is_named_to_the_letter(role):
    (told,) = problems(roles=["deepdesk.agent", role])
    assert told.startswith(f"{role[:60]!r} is not a role; choose from: deepdesk.manager, ")


@pytest.mark.parametrize("text", ["x" * 256, "a\nb", "a\x00b"])
@pytest.mark.parametrize("field", ["name", "platform_id"])
def test_texts_are_short_and_printable(field, text):
    assert problems(**{field: text}) == (f"the {field.replace('_', ' ')} must have at most 255 printable characters",)


def test_all_problems_are_told_at_once():
    told = problems("kim", name="a\nb", roles=["boss", "chief"], platform_id="x" * 256)
    assert [line.split(" ")[0] for line in told] == ["'kim'", "'boss'", "'chief'", "the", "the"]
