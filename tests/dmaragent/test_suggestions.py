"""A mistyped verb, option or address: what was probably meant is named, and nothing is done."""

import pytest

from dmaragent.commands.shared.suggest import nearest
from support.cli import run
from support.machines import MACHINES

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        pytest.param(["inventroy"], "inventory", id="a verb"),
        pytest.param(["inventory", "--hots", "x"], "--host", id="an option"),
        pytest.param(["check", "--fial-on=error"], "--fail-on", id="an option with its value"),
        pytest.param(["explain", "0a:00.1", "--host", HP], "0000:0a:00.0", id="a function"),
        pytest.param(["explain", "0a:01", "--host", HP], "0000:0a:00.0", id="without a function"),
        pytest.param(
            ["inventory", "--device", "0b:00.0", "--host", HP], "0000:0a:00.0", id="a bus"
        ),
    ],
)
def test_what_was_meant_is_suggested(words: list[object], meant: str, capsys: Capture) -> None:
    ran = run(capsys, *words)

    assert (ran.code, ran.out) == (2, "")
    assert f"Did you mean {meant}?" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["frobnicate"], id="a verb"),
        pytest.param(["inventory", "--quux"], id="an option"),
        pytest.param(["inventory", "x"], id="an operand"),
        pytest.param(["explain", "1234:ee:1e.7", "--host", HP], id="an address"),
    ],
)
def test_nothing_is_suggested_for_what_is_like_nothing(
    words: list[object], capsys: Capture
) -> None:
    ran = run(capsys, *words)

    assert ran.code == 2
    assert "Did you mean" not in ran.err


def test_of_equally_close_words_the_one_with_the_same_beginning_is_named() -> None:
    assert nearest("0a:00.1", ["0b:00.1", "0a:00.0"]) == "0a:00.0"
    assert nearest("host", ["xhost", "hosts"]) == "hosts"


def test_the_suggestion_is_in_the_error_document(capsys: Capture) -> None:
    document = run(capsys, "resovle", "--json").document

    assert "resolve" in document["error"]["next"]
