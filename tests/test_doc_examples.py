"""The pages show what the program prints, and their links lead to files.

``support/examples.py`` describes the blocks that are run.
"""

import re
import tomllib
from pathlib import Path

import pytest

from dmaragent.collect.recorded.recording import write_files
from support import examples, machines, pictures
from support.browser import chromium
from support.cli import run

pytestmark = pytest.mark.slow  # the program runs for each case


ROOT = Path(__file__).parents[1]
PAGES = examples.pages()
EXAMPLES = examples.examples()


@pytest.fixture
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a folder with the files that examples name."""
    monkeypatch.chdir(tmp_path)
    examples.furnish(tmp_path)


@pytest.mark.usefixtures("_desk")
@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{e.page}-{e.command}" for e in EXAMPLES])
def test_a_page_shows_what_the_program_prints(example: examples.Example) -> None:
    assert examples.difference(example.shown, examples.output(example)) == ""


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("one\ntwo\n", "one\ntwo", True),
        ("one\n", "one\ntwo", False),
        ("one\n…\n", "one\ntwo", True),
        ("two\n", "one\ntwo", False),
        ("…\ntwo\n", "one\ntwo", True),
        ("…\nthree\n", "one\ntwo", False),
    ],
)
def test_lines_that_are_left_out_are_marked(shown: str, printed: str, *, fits: bool) -> None:
    assert (examples.difference(shown, printed) == "") is fits


@pytest.mark.parametrize(
    ("shown", "printed", "wanted"),
    [
        ("one\n", "1\n2", "1\n2\n"),
        ("one\n\ntwo\n…\n", "1\n\n2\n\n3", "1\n\n2\n…\n"),
        ("one\n…\nthree\n", "1\n2\n3", None),
    ],
)
def test_an_example_is_written_again_unless_its_middle_is_left_out(
    shown: str, printed: str, wanted: str | None
) -> None:
    assert examples.rewritten(shown, printed) == wanted


def _rdm_table() -> list[tuple[str, str, str]]:
    """Return text, release and setting of each cell of a table in docs/guests.md."""
    lines = (ROOT / "docs/guests.md").read_text("utf-8").split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("| in xl.cfg"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[at : at + 6]]
    return [
        (row[0].strip("`"), release, row[column])
        for row in rows[2:]
        for column, head in enumerate(rows[0])
        for release in re.findall(r"\d\.\d+(?:\.\d+)?", head)
    ]


@pytest.mark.usefixtures("_desk")
@pytest.mark.parametrize(("text", "release", "said"), _rdm_table())
def test_the_table_of_rdm_is_what_resolve_says(
    text: str, release: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = ["--memory", "1024", "--pci", "00:14.0", "--rdm", text]
    ran = run(capsys, "resolve", *guest, "--host", "lenovo-laptop", "--xen", release, "--json")
    (found,) = ran.document["answer"]["guests"]
    settings = {setting["name"]: setting["value"] for setting in found["settings"]}

    of_guest, device = said.split("; ")
    kept = ", ".join(_any(settings[name]) for name in ("strategy", "policy") if name in settings)
    assert ("ignored" if kept == "ignore" else kept) == of_guest
    assert _any(settings["0000:00:14.0"]) == device


def _any(value: str) -> str:
    """Return the value of a setting; a value that was never written is ``any``."""
    return "any" if "never written" in value else value


def test_the_machine_that_is_added_as_an_example_answers_as_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/adding-a-table.md").read_text("utf-8")
    _, facts, _of_an_ivrs, expected, guests = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (config,) = re.findall(r"```\n(name = .*?)```", page, re.DOTALL)
    folder = tmp_path / "example-laptop"
    folder.mkdir()
    (folder / "machine.toml").write_text(facts, "utf-8")
    (tmp_path / "usb.cfg").write_text(config, "utf-8")
    monkeypatch.setattr(machines, "MACHINES", tmp_path)
    write_files(machines.rebuild("example-laptop"), str(tmp_path / "made"))
    wanted, guest = tomllib.loads(expected), tomllib.loads(guests)["usb"]

    ran = run(capsys, "inventory", "--host", tmp_path / "made", "--json")
    (region,) = ran.document["answer"]["regions"]
    asked = ["--host", tmp_path / "made", "--xen", guest["xen"], "--json"]
    resolved = run(capsys, "resolve", tmp_path / "usb.cfg", *asked)
    (found,) = resolved.document["answer"]["guests"]

    assert (ran.code, region["base"]) == (wanted["exit_code"], wanted["regions"][0]["base"])
    assert [one["sbdf"] for one in region["owners"]] == wanted["regions"][0]["owners"]
    assert (found["verdict"], found["reasons"][0]["decider"]) == (guest["verdict"], "libxl")
    assert guest["remedy"] in found["remedies"][0]["lines"]
    assert run(capsys, "check", "--host", tmp_path / "made").code == 0


@pytest.mark.parametrize(
    "page", ["README.md", "docs/refused.md", "docs/bundles.md", "docs/guests.md"]
)
def test_the_pages_for_users_show_examples(page: str) -> None:
    assert page in {example.page for example in EXAMPLES}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


def test_every_page_of_docs_is_linked_from_readme_hacking_or_index() -> None:
    heads = ("README.md", "HACKING.md", "docs/index.md")
    linked = "".join((ROOT / name).read_text("utf-8") for name in heads)

    assert [each.name for each in (ROOT / "docs").glob("*.md") if each.name not in linked] == []


@pytest.mark.parametrize("picture", pictures.pictures(), ids=lambda one: one.name)
def test_a_picture_is_of_what_the_program_prints(picture: pictures.Picture) -> None:
    png = (pictures.FOLDER / f"{picture.name}.png").read_bytes()

    assert pictures.digest_in(png) == picture.digest, "run make pictures"
    assert len(png) <= pictures.LARGEST


def test_a_picture_is_taken_and_says_of_what(chromium_tools: None) -> None:
    picture = pictures.Picture("x", "<!DOCTYPE html><pre>1 region</pre>", 300, None)
    with chromium() as browser:
        png = pictures.take(browser, picture)

    assert png.startswith(b"\x89PNG")
    assert pictures.digest_in(png) == picture.digest
