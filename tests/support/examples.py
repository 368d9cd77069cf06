"""The examples of the pages: console blocks, the commands in them, and what these print.

A block that begins with ```` ```console ```` has commands (``$ dmaragent ...``) and their output; a
line of ``…`` stands for lines left out.  The comment ``<!-- this machine: NAME -->`` above a block
names the recorded machine that the commands treat as this machine.

``python -m support.examples`` (``make examples``) writes the output of the blocks again.
"""

import contextlib
import io
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from dmaragent.cli import main
from support.altered import dom0_with_hap
from support.kvm import domain, hostdev
from support.machines import MACHINES

ROOT = Path(__file__).parents[2]
LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
BLOCK = re.compile(r"(?:<!-- this machine: (\S+) -->\n)?```console\n(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n", re.MULTILINE)
GUESTS = {
    "win10.cfg": 'name = "win10"\ntype = "hvm"\nmemory = 4096\npci = [ "00:14.0" ]\n',
    "win10.xml": domain(hostdev("bus='0' slot='0x14' function='0'")),
    "guest.cfg": 'name = "guest-1"\ntype = "hvm"\nmemory = 4096\npci = [ "01:00.0" ]\n',
}
GUESTS["usb.cfg"] = 'name = "usb"\ntype = "hvm"\nmemory = 4096\npci = [ "00:1a.0" ]\n'
GUESTS["moving.cfg"] = (
    'name = "moving"\ntype = "hvm"\nmemory = 4096\nmmio_hole = 3136\npassthrough = "enabled"\n'
    'pci = [ "00:1a.0,rdm_policy=relaxed" ]\n'
)
POOL = {
    "dell1": "dell-r820",
    "hp1": "hp-dl380e-gen8",
    "xen001": "xen-pv-dom0",
    "xen002": "xen-pv-dom0",
}
"""The hosts of the folder ``pool``, as recorded machines."""
_LIVE = {"decode", "encode", "status", "diff"}
"""Verbs without ``--host``, or with a path instead of it."""


class Example(NamedTuple):
    """A command of a page, and its output there."""

    page: str
    machine: str
    command: str
    shown: str


def pages() -> list[str]:
    """Return the paths of all pages below the root, in order."""
    folders = (ROOT, *(ROOT / name for name in ("docs", "parsers", "testdata", "integrations")))
    return sorted(
        each.relative_to(ROOT).as_posix() for folder in folders for each in folder.glob("*.md")
    )


def examples() -> list[Example]:
    """Return the examples of all pages."""
    return [each for page in pages() for each in _of_page(page)]


def _of_page(page: str) -> list[Example]:
    found = []
    for machine, block in BLOCK.findall((ROOT / page).read_text("utf-8")):
        _, *rest = _COMMAND.split(block)
        found += [
            Example(page, machine, command, shown)
            for command, shown in zip(rest[::2], rest[1::2], strict=True)
        ]
    return found


def furnish(folder: Path) -> None:
    """Put the files that examples name into `folder`, the current directory."""
    (folder / "testdata").symlink_to(MACHINES.parent)
    for name in ("lenovo-laptop", "hp-dl380e-gen8", "xen-pv-dom0"):
        (folder / name).symlink_to(MACHINES / name)
    for name, machine in POOL.items():
        if machine == "xen-pv-dom0":  # which could run no HVM guest
            dom0_with_hap(folder / "pool" / name)
        else:
            shutil.copytree(MACHINES / machine, folder / "pool" / name, symlinks=True)
    for name, text in GUESTS.items():
        (folder / name).write_text(text, "utf-8")
    table = MACHINES / "dell-r820/root/sys/firmware/acpi/tables/DMAR"
    (folder / "DMAR.bin").write_bytes(table.read_bytes())
    _print("dump", "--host", "xen-pv-dom0", "-o", "customer.tar.xz")


def output(example: Example) -> str:
    """Return what the command of `example` prints, without the last newline."""
    words = shlex.split(example.command.removeprefix("sudo "))
    if words.pop(0) != "dmaragent":
        raise ValueError(f"{example.page}: not a command of dmaragent: {example.command}")
    machine = example.machine
    if machine and "--host" not in words and words[0] not in _LIVE:
        words += ["--host", machine]
    printed = _print(*words)
    if machine:
        printed = printed.replace(f"Recorded machine {machine}", "This machine")
        printed = printed.replace(f" --host {machine}", "")
    return printed.rstrip("\n")


def _print(*words: str) -> str:
    kept = io.BytesIO()
    out = io.TextIOWrapper(kept, "utf-8")
    with contextlib.redirect_stdout(out):
        main(words)
    out.flush()
    return kept.getvalue().decode()


def difference(shown: str, printed: str) -> str:
    """Return what of `shown` is not in `printed`, or is left out unmarked; empty if nothing."""
    out = printed.split("\n")
    parts = [
        part.strip("\n").split("\n")
        for part in re.split(rf"^{LEFT_OUT}$", shown, flags=re.MULTILINE)
        if part.strip()
    ]
    end = 0
    for part in parts:
        places = range(end, len(out) - len(part) + 1)
        at = next((at for at in places if out[at : at + len(part)] == part), None)
        if at is None:
            return "not printed:\n" + "\n".join(part) + f"\n\nprinted:\n{printed}"
        end = at + len(part)
    if end < len(out) and not shown.rstrip().endswith(LEFT_OUT):
        return "the end is left out unmarked"
    if parts[0] != out[: len(parts[0])] and not shown.lstrip().startswith(LEFT_OUT):
        return "the beginning is left out unmarked"
    return ""


def rewritten(shown: str, printed: str) -> str | None:
    """Return `printed` as long as `shown`: all, or as many paragraphs; None if more is left out."""
    begin, found, rest = shown.partition(f"{LEFT_OUT}\n")
    if not found:
        return f"{printed}\n"
    if rest.strip() or not begin.strip():
        return None
    paragraphs = printed.split("\n\n")[: len(begin.strip("\n").split("\n\n"))]
    return "\n\n".join(paragraphs) + f"\n{LEFT_OUT}\n"


def write() -> None:
    """Write the examples that differ into their pages; name those that need a hand."""
    for example in examples():
        path = ROOT / example.page
        text = path.read_text("utf-8")
        printed = output(example)
        if not difference(example.shown, printed):
            continue
        new = rewritten(example.shown, printed)
        if new is None:
            sys.stderr.write(f"{example.page}: look at this block: {example.command}\n")
            continue
        blank = "\n" * (len(example.shown) - len(example.shown.rstrip("\n")) - 1)
        old = f"$ {example.command}\n{example.shown}"
        path.write_text(text.replace(old, f"$ {example.command}\n{new}{blank}", 1), "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="dmaragent-") as name, contextlib.chdir(name):
        furnish(Path(name))
        write()
