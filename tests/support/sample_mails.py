"""Every mail with sample facts, for tests and for a designer's eyes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from idp.mails.kinds import (
    AccessApproved,
    AccessDenied,
    AccessExpired,
    AccessQuestion,
    Asked,
    By,
    CollisionAsked,
    DecisionAsked,
    Happened,
    Invitation,
    MailKind,
    ManagersTold,
    NoLink,
    NoLinkForYou,
    ProofCode,
    RoleRaised,
    SignInLink,
)

CODE: Final = "7KQM-2XHD"
LINK: Final = "https://id.deepdesk.example/login/magic/confirm/?t=eyJwIjoibWFnaWMifQ.k8yq2W0m4nD3bV7cX1zL5pR9tQ6s&a=1"
DECISION: Final = "https://id.deepdesk.example/manage/access-requests/?account=acme#request-42"
LONG_NAME: Final = "Acme Customer Contact Services (Netherlands and Belgium)"

_ASKED_AT: Final = datetime(2026, 11, 27, 9, 31, tzinfo=UTC)
_ASKED: Final = Asked(at=_ASKED_AT, network="203.0.113.7")
_FROM_NOWHERE: Final = Asked(at=_ASKED_AT, network=None)
_TEN_MINUTES: Final = timedelta(minutes=10)
_A_WEEK: Final = timedelta(days=7)
_MESSAGE: Final = (
    "Hi Mia,\n\nI start in the evening team on Monday, and I would like to look around in Studio before that. Ana "
    "said that I should ask you.\n\nThank you!\nAdam"
)

MAILS: Final[dict[str, MailKind]] = {
    "sign_in_link": SignInLink(
        account_name="Acme", link=LINK, code=CODE, service_name="Studio", asked=_ASKED, lives_for=_TEN_MINUTES
    ),
    "sign_in_link_to_nothing_that_waits": SignInLink(
        account_name=LONG_NAME,
        link=LINK,
        code=CODE,
        service_name=None,
        asked=Asked(at=_ASKED_AT, network=None),
        lives_for=timedelta(hours=1),
    ),
    "access_question": AccessQuestion(
        account_name="Acme", link=LINK, service_name="Studio", asked=_ASKED, lives_for=_TEN_MINUTES
    ),
    **{
        f"no_link_{why}": NoLinkForYou(account_name="Acme", why=why, service_name="Studio", asked=_ASKED)
        for why in NoLink
    },
    "proof_code": ProofCode(
        account_name="Acme", code=CODE, service_name="Admin dashboard", asked=_ASKED, lives_for=_TEN_MINUTES
    ),
    "decision_asked": DecisionAsked(
        account_name="Acme",
        link=DECISION,
        asker="adam.agent@acme.example",
        message=_MESSAGE,
        asked_at=_ASKED_AT,
        expires_at=_ASKED_AT + _A_WEEK,
    ),
    "decision_asked_again_of_a_deputy": DecisionAsked(
        account_name=LONG_NAME,
        link=DECISION,
        asker="adam.agent+evening-team@customer-contact-services.acme.example",
        message="",
        asked_at=_ASKED_AT,
        expires_at=_ASKED_AT + _A_WEEK,
        again=True,
        as_deputy=True,
    ),
    "access_approved": AccessApproved(
        account_name="Acme", link=LINK, code=CODE, group="Agent", service_name="Studio", lives_for=_A_WEEK
    ),
    "access_denied": AccessDenied(
        account_name="Acme", reason="Sorry Adam, the trial is full. I will come back to you in January."
    ),
    "access_denied_without_a_word": AccessDenied(account_name="Acme", reason=""),
    "access_expired": AccessExpired(account_name="Acme", asked_at=_ASKED_AT),
    "invitation": Invitation(account_name="Acme", link=LINK, code=CODE, group="Studio Editor", lives_for=_A_WEEK),
    "role_raised": RoleRaised(account_name="Acme", group="Manager"),
    "collision_asked": CollisionAsked(
        account_name="Acme",
        link=DECISION,
        address="adam.agent@acme.example",
        provider_name="Microsoft",
        asked_at=_ASKED_AT,
    ),
    "provider_added": ManagersTold(
        account_name="Acme", what=Happened.PROVIDER, thing="Okta (okta)", by=By.OPERATORS, asked=_FROM_NOWHERE
    ),
    "api_key_added": ManagersTold(
        account_name="Acme",
        what=Happened.API_KEY,
        thing="XH5x7LbMm_K9GUrbqUlu5g",
        by=By.STAFF,
        by_name="Casey Staff",
        asked=_ASKED,
    ),
    "api_key_replaced": ManagersTold(
        account_name=LONG_NAME,
        what=Happened.API_KEY,
        thing="XH5x7LbMm_K9GUrbqUlu5g",
        replaces="b1oYwdoCmaTiAcCiYELBgw",
        by=By.SERVICE,
        by_name="Provisioning",
        asked=_ASKED,
    ),
    "platform_secret_added": ManagersTold(
        account_name="Acme",
        what=Happened.PLATFORM_SECRET,
        thing="XH5x7LbMm_K9GUrbqUlu5g",
        by=By.NOBODY,
        asked=_FROM_NOWHERE,
    ),
    "platform_secret_replaced": ManagersTold(
        account_name="Acme",
        what=Happened.PLATFORM_SECRET,
        thing="XH5x7LbMm_K9GUrbqUlu5g",
        replaces="b1oYwdoCmaTiAcCiYELBgw",
        by=By.STAFF,
        by_name="Casey Staff",
        asked=_ASKED,
    ),
    "somebody_may_do_more": ManagersTold(
        account_name="Acme",
        what=Happened.ROLE,
        person="Adam Agent",
        person_address="adam.agent@acme.example",
        group="Manager",
        by=By.PERSON,
        by_name="Mia Manager",
        by_address="mia@acme.example",
        asked=_ASKED,
    ),
    "several_may_do_more": ManagersTold(
        account_name=LONG_NAME,
        what=Happened.ROLES,
        people=("adam.agent@acme.example (Manager)", "ana@acme.example (Studio Editor)"),
        by=By.OPERATORS,
        asked=_FROM_NOWHERE,
    ),
    "many_may_do_more": ManagersTold(
        account_name="Acme",
        what=Happened.ROLES,
        people=("adam.agent@acme.example (Manager)", "ana@acme.example (Studio Editor)"),
        more=40,
        by=By.OPERATORS,
        asked=_FROM_NOWHERE,
    ),
    "staff_came_in": ManagersTold(
        account_name="Acme",
        what=Happened.STAFF_ENTRY,
        group="Studio Editor",
        service_name="Studio",
        by=By.STAFF,
        by_name="Casey Staff",
        asked=_ASKED,
    ),
    "staff_came_into_the_management_pages": ManagersTold(
        account_name=LONG_NAME,
        what=Happened.STAFF_ENTRY,
        group="Manager",
        by=By.STAFF,
        by_name="Casey Staff",
        asked=_ASKED,
    ),
}
"""By a name of their own; of each kind one, and one more where it reads otherwise."""

LONGEST: Final = ("sign_in_link_to_nothing_that_waits", "decision_asked", "decision_asked_again_of_a_deputy")
