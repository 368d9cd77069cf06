"""The inventory as a JSON document, and the objects that other documents share with it.

Addresses are "0x…" strings, sizes and offsets are integers in bytes, PCI addresses are
"dddd:bb:dd.f".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import Claim, Owner
from dmaragent.iommu.model import Access, RemappingUnit
from dmaragent.present.json.common import TOOL, range_object, region_range
from dmaragent.present.words.device import class_name
from dmaragent.readings import Missing
from fwtables import damage_document

if TYPE_CHECKING:
    from dmaragent.present.json.schema import inventory as schema
    from dmaragent.present.json.schema import regions


def inventory_document(inventory: Inventory, kind: str, path: str) -> schema.InventoryDocument:
    """Return the document of ``dmaragent inventory`` for the host of `kind` at `path`."""
    origin: schema.Origin = {"tool": TOOL, "host": {"kind": kind, "path": path}}
    if inventory.host.sources:
        origin["sources"] = [
            {"reading": reading, "file": file} for reading, file in inventory.host.sources
        ]
    return {
        "format": "dmaragent.inventory",
        "version": 2,
        "origin": origin,
        "answer": inventory_answer(inventory),
    }


def inventory_answer(inventory: Inventory) -> schema.Answer:
    """Return the answer of an inventory, which does not depend on the source of the data."""
    host = inventory.host
    functions = host.topology.functions
    return {
        "device": None if inventory.device is None else str(inventory.device),
        "machine": _machine(inventory),
        "table": _table(inventory),
        "absence": absence_object(inventory),
        "other_tables": [reading.name for reading in host.other_tables],
        "pci_functions": None if isinstance(functions, Missing) else len(functions),
        "complete": inventory.complete,
        "undetermined": list(inventory.undetermined),
        "regions": [region_object(inventory, region) for region in inventory.regions],
        "units": [unit_object(unit) for unit in inventory.units],
        "ats": {
            "root_ports": sorted(map(str, inventory.capabilities.ats_root_ports)),
            "segments": sorted(inventory.capabilities.ats_segments),
            "translation_cached": sorted(map(str, inventory.capabilities.translation_cached)),
        },
        "namespace_devices": {
            str(number): name
            for number, name in sorted(inventory.capabilities.namespace_names.items())
        },
        "xen": _xen(inventory),
        "linux": {
            "state": inventory.linux.state.value,
            "groups": groups_objects(inventory),
            "published": published_objects(inventory),
        },
        "differences": [
            {"region": difference.region, "explanation": difference.explanation}
            for difference in inventory.differences
        ],
        "problems": list(host.problems),
    }


def absence_object(inventory: Inventory) -> regions.Absence | None:
    """Return why there is no table; None if there is one."""
    absence = inventory.absence
    if absence is None:
        return None
    return {"kind": absence.kind.value, "evidence": list(absence.evidence)}


def _machine(inventory: Inventory) -> schema.Machine:
    machine, system = inventory.host.machine, inventory.host.system
    return {
        "vendor": machine.vendor,
        "model": machine.model,
        "board": machine.board,
        "firmware": machine.firmware,
        "kernel_release": system.kernel_release,
        "kernel_options": None if system.options is None else list(system.options),
        "cpu_vendor": system.cpu_vendor,
        "virtual": system.virtual,
        "memory_total": system.memory_total,
        "boot_time": system.boot_time,
        "memory_map": not isinstance(inventory.host.memory_map, Missing),
    }


def _table(
    inventory: Inventory,
) -> schema.DecodedTable | schema.UndecodableTable | schema.MissingTable:
    reading, table = inventory.host.reading, inventory.iommu
    name = reading.name if reading else None
    if isinstance(table, Missing):
        return {"name": name, "state": table.kind.value, "detail": table.detail}
    damage, header = damage_document(table.decoded), table.header
    if header is None:
        return {"name": name, "state": "undecodable", "damage": damage}
    return {
        "name": name,
        "state": "decoded",
        "signature": header.signature.decode("latin-1"),
        "length": header.length,
        "revision": header.revision,
        "oem_id": header.oem_id.decode("latin-1"),
        "oem_table_id": header.oem_table_id.decode("latin-1"),
        "host_address_bits": header.address_bits,
        "structures": dict(table.structures),
        "damage": damage,
    }


def region_object(inventory: Inventory, region: Region) -> regions.Region:
    """Return one region with its owners and the views of Xen and Linux."""
    places = {id(claim): place for place, claim in enumerate(region.reserved.claims)}
    return {
        "number": region.number,
        "segment": region.segment,
        **region_range(region),
        "size": region.size,
        "source": {
            "table": region.entry.table,
            "structure": region.entry.structure,
            "offset": region.entry.offset,
            "length": region.entry.length,
        },
        "meaning": region.reserved.meaning.value,
        "access": _access(region.reserved.access),
        "claims": [_claim(claim) for claim in region.reserved.claims],
        "shared": region.xen.shared,
        "memory_map": region.memory,
        "owners": [_owner(inventory, owner, places[id(owner.claim)]) for owner in region.owners],
        "xen": {
            "listed": region.xen.listed,
            "range": None if region.xen.range is None else range_object(region.xen.range),
            "reason": region.xen.reason,
            "notes": list(region.xen.notes),
        },
        "linux": [
            {
                "sbdf": str(held.sbdf),
                "type": held.hold.value,
                "through": None if held.through is None else str(held.through),
                "by_kernel": held.by_kernel,
            }
            for held in region.linux
        ],
    }


def groups_objects(inventory: Inventory) -> list[regions.Group] | None:
    """Return the IOMMU groups of the devices that regions concern."""
    groups = inventory.host.groups
    if isinstance(groups, Missing):
        return None
    concerned = {held.sbdf for region in inventory.regions for held in region.linux}
    concerned |= {
        owner.sbdf for region in inventory.regions for owner in region.owners if owner.sbdf
    }
    if inventory.device is not None:
        function = inventory.host.topology.known.get(inventory.device)
        concerned.add(inventory.device if function is None else function.dma_device)
        concerned.add(inventory.device)
    concerned |= {
        sbdf for region in inventory.published for group in region.groups for sbdf in group.devices
    }
    return [
        {
            "number": group.number,
            "devices": [str(sbdf) for sbdf in group.devices],
            "regions": (
                None
                if group.regions is None
                else [
                    {
                        "base": f"0x{reserved.base:x}",
                        "limit": f"0x{reserved.limit:x}",
                        "type": reserved.type,
                    }
                    for reserved in group.regions
                ]
            ),
        }
        for group in groups
        if not concerned.isdisjoint(group.devices)
    ]


def published_objects(inventory: Inventory) -> list[regions.Published]:
    """Return the reserved regions that Linux publishes and no region of the table explains."""
    return [
        {
            **range_object(region.range),
            "size": region.range.size,
            "type": region.type,
            "groups": [group.number for group in region.groups],
        }
        for region in inventory.published
    ]


def _access(access: Access) -> list[str]:
    return [
        name for flag, name in ((Access.READ, "read"), (Access.WRITE, "write")) if flag in access
    ]


def _claim(claim: Claim) -> regions.Claim:
    ids = claim.ids
    return {
        "kind": claim.kind.value,
        "as_written": claim.as_written,
        "ids": None
        if ids is None
        else {"first": ids.first, "last": ids.last, "seen_as": ids.seen_as},
    }


def _owner(inventory: Inventory, owner: Owner, claim: int) -> regions.Owner:
    unit = None if owner.sbdf is None else inventory.linux.unit_of.get(owner.sbdf)
    return {
        "sbdf": None if owner.sbdf is None else str(owner.sbdf),
        "presence": owner.presence.value,
        "reason": owner.reason,
        "scope": _scope(owner.claim),
        "claim": claim,
        "unit": None if unit is None else unit.source.offset,
        "device": None if owner.function is None else device_object(owner.function),
    }


def _scope(claim: Claim) -> regions.Scope | None:
    """Return `claim` as a device scope entry; None if it has no path."""
    path = claim.path
    if path is None:
        return None
    return {
        "type": path.type_name or path.type,
        "enumeration_id": path.number,
        "start_bus": path.start_bus,
        "path": [
            {"step": hop.step, "sbdf": None if hop.sbdf is None else str(hop.sbdf)}
            for hop in path.hops
        ],
    }


def device_object(function: PciFunction) -> regions.Device:
    """Return a PCI function."""
    code = function.class_code
    return {
        "class_code": _hex(code, 6) if function.interface_known else None,
        "class": None if code is None else class_name(function),
        "vendor_id": _hex(function.vendor_id, 4),
        "device_id": _hex(function.device_id, 4),
        "vendor_name": function.vendor_name,
        "device_name": function.device_name,
        "driver": function.driver,
        "iommu_group": function.iommu_group,
        "slot": function.slot,
        "physical_function": (
            None if function.physical_function is None else str(function.physical_function)
        ),
        "total_vfs": function.total_vfs,
        "vmd": None if function.vmd is None else str(function.vmd),
    }


def unit_object(unit: RemappingUnit) -> regions.Unit:
    """Return one remapping unit."""
    return {
        "structure": unit.source.structure,
        "offset": unit.source.offset,
        "segment": unit.segment,
        "register_base": f"0x{unit.registers:x}",
        "register_size": unit.register_size,
        "include_pci_all": unit.serves_rest,
        "proximity_domain": unit.proximity_domain,
        "scopes": [
            {
                **scope,
                "sbdf": None if owner.sbdf is None else str(owner.sbdf),
                "presence": owner.presence.value,
            }
            for owner in unit.owners
            if (scope := _scope(owner.claim)) is not None
        ],
        "claims": [_claim(claim) for claim in unit.claims],
    }


def _xen(inventory: Inventory) -> schema.Xen:
    views, xen = inventory.xen, inventory.host.xen
    listed = views.list
    assignable = None if xen is None else xen.assignable
    return {
        "source": listed.source.value,
        "release": None if listed.release is None else str(listed.release),
        "dom0": None if xen is None else xen.dom0,
        "iommu_enabled": None if xen is None else xen.iommu_enabled,
        "entries": [
            {
                **range_object(entry.range),
                "origin": entry.origin.value,
                "region": entry.region,
                "devices": entry.devices,
            }
            for entry in listed.entries
        ],
        "devices": {
            str(sbdf): None if ranges is None else [range_object(part) for part in ranges]
            for sbdf, ranges in sorted(views.devices.items())
        },
        "devices_source": views.devices_source.value,
        "iommu_disabled": listed.iommu_disabled,
        "why_empty": list(listed.why_empty),
        "notes": list(listed.notes),
        "assignable": [str(sbdf) for sbdf in assignable] if isinstance(assignable, tuple) else None,
    }


def _hex(value: int | None, digits: int) -> str | None:
    return None if value is None else f"0x{value:0{digits}x}"
