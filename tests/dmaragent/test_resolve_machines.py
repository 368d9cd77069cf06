"""The sample guests of every recorded machine, as their expected.toml says."""

import os
import tomllib
from typing import Any

import pytest

from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.text.resolve_short import MOST_LINES
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question, read_guests
from support.cli import run
from support.machines import MACHINES, NAMES

Capture = pytest.CaptureFixture[str]
CODES = {"starts": 0, "refused": 1, "undecided": 2}


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
    host = os.path.relpath(MACHINES / machine)  # an absolute one may wrap
    config = f"{host}/guests/{guest}.cfg"
    asked = ["--xen", expected["xen"]] if "xen" in expected else []
    return ["resolve", config, "--host", host, *asked]


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


WORDS = {
    "starts": ("will start",),
    "refused": ("will not start",),
    "undecided": ("unknown", "depends"),
}


def _short(machine: str, guest: str, expected: dict[str, Any], capsys: Capture) -> list[str]:
    return run(capsys, *_arguments(machine, guest, expected)).out.splitlines()


@pytest.mark.parametrize(("machine", "guest", "expected"), SAMPLES, ids=IDS)
def test_the_short_answer_begins_with_the_verdict_and_ends_with_the_way_to_all_of_it(
    machine: str, guest: str, expected: dict[str, Any], capsys: Capture
) -> None:
    lines = _short(machine, guest, expected, capsys)

    assert lines[0].startswith(tuple(f"{guest}: {word}" for word in WORDS[expected["verdict"]]))
    assert lines[-1].endswith(": add --details")
    if "remedy" in expected:
        assert expected["remedy"] in " ".join(line.strip() for line in lines)
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(("machine", "guest", "expected"), SAMPLES, ids=IDS)
def test_a_refusal_has_at_most_twelve_lines_whether_the_release_is_known_or_not(
    machine: str, guest: str, expected: dict[str, Any], capsys: Capture
) -> None:
    for question in (expected, {**expected, "xen": "4.17"}):
        ran = run(capsys, *_arguments(machine, guest, question))

        assert ran.code != CODES["refused"] or len(ran.out.splitlines()) <= MOST_LINES


@pytest.mark.parametrize(("machine", "guest", "expected"), SAMPLES, ids=IDS)
def test_the_short_answer_drops_no_risk_and_no_assumption(
    machine: str, guest: str, expected: dict[str, Any], capsys: Capture
) -> None:
    config = MACHINES / machine / "guests" / f"{guest}.cfg"
    asked = ask_host(str(MACHINES / machine), Question(xen=expected.get("xen")))
    resolution = GuestResolver(asked, Question()).resolve(
        read_guests(config.read_text("utf-8"), str(config))[0]
    )
    short = " ".join(_short(machine, guest, expected, capsys)).split()
    text = " ".join(short)

    assert asked.stack.origin in text
    for note in asked.facts.notes:
        assert note[1:] in text  # a sentence may begin with it
    if resolution.verdict is Verdict.STARTS:
        assert {HARM_WORDS[reason.harm] for reason in resolution.reasons} <= {"", *_said(text)}
    for needed in resolution.prerequisites:
        assert needed in text


def _said(text: str) -> set[str]:
    """Return the harms that `text` names; Xen calls a shared region risky."""
    harms = {words for words in HARM_WORDS.values() if words and words in text}
    return harms | ({HARM_WORDS[Harm.SHARED]} if "risky" in text else set())


@pytest.mark.parametrize("machine", NAMES)
def test_each_guest_of_a_folder_has_its_verdict_in_a_line(machine: str, capsys: Capture) -> None:
    folder = MACHINES / machine / "guests"
    ran = run(capsys, "resolve", folder, "--host", MACHINES / machine, "--xen", "4.17")
    lines = ran.out.splitlines()

    assert lines[0] == f"In {folder}:"
    for path in folder.glob("*.cfg"):
        assert sum(line.startswith(f"{path.name}: ") for line in lines) == 1
    assert any(line.startswith("expected.toml: skipped: ") for line in lines)
