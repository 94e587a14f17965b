"""Upstream providers under ``/manage/providers/``: managers look, staff who entered change (CONTRACT §6 rule 11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.domain.provider_findings import Topic
from idp.domain.provider_kinds import Kind
from idp.domain.roles import Role
from idp.pages.manage.provider_words import FINDINGS
from idp.services.operations import provider_standing
from idp.services.registry import providers
from idp.services.registry.providers import settings_of
from idp.store.providers import Provider
from tests.pages.manage import EDITOR, follows, sends, signs_in_as
from tests.pages.test_templates import HOSTILE, LARGEST_PAGE, Outline
from tests.pages.things import PROVIDERS, Filled, fills_in, provider_page, staff_who_entered
from tests.protocol.conftest import BOTH_DATABASES
from tests.support.app import MIA, SAM, Browser, OpenIdProvider
from tests.support.platform import RunningPlatform

NEW = "/manage/providers/new/?account=acme"
SECRET = "a secret that no page may show"
OKTA = {
    "code": "okta",
    "display_name": "Acme",
    "issuer": "https://acme.okta.example",
    "client_id": "0oa1",
    "client_secret": SECRET,
}
THEIR_PARTS = ("", "sheet/", "edit/", "delete/")


@pytest.fixture
def mia(op: OpenIdProvider) -> Browser:
    return signs_in_as(op)


@pytest.fixture
def casey(op: OpenIdProvider) -> Browser:
    return staff_who_entered(op)


def text_of(browser: Browser, address: str) -> str:
    page = browser.opens(address)
    assert page.status_code == 200, page.text
    return unescape(" ".join(Outline(page.text).text.split()))


def stored(op: OpenIdProvider, code: str) -> Provider:
    with op.app.app_context():
        return providers.show("acme", code)


def secret_of(op: OpenIdProvider, code: str) -> str:
    row = stored(op, code)
    return op.parts.sealer.open(row.client_secret_sealed, record=f"provider:{row.id}:client_secret")


def new_form(browser: Browser, kind: str = "oidc") -> str:
    return f"{NEW}&kind={kind}"


class TestTheList:
    def test_says_what_there_is_and_that_nobody_looked_yet(self, mia: Browser) -> None:
        page = text_of(mia, PROVIDERS)
        assert "Platform" in page
        assert "OpenID Connect · platform" in page
        assert "not yet" in page

    @BOTH_DATABASES
    def test_counts_who_is_known_by_it(self, op: OpenIdProvider, mia: Browser) -> None:
        op.signs_in(op.browser(), SAM)
        assert 'data-label="People">2<' in mia.opens(PROVIDERS).text

    @pytest.mark.parametrize(
        ("days", "words"), [(31, None), (30, "days left: 30"), (1, "days left: 1"), (0, "has expired")]
    )
    def test_warns_30_days_before_the_secret_ends(
        self, op: OpenIdProvider, mia: Browser, days: int, words: str | None
    ) -> None:
        day = (op.clock.now() + timedelta(days=days)).date()
        op.runs("providers", "update", "acme", "platform", "--client-secret-expires", day.isoformat())
        page = mia.opens(PROVIDERS).text
        assert (f'<strong class="bad">{words}' in page) is (words is not None)

    def test_says_so_where_there_is_none(self, op: OpenIdProvider) -> None:
        casey = staff_who_entered(op)
        op.runs("providers", "delete", "acme", "platform", "--yes")
        assert "No provider is connected." in text_of(casey, PROVIDERS)

    def test_has_none_of_another_account(self, op: OpenIdProvider, mia: Browser) -> None:
        op.account("beta")
        op.upstream("only-betas", account="beta")
        assert "only-betas" not in mia.opens(PROVIDERS).text

    def test_offers_a_new_one_to_staff_alone(self, mia: Browser, casey: Browser) -> None:
        assert NEW not in unescape(mia.opens(PROVIDERS).text)
        assert NEW in unescape(casey.opens(PROVIDERS).text)


class TestOneProvider:
    def test_says_who_may_come_and_how_roles_come_about(self, op: OpenIdProvider, mia: Browser) -> None:
        op.upstream(
            "entra", kind="entra", tenants=("t-1", "t-2"), role_map={"Boss": Role.MANAGER}, role_ceiling=Role.EDITOR
        )
        page = text_of(mia, provider_page("entra"))
        assert "Only people of these organisations may come, by their ID there: t-1, t-2." in page
        assert "Nobody who comes by it is more than Studio Editor." in page
        assert "BossManager" in page
        assert f"{op.issuer}/oauth/callback/acme.entra/" in page
        assert "trusted only where the provider says that it verified them" in page

    def test_offers_managers_the_sheet_and_no_change(self, mia: Browser) -> None:
        page = unescape(mia.opens(provider_page("platform")).text)
        assert provider_page("platform", "sheet/") in page
        assert not [part for part in ("check/", "edit/", "delete/") if provider_page("platform", part) in page]

    def test_tells_of_the_last_sign_in_that_failed(
        self, op: OpenIdProvider, mia: Browser, platform: RunningPlatform
    ) -> None:
        op.connects("platform", platform)
        stranger = op.browser()
        departed = stranger.opens("/login/with/platform/?account=acme")
        state = departed.headers["Location"].partition("state=")[2].partition("&")[0]
        stranger.opens(f"/oauth/callback/acme.platform/?state={state}&code=made-up&iss={platform.issuer}")
        assert "The last sign-in that came back unusable was on" in text_of(mia, provider_page("platform"))

    def test_keeps_markup_in_names_as_text(self, op: OpenIdProvider, mia: Browser, casey: Browser) -> None:
        op.upstream("odd", display_name=HOSTILE[:90], client_id=HOSTILE, role_map={HOSTILE: Role.AGENT})
        addresses = [PROVIDERS, *(provider_page("odd", part) for part in ("", "sheet/"))]
        pages = [mia.opens(address) for address in addresses]
        pages += [casey.opens(provider_page("odd", part)) for part in ("edit/", "delete/")]
        for page in pages:
            assert page.status_code == 200
            assert Outline(page.text).named("script") == []

    def test_shows_no_secret_anywhere(self, op: OpenIdProvider, mia: Browser, casey: Browser) -> None:
        for browser in (mia, casey):
            for address in (PROVIDERS, *(provider_page("platform", part) for part in THEIR_PARTS)):
                assert "of the upstream" not in browser.follows(browser.opens(address)).text
        assert secret_of(op, "platform") == "of the upstream"


class TestACheck:
    def test_finds_that_all_is_well(self, connected: OpenIdProvider) -> None:
        casey = staff_who_entered(connected)
        done = fills_in(casey, casey.opens(provider_page("platform")), "check-provider")
        page = follows(casey, done).text
        assert "It was checked just now." in page
        assert "All well." in page
        assert "All well, just now" in text_of(casey, PROVIDERS)

    def test_says_each_thing_with_its_mend(self, op: OpenIdProvider, casey: Browser, platform: RunningPlatform) -> None:
        op.connects("platform", platform)
        op.runs("providers", "update", "acme", "platform", "--client-id", "nobody")
        page = unescape(follows(casey, fills_in(casey, casey.opens(provider_page("platform")), "check-provider")).text)
        assert "Sign-ins fail." in page
        for sentence in FINDINGS[Topic.CLIENT]:
            assert str(sentence) in page
        assert "The provider does not accept the client id 'nobody'" in page
        assert "Sign-ins fail" in text_of(casey, PROVIDERS)

    def test_of_the_command_stands_on_the_page_too(self, connected: OpenIdProvider) -> None:
        mia = signs_in_as(connected)
        connected.runs("providers", "check", "acme", "platform")
        assert "All well." in text_of(mia, provider_page("platform"))

    @BOTH_DATABASES
    def test_is_made_once_a_minute(self, op: OpenIdProvider, casey: Browser, platform: RunningPlatform) -> None:
        op.connects("platform", platform)
        page = casey.opens(provider_page("platform"))
        assert fills_in(casey, page, "check-provider").status_code == 303
        again = fills_in(casey, page, "check-provider")
        assert again.status_code == 429
        assert 1 <= int(again.headers["Retry-After"]) <= 60
        assert "You can check again in" in again.text
        op.clock.advance(seconds=int(again.headers["Retry-After"]))
        assert fills_in(casey, page, "check-provider").status_code == 303

    def test_is_counted_for_each_provider_by_itself(
        self, op: OpenIdProvider, casey: Browser, platform: RunningPlatform
    ) -> None:
        op.connects("platform", platform)
        op.upstream("second")
        op.connects("second", platform)
        for code in ("platform", "second"):
            assert fills_in(casey, casey.opens(provider_page(code)), "check-provider").status_code == 303

    def test_is_not_a_managers_to_ask_for(self, op: OpenIdProvider, mia: Browser, platform: RunningPlatform) -> None:
        op.connects("platform", platform)
        assert sends(mia, provider_page("platform", "check/"), {}).status_code == 403
        assert "It was not checked yet." in text_of(mia, provider_page("platform"))

    def test_outlives_nothing_of_a_provider_that_is_gone(
        self, op: OpenIdProvider, casey: Browser, platform: RunningPlatform
    ) -> None:
        op.connects("platform", platform)
        row = stored(op, "platform")
        op.runs("providers", "delete", "acme", "platform", "--yes")
        with op.app.app_context():
            provider_standing.look(row, parts=op.parts, context=op.at_this_moment)
        assert op.rows()["provider_checks"] == 0

    def test_every_topic_has_its_words(self) -> None:
        assert set(FINDINGS) == set(Topic)


class TestTheSheet:
    @pytest.mark.parametrize(
        ("kind", "settings", "words"),
        [
            ("entra", {"tenants": ("t",)}, ["xms_edov", "deepdesk.assistant_editor", "Directory (tenant) ID"]),
            ("google", {"hosted_domains": ("acme.example",)}, ["Internal", "primary domain of your Workspace"]),
            (
                "genesys",
                {"tenants": ("o",), "api_url": "https://api.mypurecloud.de"},
                ["Code Authorization", "GET /api/v2/users/me?expand=authorization,organization"],
            ),
            ("ringcentral", {"tenants": ("1",)}, ["Read Accounts", "The ID of your RingCentral account"]),
            (
                "salesforce",
                {"tenants": ("o",), "issuer": "https://acme.my.salesforce.com"},
                ["custom_permissions", "Deepdesk_Editor", "Consumer key"],
            ),
            ("oidc", {}, ["email_verified", "RS256 / ES256", "client_secret_basic / client_secret_post"]),
            (
                "oauth2",
                {
                    "authorize_url": "https://a.example/a",
                    "token_url": "https://a.example/t",
                    "userinfo_url": "https://a.example/me",
                },
                ["Authorization: Bearer", "client_secret_basic"],
            ),
        ],
    )
    def test_has_all_that_is_typed_into_their_console(
        self, op: OpenIdProvider, mia: Browser, kind: str, settings: dict[str, object], words: list[str]
    ) -> None:
        op.upstream("theirs", kind=kind, **settings)
        page = text_of(mia, provider_page("theirs", "sheet/"))
        for word in (f"{op.issuer}/oauth/callback/acme.theirs/", "The client secret's value", *words):
            assert word in page

    def test_names_the_values_of_the_map(self, op: OpenIdProvider, mia: Browser) -> None:
        op.upstream("theirs", role_map={"Studio-Admins": Role.MANAGER})
        page = text_of(mia, provider_page("theirs", "sheet/"))
        assert "Studio-AdminsManager" in page
        assert "deepdesk.manager" not in page

    def test_is_there_for_staff_before_the_provider_is(self, op: OpenIdProvider, mia: Browser, casey: Browser) -> None:
        address = f"{provider_page('okta', 'sheet/')}&kind=oidc"
        assert f"{op.issuer}/oauth/callback/acme.okta/" in text_of(casey, address)
        assert mia.opens(address).status_code == 404

    @pytest.mark.parametrize("language", ["nl", "de"])
    def test_is_there_in_the_readers_language(self, mia: Browser, language: str) -> None:
        page = mia.opens(f"{provider_page('platform', 'sheet/')}&lang={language}")
        assert f'<html lang="{language}">' in page.text


class TestConnecting:
    def test_asks_for_the_kind_first(self, casey: Browser) -> None:
        page = unescape(casey.opens(NEW).text)
        for kind in Kind:
            assert f"{NEW}&kind={kind.value}" in page

    @pytest.mark.parametrize("kind", list(Kind))
    def test_then_for_what_the_kind_needs(self, casey: Browser, kind: str) -> None:
        page = casey.opens(new_form(casey, kind))
        fields = Filled(page, "provider").fields
        assert len(page.data) < LARGEST_PAGE
        assert ("tenants" in fields) is (kind in {"entra", "genesys", "ringcentral", "salesforce"})
        assert ("hosted_domains" in fields) is (kind == "google")
        assert ("issuer" in fields) is (kind in {"oidc", "salesforce"})
        assert ("role_based_iam" in fields) is (kind not in {"google", "oauth2"})
        assert ("custom_permissions" in fields["scope"]) is (kind == "salesforce")

    def test_stores_what_was_typed(self, op: OpenIdProvider, casey: Browser) -> None:
        done = fills_in(
            casey,
            casey.opens(new_form(casey)),
            "provider",
            **OKTA,
            client_secret_expires="2027-01-31",
            map_manager="Admins\nBosses\n",
            map_agent="All",
            role_ceiling="deepdesk.editor",
        )
        assert "It is connected." in follows(casey, done).text
        settings = settings_of(stored(op, "okta"))
        assert settings.issuer == OKTA["issuer"]
        assert settings.role_map == {"Admins": Role.MANAGER, "Bosses": Role.MANAGER, "All": Role.AGENT}
        assert (settings.role_ceiling, settings.role_based_iam) == (Role.EDITOR, True)
        assert str(settings.client_secret_expires) == "2027-01-31"
        assert secret_of(op, "okta") == SECRET

    @pytest.mark.parametrize(
        ("kind", "typed"),
        [
            ("entra", {"tenants": "3b0c6a52-7a3f-4d7e-9f5e-2a51c0de0001"}),
            ("google", {"hosted_domains": "acme.example"}),
            ("genesys", {"tenants": "o-1", "api_url": "https://api.mypurecloud.de"}),
            ("ringcentral", {"tenants": "400100000001"}),
            ("salesforce", {"tenants": "00D5f0000001AcmEAE", "issuer": "https://acme.my.salesforce.com"}),
            (
                "oauth2",
                {
                    "display_name": "Portal",
                    "authorize_url": "https://a.example/a",
                    "token_url": "https://a.example/t",
                    "userinfo_url": "https://a.example/me",
                },
            ),
        ],
    )
    def test_works_for_every_kind(self, op: OpenIdProvider, casey: Browser, kind: str, typed: dict[str, str]) -> None:
        page = casey.opens(new_form(casey, kind))
        done = fills_in(casey, page, "provider", client_id="x", client_secret=SECRET, **typed)
        assert done.status_code == 303, done.text
        assert stored(op, kind).kind == kind

    def test_tells_all_problems_at_once_each_beside_its_field(self, op: OpenIdProvider, casey: Browser) -> None:
        page = casey.opens(new_form(casey, "entra"))
        wrong = {"code": "Not A Code", "tenants": "acme.example", "client_id": "", "client_secret_expires": "tomorrow"}
        told = fills_in(casey, page, "provider", **wrong, map_manager="X", map_agent="X", scope="profile")
        assert told.status_code == 422
        outline = Outline(told.text)
        summary = outline.by_id("error")
        assert (summary["role"], summary["tabindex"], "autofocus" in summary) == ("alert", "-1", True)
        for name in (*wrong, "client_secret", "map_agent", "scope"):
            assert outline.by_id(name)["aria-invalid"] == "true", name
            assert f"{name}-wrong" in str(outline.by_id(name)["aria-describedby"])
            assert f'href="#{name}"' in told.text
        assert not [row for row in op.runs("providers", "list").splitlines() if "entra" in row]

    def test_loses_nothing_that_was_typed_but_the_secret(self, casey: Browser) -> None:
        typed = {**OKTA, "issuer": "http://not-safe.example", "map_editor": "  Writers\n<b>", "role_based_iam": None}
        told = fills_in(casey, casey.opens(new_form(casey)), "provider", **typed, require_roles="1", scope="openid x")
        assert told.status_code == 422
        shown = Filled(told, "provider").fields
        kept = {
            "code": "okta",
            "issuer": "http://not-safe.example",
            "client_id": "0oa1",
            "map_editor": "  Writers\n<b>",
        }
        assert {name: shown[name] for name in kept} == kept
        assert (shown["client_secret"], shown["scope"]) == ("", "openid x")
        assert ("role_based_iam" in shown, shown["require_roles"]) == (False, "1")
        assert SECRET not in told.text

    def test_sends_to_the_vendors_own_kind(self, casey: Browser) -> None:
        typed = {**OKTA, "issuer": "https://accounts.google.com"}
        told = fills_in(casey, casey.opens(new_form(casey)), "provider", **typed)
        assert Outline(told.text).by_id("issuer")["aria-invalid"] == "true"

    def test_twice_makes_one(self, op: OpenIdProvider, casey: Browser) -> None:
        page = casey.opens(new_form(casey))
        assert fills_in(casey, page, "provider", **OKTA).status_code == 303
        told = fills_in(casey, page, "provider", **OKTA)
        assert told.status_code == 409
        assert "This account has a provider of that code already." in told.text
        assert op.runs("providers", "list", "--account", "acme").count("okta.example") == 1

    def test_refuses_the_code_that_the_form_itself_has(self, casey: Browser) -> None:
        told = fills_in(casey, casey.opens(new_form(casey)), "provider", **{**OKTA, "code": "new"})
        assert told.status_code == 422
        assert Outline(told.text).by_id("code")["aria-invalid"] == "true"

    def test_wants_a_fresh_proof_and_brings_back_all_but_the_secret(self, op: OpenIdProvider, casey: Browser) -> None:
        page = casey.opens(new_form(casey))
        op.clock.advance(minutes=16)
        sent_away = fills_in(casey, page, "provider", **OKTA)
        assert sent_away.status_code == 303
        location = sent_away.headers["Location"]
        assert location.startswith("/manage/proof/?account=acme&after=")
        after = parse_qs(urlsplit(location).query)["after"][0]
        assert "client_id=0oa1" in after
        assert SECRET.replace(" ", "+") not in after
        op.clock.advance(minutes=-16)
        back = casey.opens(after)
        shown = Filled(back, "provider").fields
        assert (shown["code"], shown["issuer"], shown["client_secret"]) == ("okta", OKTA["issuer"], "")


class TestChanging:
    def test_keeps_the_secret_where_none_is_typed(self, op: OpenIdProvider, casey: Browser) -> None:
        page = casey.opens(provider_page("platform", "edit/"))
        done = fills_in(casey, page, "provider", display_name="Acme's own", role_ceiling="deepdesk.agent")
        assert "It is saved" in follows(casey, done).text
        row = stored(op, "platform")
        assert (row.display_name, row.role_ceiling) == ("Acme's own", "deepdesk.agent")
        assert secret_of(op, "platform") == "of the upstream"

    def test_changes_nothing_where_nothing_was_typed(self, op: OpenIdProvider, casey: Browser) -> None:
        before = settings_of(stored(op, "platform"))
        assert fills_in(casey, casey.opens(provider_page("platform", "edit/")), "provider").status_code == 303
        assert settings_of(stored(op, "platform")) == before

    def test_stores_another_secret(self, op: OpenIdProvider, casey: Browser) -> None:
        page = casey.opens(provider_page("platform", "edit/"))
        assert SECRET not in follows(casey, fills_in(casey, page, "provider", client_secret=SECRET)).text
        assert secret_of(op, "platform") == SECRET

    def test_changes_nothing_that_somebody_changed_meanwhile(self, op: OpenIdProvider, casey: Browser) -> None:
        page = casey.opens(provider_page("platform", "edit/"))
        op.runs("providers", "update", "acme", "platform", "--role-ceiling", "deepdesk.agent")
        told = fills_in(casey, page, "provider", display_name="Mine")
        assert told.status_code == 409
        assert "somebody changed this provider while you looked" in told.text
        assert Filled(told, "provider").fields["display_name"] == "Mine"
        assert stored(op, "platform").display_name == "Platform"

    def test_says_that_people_become_strangers_with_another_issuer(self, casey: Browser) -> None:
        page = casey.opens(provider_page("platform", "edit/"))
        done = fills_in(casey, page, "provider", issuer="https://other.acme.example")
        assert "is somebody new from now" in follows(casey, done).text

    def test_keeps_the_claim_by_which_people_are_known(self, op: OpenIdProvider, mia: Browser, casey: Browser) -> None:
        page = casey.opens(provider_page("platform", "edit/"))
        told = fills_in(casey, page, "provider", subject_claim="email")
        assert told.status_code == 422
        assert Outline(told.text).by_id("subject_claim")["aria-invalid"] == "true"
        assert "<details open>" in told.text

    def test_wants_a_fresh_proof(self, op: OpenIdProvider, casey: Browser) -> None:
        op.clock.advance(minutes=16)
        for part in ("edit/", "delete/"):
            sent_away = casey.opens(provider_page("platform", part))
            assert sent_away.headers["Location"].startswith("/manage/proof/?account=acme&after="), sent_away.status


class TestRemoving:
    def test_says_how_many_people_it_concerns(self, op: OpenIdProvider, mia: Browser, casey: Browser) -> None:
        op.signs_in(op.browser(), SAM)
        page = text_of(casey, provider_page("platform", "delete/"))
        assert "People who are known so: 2." in page
        assert "It is the only provider here." in page

    def test_takes_it_and_its_links_away(self, op: OpenIdProvider, mia: Browser, casey: Browser) -> None:
        page = casey.opens(provider_page("platform", "delete/"))
        done = fills_in(casey, page, "confirm")
        assert "Platform is removed." in follows(casey, done).text
        assert fills_in(casey, page, "confirm").status_code == 404
        assert casey.opens(provider_page("platform")).status_code == 404


class TestWhoMayWhat:
    @pytest.mark.parametrize("address", [NEW, *(provider_page("platform", part) for part in ("edit/", "delete/"))])
    def test_managers_may_look_and_not_change(self, mia: Browser, address: str) -> None:
        for answer in (mia.opens(address), sends(mia, address, {"kind": "oidc", **OKTA})):
            assert answer.status_code == 403
            assert 'id="error"' in answer.text

    @pytest.mark.parametrize("part", THEIR_PARTS)
    def test_editors_and_deputies_see_nothing(self, op: OpenIdProvider, part: str) -> None:
        editor = signs_in_as(op, EDITOR)
        op.runs("accounts", "update", "acme", "--deputy", str(EDITOR.email))
        assert editor.opens(provider_page("platform", part)).status_code == 403
        assert editor.opens(PROVIDERS).status_code == 403

    @pytest.mark.parametrize("part", ["", "sheet/", "edit/", "delete/", "check/"])
    def test_nothing_of_another_account_exists_here(self, op: OpenIdProvider, casey: Browser, part: str) -> None:
        op.account("beta")
        op.upstream("theirs", account="beta")
        if part != "check/":
            assert casey.opens(provider_page("theirs", part)).status_code == 404
        if part in {"check/", "edit/", "delete/"}:
            assert sends(casey, provider_page("theirs", part), OKTA).status_code == 404
        assert op.runs("providers", "list", "--account", "beta").count("theirs") >= 1

    def test_a_manager_of_one_account_does_not_get_into_another(self, op: OpenIdProvider, mia: Browser) -> None:
        op.account("beta")
        answer = mia.opens("/manage/providers/?account=beta")
        assert answer.status_code == 403 or answer.headers["Location"].startswith("/login/")

    def test_staff_who_entered_another_account_do_not(self, op: OpenIdProvider, casey: Browser) -> None:
        op.account("beta")
        assert casey.opens("/manage/providers/platform/?account=beta").status_code == 403

    def test_nobody_comes_without_a_session(self, op: OpenIdProvider) -> None:
        answer = op.browser().opens(provider_page("platform", "edit/"))
        assert answer.headers["Location"].startswith("/login/?account=acme&after=")

    def test_a_form_of_another_site_is_not_taken(self, op: OpenIdProvider, casey: Browser) -> None:
        assert casey.posts(provider_page("platform", "delete/"), {}).status_code == 400
        assert stored(op, "platform").code == "platform"


def test_a_role_of_editor_at_another_account_opens_nothing(op: OpenIdProvider) -> None:
    op.account("beta")
    bea = signs_in_as(op, replace(MIA, account="beta", subject="beta-1", email="bea@beta.example"))
    assert bea.opens(PROVIDERS).status_code in {303, 403}
