"""Guarded HTTP against real servers on loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from datetime import timedelta

import pytest

from idp.outbound.http import (
    MAX_BODY_BYTES,
    AddressRefused,
    Answer,
    AnswerTooLarge,
    AnswerUnreadable,
    HttpClient,
    OutboundPolicy,
    TimedOut,
    Unreachable,
)
from tests.outbound.servers import Authority, says, serving

LOOPBACK = OutboundPolicy.parse("127.0.0.1/32,::1/128")
BRIEF = timedelta(seconds=0.5)


@pytest.fixture(scope="module")
def http():
    return HttpClient(LOOPBACK)


@pytest.fixture(scope="module")
def hasty():
    """A client that gives up after half a second."""
    return HttpClient(LOOPBACK, timeout=BRIEF)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.make(tmp_path_factory.mktemp("authority"))


# What goes out and comes back


def test_an_answer_comes_back_whole(http):
    with serving(says(b'{"a": 1}', status="418 Teapot", headers=("X-Kind: one", "x-kind: two"))) as server:
        answer = http.get(server.url("/path?q=1"))
    assert (answer.status, answer.json(), answer.headers["x-kind"]) == (418, {"a": 1}, "one, two")
    assert server.requests[0].startswith(b"GET /path?q=1 HTTP/1.1\r\n")


def test_a_form_is_sent_encoded_with_basic_credentials(http):
    with serving(says()) as server:
        http.post_form(server.url("/token"), {"a": "b &=é"}, auth=("user", "pass"))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b"a=b+%26%3D%C3%A9"
    assert b"authorization: basic dxnlcjpwyxnz" in head.lower()
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()


def test_a_compressed_answer_is_unpacked(http):
    with serving(says(gzip.compress(b'{"a": 1}'), headers=("Content-Encoding: gzip",))) as server:
        assert http.get(server.url()).json() == {"a": 1}


def test_characters_beyond_ascii_in_a_path_are_encoded(http):
    with serving(says()) as server:
        http.get(server.url("/é%20"))
    assert server.requests[0].startswith(b"GET /%C3%A9%20 HTTP/1.1\r\n")


@pytest.mark.parametrize("body", [b"<!doctype html>", b"", b"NaN", b"\xff\xfe\xff", b"[" * 200_000])
def test_what_is_not_json_is_unreadable(body):
    with pytest.raises(AnswerUnreadable):
        Answer(200, {}, body).json()


def test_one_client_serves_many_threads(http):
    with serving(says(b"[1]")) as server:
        seen: list[object] = []
        threads = [threading.Thread(target=lambda: seen.append(http.get(server.url()).json())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [[1]] * 8


# Where it may go


def test_loopback_is_refused_without_a_rule():
    with serving(says()) as server, pytest.raises(AddressRefused):
        HttpClient(OutboundPolicy()).get(server.url())
    assert server.requests == []


def test_a_private_address_is_refused_over_https_too():
    with serving(says()) as server, pytest.raises(AddressRefused):
        HttpClient(OutboundPolicy()).get(server.url().replace("http:", "https:"))
    assert server.requests == []


def test_a_name_that_resolves_to_loopback_is_refused_without_a_rule():
    with serving(says()) as server, pytest.raises(AddressRefused):
        HttpClient(OutboundPolicy()).get(server.url(host="localhost"))
    assert server.requests == []


def test_a_name_that_resolves_to_loopback_is_reached_by_a_rule():
    with serving(says()) as server:
        assert HttpClient(OutboundPolicy.parse("localhost")).get(server.url(host="localhost")).status == 200


def test_a_rule_with_a_port_opens_that_port_only():
    with serving(says()) as server, serving(says()) as other:
        http = HttpClient(OutboundPolicy.parse(f"127.0.0.1:{server.port}"))
        assert http.get(server.url()).status == 200
        with pytest.raises(AddressRefused):
            http.get(other.url())


def test_the_address_that_was_judged_is_the_address_connected_to():
    """A name that changes its address between two look-ups gains nothing: there is one look-up."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    with serving(says()) as server:
        http = HttpClient(LOOPBACK, resolve=lambda host, port: next(answers))
        assert http.get(server.url(host="rebinding.example")).status == 200
    assert next(answers) == ["127.0.0.2"]


def test_of_several_addresses_only_permitted_ones_are_tried():
    with serving(says()) as server:
        http = HttpClient(LOOPBACK, resolve=lambda host, port: ["127.0.0.3", "127.0.0.1"])
        assert http.get(server.url(host="mixed.example")).status == 200
        with pytest.raises(AddressRefused):
            HttpClient(LOOPBACK, resolve=lambda host, port: ["127.0.0.3"]).get(server.url(host="mixed.example"))


def test_the_next_address_is_tried_when_one_does_not_answer():
    with serving(says()) as server:
        http = HttpClient(LOOPBACK, resolve=lambda host, port: ["::1", "127.0.0.1"])
        assert http.get(server.url(host="two.example")).status == 200


def test_a_redirect_is_an_answer_and_is_not_followed(http):
    with (
        serving(says()) as target,
        serving(says(status="302 Found", headers=(f"Location: {target.url()}",))) as server,
    ):
        assert http.get(server.url()).status == 302
    assert target.requests == []


def test_proxies_of_the_environment_are_not_used(http, monkeypatch):
    with serving(says()) as proxy, serving(says(b"[1]")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        assert http.get(server.url()).json() == [1]
    assert proxy.requests == []


def test_a_cookie_is_not_kept(http):
    with serving(says(headers=("Set-Cookie: a=b",))) as server:
        http.get(server.url())
        http.get(server.url())
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relative",
        "//host/path",
        "https:///path",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user@127.0.0.1/",
        "https://user:word@127.0.0.1/",
        "https://127.0.0.1:99999/",
        "https://127.0.0.1 /",
        "https://127.0.0.1/a b",
        "https://127.0.0.1/\r\nX-A: b",
        "https://[::1/",
        "https://a..b/",
    ],
)
def test_what_is_not_a_plain_https_url_is_refused(http, url):
    with pytest.raises(AddressRefused):
        http.get(url)


# How much, and how long


def test_an_answer_of_a_mebibyte_passes(http):
    with serving(says(b"x" * MAX_BODY_BYTES)) as server:
        assert len(http.get(server.url()).body) == MAX_BODY_BYTES


def test_an_oversize_answer_is_cut_off(http):
    with serving(says(b"x" * (MAX_BODY_BYTES + 1))) as server, pytest.raises(AnswerTooLarge):
        http.get(server.url())


def test_a_small_answer_that_unfolds_to_much_is_cut_off(http):
    bomb = gzip.compress(b"\0" * (64 * MAX_BODY_BYTES))
    assert len(bomb) < MAX_BODY_BYTES
    with (
        serving(says(bomb, headers=("Content-Encoding: gzip",))) as server,
        pytest.raises(AnswerTooLarge),
    ):
        http.get(server.url())


def _drips(beginning: bytes, drop: bytes, over: threading.Event):
    def speak(connection: socket.socket, request: bytes) -> None:
        connection.sendall(beginning)
        for _ in range(60):  # three seconds, so that a client without a deadline fails instead of hanging
            if over.wait(0.05):
                return
            connection.sendall(drop)

    return speak


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"", b""),
    ],
    ids=["body", "chunks", "header", "silence"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_drips_or_is_silent_is_cut_off(authority, scheme, beginning, drop):
    hasty = HttpClient(LOOPBACK, timeout=BRIEF, ca_file=authority.file)
    tls = authority.server_context("127.0.0.1") if scheme == "https" else None
    over = threading.Event()
    with serving(_drips(beginning, drop, over), tls=tls) as server:
        started = time.monotonic()
        try:
            with pytest.raises(TimedOut):
                hasty.get(server.url())
        finally:
            over.set()
        assert time.monotonic() - started < 2


def test_a_silent_handshake_is_cut_off(hasty):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            hasty.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        assert time.monotonic() - started < 2


def test_a_slow_name_service_is_cut_off():
    over = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        over.wait(10)
        return ["127.0.0.1"]

    started = time.monotonic()
    try:
        with pytest.raises(TimedOut):
            HttpClient(LOOPBACK, timeout=BRIEF, resolve=resolve).get("https://slow.example/")
    finally:
        over.set()
    assert time.monotonic() - started < 2


def test_an_unknown_name_is_unreachable():
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(Unreachable, match=r"the name nowhere\.example cannot be resolved"):
        HttpClient(LOOPBACK, resolve=resolve).get("https://nowhere.example/?secret=1")


def test_a_closed_port_is_unreachable(http):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        http.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
    ],
    ids=["not-http", "broken-off", "not-gzip", "too-many-headers", "bad-chunk", "nothing"],
)
def test_an_answer_that_is_not_http_is_unreadable(http, said):
    with (
        serving(lambda connection, request: connection.sendall(said)) as server,
        pytest.raises(AnswerUnreadable),
    ):
        http.get(server.url())


# Whom it trusts


def test_an_unknown_authority_is_not_trusted(http, authority):
    with (
        serving(says(), tls=authority.server_context("127.0.0.1")) as server,
        pytest.raises(Unreachable, match="certificate"),
    ):
        http.get(server.url())
    assert server.requests == []


def test_an_extra_authority_is_trusted(authority):
    with serving(says(b"[1]"), tls=authority.server_context("127.0.0.1")) as server:
        assert HttpClient(LOOPBACK, ca_file=authority.file).get(server.url()).json() == [1]


def test_a_certificate_must_name_the_host_and_not_the_address(authority):
    http = HttpClient(LOOPBACK, ca_file=authority.file, resolve=lambda host, port: ["127.0.0.1"])
    with serving(says(b"[1]"), tls=authority.server_context("sso.acme.example")) as server:
        assert http.get(server.url(host="sso.acme.example")).json() == [1]
        with pytest.raises(Unreachable, match="certificate"):
            http.get(server.url(host="other.example"))
        with pytest.raises(Unreachable, match="certificate"):
            http.get(server.url())


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_bundle_that_cannot_be_read_stops_the_start(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match="IDP_OUTBOUND_CA_FILE"):
        HttpClient(LOOPBACK, ca_file=path)
