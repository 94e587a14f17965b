"""Every view and API call × every role × own and foreign account × bearer, session, token cookie.

Nobody gets an answer that their permissions do not explain; a view without a
guard, or without a reason to have none, fails here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.browser.guards import guard_of
from idp.domain.errors import NotAdmitted
from idp.domain.guarding import Guard
from idp.domain.roles import Role
from idp.services.people import deciding
from idp.services.people import staff as staff_grants
from idp.services.registry import accounts, api_keys, platform_secrets
from idp.services.registry.accounts import AccountSettings
from tests.protocol.conftest import initialise_at
from tests.security.walkers import EXPLAINED, WALKERS, Walker
from tests.support.app import CASEY, ISSUER, MIA, STAFF_DOMAIN, Browser, OpenIdProvider, Person, provider_on
from tests.support.rp import AuthorizationAnswer, RelyingParty
from tests.support.widget import API_KEY, PLATFORM_SECRET, Widget

OWN, FOREIGN = "acme", "beta"
ROLES = {"agent": Role.AGENT, "editor": Role.EDITOR, "assistant_editor": Role.ASSISTANT_EDITOR, "manager": Role.MANAGER}
SAFE = frozenset({"GET", "HEAD"})
VERSION = '"0000000000000000"'
BODIES: Mapping[str, Mapping[str, Any]] = {
    "api_v1.set_user_roles": {"roles": ["deepdesk.agent"]},
}
"""What calls have to say before it matters whose the thing is; the others may say nothing."""
REFUSED = frozenset({401, 403, 404})


@dataclass(frozen=True, kw_only=True)
class Step:
    """One method of one guarded address."""

    rule: str
    endpoint: str
    method: str
    guard: Guard

    @property
    def is_api(self) -> bool:
        """Whether programs call it."""
        return self.rule.startswith("/api/")

    @property
    def names_things(self) -> bool:
        """Whether it names something of the account besides the account itself."""
        return "<" in self.rule.replace("<account>", "")

    def path(self, account: str, named: Mapping[str, str]) -> str:
        """Return the address for an account and things of some account."""
        path = self.rule.replace("<account>", account)
        if "/platform-secrets/" in path:
            path = path.replace("<key_id>", "<secret_id>")  # pages call both kinds alike
        for name, value in named.items():
            path = path.replace(f"<{name}>", value)
        assert "<" not in path, f"{self.rule}: the walk knows no such thing; name it in `named_of`"
        return path if "<account>" in self.rule else f"{path}?account={account}"


@dataclass(kw_only=True)
class Presence:
    """A walker with all that they can show.

    :param bearer: an access token for the management API; empty where no client gets one for them.
    """

    walker: Walker
    browser: Browser
    bearer: str
    csrf: str = ""
    widget: Widget | None = None
    answers: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Ground:
    """The provider on which they walk, which is made anew after everything that changed it.

    :param named: by account, what the variable parts of addresses name there.
    """

    op: OpenIdProvider
    rp: RelyingParty
    file: Path
    kept: Path
    named: Mapping[str, Mapping[str, str]]
    people: Mapping[str, Presence]

    def restore(self) -> None:
        """Take back what was changed."""
        self.op.hangs_up()
        shutil.copy(self.kept, self.file)
        self.op.parts.origins.forget()


def guarded(op: OpenIdProvider) -> list[Step]:
    """Return all that has a guard."""
    found = []
    for rule in op.app.url_map.iter_rules():
        guard = guard_of(op.app.view_functions[rule.endpoint])
        if guard is not None:
            methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            found += [Step(rule=rule.rule, endpoint=rule.endpoint, method=one, guard=guard) for one in methods]
    return found


def test_every_view_has_a_guard_or_a_reason_to_have_none(ground: Ground) -> None:
    endpoints = {rule.endpoint for rule in ground.op.app.url_map.iter_rules()}
    bare = {one for one in endpoints if guard_of(ground.op.app.view_functions[one]) is None}
    assert bare - EXPLAINED.keys() == set(), "guard them with @managed or @operation, or explain them in walkers.py"
    assert EXPLAINED.keys() - bare == set(), "these are gone, or have a guard"
    assert len(guarded(ground.op)) > 60


@pytest.mark.parametrize("walker", WALKERS, ids=lambda one: one.name)
class TestTheWalk:
    """Each walker tries every guarded method of every address."""

    def test_with_a_session(self, ground: Ground, walker: Walker) -> None:
        who = ground.people[walker.name]
        for step in guarded(ground.op):
            own = self._tried(ground, step, OWN, ground.named[OWN], partial(with_session, who))
            judge(step, own, may=walker.may_at(step.rule, step.guard.permission), what="own account, session")
            self._abroad(ground, step, walker, partial(with_session, who), "session")

    def test_with_a_bearer_token(self, ground: Ground, walker: Walker) -> None:
        who = ground.people[walker.name]
        for step in guarded(ground.op):
            answer = self._tried(ground, step, OWN, ground.named[OWN], partial(with_bearer, who))
            if not step.is_api:
                assert is_shut(answer), f"{step}: a token opened a page: {answer.status}"
                continue
            judge(step, answer, may=walker.may_at(step.rule, step.guard.permission), what="own account, bearer")
            self._abroad(ground, step, walker, partial(with_bearer, who), "bearer")

    def test_with_a_token_cookie(self, ground: Ground, walker: Walker) -> None:
        """Token cookies never count in management, whoever has them (CONTRACT §6 rule 11)."""
        widget = ground.people[walker.name].widget
        if widget is None:
            assert walker.staff, "only staff have no widget"
            return
        for step in guarded(ground.op):
            answer = self._tried(ground, step, OWN, ground.named[OWN], partial(with_cookie, widget))
            shut_out = answer.status_code in {401, 403} if step.is_api else is_shut(answer)
            assert shut_out, f"{step}: a token cookie opened it: {answer.status}"

    def _abroad(self, ground: Ground, step: Step, walker: Walker, call: Any, how: str) -> None:
        """Try the same at the neighbour's, and with the neighbour's things at home."""
        if "<account>" in step.rule or not step.is_api:
            there = self._tried(ground, step, FOREIGN, ground.named[FOREIGN], call)
            assert there.status_code in REFUSED or goes_to_sign_in(there), f"{step} {how}: beta is open: {there.status}"
            if step.is_api and walker.may:
                assert there.status_code == 404, f"{step} {how}: beta shows that it is there: {there.status}"
        if step.names_things:
            theirs = self._tried(ground, step, OWN, ground.named[FOREIGN], call)
            if not step.is_api and theirs.status_code == 303 and step.method in SAFE:
                theirs = ground.people[walker.name].browser.opens(theirs.headers["Location"])
            expected = {404} if step.guard.permission in walker.may else REFUSED
            assert theirs.status_code in expected or goes_to_sign_in(theirs), f"{step} {how}: theirs {theirs.status}"

    def _tried(self, ground: Ground, step: Step, account: str, named: Mapping[str, str], call: Any) -> TestResponse:
        answer: TestResponse = call(step, step.path(account, named), named)
        assert answer.status_code < 500, f"{step}: {answer.status} {answer.text[:300]}"
        if step.method not in SAFE and answer.status_code < 400:
            ground.restore()
        return answer


@pytest.mark.parametrize("walker", [one for one in WALKERS if one.may], ids=lambda one: one.name)
def test_sensitive_acts_want_a_fresh_proof_of_everybody(ground: Ground, walker: Walker) -> None:
    who = ground.people[walker.name]
    ground.op.clock.advance(minutes=15, seconds=1)
    try:
        # The token has expired by now; another one of the same sign-in has the same auth_time.
        later = replace(who, bearer=bearer_of(ground.rp, who.browser, walker))
        for step in guarded(ground.op):
            if not step.guard.sensitive or step.guard.permission not in walker.may:
                continue
            path = step.path(OWN, ground.named[OWN])
            answer = with_session(who, step, path, ground.named[OWN])
            if step.is_api:
                wants_proof(step, answer)
                wants_proof(step, with_bearer(later, step, path, ground.named[OWN]))
            else:
                assert answer.status_code == 303, f"{step}: {answer.status}"
                assert answer.headers["Location"].startswith("/manage/proof/?account=acme&after="), answer.headers
    finally:
        ground.op.clock.advance(minutes=-15, seconds=-1)
        ground.restore()


def wants_proof(step: Step, answer: TestResponse) -> None:
    """Require the answer of RFC 9470."""
    challenge = answer.headers.get("WWW-Authenticate", "")
    assert answer.status_code == 401, f"{step}: {answer.status} {answer.text[:200]}"
    assert 'error="insufficient_user_authentication"' in challenge, challenge
    assert 'max_age="900"' in challenge, challenge


def judge(step: Step, answer: TestResponse, *, may: bool, what: str) -> None:
    """Hold an answer against what the walker may."""
    if may:
        assert answer.status_code not in REFUSED, (
            f"{step} {what}: refused to whoever may: {answer.status} {answer.text[:300]}"
        )
        assert not goes_to_sign_in(answer), f"{step} {what}: {answer.headers}"
    elif step.is_api:
        # Staff whom no grant lets in are not told that there is such an account; a decision that nobody made is none's.
        assert answer.status_code in REFUSED | {409}, f"{step} {what}: open to whoever may not: {answer.status}"
        if answer.status_code == 403:
            told = answer.get_json()
            assert told["code"] == "not_yours" or told.get("permission") == step.guard.permission, told
    else:
        assert answer.status_code == 403 or goes_to_sign_in(answer), f"{step} {what}: {answer.status}"


def goes_to_sign_in(answer: TestResponse) -> bool:
    """Whether the browser is sent away to sign in."""
    return answer.status_code == 303 and answer.headers["Location"].startswith("/login/")


def is_shut(answer: TestResponse) -> bool:
    """Whether a page is shut for whoever has no session: they are to sign in, or their form is not taken."""
    return goes_to_sign_in(answer) or answer.status_code == 400


def with_session(who: Presence, step: Step, path: str, named: Mapping[str, str]) -> TestResponse:
    """Call from a page of the provider's own, in the walker's browser."""
    options: dict[str, Any] = {"headers": {"Origin": ISSUER, "If-Match": VERSION}}
    if step.method not in SAFE:
        if step.is_api:
            options["headers"]["X-CSRF-Token"] = who.csrf
            options["json"] = BODIES.get(step.endpoint, {})
        else:
            options["data"] = {"csrf_token": who.csrf, "id": named["request_id"], **named}
    return who.browser.http.open(f"{ISSUER}{path}", method=step.method, **options)


def with_bearer(who: Presence, step: Step, path: str, _named: Mapping[str, str]) -> TestResponse:
    """Call as a service in the walker's name."""
    options: dict[str, Any] = {"json": BODIES.get(step.endpoint, {})} if step.method not in SAFE and step.is_api else {}
    headers = {"If-Match": VERSION} | {"Authorization": f"Bearer {who.bearer}"} if who.bearer else {}
    client = who.browser.http.application.test_client(use_cookies=False)
    return client.open(f"{ISSUER}{path}", method=step.method, headers=headers, **options)


def with_cookie(widget: Widget, step: Step, path: str, _named: Mapping[str, str]) -> TestResponse:
    """Call with the widget's cookies, as a page of the provider's own would."""
    headers = {
        "Cookie": widget.jars.header("/", third_party=True),
        "Origin": ISSUER,
        "X-CSRF-Token": widget.csrf_access,
    }
    options: dict[str, Any] = {"json": {}} if step.method not in SAFE and step.is_api else {}
    return widget.http.open(f"{ISSUER}{path}", method=step.method, headers=headers, **options)


# The ground


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Two accounts with one of everything each, and everybody who walks."""
    directory = tmp_path_factory.mktemp("walk")
    file, kept = directory / "idp.db", directory / "kept.db"
    url = f"sqlite:///{file}"
    initialise_at(url)
    with provider_on(url, directory) as op:
        op.staff_sign_in_with_google()
        named = {OWN: things_of(op, OWN), FOREIGN: things_of(op, FOREIGN)}
        # From now on the requests are the deputies' to decide, too.
        op.clock.advance(hours=25)
        for account, things in named.items():
            things["sid"] = op.signs_in(op.browser(), somebody_of(account)).sid
        rp = RelyingParty.registered_at(op, "Desk", account=OWN, client_id="desk", scope="openid offline_access manage")
        rp.scope = "openid offline_access manage"
        people = {one.name: appear(op, rp, one) for one in WALKERS}
        op.hangs_up()
        shutil.copy(file, kept)
        yield Ground(op=op, rp=rp, file=file, kept=kept, named=named, people=people)


def things_of(op: OpenIdProvider, account: str) -> dict[str, str]:
    """Make one of everything in an account; returns what addresses call them."""
    if account != OWN:
        op.account(account)
    person = somebody_of(account)
    begun = op.signs_in(op.browser(), person)
    with suppress(NotAdmitted):
        op.signs_in(op.browser(), replace(person, subject=f"{account}-78"))
    op.grants(f"guest.of.{account}@{STAFF_DOMAIN}", account, roles=(Role.EDITOR,))
    op.upstream(f"only-{account}", account=account)
    with op.app.app_context():
        key = api_keys.create(account, key=API_KEY if account == OWN else None, parts=op.parts, context=op.context)
        secret = platform_secrets.create(
            account,
            secret=PLATFORM_SECRET if account == OWN else None,
            parts=op.parts,
            context=op.context,
        )
        accounts.update(account, AccountSettings(origins=(f"https://{account}.example",)), context=op.context)
        (request,) = deciding.list_all(account, context=op.context)
        (grant,) = [one for one in staff_grants.list_all(account) if one.account_code == account]
    client = RelyingParty.registered_at(op, "Thing", account=account, client_id=f"thing-of-{account}")
    user_id = request.meets.id if request.meets else ""
    return {
        "user_id": user_id,
        "sid": begun.sid,
        "request_id": request.request.id,
        "client_id": client.client_id,
        "code": f"only-{account}",
        "key_id": key.id,
        "secret_id": secret.id,
        "grant_id": grant.id,
    }


def somebody_of(account: str) -> Person:
    """Return a person of an account who walks nowhere."""
    return replace(MIA, account=account, subject=f"{account}-77", email=f"noor@{account}.example", roles=())


def appear(op: OpenIdProvider, rp: RelyingParty, walker: Walker) -> Presence:
    """Let a walker sign in, and get whatever opens doors to others."""
    browser = op.browser()
    if walker.staff:
        person = staff_of(op, walker)
        op.signs_in(browser, person)
        if walker.name == "staff_as_manager":
            asked = browser.opens("/manage/?account=acme")
            entered = browser.posts("/manage/enter/?account=acme", {"csrf_token": form_token(asked)})
            assert entered.status_code == 303, entered.text
    else:
        op.signs_in(browser, person_of(op, walker))
    presence = Presence(walker=walker, browser=browser, bearer=bearer_of(rp, browser, walker), csrf=csrf_of(browser))
    if not walker.staff:
        presence.widget = widget_of(op, person_of(op, walker))
    return presence


def person_of(op: OpenIdProvider, walker: Walker) -> Person:
    """Return one of the account's own people."""
    role = ROLES.get(walker.name, Role.AGENT)
    person = replace(MIA, subject=f"acme-{walker.name}", email=f"{walker.name}@acme.example", roles=(role.value,))
    if walker.name == "deputy":
        with op.app.app_context():
            present = accounts.addresses_of_deputies(accounts.show(OWN))
        if not present:
            op.signs_in(op.browser(), person)
            op.runs("accounts", "update", OWN, "--deputy", person.email or "")
    return person


def staff_of(op: OpenIdProvider, walker: Walker) -> Person:
    """Return one of Deepdesk's own, with the grant that the name says."""
    person = replace(CASEY, subject=f"staff-{walker.name}", email=f"{walker.name.replace('_', '.')}@{STAFF_DOMAIN}")
    role = {"staff_as_editor": Role.EDITOR, "staff_as_manager": Role.MANAGER}.get(walker.name)
    if role is not None:
        op.grants(person.email or "", OWN, roles=(role,))
    return person


def bearer_of(rp: RelyingParty, browser: Browser, walker: Walker) -> str:
    """Let the service get a token for the management API in the walker's name; empty where it gets none."""
    asked = rp.asks(browser, resource=ISSUER)
    if walker.staff and asked.location.startswith("/login/staff/"):
        token = form_token(browser.opens(asked.location))
        done = browser.posts(asked.location, {"csrf_token": token}, headers={"Origin": ISSUER})
        asked = AuthorizationAnswer(browser.follows(done), asked.asked)
    if not asked.has_a_code():
        assert walker.name == "staff_without_grant", asked
        return ""
    return rp.redeems(asked.code).tokens.access_token


def csrf_of(browser: Browser) -> str:
    """Return the value that forms of this browser's pages carry."""
    return form_token(browser.opens("/account/"))


def form_token(page: TestResponse) -> str:
    """Return the value that a page's form carries."""
    return page.text.partition('name="csrf_token" value="')[2].partition('"')[0]


def widget_of(op: OpenIdProvider, person: Person) -> Widget:
    """Return a browser that has the person's token cookies and no SSO session."""
    widget = Widget(op, origin=None)
    assert widget.signs_in_in_a_window(person).status_code == 303
    widget.jars.kept = {key: value for key, value in widget.jars.kept.items() if "idp_sso" not in key[1]}
    assert widget.window().asks().status_code == 200
    return widget.window()
