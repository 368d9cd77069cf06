"""The comparison of answers sees a change of a document, of an exit code and of an error."""

import shutil
from pathlib import Path

import pytest

from answers.__main__ import ROOT, answers, compare, new_keys
from answers.prose import REMOVED, without_prose
from answers.questions import Question, questions

pytestmark = pytest.mark.slow  # two checkouts answer


HP = "testdata/dmar_dumps/hp-dl380e-gen8"
ASKED = [
    Question(("inventory", "--host", HP, "--json")),
    Question(("explain", "0a:00.0", "--host", HP, "--json")),
    Question(("explain", "99:00.0", "--host", HP, "--json")),
]


@pytest.fixture
def other_program(tmp_path: Path) -> Path:
    for name in ("src", "parsers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edit(program: Path, name: str, old: str, new: str) -> None:
    path = program / "src" / "dmaragent" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_same_program_gives_the_same_answers(other_program: Path) -> None:
    assert not compare(ASKED, programs=(ROOT, other_program), inputs=ROOT)


def test_a_changed_exit_code_is_seen(other_program: Path) -> None:
    edit(other_program, "cli.py", "UNANSWERED = 2", "UNANSWERED = 3")
    changed = compare(ASKED, programs=(ROOT, other_program), inputs=ROOT)
    assert [change.question for change in changed] == [ASKED[2]]


def test_a_changed_document_is_seen_and_a_changed_version_is_not(other_program: Path) -> None:
    edit(other_program, "__init__.py", '__version__ = "', '__version__ = "9.')
    assert not compare(ASKED[:1], programs=(ROOT, other_program), inputs=ROOT)
    edit(other_program, "present/json/inventory.py", '"regions":', '"ranges":')
    changed = compare(ASKED[:1], programs=(ROOT, other_program), inputs=ROOT)
    assert any('"ranges"' in line for line in changed[0].difference)


def test_changed_words_are_prose_and_a_changed_fact_is_not(other_program: Path) -> None:
    edit(other_program, "remedies/devices/words/xen.py", "Make it assignable", "Changed words")
    explain = ASKED[1:2]
    assert compare(explain, programs=(ROOT, other_program), inputs=ROOT)
    assert not compare(explain, programs=(ROOT, other_program), inputs=ROOT, prose=False)
    edit(other_program, "policy/assignment.py", '"EPERM"', '"EIO"')
    assert compare(explain, programs=(ROOT, other_program), inputs=ROOT, prose=False)


def test_prose_is_removed_and_facts_stay() -> None:
    side = {"can": "no", "explanation": "a reason", "cases": []}
    document = {
        "format": "dmaragent.explain",
        "version": 2,
        "answer": {"xen": side, "notes": ["a note", "another"], "device": "0000:00:14.0"},
    }
    answer = without_prose({"exit": 1, "document": document, "errors": ""})["document"]["answer"]
    assert answer["xen"] == side | {"explanation": REMOVED}
    assert answer["notes"] == [REMOVED, REMOVED]
    assert answer["device"] == "0000:00:14.0"


def test_a_program_that_ends_early_is_an_error(other_program: Path) -> None:
    edit(other_program, "cli.py", "import os\n", "import os\nos._exit(0)\n")
    with pytest.raises(RuntimeError, match="inventory --host"):
        answers(ASKED, other_program, ROOT)


def test_every_machine_every_guest_and_every_message_is_asked_about() -> None:
    asked = [question.arguments for question in questions(ROOT, None)]
    machines = ROOT / "testdata" / "dmar_dumps"
    for machine in machines.iterdir():
        assert ("inventory", "--host", str(machine.relative_to(ROOT)), "--json") in asked
    for guest in machines.glob("*/guests/*.cfg"):
        assert any(str(guest.relative_to(ROOT)) in line for line in asked)
    assert sum(line[0] == "why" for line in asked) > 100


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": None}, {"c", "d"}),
        ({"a": 1}, {"a": 1}, set()),
        ({"a": 1}, {"a": 2, "b": 1}, None),
        ({"a": 1}, {"b": 1}, None),
        ([1], [1, 2], None),
        ({"a": True}, {"a": "True"}, None),
    ],
)
def test_gained_keys_are_told_from_other_changes(
    old: object, new: object, keys: set[str] | None
) -> None:
    assert new_keys(old, new) == keys
