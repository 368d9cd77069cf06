"""The recorded machines of testdata/, and rebuilding those that were not captured.

``python -m support.machines`` (``make testdata``) writes the recording of every machine
that has a ``machine.toml``.  ``tests/dmaragent/test_machines.py`` holds that what is
committed is what this writes.
"""

import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

from dmaragent import __version__
from dmaragent.collect.ledger import Operation
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.recording import record
from fwtables import encode, from_document, seal
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.ivrs_facts import ivrs_document

MACHINES = Path(__file__).parents[2] / "testdata" / "dmar_dumps"
NAMES = sorted(path.parent.name for path in MACHINES.glob("*/origin.toml"))
REBUILT = sorted(path.parent.name for path in MACHINES.glob("*/machine.toml"))


def load(name: str, file: str) -> dict[str, Any]:
    """Read one of the TOML files of the machine `name`."""
    return tomllib.loads((MACHINES / name / file).read_text("utf-8"))


AMD = [name for name in NAMES if load(name, "expected.toml").get("signature") == "IVRS"]
"""The machines with an IVRS."""


_WRITTEN_BY = "0.1.0"
"""The version that the recordings name: a release does not write them again."""


def rebuild(name: str) -> dict[str, bytes]:
    """Give the files of the recording of the machine `name`, from its machine.toml."""
    facts = load(name, "machine.toml")
    tables = {}
    if "table" in facts:
        signature = facts["table"]["signature"]
        ivrs = signature == "IVRS"
        document = ivrs_document(facts["table"]) if ivrs else {"table": facts["table"]}
        tables[signature] = encode(seal(from_document(document)))
    others = {name: bytes(36) for name in facts.get("other_tables", [])}
    host = fake_host([_function(each) for each in facts["functions"]], {**tables, **others})
    if facts.get("no_acpi"):
        del host.directories["/sys/firmware/acpi/tables"]
        host.complete = ("/sys/devices/", "/sys/bus/pci/devices")
    _add_surroundings(host, facts)
    files = record(host)[1]
    now, then = (
        f'"tool": "dmaragent {version}"'.encode() for version in (__version__, _WRITTEN_BY)
    )
    files[manifest.NAME] = files[manifest.NAME].replace(now, then, 1)
    return files


def _add_surroundings(host: FakeHost, facts: dict[str, Any]) -> None:
    """Add what machine.toml says of files, directories and calls beyond the functions."""
    host.files |= {path: text.encode() for path, text in facts.get("files", {}).items()}
    host.directories |= {path: tuple(names) for path, names in facts.get("directories", {}).items()}
    host.calls |= {name: text.encode() for name, text in facts.get("calls", {}).items()}
    add_memory_map(host, facts.get("memory_map", []))
    _add_groups(host, facts.get("groups", []))


def _add_groups(host: FakeHost, groups: list[dict[str, Any]]) -> None:
    """Add the IOMMU groups of an AMD machine, with the lines that Linux has for each.

    Source: Linux drivers/iommu/amd/iommu.c, ``amd_iommu_get_resv_regions``.
    """
    folder = "/sys/kernel/iommu_groups"
    for number, group in enumerate(groups):
        ranges = [(*each.split("-"), "direct") for each in group["direct"]]
        ranges += [("0xfee00000", "0xfeefffff", "msi")]
        ranges += [("0xfd00000000", "0xffffffffff", "reserved")]
        lines = sorted((int(first, 16), int(last, 16), kind) for first, last, kind in ranges)
        text = "".join(f"0x{first:016x} 0x{last:016x} {kind}\n" for first, last, kind in lines)
        host.directories[f"{folder}/{number}/devices"] = tuple(group["devices"])
        host.files[f"{folder}/{number}/reserved_regions"] = text.encode()
    if groups:
        host.directories[folder] = tuple(sorted(map(str, range(len(groups)))))


def materialize(name: str, target: Path) -> None:
    """Write the files of a recorded machine below `target` as a copied file system has them."""
    machine = MACHINES / name
    log = manifest.load_manifest((machine / manifest.NAME).read_bytes(), name)
    for (operation, path), reading in log.items():
        place = target / path.lstrip("/")
        if reading.missing is not None or operation is Operation.CALL:
            continue
        if operation is Operation.LIST:
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        content = (machine / reading.file).read_bytes()
        if operation is Operation.LINK:
            place.symlink_to(os.fsdecode(content))
        else:
            place.write_bytes(content)
    udev = machine / "calls/udev-pci"
    devices = target / "sys/bus/pci/devices"
    for function in json.loads(udev.read_bytes()) if udev.exists() else ():
        devices.mkdir(parents=True, exist_ok=True)
        (devices / function["name"]).symlink_to(f"../../..{function['path'].removeprefix('/sys')}")
    for (_, path), reading in log.items():
        for entry in reading.entries:
            place = target / path.lstrip("/") / entry
            if not os.path.lexists(place):
                place.touch()


def _function(facts: dict[str, Any]) -> Function:
    vendor, device = facts["id"].split(":")
    return Function(
        sbdf=facts["sbdf"],
        class_code=int(facts["class"], 16),
        ids=(int(vendor, 16), int(device, 16)),
        driver=facts.get("driver"),
        secondary_bus=facts.get("secondary_bus"),
        subordinate_bus=facts.get("subordinate_bus"),
        physical_function=facts.get("physical_function"),
        total_vfs=facts.get("total_vfs"),
        names=facts.get("names", {}),
    )


def main() -> None:
    """Write the recordings."""
    for name in REBUILT:
        for old in ("root", "calls"):
            shutil.rmtree(MACHINES / name / old, ignore_errors=True)
        for file, content in rebuild(name).items():
            path = MACHINES / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


if __name__ == "__main__":
    main()
