"""The sandbox's mailbox: what was sent, as a mail program would show it, whatever is in it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from idp.app import create_app
from idp.domain.mail import Mail
from idp.outbound.mailbox import FOLDER, MailboxMailer
from idp.sandbox.mailbox import create_mailbox
from idp.sandbox.mailbox.letters import pieces
from idp.settings import Settings

SENT = 1795749100000
NAME = f"{SENT:013d}-0123456789abcdef"
LINK = "http://127.0.0.1:8000/login/magic/confirm/?t=a.b&x=1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER


@pytest.fixture
def mailbox(tmp_path: Path, folder: Path) -> Iterator[FlaskClient]:
    app = create_app(Settings.load({"IDP_INSTANCE_DIR": str(tmp_path)}, root=tmp_path))
    app.register_blueprint(create_mailbox(folder))
    with app.test_client() as client:
        yield client


def lay(folder: Path, content: bytes, *, name: str = NAME) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.eml").write_bytes(content)


def letter(
    *, to: str = "adam@acme.example", subject: str = "Hello", text: str = "Hi", html: str = "<p>Hi</p>"
) -> bytes:
    message = EmailMessage()
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def shown(mailbox: FlaskClient, path: str = "/mailbox/?still=1") -> str:
    answer = mailbox.get(path)
    assert answer.status_code == 200
    return answer.text


def test_what_the_mailer_wrote_is_shown(mailbox: FlaskClient, folder: Path) -> None:
    mail = Mail(
        message_id="<one@acme.example>",
        to="adam@acme.example",
        subject="Zugang für Ädam",
        text=f"Öffnen:\n\n{LINK}\n",
        html=f'<p>Ö <a href="{LINK.replace("&", "&amp;")}">Öffnen</a></p>',
        language="de",
    )
    MailboxMailer(folder, sender="Deepdesk <no-reply@acme.example>").send(mail)
    [file] = folder.iterdir()
    assert "Zugang für Ädam" in shown(mailbox)
    page = shown(mailbox, f"/mailbox/{file.stem}/")
    assert "adam@acme.example" in page
    assert "&lt;one@acme.example&gt;" in page
    assert f'href="{LINK.replace("&", "&amp;")}"' in page
    assert mail.html in shown(mailbox, f"/mailbox/{file.stem}/html/")


def test_the_newest_stands_first(mailbox: FlaskClient, folder: Path) -> None:
    for age in (2, 0, 1):
        lay(folder, letter(subject=f"Number {age}"), name=f"{SENT - age:013d}-ab")
    page = shown(mailbox)
    assert page.index("Number 0") < page.index("Number 1") < page.index("Number 2")


def test_mails_are_found_by_the_whole_address(mailbox: FlaskClient, folder: Path) -> None:
    lay(folder, letter(to="Adam@acme.example", subject="For Adam"), name=f"{SENT:013d}-ab")
    lay(folder, letter(to="madam@acme.example", subject="For Madam"), name=f"{SENT:013d}-cd")
    page = shown(mailbox, "/mailbox/?to=adam@ACME.example")
    assert "For Adam" in page
    assert "For Madam" not in page


def test_an_empty_mailbox_says_what_makes_a_mail_appear(mailbox: FlaskClient) -> None:
    assert "asks to be signed in by email" in shown(mailbox)
    assert 'id="no-mails"' in shown(mailbox, "/mailbox/?to=nobody@acme.example")


def test_mails_that_leave_are_not_looked_for_here(tmp_path: Path, folder: Path) -> None:
    app = create_app(Settings.load({"IDP_INSTANCE_DIR": str(tmp_path)}, root=tmp_path))
    app.register_blueprint(create_mailbox(folder, mails_leave=True))
    page = shown(app.test_client())
    assert "IDP_MAIL_URL" in page
    assert "Nothing has left this machine" not in page


def test_the_list_looks_again_until_it_is_told_not_to(mailbox: FlaskClient) -> None:
    assert mailbox.get("/mailbox/").headers["Refresh"] == "5"
    assert "Refresh" not in mailbox.get("/mailbox/?still=1").headers


def test_html_is_shown_where_it_can_do_nothing_but_open_links(mailbox: FlaskClient, folder: Path) -> None:
    lay(folder, letter(html="<script>alert(1)</script><form action='https://evil.example'></form>"))
    answer = mailbox.get(f"/mailbox/{NAME}/html/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert "sandbox allow-popups " in policy
    page = shown(mailbox, f"/mailbox/{NAME}/")
    assert "<script" not in page
    frame = page.partition("<iframe")[2].partition(">")[0]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"' in frame
    assert f'src="/mailbox/{NAME}/html/"' in frame


def test_no_other_page_may_be_shown_in_the_frame(mailbox: FlaskClient, folder: Path) -> None:
    lay(folder, letter())
    policy = mailbox.get(f"/mailbox/{NAME}/").headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


HOSTILE = "</pre></title>\"'><script>alert(1)</script>"


def test_hostile_words_stay_words(mailbox: FlaskClient, folder: Path) -> None:
    hostile = letter(to="adam@acme.example", subject=HOSTILE, text=f'{HOSTILE} {LINK}"><script> javascript:alert(1)')
    lay(folder, hostile)
    for path in ("/mailbox/?still=1", f"/mailbox/{NAME}/", "/mailbox/?still=1&to=%22%3E%3Cscript%3E"):
        page = shown(mailbox, path)
        assert "<script" not in page
        assert 'href="javascript:' not in page
    assert HOSTILE in unescape(shown(mailbox))


@pytest.mark.parametrize(
    "text",
    [
        "see http://a.example/x.",
        "(https://a.example/?a=1&b=2)",
        "no link at all",
        "https://a.example https://b.example",
        "HTTPS://A.EXAMPLE",
        "",
        "http://",
    ],
)
def test_a_text_loses_nothing_by_its_links(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text


def test_the_full_stop_after_a_link_is_no_part_of_it() -> None:
    assert [piece.text for piece in pieces("See http://a.example/x?t=1.") if piece.is_link] == [
        "http://a.example/x?t=1"
    ]


BROKEN = {
    "empty": b"",
    "no header": b"\r\n\r\nwords",
    "bytes": bytes(range(256)),
    "raw bytes in headers": b"To: \xff@acme.example\r\nSubject: \xff\xfe\r\n\xff\xfe: \xff\r\n\r\n\xff",
    "encoded words that are none": b"Subject: =?utf-8?b?!?= =?nothing?q?=ff?=\r\n\r\n",
    "unknown charset": b"Content-Type: text/html; charset=no-such\r\n\r\n<p>\xff",
    "half a surrogate pair": b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800",
    "charset of another kind": b"Content-Type: text/plain; charset=undefined\r\n\r\nwords",
    "broken base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n=!a",
    "multipart without parts": b"Content-Type: multipart/alternative; boundary=x\r\n\r\nwords",
    "a header over many lines": b"Subject: one\r\n two\r\n\tthree\r\n\r\n",
    "too many parts in parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (number, number) for number in range(1100)
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_mail_that_is_broken_breaks_nothing(kind: str, mailbox: FlaskClient, folder: Path) -> None:
    lay(folder, BROKEN[kind], name=f"{SENT + 1:013d}-ab")
    lay(folder, letter(subject="A good one"))
    assert "A good one" in shown(mailbox)
    shown(mailbox, f"/mailbox/{SENT + 1:013d}-ab/")
    shown(mailbox, f"/mailbox/{SENT + 1:013d}-ab/html/")


@pytest.mark.parametrize("charset", ["no-such", "undefined", "utf-8"])
def test_words_in_a_charset_that_nobody_knows_are_read_as_far_as_they_can(
    charset: str, mailbox: FlaskClient, folder: Path
) -> None:
    lay(folder, f"Content-Type: text/plain; charset={charset}\r\n\r\nWords: ".encode() + b"\xff")
    assert "Words: \ufffd" in shown(mailbox, f"/mailbox/{NAME}/").partition('id="text"')[2].partition("</pre>")[0]


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "..%2fsecret",
        "%2e%2e%2fsecret",
        f"{SENT:013d}-AB",
        f"{SENT:013d}-",
        f"{SENT:013d}-ab.eml",
        f"{SENT:013d}-ab%2f..%2f..%2fsecret",
        f"{SENT:013d}-ab%0a",
        "١795749100000-ab",
        f"{SENT:013d}-cd",
    ],
)
def test_only_the_name_of_a_mail_opens_one(name: str, mailbox: FlaskClient, folder: Path, tmp_path: Path) -> None:
    lay(folder, letter(), name=f"{SENT:013d}-ab")
    for place in (folder, tmp_path):
        lay(place, b"Subject: secret\r\n\r\nsecret", name="secret")
    for path in (f"/mailbox/{name}/", f"/mailbox/{name}/html/"):
        assert mailbox.get(path).status_code == 404, path


def test_what_is_no_mail_is_not_listed(mailbox: FlaskClient, folder: Path) -> None:
    lay(folder, b"Subject: unfinished\r\n\r\n", name=f".{SENT:013d}-ab")
    lay(folder, b"Subject: something else\r\n\r\n", name="note")
    assert 'id="no-mails"' in shown(mailbox)
