"""What was reported of a release is told where it may concern the guest, and decides nothing."""

from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
HOST = MACHINES / "dell-r820"
RELAXED = '"00:1a.0,rdm_policy=relaxed"'


@pytest.mark.parametrize(
    ("pci", "release", "told"),
    [
        (f'{RELAXED}, "00:1d.0,rdm_policy=relaxed"', "4.15", True),
        (f'{RELAXED}, "00:1d.0,rdm_policy=relaxed"', "4.16", False),
        (f'{RELAXED}, "00:1d.0,rdm_policy=relaxed"', "4.14", False),
        (f'{RELAXED}, "00:1d.0"', "4.15", False),
        (RELAXED, "4.15", False),
    ],
    ids=["two with a policy", "4.16", "4.14", "one with a policy", "one device"],
)
def test_several_entries_with_a_policy_are_doubtful_under_xl_4_15(
    pci: str, release: str, told: object, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "guest.cfg"
    path.write_text(f'name = "g"\ntype = "hvm"\nmemory = 1024\npci = [ {pci} ]\n')

    shown = run(capsys, "resolve", path, "--host", HOST, "--xen", release)
    details = run(capsys, "resolve", path, "--host", HOST, "--xen", release, "--details")
    answer = run(capsys, "resolve", path, "--host", HOST, "--xen", release, "--json").document

    assert ("xl 4.15 adds only one" in " ".join(shown.out.split())) is told
    assert all(("xl pci-attach" in text) is told for text in (shown.out, details.out))
    assert bool(answer["answer"]["guests"][0]["reports"]) is told
