"""The service's tests. The fixtures that begin with deepdesk_ come with deepdesk-idp[testing]."""

import time

import pytest
from service import API, create_service

from idp.testing import Kind

URL = "http://localhost"  # where Flask's test client finds the service


@pytest.fixture(scope="session")
def registered(deepdesk_idp):
    return deepdesk_idp.client(f"{URL}/callback", account="acme", audiences=[API])


@pytest.fixture
def client(deepdesk_idp, registered):
    service = create_service(
        url=URL,
        issuer=deepdesk_idp.issuer,
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        account="acme",
        secret_key="of the tests",
    )
    return service.test_client()


def sign_in(client, signed_in):
    """Open a page that needs a person, go to the provider, and come back."""
    to_the_provider = client.get("/reports").location
    return client.get(signed_in.goes_through(to_the_provider), follow_redirects=True)


# Pages: people who sign in.


def test_a_manager_sees_reports(client, deepdesk_idp):
    page = sign_in(client, deepdesk_idp.sign_in(deepdesk_idp.people.manager))
    assert page.text == "Reports for Mia Manager"


@pytest.mark.parametrize("role", ["editor", "assistant_editor", "agent"])
def test_others_do_not(client, deepdesk_idp, role):
    person = getattr(deepdesk_idp.people, role)
    assert sign_in(client, deepdesk_idp.sign_in(person)).status_code == 403


def test_staff_who_enter_the_account_as_manager_see_reports(client, deepdesk_idp):
    page = sign_in(client, deepdesk_idp.sign_in(deepdesk_idp.people.staff))
    assert page.text == "Reports for Casey Staff"


def test_people_of_another_account_are_not_let_in(client, deepdesk_idp):
    deepdesk_idp.account("rival")
    stranger = deepdesk_idp.user(role="deepdesk.manager", account="rival")
    with pytest.raises(AssertionError, match="keeps the browser"):
        sign_in(client, deepdesk_idp.sign_in(stranger))


def test_an_answer_to_somebody_elses_request_is_refused(client):
    assert client.get("/callback?code=of-somebody&state=else").text == "You are not signed in."


def test_fifty_pages_of_somebody_who_is_signed_in(client, deepdesk_idp):
    sign_in(client, deepdesk_idp.sign_in(deepdesk_idp.people.manager))
    assert [client.get("/reports").status_code for _ in range(50)] == [200] * 50


def test_fifty_people_who_sign_in(client, deepdesk_idp):
    for _ in range(50):
        client.delete_cookie("session")
        signed_in = deepdesk_idp.sign_in(deepdesk_idp.people.manager)
        assert sign_in(client, signed_in).status_code == 200


# The API: access tokens.


def get_reports(client, token):
    return client.get("/api/reports", headers={"Authorization": f"Bearer {token}"})


def test_an_access_token_opens_the_api(client, deepdesk_idp, registered, deepdesk_user):
    tokens = deepdesk_idp.tokens_for(deepdesk_user, registered, resource=API)
    assert get_reports(client, tokens.access_token).json == {"for": "acme"}


def test_an_id_token_does_not(client, deepdesk_idp, registered, deepdesk_user):
    tokens = deepdesk_idp.tokens_for(deepdesk_user, registered)
    assert get_reports(client, tokens.id_token).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [{"exp": int(time.time()) - 60}, {"aud": "https://another.example.com"}, {"iss": "https://another.example.com"}],
    ids=["expired", "for another service", "of another provider"],
)
def test_a_wrong_access_token_is_refused(client, deepdesk_idp, wrong):
    right = {"aud": API}
    assert get_reports(client, deepdesk_idp.signed_token(right, kind=Kind.ACCESS_TOKEN)).status_code == 200
    assert get_reports(client, deepdesk_idp.signed_token(right | wrong, kind=Kind.ACCESS_TOKEN)).status_code == 401


# The widget: session cookies.


def test_the_widgets_cookie_says_who_it_is(client, deepdesk_idp):
    for name, value in deepdesk_idp.sign_in(deepdesk_idp.people.agent).session_cookies().as_dict().items():
        client.set_cookie(name, value)
    assert client.get("/widget/reports").json == {"for": "Sam Agent"}
