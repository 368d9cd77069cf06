"""The recorded machines of testdata/, and rebuilding those that were not captured.

``python -m support.machines`` (``make testdata``) writes the recording of every machine
that has a ``machine.toml``.  ``tests/dmaragent/test_machines.py`` holds that what is
committed is what this writes.
"""

import shutil
import tomllib
from pathlib import Path
from typing import Any

from dmaragent.collect.recording import record
from fwtables import encode, from_document, seal
from support.hosts import Function, fake_host

MACHINES = Path(__file__).parents[2] / "testdata" / "dmar_dumps"
NAMES = sorted(path.parent.name for path in MACHINES.glob("*/origin.toml"))
REBUILT = sorted(path.parent.name for path in MACHINES.glob("*/machine.toml"))


def load(name: str, file: str) -> dict[str, Any]:
    """Read one of the TOML files of the machine `name`."""
    return tomllib.loads((MACHINES / name / file).read_text("utf-8"))


def rebuild(name: str) -> dict[str, bytes]:
    """Give the files of the recording of the machine `name`, from its machine.toml."""
    facts = load(name, "machine.toml")
    table = encode(seal(from_document({"table": facts["table"]})))
    signature = facts["table"]["signature"]
    others = {name: bytes(36) for name in facts.get("other_tables", [])}
    host = fake_host([_function(each) for each in facts["functions"]], {signature: table, **others})
    return record(host)[1]


def _function(facts: dict[str, Any]) -> Function:
    vendor, device = facts["id"].split(":")
    return Function(
        sbdf=facts["sbdf"],
        class_code=int(facts["class"], 16),
        ids=(int(vendor, 16), int(device, 16)),
        driver=facts.get("driver"),
        secondary_bus=facts.get("secondary_bus"),
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
