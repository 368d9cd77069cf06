"""What the pages show is what the program prints, and what they link to is there.

A block that begins with ```` ```console ```` holds commands (``$ dmaragent ...``) and what they
print; a line of ``…`` stands for lines left out.  The comment ``<!-- this machine: NAME -->``
above it names the recorded machine that is the reader's own; files that the commands name are
made here.
"""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from dmaragent.collect.recorded.recording import write_files
from support import machines, pictures
from support.browser import chromium
from support.cli import run
from support.kvm import domain, hostdev
from support.machines import MACHINES

pytestmark = pytest.mark.slow  # the program runs for each case


ROOT = Path(__file__).parents[1]
PAGES = sorted(
    each.relative_to(ROOT).as_posix()
    for folder in (ROOT, ROOT / "docs", ROOT / "parsers", ROOT / "testdata", ROOT / "integrations")
    for each in folder.glob("*.md")
)
LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
BLOCK = re.compile(r"(?:<!-- this machine: (\S+) -->\n)?```console\n(.*?)```", re.DOTALL)
GUESTS = {
    "win10.cfg": 'name = "win10"\ntype = "hvm"\nmemory = 4096\npci = [ "00:14.0" ]\n',
    "win10.xml": domain(hostdev("bus='0' slot='0x14' function='0'")),
    "guest.cfg": 'name = "guest-1"\ntype = "hvm"\nmemory = 4096\npci = [ "01:00.0" ]\n',
}
_LIVE = {"decode", "encode", "status", "diff"}
"""Verbs that take no ``--host``, or a path as well."""

Example = tuple[str, str, str, str]
"""Page, machine, command, what is shown of its output."""


def _examples() -> list[Example]:
    found = []
    for page in PAGES:
        for machine, block in BLOCK.findall((ROOT / page).read_text("utf-8")):
            for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = each.partition("\n")
                found.append((page, machine, command, shown))
    return found


EXAMPLES = _examples()


@pytest.fixture
def _desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Go to a folder with the files that examples name."""
    for name in ("lenovo-laptop", "hp-dl380e-gen8", "xen-pv-dom0"):
        (tmp_path / name).symlink_to(MACHINES / name)
    for name, text in GUESTS.items():
        (tmp_path / name).write_text(text, "utf-8")
    table = MACHINES / "dell-r820/root/sys/firmware/acpi/tables/DMAR"
    (tmp_path / "DMAR.bin").write_bytes(table.read_bytes())
    monkeypatch.chdir(tmp_path)
    run(capsys, "dump", "--host", "xen-pv-dom0", "-o", "customer.tar.xz")


@pytest.mark.usefixtures("_desk")
@pytest.mark.parametrize(
    ("page", "machine", "command", "shown"), EXAMPLES, ids=[f"{e[0]}-{e[2]}" for e in EXAMPLES]
)
def test_a_page_shows_what_the_program_prints(
    page: str, machine: str, command: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(command.removeprefix("sudo "))
    assert words.pop(0) == "dmaragent"
    if machine and "--host" not in words and words[0] not in _LIVE:
        words += ["--host", machine]

    printed = run(capsys, *words).out.replace(f"Recorded machine {machine}", "This machine")
    out = printed.rstrip("\n").split("\n")

    parts = [part.strip("\n").split("\n") for part in _parts(shown)]
    at = 0
    for part in parts:
        at = _place(part, out, at)
    assert at == len(out) or shown.rstrip().endswith(LEFT_OUT), "the end is left out unsaid"
    assert parts[0] == out[: len(parts[0])] or shown.lstrip().startswith(LEFT_OUT)


def _parts(shown: str) -> list[str]:
    """Give what is shown between the lines left out."""
    parts = re.split(rf"^{LEFT_OUT}$", shown, flags=re.MULTILINE)
    return [part for part in parts if part.strip()]


def _place(part: list[str], out: list[str], begin: int) -> int:
    """Find the lines of `part` one after the other in `out`, from `begin`; give where they end."""
    for at in range(begin, len(out) - len(part) + 1):
        if out[at : at + len(part)] == part:
            return at + len(part)
    pytest.fail("not printed, or not so:\n" + "\n".join(part) + "\n\nprinted:\n" + "\n".join(out))


def _rdm_table() -> list[tuple[str, str, str]]:
    """Give text, release and what docs/guests.md says of it, a cell each."""
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
    """Return a setting's value; a value that was never written is any."""
    return "any" if "never written" in value else value


def test_the_machine_that_is_added_as_an_example_answers_as_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/adding-a-table.md").read_text("utf-8")
    _, facts, expected, guests = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
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
    assert page in {one[0] for one in EXAMPLES}


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
