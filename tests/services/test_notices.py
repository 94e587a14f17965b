"""Managers are told of what only few may do, whoever did it (CONTRACT §6 rule 11, its last sentence)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp.domain.access_requests import UNDO_WITHIN, Decider, Standing
from idp.domain.context import ANONYMOUS, Actor, ActorKind, Context
from idp.domain.errors import AlreadyExists, Invalid
from idp.domain.identifiers import AccountCode
from idp.domain.mail_sign_in import MagicLinks
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role
from idp.services.mailing.notices import MOST_NAMED
from idp.services.mailing.post import record_of
from idp.services.parts import Parts
from idp.services.people import deciding, importing, management, staff
from idp.services.people import users as people
from idp.services.people.deciding import Authority
from idp.services.people.management import MustEnter
from idp.services.people.staff import GrantTerms
from idp.services.registry import accounts, api_keys, platform_secrets, providers
from idp.services.registry.accounts import AccountSettings
from idp.services.sessions import sso
from idp.settings import Environment
from idp.store.outbox import OutboxItem
from idp.store.providers import Provider
from idp.store.unit_of_work import reading, unit_of_work
from idp.store.users import User
from tests.services.conftest import CASEY, NOW, Enter, set_account, user_of
from tests.store.conftest import new_access_request, new_client
from tests.support.database import RACERS, racing

MIA, EVE = "mia@acme.example", "eve@acme.example"
NETWORK = "203.0.113.7"
OKTA = ProviderSettings.of("oidc", display_name="Acme Okta", client_id="x", issuer="https://okta.acme.example")
MANAGER = GrantTerms(roles=(Role.MANAGER,))


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail that waits for the worker."""

    to: str
    subject: str
    words: str
    language: str
    due_at: datetime


@pytest.fixture
def letters(parts: Parts) -> Callable[[], list[Letter]]:
    """Return what was posted since this was asked last, by address."""
    seen: set[str] = set()

    def opened(item: OutboxItem) -> Letter:
        said = item.payload
        texts = json.loads(parts.sealer.open(said["sealed"], record=record_of(said["message_id"])))
        words = " ".join(texts["text"].split())
        return Letter(
            to=said["to"], subject=said["subject"], words=words, language=texts["language"], due_at=item.due_at
        )

    def posted() -> list[Letter]:
        with reading() as session:
            items = [item for item in session.scalars(select(OutboxItem)) if item.id not in seen]
        seen.update(item.id for item in items)
        return sorted((opened(item) for item in items), key=lambda letter: letter.to)

    return posted


@pytest.fixture
def mia(make: Callable[..., str]) -> str:
    """The id of acme's manager, Mia, of whom nobody else was told."""
    return make(MIA, name="Mia Manager", roles=["deepdesk.manager"])


@pytest.fixture
def eve(mia: str, make: Callable[..., str], letters: Callable[[], list[Letter]]) -> str:
    """The id of another one."""
    made = make(EVE, name="Eve", roles=["deepdesk.manager"])
    letters()
    return made


@pytest.fixture
def connected(parts: Parts, context: Context) -> Callable[..., Provider]:
    """Connect acme to one more provider."""
    codes = (f"okta-{number}" for number in count())

    def done(**how: Any) -> Provider:
        given = {"client_secret": "s3cret-of-okta", "parts": parts, "context": context} | how
        return providers.create("acme", next(codes), OKTA, **given)

    return done


def by(user_id: str, context: Context) -> Context:
    """Return the circumstances of what a person does in a page."""
    return replace(context, actor=Actor(kind=ActorKind.USER, id=user_id), network=NETWORK)


class TestNewProvidersKeysAndSecrets:
    def test_of_a_new_provider(self, mia: str, connected: Callable[..., Provider], letters: Any) -> None:
        connected()
        [letter] = letters()
        assert (letter.to, letter.language) == (MIA, "en")
        assert letter.subject == "A new way to sign in to Deepdesk at Acme: Acme Okta (okta-0)"
        assert "sign in to Deepdesk at Acme through Acme Okta (okta-0)." in letter.words
        assert "It was done by Deepdesk's operators." in letter.words
        assert "It happened on 26 November 2026, 12:00 UTC." in letter.words
        assert "Did you not expect this?" in letter.words
        assert "s3cret-of-okta" not in letter.words

    def test_of_a_new_api_key_and_of_the_one_in_its_place(
        self, mia: str, parts: Parts, context: Context, letters: Any
    ) -> None:
        made = api_keys.create("acme", key=None, parts=parts, context=context)
        [letter] = letters()
        assert letter.subject == "A new API key for Deepdesk at Acme"
        assert f"Its id is {made.id}." in letter.words
        assert made.api_key not in letter.words
        next_one = api_keys.rotate(made.id, parts=parts, context=context)
        [letter] = letters()
        assert f"Its id is {next_one.id}. It takes the place of {made.id}, which has ended." in letter.words
        assert next_one.api_key not in letter.words
        api_keys.revoke(next_one.id, context=context)
        assert letters() == []

    def test_of_a_new_platform_secret_and_of_the_one_to_replace_it(
        self, mia: str, parts: Parts, context: Context, letters: Any
    ) -> None:
        made = platform_secrets.create("acme", secret=None, parts=parts, context=context)
        [letter] = letters()
        assert letter.subject == "A new platform secret for Deepdesk at Acme"
        assert f"Its id is {made.id}." in letter.words
        assert made.secret not in letter.words
        next_one = platform_secrets.rotate(made.id, parts=parts, context=context)
        [letter] = letters()
        assert f"Its id is {next_one.id}. It is to take the place of {made.id}, which is valid" in letter.words
        assert next_one.secret not in letter.words
        platform_secrets.revoke(made.id, context=context)
        assert letters() == []

    def test_not_of_what_was_refused(
        self, mia: str, connected: Callable[..., Provider], parts: Parts, context: Context, letters: Any
    ) -> None:
        connected()
        letters()
        with pytest.raises(AlreadyExists):
            providers.create("acme", "okta-0", OKTA, client_secret="s", parts=parts, context=context)
        with pytest.raises(Invalid):
            api_keys.create("acme", key="short", parts=parts, context=context)
        assert letters() == []


class TestWhoIsTold:
    def test_each_manager_once_in_their_language(
        self, mia: str, eve: str, make: Callable[..., str], connected: Callable[..., Provider], letters: Any
    ) -> None:
        make("ed@acme.example", roles=["deepdesk.editor"])
        letters()
        with unit_of_work() as session:
            session.execute(update(User).where(User.id == eve).values(language="nl"))
        connected()
        assert [(letter.to, letter.language) for letter in letters()] == [(EVE, "nl"), (MIA, "en")]

    def test_nobody_who_is_disabled_or_whose_address_may_be_anothers_or_takes_no_mail(
        self, mia: str, eve: str, make: Callable[..., str], connected: Any, context: Context, letters: Any
    ) -> None:
        display_only = make("ann@acme.example", roles=["deepdesk.manager"])
        make("zoë@acme.example", roles=["deepdesk.manager"])
        people.set_enabled(eve, enabled=False, account=None, context=context)
        with unit_of_work() as session:
            session.execute(update(User).where(User.id == display_only).values(email_held=False))
        letters()
        connected()
        assert [letter.to for letter in letters()] == [MIA]

    def test_no_other_accounts_managers(
        self, mia: str, make: Callable[..., str], connected: Any, context: Context, letters: Any
    ) -> None:
        accounts.create("globex", AccountSettings(name="Globex"), context=context)
        make("gus@globex.example", account="globex", roles=["deepdesk.manager"])
        connected()
        assert [letter.to for letter in letters()] == [MIA]

    def test_nobody_where_nobody_manages(
        self, make: Callable[..., str], connected: Any, parts: Parts, context: Context, letters: Any
    ) -> None:
        accounts.ensure_staff(context=context)
        make("ed@acme.example", roles=["deepdesk.editor"])
        connected()
        providers.create("staff", "okta", OKTA, client_secret="s", parts=parts, context=context)
        assert letters() == []

    def test_nobody_where_no_mail_is_sent(self, mia: str, connected: Any, parts: Parts, letters: Any) -> None:
        mute = replace(
            parts, settings=parts.settings.model_copy(update={"env": Environment.PRODUCTION, "mail_url": None})
        )
        assert not mute.settings.can_mail
        connected(parts=mute)
        assert letters() == []


class TestWhoDidIt:
    def test_a_manager_is_named_with_their_address_and_told_as_well(
        self, mia: str, eve: str, connected: Any, context: Context, letters: Any
    ) -> None:
        connected(context=by(mia, context))
        for letter in letters():
            assert f"It was done by Mia Manager ({MIA})." in letter.words
            assert f"from the network address {NETWORK}." in letter.words

    def test_one_of_deepdesks_own_people_is_named_as_such(
        self, mia: str, staff_provider: Provider, enter: Enter, connected: Any, context: Context, letters: Any
    ) -> None:
        casey = user_of(enter(staff_provider, CASEY)).id
        letters()
        connected(context=by(casey, context))
        [letter] = letters()
        assert "It was done by Deepdesk staff: Casey." in letter.words
        assert CASEY.email not in letter.words

    def test_a_service_is_named(self, mia: str, connected: Any, context: Context, letters: Any) -> None:
        with unit_of_work() as session:
            session.add(new_client("provisioning"))
        connected(context=replace(context, actor=Actor(kind=ActorKind.CLIENT, id="provisioning")))
        [letter] = letters()
        assert "It was done by the service provisioning." in letter.words

    @pytest.mark.parametrize(
        "actor", [ANONYMOUS, Actor(kind=ActorKind.USER, id="who-is-gone")], ids=["nobody", "somebody who is gone"]
    )
    def test_where_nobody_is_known_it_says_so(
        self, mia: str, connected: Any, context: Context, letters: Any, actor: Actor
    ) -> None:
        connected(context=replace(context, actor=actor))
        [letter] = letters()
        assert "It was done by Deepdesk itself." in letter.words


class TestRaisedRoles:
    @pytest.fixture
    def kim(self, mia: str, make: Callable[..., str]) -> str:
        return make("kim@acme.example", name="Kim")

    @pytest.fixture
    def becomes(self, parts: Parts, context: Context, letters: Any) -> Callable[..., list[str]]:
        """Give somebody roles; return to whom what was mailed about it, the mail to themselves apart."""

        def done(user_id: str, *roles: Role) -> list[str]:
            people.set_roles(user_id, roles, account=None, parts=parts, context=context)
            return [letter.to for letter in letters() if not letter.subject.startswith("You ")]

        return done

    def test_somebody_who_may_do_more_is_named(
        self, kim: str, mia: str, parts: Parts, context: Context, letters: Any
    ) -> None:
        people.set_roles(kim, [Role.EDITOR], account=None, parts=parts, context=by(mia, context))
        letter = next(one for one in letters() if one.to == MIA)
        assert letter.subject == "Kim may do more in Deepdesk at Acme"
        assert "In Deepdesk at Acme, Kim (kim@acme.example) is Studio Editor from now on." in letter.words
        assert "Take the role back" in letter.words

    def test_a_role_that_gives_nothing_new_is_not_told(self, kim: str, becomes: Any) -> None:
        assert becomes(kim) == becomes(kim, Role.AGENT) == []
        assert becomes(kim, Role.MANAGER) == [MIA]
        assert becomes(kim, Role.MANAGER, Role.AGENT) == becomes(kim, Role.EDITOR) == becomes(kim, Role.EDITOR) == []
        assert becomes(kim, Role.ASSISTANT_EDITOR) == [MIA]
        assert becomes(kim, Role.ASSISTANT_EDITOR, Role.EDITOR) == [MIA]
        assert becomes(kim) == []

    def test_whoever_becomes_a_manager_is_no_manager_to_be_told_about_it(self, kim: str, becomes: Any) -> None:
        assert becomes(kim, Role.MANAGER) == [MIA]
        assert becomes(kim) == []

    def test_a_manager_who_takes_more_is_told_as_the_others_are(self, mia: str, eve: str, becomes: Any) -> None:
        assert becomes(mia, Role.MANAGER, Role.ASSISTANT_EDITOR) == [EVE, MIA]

    def test_an_address_that_may_be_anothers_is_not_told_as_theirs(
        self, kim: str, parts: Parts, context: Context, letters: Any
    ) -> None:
        with unit_of_work() as session:
            session.execute(update(User).where(User.id == kim).values(email_held=False, name=None))
        people.set_roles(kim, [Role.EDITOR], account=None, parts=parts, context=context)
        [letter] = letters()
        assert "kim@acme.example" not in letter.subject + letter.words
        assert f"{kim} is Studio Editor from now on." in letter.words

    def test_somebody_made_with_a_role_above_agent(self, mia: str, make: Callable[..., str], letters: Any) -> None:
        make("al@acme.example")
        assert letters() == []
        make("ed@acme.example", roles=["deepdesk.editor"])
        [letter] = letters()
        assert letter.to == MIA
        assert "ed@acme.example is Studio Editor from now on." in letter.words

    def test_the_first_manager_of_an_account_is_not_mailed_before_they_know_of_it(self, mia: str, letters: Any) -> None:
        assert letters() == []


class TestImporting:
    @pytest.fixture
    def load(self, mia: str, parts: Parts, context: Context) -> Callable[..., None]:
        def loaded(*lines: str, only_check: bool = False) -> None:
            rows = importing.parse("email,name,roles,platform_id\n" + "\n".join(lines))
            importing.load("acme", rows, only_check=only_check, progress=lambda: None, parts=parts, context=context)

        return loaded

    def test_all_who_may_do_more_are_told_in_one_mail(self, load: Callable[..., None], letters: Any) -> None:
        load("al@acme.example,,,", "ed@acme.example,Ed,deepdesk.editor,", "eve@acme.example,,deepdesk.manager,")
        [letter] = letters()
        assert (letter.to, letter.subject) == (MIA, "Several people may do more in Deepdesk at Acme")
        assert "from now on: ed@acme.example (Studio Editor), eve@acme.example (Manager)." in letter.words
        assert "al@acme.example" not in letter.words

    def test_of_many_some_are_named(self, load: Callable[..., None], letters: Any) -> None:
        load(*(f"ed{number}@acme.example,,deepdesk.editor," for number in range(MOST_NAMED + 2)))
        [letter] = letters()
        assert letter.words.count("(Studio Editor)") == MOST_NAMED
        assert ", and 2 more." in letter.words

    def test_one_is_told_as_one(self, load: Callable[..., None], letters: Any) -> None:
        load("ed@acme.example,,deepdesk.editor,")
        [letter] = letters()
        assert letter.subject == "ed@acme.example may do more in Deepdesk at Acme"

    def test_agents_and_a_check_are_not_told(self, load: Callable[..., None], letters: Any) -> None:
        load("al@acme.example,,,")
        load("ed@acme.example,,deepdesk.editor,", only_check=True)
        assert letters() == []


class TestApprovedRequests:
    @pytest.fixture
    def asked(self, mia: str, eve: str, context: Context) -> str:
        """The id of a request for access, in an account into which mail is a way."""
        set_account(context, magic_link=MagicLinks.UNLINKED)
        with unit_of_work() as session:
            session.add(new_access_request("asked"))
        return "asked"

    @pytest.fixture
    def decider(self) -> Authority:
        return Authority(account=AccountCode("acme"), decider=Decider(standing=Standing.MANAGER, roles=(Role.MANAGER,)))

    def test_a_role_above_agent_is_told_when_it_cannot_be_taken_back_any_more(
        self, asked: str, mia: str, decider: Authority, parts: Parts, context: Context, letters: Any
    ) -> None:
        deciding.approve(asked, Role.EDITOR, by=decider, parts=parts, context=by(mia, context))
        told = [letter for letter in letters() if letter.to in {MIA, EVE}]
        assert [(letter.to, letter.due_at) for letter in told] == [(EVE, NOW + UNDO_WITHIN), (MIA, NOW + UNDO_WITHIN)]
        assert all("robin@acme.example is Studio Editor from now on." in letter.words for letter in told)
        assert all(f"It was done by Mia Manager ({MIA})." in letter.words for letter in told)

    def test_what_was_taken_back_is_not_told(
        self, asked: str, mia: str, decider: Authority, parts: Parts, context: Context, letters: Any
    ) -> None:
        with unit_of_work() as session:
            session.add(new_access_request("another", address="sam@acme.example"))
        act = by(mia, context)
        deciding.approve("another", Role.EDITOR, by=decider, parts=parts, context=act)
        letters()
        deciding.approve(asked, Role.EDITOR, by=decider, parts=parts, context=act)
        deciding.undo(asked, by=decider, context=replace(act, now=NOW + timedelta(seconds=9)))
        assert letters() == []
        with reading() as session:
            waiting = [item.payload["about"] for item in session.scalars(select(OutboxItem)) if "about" in item.payload]
        assert waiting == ["another", "another"]

    def test_an_operator_means_it_at_once(self, asked: str, parts: Parts, context: Context, letters: Any) -> None:
        deciding.approve(asked, Role.MANAGER, by=None, parts=parts, context=context)
        told = [letter for letter in letters() if "may do more" in letter.subject]
        assert [(letter.to, letter.due_at) for letter in told] == [(EVE, NOW), (MIA, NOW)]

    def test_an_agent_is_not_told(self, asked: str, parts: Parts, context: Context, letters: Any) -> None:
        deciding.approve(asked, None, by=None, parts=parts, context=context)
        assert [letter.to for letter in letters()] == ["robin@acme.example"]


class TestStaffWhoComeIn:
    @pytest.fixture
    def guest(
        self, mia: str, staff_provider: Provider, enter: Enter, parts: Parts, context: Context, letters: Any
    ) -> Callable[..., MustEnter]:
        """Sign Casey of staff in anew, who then stands before a customer's management pages."""
        accounts.create("globex", AccountSettings(name="Globex"), context=context)
        staff.grant(str(CASEY.email), None, MANAGER, context=context)
        minutes = count()

        def signed_in(account: str = "acme") -> MustEnter:
            begun = enter(staff_provider, CASEY, minutes=next(minutes))
            found = management.of(sso.live([begun.cookie], parts=parts, context=context), account, context=context)
            assert isinstance(found, MustEnter)
            letters()
            return found

        return signed_in

    @pytest.fixture
    def goes_in(self, parts: Parts, context: Context) -> Callable[[MustEnter], None]:
        def entered(guest: MustEnter) -> None:
            management.enter(guest, parts=parts, context=by(guest.person.user_id, context))

        return entered

    def test_managers_are_told_the_first_time(
        self, guest: Callable[..., MustEnter], goes_in: Any, letters: Any
    ) -> None:
        goes_in(guest())
        [letter] = letters()
        assert (letter.to, letter.subject) == (MIA, "Deepdesk staff came into Acme")
        assert "came into Acme for the first time, in the management pages, as Manager." in letter.words
        assert "It was done by Deepdesk staff: Casey." in letter.words
        assert f"from the network address {NETWORK}." in letter.words
        goes_in(guest())
        assert letters() == []

    def test_another_account_has_a_first_time_of_its_own(
        self, guest: Callable[..., MustEnter], goes_in: Any, make: Callable[..., str], letters: Any
    ) -> None:
        make("gus@globex.example", account="globex", roles=["deepdesk.manager"])
        goes_in(guest())
        goes_in(guest("globex"))
        assert {letter.to for letter in letters()} >= {"gus@globex.example"}

    def test_an_account_made_anew_under_the_same_code_was_never_entered(
        self, guest: Callable[..., MustEnter], goes_in: Any, make: Callable[..., str], context: Context, letters: Any
    ) -> None:
        goes_in(guest("globex"))
        accounts.delete("globex", context=context)
        later = replace(context, now=NOW + timedelta(days=1))
        accounts.create("globex", AccountSettings(name="Globex"), context=later)
        make("gus@globex.example", account="globex", roles=["deepdesk.manager"])
        goes_in(guest("globex"))
        assert [letter.to for letter in letters()] == ["gus@globex.example"]

    def test_of_eight_at_once_one_is_the_first(
        self, provider_app: Flask, guest: Callable[..., MustEnter], goes_in: Any, letters: Any
    ) -> None:
        at_the_door = [guest() for _ in range(RACERS)]
        assert racing(provider_app, lambda: goes_in(at_the_door.pop())) == [None] * RACERS
        assert [letter.to for letter in letters()] == [MIA]
