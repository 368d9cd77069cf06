"""Versions of Xen as distributions write them: every verb answers about a host that has one."""

from pathlib import Path
from typing import NamedTuple

import pytest

from support.altered import altered
from support.cli import run
from support.fleet_pool import GUEST
from support.machines import MACHINES


class Version(NamedTuple):
    """Minor and extra version as Linux and xl report them, and what fleet shows."""

    minor: str
    extra: str
    shown: str | None


VERSIONS = pytest.mark.parametrize(
    "version",
    [
        Version("20", ".5-pre", "4.20.5-pre"),  # Debian 13
        Version("17", ".3-1.fc37", "4.17.3-1.fc37"),  # Qubes
        Version("13", ".4-10.30-xcpng", "4.13.4-10.30-xcpng"),
        Version("17", "", "4.17"),
        Version("17", "-nonsense%s", "4.17-nonsense%s"),
        Version("17", "not a word", "4.17"),
        Version("17", "0", "4.170"),
        Version("23", ".1-pre", "4.23.1-pre"),
        Version("none", ".7", None),
    ],
    ids=lambda version: version.minor + version.extra,
)


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    file = tmp_path / "g.cfg"
    file.write_text(GUEST)
    return file


def _host(folder: Path, version: Version) -> Path:
    """Return the PV dom0 with this version, which Linux and xl report."""
    minor, extra, _ = version
    info = (MACHINES / "xen-pv-dom0/calls/xl-info").read_text()
    info = info.replace(": 17\n", f": {minor}\n").replace(": .7\n", f": {extra}\n")
    files = {"minor": f"{minor}\n".encode(), "extra": f"{extra}\n".encode()}
    return altered(
        "xen-pv-dom0",
        folder,
        {f"/sys/hypervisor/version/{name}": text for name, text in files.items()},
        {"xl-info": info.replace("4.17.7", f"4.{minor}{extra}").encode()},
    )


@VERSIONS
def test_every_verb_of_fleet_answers(
    tmp_path: Path, guest: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    _host(tmp_path / "pool/h", version)
    pool, other = str(tmp_path / "pool"), ("--no-cache",)

    shown = run(capsys, "fleet", "show", pool, "--details", *other)
    ran = [
        shown,
        run(capsys, "fleet", "resolve", guest, "--on", pool, *other),
        run(capsys, "fleet", "resolve", guest, "--on", pool, "--json", *other),
        run(capsys, "fleet", "resolve", guest, "--on", pool, "--one-setting", *other),
        run(capsys, "fleet", "device", "network", "--on", pool, *other),
        run(capsys, "fleet", "diff", pool, pool, "--guest", guest, *other),
        run(capsys, "fleet", "move", guest, "--from", "h", "--on", pool, *other),
        run(capsys, "fleet", "export", pool, *other),
        run(capsys, "fleet", "report", pool, "--guest", guest, "-o", tmp_path / "r.html", *other),
    ]

    assert [each.err for each in ran if "internal error" in each.err or each.code > 2] == []
    assert (f"Xen {version.shown}" in " ".join(shown.out.split())) == (version.shown is not None)
    assert ("Xen 4.23 is not modelled" in " ".join(ran[1].out.split())) == (version.minor == "23")


@VERSIONS
def test_the_verbs_about_one_host_answer(
    tmp_path: Path, guest: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    host = _host(tmp_path / "h", version)
    verbs = [
        run(capsys, "diff", host, MACHINES / "xen-pv-dom0", "--guest", guest),
        *(run(capsys, verb, "--host", host) for verb in ("inventory", "check", "devices")),
        run(capsys, "resolve", guest, "--host", host),
        run(capsys, "explain", "00:1a.0", "--host", host),
    ]

    assert [ran.err for ran in verbs if "internal error" in ran.err or ran.code > 2] == []
