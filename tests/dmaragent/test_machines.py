"""Every recorded machine answers as its expected.toml says, recorded, live and copied."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.cli import check_document, run
from support.machines import AMD, MACHINES, NAMES, REBUILT, load, materialize, rebuild
from support.mocked import run_live

pytestmark = pytest.mark.slow  # the program runs on every recorded machine
DMAR = [name for name in NAMES if load(name, "expected.toml").get("signature", "IVRS") != "IVRS"]
"""The machines with a DMAR; ``test_machines_amd.py`` has more of those with an IVRS."""

FACTS = re.compile(
    r"0x[0-9a-f]+-0x[0-9a-f]+|[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d|region \d+|group \d+"
)
"""Of a sentence: ranges, devices, numbers of regions and groups."""


def _is_whole(name: str) -> bool:
    """Tell whether a recording is of a whole host: a running one cannot lack what nobody collected."""
    return load(name, "expected.toml").get("absence") != "not-collected"


def _answer(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, dict[str, Any]]:
    ran = run(capsys, "inventory", "--host", path, "--json")
    answer: dict[str, Any] = ran.document["answer"]
    return ran.code, answer


def _owners(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {owner["sbdf"]: owner for region in answer["regions"] for owner in region["owners"]}


def _check(expected: dict[str, Any], code: int, answer: dict[str, Any]) -> None:
    assert code == expected["exit_code"]
    assert answer["table"].get("signature") == expected.get("signature")
    assert answer["pci_functions"] == expected["pci_functions"]
    assert len(answer["problems"]) == expected["problems"], answer["problems"]
    if expected.get("signature") == "IVRS":
        places = [(each["base"], each["limit"]) for each in expected["regions"]]
        assert [(each["base"], each["limit"]) for each in answer["regions"]] == places
        return
    assert [
        (each["base"], each["limit"], [owner["sbdf"] for owner in each["owners"]], each["shared"])
        for each in answer["regions"]
    ] == [
        (each["base"], each["limit"], each["owners"], each["shared"])
        for each in expected["regions"]
    ]
    for region, wanted in zip(answer["regions"], expected["regions"], strict=True):
        _check_views(wanted, region)
    owners = _owners(answer)
    assert owners.keys() == expected["devices"].keys()
    registers = {unit["offset"]: unit["register_base"] for unit in answer["units"]}
    for sbdf, device in expected["devices"].items():
        owner = owners[sbdf]
        found = owner["device"] or {"class": None, "driver": None}
        assert owner["presence"] == device.get("presence", "present"), sbdf
        assert found["class"] == device.get("class"), sbdf
        assert found["driver"] == device.get("driver"), sbdf
        through = [hop["sbdf"] for hop in owner["scope"]["path"][:-1]]
        assert through == device.get("through", []), sbdf
        if "unit" in device:
            assert registers[owner["unit"]] == device["unit"], sbdf
        for fact, key in (("group", "iommu_group"), ("slot", "slot")):
            assert fact not in device or found[key] == device[fact], sbdf
    domains = {unit["register_base"]: unit["proximity_domain"] for unit in answer["units"]}
    for base, domain in expected.get("units", {}).items():
        assert domains[base] == domain


def _check_views(wanted: dict[str, Any], region: dict[str, Any]) -> None:
    if "linux" in wanted:
        assert {held["sbdf"]: held["type"] for held in region["linux"]} == wanted["linux"]
    if "memory_map" in wanted:
        assert region["memory_map"] == wanted["memory_map"]
    if "xen_listed" in wanted:
        assert region["xen"]["listed"] is wanted["xen_listed"]
        assert wanted["xen_listed"] or region["xen"]["reason"]


def _check_host(expected: dict[str, Any], answer: dict[str, Any]) -> None:
    """Hold what a copy without calls cannot know: Xen's list, the kernel's view, absence."""
    xen = answer["xen"]
    assert expected["xen_source"] == xen["source"]
    entries = [f"{each['base']}-{each['limit']}" for each in xen["entries"]]
    assert entries == expected["xen_entries"]
    assert bool(xen["iommu_disabled"]) is expected.get("vtd_disabled", False)
    assert bool(xen["why_empty"]) is (not entries and xen["source"] != "unknown")
    for key, found in (
        ("linux_state", answer["linux"]["state"]),
        ("absence", (answer["absence"] or {}).get("kind")),
        ("assignable", xen["assignable"]),
        ("kernel_options", answer["machine"]["kernel_options"]),
    ):
        assert key not in expected or found == expected[key], key
    if "xen_devices" in expected:
        assert {
            sbdf: [f"{each['base']}-{each['limit']}" for each in ranges]
            for sbdf, ranges in xen["devices"].items()
        } == expected["xen_devices"]
    for number, start in enumerate(expected.get("differences", ())):
        each = answer["differences"][number]
        place = f"region {each['region']}: " if each["region"] else ""
        assert set(FACTS.findall(start)) <= set(FACTS.findall(place + each["explanation"]))
    if "differences" in expected:
        assert len(answer["differences"]) == len(expected["differences"])


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_machine_answers_as_expected(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = _answer(capsys, MACHINES / name)

    expected = load(name, "expected.toml")
    _check(expected, code, answer)
    if name not in AMD:
        _check_host(expected, answer)


@pytest.mark.usefixtures("umockdev")
@pytest.mark.parametrize("name", [name for name in NAMES if _is_whole(name)])
def test_the_running_machine_answers_as_its_recording(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = _answer(capsys, MACHINES / name)

    code, document = run_live(name, tmp_path)

    check_document(document)
    assert document["origin"]["host"]["kind"] == "live"
    _check(load(name, "expected.toml"), code, document["answer"])
    assert (code, document["answer"]) == recorded
    assert _answer(capsys, tmp_path / "recording") == recorded


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "signature" in load(name, "expected.toml")]
)
def test_a_copy_of_the_files_alone_answers_as_the_recording(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copied /sys holds real links and no calls: the functions are listed."""
    materialize(name, tmp_path)

    code, answer = _answer(capsys, tmp_path)

    _check(load(name, "expected.toml"), code, answer)


@pytest.mark.parametrize("name", REBUILT)
def test_a_rebuilt_machine_is_what_its_facts_make(name: str) -> None:
    kept = {
        str(path.relative_to(MACHINES / name)): path.read_bytes()
        for path in (MACHINES / name).rglob("*")
        if path.is_file() and path.suffix != ".toml" and path.parent.name != "guests"
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


@pytest.mark.parametrize("name", DMAR)
def test_every_present_scope_resolves_to_the_function_that_sysfs_has_there(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kernel's own nesting: the directories above a function are the bridges above it."""
    devices = json.loads((MACHINES / name / "calls/udev-pci").read_bytes())
    paths = {each["name"]: each["path"].split("/")[4:] for each in devices}
    _, answer = _answer(capsys, MACHINES / name)
    scopes = [owner["scope"] for region in answer["regions"] for owner in region["owners"]]
    scopes += [scope for unit in answer["units"] for scope in unit["scopes"]]

    for scope in scopes:
        hops = [hop["sbdf"] for hop in scope["path"]]
        if hops[-1] in paths:
            assert hops == paths[hops[-1]][-len(hops) :]


def test_every_machine_says_where_it_comes_from_and_what_must_come_out() -> None:
    assert len(NAMES) >= 12
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
