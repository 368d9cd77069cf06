"""Every recorded machine answers as its expected.toml says, recorded, live and copied."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from support.cli import check_document, run
from support.machines import MACHINES, NAMES, REBUILT, load, rebuild
from support.mocked import run_live


def _answer(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, dict[str, Any]]:
    ran = run(capsys, "inventory", "--host", path, "--json")
    answer: dict[str, Any] = ran.document["answer"]
    return ran.code, answer


def _owners(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {owner["sbdf"]: owner for region in answer["regions"] for owner in region["owners"]}


def _check(expected: dict[str, Any], code: int, answer: dict[str, Any]) -> None:
    assert code == expected["exit_code"]
    assert answer["table"]["signature"] == expected["signature"]
    assert answer["pci_functions"] == expected["pci_functions"]
    assert len(answer["problems"]) == expected["problems"]
    assert [
        (each["base"], each["limit"], [owner["sbdf"] for owner in each["owners"]], each["shared"])
        for each in answer["regions"]
    ] == [
        (each["base"], each["limit"], each["owners"], each["shared"])
        for each in expected["regions"]
    ]
    owners = _owners(answer)
    assert owners.keys() == expected["devices"].keys()
    for sbdf, device in expected["devices"].items():
        owner = owners[sbdf]
        found = owner["device"] or {"class": None, "driver": None}
        assert owner["presence"] == device.get("presence", "present"), sbdf
        assert found["class"] == device.get("class"), sbdf
        assert found["driver"] == device.get("driver"), sbdf
        through = [hop["sbdf"] for hop in owner["scope"]["path"][:-1]]
        assert through == device.get("through", []), sbdf


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_machine_answers_as_expected(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = _answer(capsys, MACHINES / name)

    _check(load(name, "expected.toml"), code, answer)


@pytest.mark.usefixtures("umockdev")
@pytest.mark.parametrize("name", NAMES)
def test_the_running_machine_answers_as_its_recording(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = _answer(capsys, MACHINES / name)

    code, document = run_live(MACHINES / name, tmp_path)

    check_document(document)
    assert document["origin"]["host"]["kind"] == "live"
    _check(load(name, "expected.toml"), code, document["answer"])
    assert (code, document["answer"]) == recorded
    assert _answer(capsys, tmp_path / "recording") == recorded


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_of_the_files_alone_answers_as_the_recording(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copied /sys holds real links and no udev enumeration: the functions are listed."""
    shutil.copytree(MACHINES / name / "root", tmp_path / "root")
    devices = tmp_path / "root/sys/bus/pci/devices"
    devices.mkdir(parents=True, exist_ok=True)
    for driver in [*(tmp_path / "root/sys/devices").rglob("driver")]:
        target = driver.read_text()
        driver.unlink()
        driver.symlink_to(target)
    for class_file in (tmp_path / "root/sys/devices").rglob("class"):
        directory = class_file.parent
        link = devices / directory.name
        link.unlink(missing_ok=True)
        link.symlink_to(_up(directory, devices))

    assert _answer(capsys, tmp_path) == _answer(capsys, MACHINES / name)


def _up(target: Path, start: Path) -> str:
    root = next(parent for parent in start.parents if parent.name == "sys")
    return "../" * len(start.relative_to(root).parts) + str(target.relative_to(root))


@pytest.mark.parametrize("name", REBUILT)
def test_a_rebuilt_machine_is_what_its_facts_make(name: str) -> None:
    kept = {
        str(path.relative_to(MACHINES / name)): path.read_bytes()
        for path in (MACHINES / name).rglob("*")
        if path.is_file() and path.suffix != ".toml"
    }

    assert kept == rebuild(name), "run make testdata"


@pytest.mark.parametrize("name", [n for n in NAMES if "kernel_groups" in load(n, "expected.toml")])
def test_present_owners_have_the_regions_the_kernel_gives_their_group(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kernel walked the same scopes: /sys/kernel/iommu_groups/*/reserved_regions."""
    groups = load(name, "expected.toml")["kernel_groups"]
    _, answer = _answer(capsys, MACHINES / name)
    ours: dict[str, set[str]] = {}
    for region in answer["regions"]:
        for owner in region["owners"]:
            if owner["presence"] == "present":
                ours.setdefault(owner["sbdf"], set()).add(f"{region['base']}-{region['limit']}")

    compared = set()
    for group in groups:
        union = set().union(*(ours.get(sbdf, set()) for sbdf in group["devices"]))
        assert union == set(group["direct"]), group["devices"]
        compared |= set(group["devices"])
    assert ours.keys() <= compared


def test_every_machine_says_where_it_comes_from_and_what_must_come_out() -> None:
    assert len(NAMES) >= 3
    for name in NAMES:
        origin = load(name, "origin.toml")
        assert origin["kind"] in ("captured", "rebuilt", "synthetic")
        assert origin["machine"]
        assert origin["how"]
        assert load(name, "expected.toml")["regions"] is not None
        assert (MACHINES / name / "manifest.json").exists()


def test_no_recording_holds_what_identifies_a_machine_or_a_person() -> None:
    for path in MACHINES.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert b"52:54:00" not in content, path
            assert b"serial=" not in content, path
