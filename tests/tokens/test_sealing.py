"""A sealed value opens for its own record, under a key that is still configured, and unaltered."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.tokens.sealing import CannotOpen, Sealer, derive

OLD, NEW = "an older secret of thirty-two bytes", "a newer secret of thirty-two bytes!"
RECORD = "provider:1:client_secret"


@given(clear=st.text(max_size=100), record=st.text(max_size=20))
def test_what_was_sealed_comes_back(clear, record):
    sealer = Sealer([OLD])
    assert sealer.open(sealer.seal(clear, record=record), record=record) == clear


def test_a_sealed_value_tells_nothing_and_is_never_the_same_twice():
    sealer = Sealer([OLD])
    one, other = sealer.seal("a client secret", record=RECORD), sealer.seal("a client secret", record=RECORD)
    assert one != other
    assert b"a client secret" not in base64.urlsafe_b64decode(one.split(".")[2])


@pytest.mark.parametrize("record", ["provider:2:client_secret", "provider:1:", "", "PROVIDER:1:client_secret"])
def test_a_value_moved_to_another_record_does_not_open(record):
    sealer = Sealer([OLD])
    sealed = sealer.seal("a client secret", record=RECORD)
    with pytest.raises(CannotOpen):
        sealer.open(sealed, record=record)


def test_a_value_that_was_altered_anywhere_does_not_open():
    sealer = Sealer([OLD])
    form, fingerprint, body = sealer.seal("a client secret", record=RECORD).split(".")
    raw = base64.urlsafe_b64decode(body)
    for place in range(len(raw)):
        altered = bytearray(raw)
        altered[place] ^= 1
        with pytest.raises(CannotOpen):
            sealer.open(f"{form}.{fingerprint}.{base64.urlsafe_b64encode(bytes(altered)).decode()}", record=RECORD)


@pytest.mark.parametrize(
    "spoil",
    [
        "",
        "x",
        "1",
        "1.",
        "1..",
        "2.{rest}",
        "{fingerprint}.{body}",
        "1.{fingerprint}.",
        "1.00000000.{body}",
        "1.{fingerprint}.{half}",
        "1.{fingerprint}.a",
        "1.{fingerprint}.é",
    ],
)
def test_what_is_no_sealed_value_does_not_open(spoil):
    sealer = Sealer([OLD])
    _, fingerprint, body = sealer.seal("a client secret", record=RECORD).split(".")
    spoilt = spoil.format(rest=f"{fingerprint}.{body}", fingerprint=fingerprint, body=body, half=body[:8])
    with pytest.raises(CannotOpen):
        sealer.open(spoilt, record=RECORD)


def test_a_key_that_is_not_configured_opens_nothing():
    sealed = Sealer([OLD]).seal("a client secret", record=RECORD)
    with pytest.raises(CannotOpen):
        Sealer([NEW]).open(sealed, record=RECORD)


def test_after_a_rotation_the_older_key_still_opens_and_the_newest_seals():
    before, after = Sealer([OLD]), Sealer([NEW, OLD])
    assert after.open(before.seal("a client secret", record=RECORD), record=RECORD) == "a client secret"
    assert Sealer([NEW]).open(after.seal("another", record=RECORD), record=RECORD) == "another"
    with pytest.raises(CannotOpen):
        before.open(after.seal("another", record=RECORD), record=RECORD)


def test_each_purpose_has_a_key_of_its_own():
    assert derive(OLD, label="sealing") != derive(OLD, label="forms")
    assert derive(OLD, label="sealing") != derive(NEW, label="sealing")
    assert derive(OLD, label="sealing") == derive(OLD, label="sealing")
    assert len(derive(OLD, label="sealing")) == 32
