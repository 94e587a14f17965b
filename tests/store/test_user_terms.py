"""People of an account, listed and sought: each once, in order, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role
from idp.store import user_terms
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.user_terms import FREQUENT, Position, Sought, UserTerm, terms_of, words_of
from idp.store.users import User
from tests.store.conftest import new_account, new_user

ACME = AccountCode("acme")
EVERYBODY = Sought()


def add(*people: User) -> None:
    with unit_of_work() as session:
        session.add_all(people)


def person(name: str, shown: str | None = None, **more: Any) -> User:
    """Return a user whose id is ``name`` and who is called ``shown``."""
    given = {key: more.pop(key) for key in ("account", "address", "platform_id") if key in more}
    user = new_user(name, **given)
    user.name = name.title() if shown is None else shown
    for field, value in more.items():
        setattr(user, field, value)
    return user


def pages(sought: Sought = EVERYBODY, *, most: int = 100, account: AccountCode = ACME) -> list[list[str]]:
    """Return who is found, page by page."""
    found: list[list[str]] = []
    after: Position | None = None
    with reading() as session:
        while rows := user_terms.page(session, account, sought, after=after, most=most):
            found.append([user.id for _, user in rows])
            after = rows[-1][0]
    return found


def found(text: str = "", **conditions: Any) -> list[str]:
    return [one for page in pages(Sought(words=words_of(text), **conditions)) for one in page]


def terms(user_id: str) -> set[str]:
    with reading() as session:
        return set(session.scalars(select(UserTerm.term).where(UserTerm.user_id == user_id)))


def change(user_id: str, **fields: Any) -> None:
    with unit_of_work() as session:
        user = session.get(User, user_id)
        assert user is not None
        for name, value in fields.items():
            setattr(user, name, value)


@pytest.fixture
def people(acme):
    """Kim, and some whose names differ in case, accents and order."""
    add(
        person("zoe", "Zoë Ångström", roles=["deepdesk.manager", "deepdesk.agent"]),
        person("anna", "anna de Vries", roles=["deepdesk.editor"]),
        person("anne", "Anne  DE Boer", enabled=False),
        person("nameless", "", address="q.nameless@acme.example"),
        person("obrien", "Seán O'Brien-Smith", platform_id="PF-4711"),
    )
    return acme


class TestTheList:
    def test_is_in_the_order_of_names_without_case_and_accents(self, people):
        assert pages() == [["anna", "anne", "kim", "nameless", "obrien", "zoe"]]

    @pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 6, 7])
    def test_has_everybody_once_however_long_its_pages_are(self, people, most):
        found = pages(most=most)
        assert [one for page in found for one in page] == ["anna", "anne", "kim", "nameless", "obrien", "zoe"]
        assert all(len(page) == most for page in found[:-1])

    def test_has_namesakes_each_once(self, acme):
        add(*(person(f"sam-{number}", "Sam") for number in range(5)))
        assert [one for page in pages(most=2) for one in page] == ["kim", *(f"sam-{number}" for number in range(5))]

    def test_has_nobody_of_another_account(self, people):
        add(new_account("acm"), new_account("acmee"))
        add(person("lee", "Anna Lee", account="acm"), person("liz", "Anna Liz", account="acmee"))
        assert "lee" not in found()
        assert found("anna") == ["anna"]
        assert pages(Sought(words=("anna",)), account=AccountCode("acm")) == [["lee"]]

    def test_of_an_account_without_people_is_empty(self, people):
        add(new_account("globex"))
        assert pages(account=AccountCode("globex")) == []


class TestSeeking:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ann", ["anna", "anne"]),
            ("ANNA", ["anna"]),
            ("zoe", ["zoe"]),
            ("ZOË", ["zoe"]),
            ("zoe\u0308", ["zoe"]),
            ("angstrom", ["zoe"]),
            ("ångström", ["zoe"]),
            ("\u212bngstrom", ["zoe"]),
            ("\uff21nna", ["anna"]),
            ("vries anna", ["anna"]),
            ("anna vries", ["anna"]),
            ("de an", ["anne", "anna"]),
            ("an an an", ["anna", "anne", "zoe"]),
            ("anna boer", []),
            ("o'brien", ["obrien"]),
            ("smith sean", ["obrien"]),
            ("pf-4711", ["obrien"]),
            ("pf 47", ["obrien"]),
            ("q.nameless@acme.example", ["nameless"]),
            ("nna", []),
            ("@", ["anna", "anne", "kim", "nameless", "obrien", "zoe"]),
        ],
    )
    def test_finds_whoever_has_words_that_begin_so(self, people, text, expected):
        assert sorted(found(text)) == sorted(expected)

    def test_finds_somebody_once_though_several_words_of_theirs_begin_so(self, acme):
        add(person("anna", "Anna Annabel Annabeth Ann", address="anna.ann@annex.example"), person("andy"))
        for most in (1, 2, 3):
            found = [one for page in pages(Sought(words=("an",)), most=most) for one in page]
            assert sorted(found) == ["andy", "anna"]

    def test_finds_by_role(self, people):
        assert found(role=Role.MANAGER) == ["zoe"]
        assert found(role=Role.AGENT) == ["anne", "kim", "nameless", "obrien", "zoe"]
        assert found(role=Role.ASSISTANT_EDITOR) == []

    def test_a_role_is_not_the_one_whose_name_begins_so(self, acme):
        add(person("eve", "Eve", roles=["deepdesk.assistant_editor"]))
        assert found(role=Role.EDITOR) == []

    def test_finds_those_who_are_kept_out(self, people):
        assert found(disabled=True) == ["anne"]

    def test_conditions_hold_together(self, people):
        assert found("de", role=Role.EDITOR) == ["anna"]
        assert found("de", role=Role.EDITOR, disabled=True) == []
        assert found("ann", disabled=True) == ["anne"]
        assert found("zoe", role=Role.AGENT) == ["zoe"]

    def test_what_the_fewest_have_leads_and_many_have_the_rest(self, acme):
        add(*(person(f"many-{number:04}", f"Many {number:04}") for number in range(FREQUENT + 50)))
        assert found("many 1049") == ["many-1049"]
        assert found("1049 many", role=Role.AGENT) == ["many-1049"]
        ids = [one for page in pages(Sought(words=("many",), role=Role.AGENT), most=400) for one in page]
        assert (len(ids), len(set(ids))) == (FREQUENT + 50, FREQUENT + 50)

    def test_has_nobody_twice_though_people_come_between_its_pages(self, acme):
        add(person("ada", "Zed Ada", address="1@x.example"), person("ari", "Zed Ari", address="2@x.example"))
        sought = Sought(words=("a", "zed"))
        add(*(person(f"zed-{number}", "Zed", address=f"z{number}@x.example") for number in range(3)))
        with reading() as session:
            [(place, first)] = user_terms.page(session, ACME, sought, after=None, most=1)
        add(*(person(f"al-{number}", "Al", address=f"y{number}@x.example") for number in range(9)))
        with reading() as session:
            rest = [user.id for _, user in user_terms.page(session, ACME, sought, after=place, most=9)]
        assert sorted([first.id, *rest]) == ["ada", "ari"]

    def test_whoever_may_do_something_is_listed_by_address(self, people):
        change("anna", roles=["deepdesk.manager"])
        change("anne", roles=["deepdesk.manager"])
        with reading() as session:
            assert [user.id for user in user_terms.with_role(session, ACME, Role.MANAGER)] == ["anna", "zoe"]


HOSTILE = [
    "",
    " ",
    "%",
    "_",
    "\\",
    "'; DROP TABLE users; --",
    "*",
    "\u202eevil",
    "\U0010ffff",
    "\U0010ffffa",
    "a\U0010ffff",
    "\U0001f600",
    "n:kim",
    "r:deepdesk.manager:",
    "\u0130",
    "ß" * 300,
    "\ufdfa" * 300,
    "a" * 5000,
    " ".join(str(number) for number in range(500)),
    "\u0301\u0301\u0301",
    "\x7f\x1b[31m",
]


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE, ids=ascii)
    def test_in_a_search_finds_nobody_by_accident(self, acme, text):
        """A text without a word is no search; and Kim's address begins with an a in one of its parts."""
        assert found(text) == (["kim"] if words_of(text) in {(), ("a",)} else [])

    @pytest.mark.parametrize("text", HOSTILE, ids=ascii)
    def test_in_a_name_hides_nobody(self, acme, text):
        """Whoever chooses their own name at an upstream cannot leave the list that managers read."""
        add(person("eve", text[:255], roles=["deepdesk.manager"], enabled=False))
        assert sorted(found()) == ["eve", "kim"]
        assert found(role=Role.MANAGER) == ["eve"]
        assert found(disabled=True) == ["eve"]
        assert found("eve@acme.example") == ["eve"]

    def test_a_name_gives_nobody_another_role(self, acme):
        add(person("eve", "r:deepdesk.manager:eve"))
        assert found(role=Role.MANAGER) == []

    @pytest.mark.parametrize("text", HOSTILE, ids=ascii)
    def test_no_term_is_longer_than_its_column(self, acme, text):
        user = person("eve", text, given_name=text, family_name=text, roles=["deepdesk.assistant_editor"])
        assert max(map(len, terms_of(user))) <= 200


class TestWhatChanges:
    def test_a_new_name_is_found_and_the_old_one_no_more(self, acme):
        change("kim", name="Robin")
        assert (found("robin"), found("kim")) == (["kim"], ["kim"])  # the address still says Kim
        change("kim", email="robin@acme.example", email_canonical="robin@acme.example")
        assert found("kim") == []

    def test_a_new_role_is_found_and_the_old_one_no_more(self, acme):
        change("kim", roles=["deepdesk.editor"])
        assert (found(role=Role.EDITOR), found(role=Role.AGENT)) == (["kim"], [])

    def test_whoever_is_kept_out_and_let_in_again(self, acme):
        before = terms("kim")
        change("kim", enabled=False)
        assert found(disabled=True) == ["kim"]
        change("kim", enabled=True)
        assert found(disabled=True) == []
        assert terms("kim") == before

    def test_what_does_not_matter_writes_nothing(self, acme):
        before = terms("kim")
        change("kim", language="nl")
        assert terms("kim") == before

    def test_terms_are_always_those_of_the_row(self, people):
        change("zoe", name="Zoe", given_name="Z", roles=[], enabled=False, platform_id="1")
        with reading() as session:
            user = session.get(User, "zoe")
            assert user is not None
            assert terms("zoe") == terms_of(user)

    def test_whoever_is_removed_is_not_found(self, people):
        with unit_of_work() as session:
            session.delete(session.get(User, "zoe"))
        assert terms("zoe") == set()
        assert found("zoe") == []

    def test_what_was_not_committed_is_not_found(self, acme):
        def fail() -> None:
            with unit_of_work() as session:
                session.add(person("eve"))
                session.flush()
                raise LookupError

        with pytest.raises(LookupError):
            fail()
        assert found("eve") == []
