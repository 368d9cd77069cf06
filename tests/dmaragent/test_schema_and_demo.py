"""What an installation without the sources has: schemas, and a machine to try it on."""

import json

import pytest

from dmaragent.commands.shared.installed import installed_folder
from support.cli import SCHEMAS, run

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_printed_by_its_name(capsys: Capture, path: object) -> None:
    name = str(path).rpartition("/")[2].removesuffix(".json")

    schema = json.loads(run(capsys, "schema", name).out)

    assert schema == json.loads(run(capsys, "schema", name.rpartition(".v")[0]).out)
    assert name in run(capsys, "schema").out.split()


def test_a_schema_that_is_not_there_is_refused(capsys: Capture) -> None:
    ran = run(capsys, "schema", "../schema/inventory.v2")

    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("host", [["--host", "/x"], ["--host=/x"]])
def test_demo_does_not_ignore_another_host(host: list[str], capsys: Capture) -> None:
    ran = run(capsys, "demo", "check", *host)

    assert (ran.code, ran.out) == (2, "")
    assert "demo and --host" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["explain", "0a:00.0"],
        ["check"],
        ["inventory", "--json"],
        ["why", "--", "DMAR: No ATSR found"],
    ],
    ids=lambda words: words[0],
)
def test_demo_answers_as_the_verb_does_about_its_machine(words: list[str], capsys: Capture) -> None:
    demo = run(capsys, "demo", *words)

    assert demo == run(capsys, words[0], "--host", installed_folder("demo"), *words[1:])
    assert demo.out
