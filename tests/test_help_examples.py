"""Every help has examples, and each of them is a line of shell that runs and is answered.

The lines are run as they stand, by a shell, each in a folder that holds the files they name.
Only ``sudo``, ``ssh``, ``xl``, ``virsh``, ``journalctl`` and ``systemctl`` are stand-ins, and "this machine"
is a recorded dom0.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmaragent import cli
from support import completion_page
from support.collectors import DMESG, write_files
from support.ivrs_tables import EVERY_BLOCK
from support.machines import MACHINES

pytestmark = pytest.mark.slow  # the program runs for each case


DOM0 = MACHINES / "xen-pv-dom0"
LAPTOP = MACHINES / "lenovo-laptop"
SERVER = MACHINES / "hp-dl380e-gen8"
TABLE = "root/sys/firmware/acpi/tables/DMAR"
CONFIG = 'name = "win10"\ntype = "hvm"\nmemory = 512\npci = [ "00:1a.0" ]\n'
DOMAIN = """\
<domain type='xen'><name>win10</name><memory unit='MiB'>512</memory>
<os><type>hvm</type></os></domain>
"""
LOG = """\
(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr bdf3e000
libxl: error: RDM conflict at 0xad800000
"""
STAND_INS = {
    "sudo": '[ "$1" != -n ] || shift; "$@"',
    "ssh": 'case " $* " in *" -- "*) while [ "$1" != -- ]; do shift; done; shift ;; esac; shift; $*',
    "id": "echo 0",
    "systemctl": "",
    "virsh": "cat win10.xml",
    "jq": "cat",
    "journalctl": f"printf '%s' '{LOG}'",
    "xl": f"case $1 in list) cat saved.json ;; dmesg) printf '%s' '{LOG}' ;; esac",
}
"""What the examples call beside the program, in shell."""
PROGRAM = f"""\
import sys
from pathlib import Path

import dmaragent.collect.live.host
from dmaragent.collect.open_host import open_host

dmaragent.collect.live.host.LiveHost = lambda: open_host({str(DOM0)!r}).reader
if "watch" in sys.argv:  # it ends after its first line
    from itertools import islice
    from dmaragent.commands import watch
    follow = watch.follow
    watch.follow = lambda *given: islice(follow(*given), 1)
from dmaragent.cli import main

sys.exit(main())
"""
UNTIL_PUBLISHED = """\
{line} &
while [ ! -e published/inventory.json ]; do
    kill -0 $! || exit 3
    sleep 0.05
done
kill $!
wait $!
"""
"""A service does not end by itself: it is told to once it has published."""


def _helps() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield from completion_page.walk("", cli._parser())


HELPS = dict(_helps())


def examples(parser: argparse.ArgumentParser) -> list[str]:
    """Give the lines of shell in a help; what two blanks set apart is said about them."""
    block = (parser.epilog or "").partition("examples:\n")[2].partition("\n\n")[0]
    return [re.split(r" {2,}", line.strip())[0] for line in block.splitlines()]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with all files that examples name, and the programs they call."""
    folder = tmp_path_factory.mktemp("machine")
    files = folder / "files"
    (files / "etc/xen").mkdir(parents=True)
    (files / "published").mkdir()
    for name in ("DMAR.bin", "before.bin", "tables/one", "tables/two"):
        (files / name).parent.mkdir(exist_ok=True)
        shutil.copy(LAPTOP / TABLE, files / name)
    shutil.copy(SERVER / TABLE, files / "after.bin")
    (files / "IVRS.bin").write_bytes(EVERY_BLOCK)
    for name in ("win10.cfg", "g.cfg", "etc/xen/win10.cfg"):
        (files / name).write_text(CONFIG, "utf-8")
    for name, host in {
        "before": LAPTOP, "rack1": LAPTOP, "rack2": SERVER, "recorded": DOM0,
    }.items():  # fmt: skip
        (files / name).symlink_to(host)
    (files / "hosts.txt").write_text("xen[01-02]\n", "utf-8")
    (files / "kern.log.2.gz").write_bytes(gzip.compress(DMESG))
    shutil.copytree(LAPTOP / "root", files / "sosreport-x", symlinks=True)
    kernel = (LAPTOP / "root/proc/sys/kernel/osrelease").read_bytes().strip()
    log = DMESG.replace(b"5.14.0-362.el9.x86_64", kernel)
    write_files(files / "sosreport-x", {"sos_commands/kernel/dmesg": log})
    (files / "win10.xml").write_text(DOMAIN, "utf-8")
    saved = {"c_info": {"type": "hvm", "name": "win10"}, "b_info": {"max_memkb": 1 << 20}}
    (files / "saved.json").write_text(json.dumps([{"domid": 3, "config": saved}]), "utf-8")
    programs = folder / "bin"
    programs.mkdir()
    for name, does in {**STAND_INS, "dmaragent": _in_python(folder)}.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        (programs / name).chmod(0o755)
    for name, host in {"xen001": DOM0, "xen002": DOM0, "server": SERVER}.items():
        for pool in ("pool", "old", "new"):
            shutil.copytree(host, files / pool / name, symlinks=True)
    for made in (
        f"dmaragent dump --host {SERVER} -o server.tar.xz",
        "dmaragent dump -o for-support.tar.xz",
        "dmaragent agent capture --output capture.tar",
        "dmaragent decode DMAR.bin --json > dmar.json",
        "cp dmar.json edited.json",
    ):
        done = _shell(programs, files, made)
        assert done.returncode in (0, 1), done.stderr
    return folder


def _in_python(folder: Path) -> str:
    (folder / "program.py").write_text(PROGRAM, "utf-8")
    return f'exec {sys.executable} {folder / "program.py"} "$@"'


def _shell(programs: Path, folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    path = f"{programs}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("verb", HELPS)
def test_a_help_has_an_example_of_its_verb_and_its_exit_codes(verb: str) -> None:
    parser = HELPS[verb]

    assert any(f"dmaragent {verb}".strip() in line for line in examples(parser))
    assert "Exit codes: 0 " in (parser.epilog or "")


@pytest.mark.parametrize("verb", HELPS)
def test_a_help_names_no_file_of_the_sources(verb: str) -> None:
    """Who installed the program has no clone of them."""
    named = re.findall(
        r"(?:docs|testdata|tests|integrations)/\S*|\S+\.md\b", HELPS[verb].format_help()
    )

    assert named == []


@pytest.mark.parametrize("verb", HELPS)
def test_a_help_fits_80_columns(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert max(map(len, HELPS[verb].format_help().splitlines())) <= 80


@pytest.mark.parametrize(
    ("verb", "line"), [(verb, line) for verb, parser in HELPS.items() for line in examples(parser)]
)
def test_an_example_runs_and_is_answered(
    verb: str, line: str, machine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    shutil.copytree(machine / "files", folder, symlinks=True)
    here = line.replace("/etc/xen", "etc/xen").replace("/tmp/", "")  # noqa: S108 - of the example
    here = here.replace("mkdir published", "mkdir other")
    for written in re.findall(r"(?:-o|>) (\S+[^/\s])(?= |$)", here):
        (folder / written).unlink(missing_ok=True)
    runs = "agent run --runtime" in line
    done = _shell(machine / "bin", folder, UNTIL_PUBLISHED.format(line=here) if runs else here)

    may_stay_open = "--need" in line or verb == "boot-option"  # a fact of the host is unknown
    open_too = {2} if may_stay_open and done.stdout else set()
    assert done.returncode in {0, 1} | open_too, done.stderr
    assert "Traceback" not in done.stderr
    assert "Next: " not in done.stderr
