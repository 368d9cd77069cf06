"""Errors of commands that were asked for --json: a document besides the text."""

from pathlib import Path

import pytest

from dmaragent.commands import VERBS
from dmaragent.errors import DmaragentError, HostError
from dmaragent.present.json.error import error_document
from support.cli import run
from support.machines import MACHINES
from support.wording import Worded

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]
LIVE = {"status", "watch"}
"""They have no --host."""
WITHOUT_JSON = {"report", "encode", "agent", "schema", "demo"}


def question(verb: str, host: object) -> list[object]:
    """Return a command line of `verb` that asks `host`."""
    extra: dict[str, list[object]] = {
        "explain": ["0a:00.0"],
        "resolve": ["--memory", "1024"],
        "hotplug": ["0a:00.0", "--into", HP / "guests" / "nic.cfg"],
        "why": ["Your BIOS is broken; bad RMRR [0x00000000e8000-0x00000000e8fff]"],
        "boot-option": ["--check", "rmrr=0xe8=0a:00.0"],
    }
    if verb == "diff":
        return [verb, host, HP, "--json"]
    if verb == "fleet":
        return [verb, "show", host, "--json"]
    if verb in LIVE:
        return [verb, "--json", "--bogus"]
    return [verb, *extra.get(verb, []), "--host", host, "--json"]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in WITHOUT_JSON])
def test_each_verb_answers_an_error_with_a_document(
    verb: str, tmp_path: Path, capsys: Capture
) -> None:
    ran = run(capsys, *question(verb, tmp_path / "absent"))
    assert ran.code == 2
    if verb == "decode":  # its document holds an error for each input
        assert ran.document["format"] == "dmaragent.decode"
        return
    error = ran.document["error"]
    assert ran.document["format"] == "dmaragent.error"
    assert error["what"] in ran.err
    if verb not in LIVE:
        assert error["where"] == str(tmp_path / "absent")


def test_an_error_that_is_not_about_the_host_does_not_name_it(capsys: Capture) -> None:
    ran = run(capsys, "explain", "nonsense", "--host", HP, "--json")
    assert (ran.code, ran.document["error"]["where"]) == (2, None)
    assert "nonsense" in ran.document["error"]["what"]


def test_an_error_of_a_guest_s_file_names_that_file_and_not_the_host(
    tmp_path: Path, capsys: Capture
) -> None:
    table = HP / "root/sys/firmware/acpi/tables/DMAR"
    (tmp_path / "empty").mkdir()

    for guest in (table, tmp_path / "empty"):
        ran = run(capsys, "resolve", guest, "--host", MACHINES / "dell-r820", "--json")
        assert (ran.code, ran.document["error"]["where"]) == (2, str(guest))


def test_a_command_line_that_argparse_refuses_gets_a_document(capsys: Capture) -> None:
    ran = run(capsys, "explain", "--json")
    assert ran.code == 2
    assert "SBDF" in ran.document["error"]["what"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["fleet", "resolve", "g.cfg", "--json"], "--on"),
        (["fleet", "show", "pool", "--json", "--jobs", "many"], "'many'"),
        (["fleet", "show", "pool", "--json", "--detials"], "--detials"),
        (["fleet", "--json"], "VERB"),
    ],
    ids=lambda line: " ".join(line) if isinstance(line, list) else line,
)
def test_so_does_one_that_the_parser_of_a_fleet_s_verb_refuses(
    line: list[str], told: str, capsys: Capture
) -> None:
    ran = run(capsys, *line)
    assert ran.code == 2
    assert told in ran.document["error"]["what"]


def test_an_unknown_option_of_a_fleet_s_verb_is_compared_with_those_of_that_verb(
    capsys: Capture, worded: Worded
) -> None:
    """Only resolve has --need, and its help shows it."""
    found = [
        run(capsys, "fleet", *words, "--neeed", "3").err
        for words in (("resolve", "g.cfg", "--on", "pool"), ("show", "pool"))
    ]
    assert ["--need?" in one for one in found] == [True, False]
    worded(found)


@pytest.mark.parametrize(
    "line",
    [["inventory", "--js"], ["fleet", "show", "--js"], ["--vers"], ["inventory", "--hos", str(HP)]],
)
def test_an_option_cannot_be_abbreviated(line: list[str], capsys: Capture) -> None:
    """A release with another option of that prefix would refuse it, or do something else."""
    ran = run(capsys, *line)
    assert (ran.code, ran.out) == (2, "")
    assert next(word for word in line if word.startswith("--")) in ran.err


def test_without_json_an_error_prints_nothing_on_standard_output(
    tmp_path: Path, capsys: Capture
) -> None:
    assert not run(capsys, "inventory", "--host", tmp_path / "absent").out


def test_a_bug_of_the_program_gets_a_document_too(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fail(_: object) -> int:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("dmaragent.commands.inventory.run", fail)
    ran = run(capsys, "inventory", "--json")
    assert ran.code == 2
    assert "planted" in ran.document["error"]["what"]
    assert "Traceback" in ran.err


@pytest.mark.parametrize(
    ("words", "host"),
    [
        (["inventory", "--host", "a/b", "--json"], "a/b"),
        (["inventory", "--json", "--host=a b"], "a b"),
        (["inventory", "--json", "--host"], None),
        (["inventory", "--json"], None),
    ],
)
def test_an_error_about_a_host_has_it_as_it_was_typed(words: list[str], host: str | None) -> None:
    """Another error has only the input that it names; that comes before the host, too."""

    def where(error: DmaragentError) -> str | None:
        return error_document(error, words)["error"]["where"]

    assert where(HostError("no such file")) == host
    assert where(HostError("no such file", where="c")) == "c"
    assert where(DmaragentError("no such device")) is None
    assert error_document(DmaragentError("x", hint=""), words)["error"]["next"] is None
