"""The sample guests of every recorded machine, as their expected.toml says."""

import tomllib
from typing import Any

import pytest

from support.cli import run
from support.machines import MACHINES, NAMES

Capture = pytest.CaptureFixture[str]
CODES = {"starts": 0, "refused": 1, "undecided": 2}
HEAD = 10


def _samples() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (machine, guest, expected)
        for machine in NAMES
        for guest, expected in _expected(machine).items()
    ]


def _expected(machine: str) -> dict[str, Any]:
    path = MACHINES / machine / "guests/expected.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


SAMPLES = _samples()
IDS = [f"{machine}-{guest}" for machine, guest, _ in SAMPLES]


def _arguments(machine: str, guest: str, expected: dict[str, Any]) -> list[object]:
    config = MACHINES / machine / "guests" / f"{guest}.cfg"
    asked = ["--xen", expected["xen"]] if "xen" in expected else []
    return ["resolve", config, "--host", MACHINES / machine, *asked]


def test_every_machine_has_sample_guests() -> None:
    assert {machine for machine, _, _ in SAMPLES} == set(NAMES)
    for machine in NAMES:
        folder = MACHINES / machine / "guests"
        expected = {guest for name, guest, _ in SAMPLES if name == machine}
        assert {path.stem for path in folder.glob("*.cfg")} == expected


@pytest.mark.parametrize(("machine", "guest", "expected"), SAMPLES, ids=IDS)
def test_a_sample_guest_fares_as_its_facts_say(
    machine: str, guest: str, expected: dict[str, Any], capsys: Capture
) -> None:
    ran = run(capsys, *_arguments(machine, guest, expected), "--json")
    (found,) = ran.document["answer"]["guests"]

    assert (found["verdict"], ran.code) == (expected["verdict"], CODES[expected["verdict"]])
    reasons = found["reasons"]
    if "decider" in expected:
        assert reasons[0]["decider"] == expected["decider"]
    if "region" in expected:
        assert reasons[0]["region"]["base"] == expected["region"]
    if "warnings" in expected:
        assert len(reasons) == expected["warnings"]
    if "lowmem_end" in expected:
        assert found["cases"][0]["layout"]["after"]["lowmem_end"] == expected["lowmem_end"]
    if "remedy" in expected:
        assert expected["remedy"] in "; ".join(found["remedies"][0]["lines"])


@pytest.mark.parametrize(("machine", "guest", "expected"), SAMPLES, ids=IDS)
def test_verdict_reason_and_remedy_stand_in_the_first_ten_lines(
    machine: str, guest: str, expected: dict[str, Any], capsys: Capture
) -> None:
    words = {
        "starts": "starts",
        "refused": "does not start",
        "undecided": "whether it starts cannot be said",
    }
    lines = run(capsys, *_arguments(machine, guest, expected)).out.splitlines()
    head = lines[:HEAD]

    assert head[0].startswith(f"{guest}: {words[expected['verdict']]}")
    for label in ("Why ", "Remedy ", "Rests on "):
        assert sum(line.startswith(label) for line in head) == 1, head
    end = lines.index("")
    assert end <= HEAD, lines[: end + 1]
    if "remedy" in expected:
        assert expected["remedy"] in " ".join(line.strip() for line in head)
    assert all(len(line) <= 80 or str(MACHINES) in line for line in lines)


@pytest.mark.parametrize("machine", NAMES)
def test_a_folder_of_guests_is_told_in_a_line_each(machine: str, capsys: Capture) -> None:
    folder = MACHINES / machine / "guests"
    ran = run(capsys, "resolve", folder, "--host", MACHINES / machine, "--xen", "4.17")

    for path in folder.glob("*.cfg"):
        assert sum(line.startswith(f"{path}: ") for line in ran.out.splitlines()) == 1
    assert f"{folder / 'expected.toml'}: passed over: " in ran.out
