"""The devices of a fleet: whose verdict is shown, why it is unknown, and what is counted."""

import json
import shutil
from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
BLOCKED_BY_XEN = "synthetic-ivmd-flags-zero"
"""Linux allows its devices; a Xen that runs there switches AMD-Vi off."""


def folder_of(tmp_path: Path, *machines: str) -> Path:
    for name in machines:
        shutil.copytree(MACHINES / name, tmp_path / "pool" / name)
    return tmp_path / "pool"


def asked(
    capsys: Capture, device: str, folder: Path, *options: str
) -> tuple[str, dict[str, object]]:
    """Return the text about a device, and the answer as an object."""
    ask = ("fleet", "device", device, "--on", str(folder), "--no-cache", *options)
    text = run(capsys, *ask).out
    answer: dict[str, object] = json.loads(run(capsys, *ask, "--json").out)["answer"]
    return text, answer


def test_xen_decides_if_its_release_is_named(tmp_path: Path, capsys: Capture) -> None:
    pool = folder_of(tmp_path, BLOCKED_BY_XEN)

    plain, of_linux = asked(capsys, "00:14.0", pool)
    named, of_xen = asked(capsys, "00:14.0", pool, "--xen", "4.17")

    assert [(row["can"], row["decides"]) for row in of_linux["devices"]] == [  # type: ignore[attr-defined]
        ("yes", ["linux"])
    ]
    assert [(row["can"], row["decides"]) for row in of_xen["devices"]] == [  # type: ignore[attr-defined]
        ("no", ["xen"])
    ]
    assert "allowed (Linux): 0000:00:14.0" in plain
    assert "blocked (Xen): 0000:00:14.0" in named


def test_labels_for_schedulers_are_xens_if_its_release_is_named(
    tmp_path: Path, capsys: Capture
) -> None:
    pool = folder_of(tmp_path, BLOCKED_BY_XEN)
    export = ("fleet", "export", str(pool), "--nfd", "--no-cache")

    assert "storage-blocked=0" in run(capsys, *export).out
    assert "storage-blocked=0" not in run(capsys, *export, "--xen", "4.17").out
