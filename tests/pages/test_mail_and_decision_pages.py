"""The templates of signing in by mail, of asking for access and of deciding about it, by themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.services.people.deciding import Listed
from idp.services.people.time_to_access import Typical
from idp.store.access_requests import AccessRequest
from tests.pages.test_templates import HOSTILE, Outline, shown
from tests.support import sample_requests
from tests.support.gallery import SAMPLES

pytestmark = pytest.mark.usefixtures("rendering")


def sample(name: str, **changed: object) -> Outline:
    """Return a sample's page, with some of its facts changed."""
    return Outline(replace(SAMPLES[name], context={**SAMPLES[name].context, **changed}).render())


def named(page: Outline, tag: str, name: str) -> list[dict[str, str | None]]:
    return [attributes for attributes in page.named(tag) if attributes.get("name") == name]


class TestThePromisedNames:
    @pytest.mark.parametrize("name", ["sign_in_with_mail", "sign_in_by_mail_only", "magic_link"])
    def test_of_the_form_that_asks_for_a_mail(self, name: str) -> None:
        page = sample(name)
        assert page.by_id("sign-in-email")["method"] == "post"
        [field] = named(page, "input", "email")
        assert (field["type"], field["autocomplete"]) == ("email", "email")

    @pytest.mark.parametrize("name", ["magic_sent", "fresh_proof_sent"])
    def test_of_the_form_that_takes_the_code(self, name: str) -> None:
        page = sample(name)
        assert page.by_id("magic-code")["action"] == SAMPLES[name].context["action"]
        [field] = named(page, "input", "code")
        assert field["autocomplete"] == "one-time-code"
        assert field["autocapitalize"] == "characters"
        assert field["spellcheck"] == "false"

    def test_of_the_page_behind_the_link(self) -> None:
        page = sample("magic_confirm_elsewhere")
        assert page.by_id("magic-confirm")["method"] == "post"
        assert page.by_id("magic-confirm-button")["type"] == "submit"
        assert len(named(page, "input", "code")) == 1

    def test_of_the_form_that_asks_for_access(self) -> None:
        page = sample("access_request")
        assert page.by_id("access-request")["method"] == "post"
        [field] = named(page, "textarea", "message")
        assert field["maxlength"] == "1000"

    @pytest.mark.parametrize(("request_id", "has_a_role"), [("r1", True), ("r4", False)])
    def test_of_the_forms_that_decide(self, request_id: str, has_a_role: bool) -> None:
        listed = {one.request.id: one for one in SAMPLES["manage_requests"].context["waiting"]}
        page = sample("manage_requests", waiting=[listed[request_id]])
        assert page.by_id(f"decide-{request_id}")["method"] == "post"
        assert [field["value"] for field in named(page, "input", "id")] == [request_id]
        assert len(named(page, "select", "role")) == has_a_role
        assert len(named(page, "input", "reason")) == 1
        assert [button["value"] for button in named(page, "button", "decision")] == ["approve", "deny"]


@pytest.mark.parametrize(
    "name", [name for name in SAMPLES if re.match(r"magic|fresh|access|manage|sign_in_.*mail", name)]
)
def test_every_form_is_guarded_against_other_sites(name: str) -> None:
    page = sample(name)
    changing = [form for form in page.named("form") if form["method"] == "post"]
    assert len(named(page, "input", "csrf_token")) == len(changing)


class TestTheEmailForm:
    def test_is_the_one_obvious_action_where_there_is_no_provider(self) -> None:
        page = sample("sign_in_by_mail_only")
        assert [button["class"] for button in page.named("button")] == ["button primary"]
        assert "not set up" not in page.text

    def test_stands_back_where_there_is_one(self) -> None:
        assert [button["class"] for button in sample("sign_in_with_mail").named("button")] == ["button"]

    def test_knows_whom_the_service_hinted_at(self) -> None:
        assert sample("sign_in_with_mail").by_id("email")["value"] == "mia@acme.example"

    def test_is_there_only_where_a_mail_signs_in(self) -> None:
        assert sample("sign_in_with_mail", email_action=None).named("form") == []


class TestTheCode:
    def test_is_not_asked_for_in_the_browser_that_asked(self) -> None:
        assert named(sample("magic_confirm"), "input", "code") == []

    @pytest.mark.parametrize("name", ["magic_sent", "magic_confirm_elsewhere", "fresh_proof_sent"])
    def test_has_what_is_wrong_with_it_beside_it(self, name: str) -> None:
        assert "aria-invalid" not in sample(name).by_id("code")
        page = sample(name, problem="Not this one.")
        assert page.by_id("code")["aria-describedby"] == "code-problem"
        assert "autofocus" in page.by_id("code-problem")


class TestTheListOfThoseWhoDecide:
    def approved(self) -> Outline:
        """Return the page after Adam's approval."""
        return sample("manage_requests_approved", decided=[sample_requests.APPROVED])

    def test_shows_a_message_as_it_was_written_and_as_text(self) -> None:
        row = AccessRequest(id="r9", email=HOSTILE, message=HOSTILE, created_at=sample_requests.NOW, kind="access")
        page = sample("manage_requests", waiting=[replace(sample_requests.ADAM, request=row)])
        assert page.named("script") == []
        assert {"class": "message"} in page.named("blockquote")
        assert page.text.count(HOSTILE) >= 2

    def test_decides_nothing_when_somebody_types_a_reason_and_presses_enter(self) -> None:
        # The first button of a form is the one that Enter presses.
        for one in SAMPLES["manage_requests"].context["waiting"]:
            first = sample("manage_requests", waiting=[one]).named("button")[0]
            assert "disabled" in first
            assert "name" not in first

    def test_names_whom_each_field_and_button_is_about(self) -> None:
        page = sample("manage_requests", waiting=[sample_requests.ADAM])
        hidden = page.text.count("adam.agent@acme.example")
        assert hidden == 1 + len(page.named("label")) + len(named(page, "button", "decision"))

    @pytest.mark.parametrize("about", [sample_requests.APPROVED, None], ids=["right away", "after another one"])
    def test_offers_to_undo_only_for_seconds_and_only_to_whoever_decided(self, about: Listed | None) -> None:
        late = replace(sample_requests.APPROVED, undo_until=None)
        mine = sample("manage_requests_approved", about=about)
        theirs = sample("manage_requests_approved", about=about, person=sample_requests.CASEY)
        assert [button["value"] for button in named(mine, "button", "decision")].count("undo") == 1
        for page in (theirs, sample("manage_requests_approved", about=about and late, decided=[late])):
            assert "undo" not in [button["value"] for button in named(page, "button", "decision")]

    def test_says_only_what_is_so(self) -> None:
        told = "You let adam.agent@acme.example in"
        assert told in self.approved().text
        assert told in sample("manage_requests_approved").text
        assert told not in sample("manage_requests_approved", about=sample_requests.ADAM).text
        assert told not in sample("manage_requests_approved", person=sample_requests.CASEY).text

    def test_says_clearly_that_a_mail_came_back(self) -> None:
        assert "could not be delivered" in sample("manage_requests_approved").text
        assert "could not be delivered" not in self.approved().text

    def test_says_how_long_it_took_only_when_somebody_came(self) -> None:
        heading = "From asking to the first sign-in"
        assert (
            heading
            in sample("manage_requests_approved", time_to_access=Typical(median=timedelta(hours=2), people=1)).text
        )
        assert heading not in sample("manage_requests_empty").text


def test_a_reason_is_text_to_whoever_asked() -> None:
    standing = replace(sample_requests.STANDINGS["denied"], reason=HOSTILE)
    page = shown("access_status.html", account_name="Acme", standing=standing, sign_in_href="/login/")
    assert page.named("script") == []
    assert HOSTILE in page.text
