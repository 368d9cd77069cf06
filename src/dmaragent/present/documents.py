"""Answers as JSON documents: format, version, origin, answer; the schemas are in docs/schema.

``origin`` says where the answer comes from and may differ between a host and its
recording.  ``answer`` is equal on both.  Addresses are "0x…" strings, sizes and
offsets integers in bytes, PCI addresses "dddd:bb:dd.f".
"""

from collections.abc import Sequence
from typing import Any

from dmaragent import __version__
from dmaragent.inventory import Inventory, Owner, Region
from dmaragent.pci_classes import class_words
from dmaragent.present.wording import scope_code
from dmaragent.snapshot import Missing
from fwtables import Decoded, structure_name, to_document


def document(name: str, origin: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Wrap `answer` as the document ``dmaragent.NAME``, version 1."""
    return {
        "format": f"dmaragent.{name}",
        "version": 1,
        "origin": {"tool": f"dmaragent {__version__}", **origin},
        "answer": answer,
    }


def inventory_document(inventory: Inventory, kind: str, path: str) -> dict[str, Any]:
    """Give the document of ``dmaragent inventory``; `kind` and `path` say which host."""
    return document(
        "inventory", {"host": {"kind": kind, "path": path}}, inventory_answer(inventory)
    )


def inventory_answer(inventory: Inventory) -> dict[str, Any]:
    """Give what an inventory says, free of where it was read."""
    functions = inventory.functions
    return {
        "table": _table(inventory),
        "other_tables": [reading.name for reading in inventory.other_tables],
        "pci_functions": None if isinstance(functions, Missing) else functions,
        "complete": inventory.complete,
        "regions": [_region(region) for region in inventory.regions],
        "problems": list(inventory.problems),
    }


def decode_document(
    tables: Sequence[tuple[dict[str, Any], Decoded]], others: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Give the document of ``dmaragent decode``.

    `tables` holds each table with its source, `others` what was found beside them
    and not decoded, a path and a reason each.
    """
    entries = [{"source": source, **to_document(decoded)} for source, decoded in tables]
    return document("decode", {}, {"tables": entries, "others": list(others)})


def _table(inventory: Inventory) -> dict[str, Any]:
    reading, decoded = inventory.reading, inventory.table
    place = {"name": reading.name if reading else None}
    if isinstance(decoded, Missing):
        return {**place, "state": decoded.kind.value, "detail": decoded.detail}
    table = decoded.table
    answer: dict[str, Any] = {**place, "state": "undecodable" if table is None else "decoded"}
    if table is not None:
        names = [structure_name(structure) for structure in table.structures]
        answer |= {
            "signature": table.signature.decode("latin-1"),
            "length": table.length,
            "revision": table.revision,
            "oem_id": table.oem_id.decode("latin-1"),
            "oem_table_id": table.oem_table_id.decode("latin-1"),
            "host_address_bits": table.host_address_bits,
            "structures": {name: names.count(name) for name in dict.fromkeys(names)},
        }
    return answer | {"damage": to_document(decoded)["damage"]}


def _region(region: Region) -> dict[str, Any]:
    return {
        "segment": region.segment,
        "base": f"0x{region.base:x}",
        "limit": f"0x{region.limit:x}",
        "size": region.size,
        "source": {"structure": "RMRR", "offset": region.offset, "length": region.length},
        "shared": region.shared,
        "owners": [_owner(owner) for owner in region.owners],
    }


def _owner(owner: Owner) -> dict[str, Any]:
    return {
        "sbdf": None if owner.sbdf is None else str(owner.sbdf),
        "presence": owner.presence.value,
        "reason": owner.reason,
        "scope": {
            "type": scope_code(owner.scope_type),
            "enumeration_id": owner.enumeration_id,
            "start_bus": owner.start_bus,
            "path": [
                {"step": hop.step, "sbdf": None if hop.sbdf is None else str(hop.sbdf)}
                for hop in owner.hops
            ],
        },
        "device": _device(owner),
    }


def _device(owner: Owner) -> dict[str, Any] | None:
    function = owner.function
    if function is None:
        return None
    return {
        "class_code": _hex(function.class_code, 6),
        "class": None if function.class_code is None else class_words(function.class_code),
        "vendor_id": _hex(function.vendor_id, 4),
        "device_id": _hex(function.device_id, 4),
        "driver": function.driver,
    }


def _hex(value: int | None, digits: int) -> str | None:
    return None if value is None else f"0x{value:0{digits}x}"
