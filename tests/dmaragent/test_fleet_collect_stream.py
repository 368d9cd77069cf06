"""The line of ssh, the stream that comes back, and what a failure means."""

import base64
import hashlib
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.commands.shared.installed import capture_script
from dmaragent.fleet.collection import collecting, stream
from dmaragent.fleet.collection.failures import failure_of
from dmaragent.fleet.collection.model import Broken, Failure, Received
from dmaragent.fleet.collection.ssh import Ran, Runner, SshOptions, command
from dmaragent.fleet.collection.stream import is_complete, read_stream, script
from dmaragent.fleet.collection.words import NEXT

MARK = "dmaragent-0123456789abcdef"


# The command line of ssh -----------------------------------------------------------------


def test_ssh_never_prompts_and_the_host_is_no_option() -> None:
    words = command("h", SshOptions("u", ("BatchMode=no", "Port=1"), sudo=True))

    assert words.index("BatchMode=yes") < words.index("BatchMode=no")
    assert words[-3:] == ["--", "h", "sudo -n sh -s"]
    assert words[words.index("-l") + 1] == "u"


# The stream ------------------------------------------------------------------------------


def sent(document: bytes, mark: str = MARK, maker: str = "dmaragent") -> bytes:
    encoded = base64.encodebytes(document).decode()
    digest = hashlib.sha256(document).hexdigest()
    return f"\n{mark} begin {maker}\n{encoded}\n{mark} end {digest}  -\n".encode()


@given(st.binary(max_size=300), st.binary(max_size=40), st.binary(max_size=40))
def test_a_document_arrives_among_other_output(data: bytes, before: bytes, after: bytes) -> None:
    text = before + sent(data) + after
    assert read_stream(text, MARK) == Received("dmaragent", data)
    assert is_complete(text, MARK)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_stream_that_is_cut_is_never_a_document(document: bytes, data: st.DataObject) -> None:
    text = sent(document)
    cut = data.draw(st.integers(0, len(text) - len("  -\n") - 1))

    assert not isinstance(read_stream(text[:cut], MARK), Received)
    assert not is_complete(text[:cut], MARK)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_changed_stream_is_never_another_document(document: bytes, data: st.DataObject) -> None:
    text = bytearray(sent(document))
    text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    read = read_stream(bytes(text), MARK)

    assert not isinstance(read, Received) or read.document == document


def test_lines_of_a_terminal_end_with_two_characters() -> None:
    data = bytes(range(200))

    assert read_stream(sent(data).replace(b"\n", b"\r\n"), MARK) == Received("dmaragent", data)
    assert read_stream(f"{MARK} not-root\r\n".encode(), MARK) == Broken(Failure.NOT_ROOT)


def test_a_line_that_quotes_the_last_one_is_not_the_last() -> None:
    """A shell with -x prints the commands that it runs."""
    traced = f"\n+ echo {MARK} end {'0' * 64}\n".encode()

    assert not is_complete(traced, MARK)
    assert is_complete(traced + sent(b"x"), MARK)


def test_a_mark_of_another_run_is_no_mark() -> None:
    assert read_stream(sent(b"x", "dmaragent-0"), MARK) is None


def test_capture_sh_is_in_the_script_as_it_is() -> None:
    capture = capture_script()

    assert capture.startswith("#!/bin/sh\n# capture.sh")
    assert script(collecting._ON_HOST, capture, MARK).count(f"\n{capture}{MARK}\n") == 1
    assert collecting._ON_HOST.count("@CAPTURE@") == 1


def test_shellcheck_accepts_what_runs_on_a_host(require: Callable[[str], None]) -> None:
    require("shellcheck")
    text = script(collecting._ON_HOST, "true", MARK)
    done = subprocess.run(
        ["shellcheck", "-"], input=text, capture_output=True, text=True, check=False
    )

    assert done.stdout == ""


# What ssh's failures mean -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "failure"),
    [
        ("ssh: connect to host x port 22: Connection refused\r\n", Failure.REFUSED),
        ("ssh: connect to host x port 22: Connection timed out", Failure.TIMEOUT),
        ("ssh: connect to host x port 22: No route to host", Failure.UNREACHABLE),
        ("ssh: Could not resolve hostname x: Name or service not known", Failure.UNKNOWN_NAME),
        ("root@x: Permission denied (publickey,password).", Failure.NO_LOGIN),
        ("Received disconnect: Too many authentication failures", Failure.NO_LOGIN),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            Failure.WRONG_HOST_KEY,
        ),
        (
            "@ WARNING: REVOKED HOST KEY DETECTED! @\nHost key verification failed.",
            Failure.WRONG_HOST_KEY,
        ),
        ("Host key verification failed.", Failure.UNKNOWN_HOST_KEY),
        ("Timed out waiting for the proxy", Failure.TIMEOUT),
        ("ssh: connect to host x port 22: Network is unreachable", Failure.UNREACHABLE),
        ("ssh: connect to host x port 22: Host is down", Failure.UNREACHABLE),
        ("No ED25519 host key is known for x and you have requested", Failure.UNKNOWN_HOST_KEY),
        ("kex_exchange_identification: Connection closed", Failure.SSH_FAILED),
        ("", Failure.SSH_FAILED),
    ],
)
def test_a_line_of_ssh_is_a_failure(errors: str, failure: Failure) -> None:
    assert failure_of(255, errors, "", sudo=False).failure is failure


def test_what_else_can_fail() -> None:
    denied = "sudo: a password is required"
    assert failure_of(1, denied, "", sudo=True) == Broken(Failure.NO_SUDO, denied)
    assert failure_of(1, denied, "", sudo=False).failure is Failure.NO_SHELL
    assert failure_of(1, f"Welcome\n{denied}\n", "", sudo=True) == Broken(Failure.NO_SUDO, denied)
    assert failure_of(1, "", "no shell\n", sudo=True) == Broken(Failure.NO_SHELL, "no shell")
    assert failure_of(127, "", "", sudo=False) == Broken(Failure.NO_SHELL, "exit code 127")
    assert failure_of(None, "", "", sudo=False).failure is Failure.TIMEOUT


HALF = sent(bytes(300))[:-90]


@pytest.mark.parametrize(
    ("output", "code", "failure"),
    [
        (HALF, None, Failure.TIMEOUT),
        (HALF, 0, Failure.HALF),
        (HALF, 255, Failure.HALF),
        (b"", None, Failure.TIMEOUT),
        (f"{MARK} not-root\n".encode(), None, Failure.NOT_ROOT),
        (f"{MARK} failed\n".encode(), None, Failure.DUMP_FAILED),
        (sent(b"x").replace(b"eA==", b"eQ=="), None, Failure.WRONG_HASH),
    ],
)
def test_a_host_that_stalls_ends_by_the_time_limit_unless_it_said_why(
    output: bytes, code: int | None, failure: Failure
) -> None:
    assert _received(Ran(output, "", code)) == failure


def _received(ran: Ran) -> Failure | None:
    """Return why no document arrived."""
    collection = collecting.Collection(hosts=("h",), folder="", capture="")
    run = collecting._Run(collection, Runner(), "", MARK, threading.Lock())
    received = collecting._received(ran, run)
    return received.failure if isinstance(received, Broken) else None


def test_each_failure_has_a_next_step_and_is_in_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs/fleet.md").read_text("utf-8")

    assert NEXT.keys() == set(Failure)
    assert {each.value for each in Failure if f"| `{each.value}` |" not in page} == set()


def test_a_document_needs_no_more_than_the_limit() -> None:
    assert len(base64.encodebytes(bytes(3 << 20))) * (stream.MOST_BYTES // (3 << 20)) < (
        stream.MOST_TEXT
    )
    assert {stream.suffix_of(head) for head in (b"\xfd7zXZ\0", b"\x1f\x8b", b"x")} == set(
        stream.SUFFIXES
    )
