r"""The IVRS of a rebuilt machine: from the short form of machine.toml to the JSON form of a table.

The short form writes a device ID as ``bb:dd.f``, and a device entry as words:

    select 00:14.0            range 00:01.0-ff:1f.6          all
    alias 02:00.0 00:14.4     alias ff:00.0-ff:1f.7 00:14.5
    ioapic 33 00:14.0         hpet 0 00:14.0                 pad
    acpi AMDI0020 00:14.5 \_SB.FUR0

``settings=0xd7`` at the end of an entry has its DTE settings.  An IVHD block is written once for each of its `types`; ``acpi`` entries are for type 0x40 alone.
"""

from collections.abc import Callable, Iterator
from typing import Any

from dmaragent.addresses import SBDF

_BLOCK_OF = {0x10: "IVHD", 0x11: "ExtendedIVHD", 0x40: "ExtendedIVHD"}
_FEATURES: dict[str, int | str] = {"features": 0}
_EXTENDED: dict[str, int | str] = {"attributes": 0, "efr_image": "0x0", "efr_2_image": "0x0"}


def ivrs_document(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the table `facts`, in the form that ``fwtables.from_document`` reads."""
    header = {key: value for key, value in facts.items() if key != "blocks"}
    blocks = [block for each in facts["blocks"] for block in _blocks(each)]
    empty = {"reserved": bytes(8).hex()}
    return {"table": {**empty, **header, "blocks": blocks}, "undecoded": ""}


def _blocks(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the block, or blocks, that `facts` describe."""
    if "types" in facts:
        yield from (_ivhd(kind, facts) for kind in facts["types"])
    elif "body" in facts:
        yield {"block": "unknown", **facts}
    else:
        yield _ivmd(facts)


def _ivhd(kind: int, facts: dict[str, Any]) -> dict[str, Any]:
    entries = [
        entry
        for words in facts["entries"]
        if not words.startswith("acpi ") or kind == 0x40
        for entry in _entries(words)
    ]
    own = _FEATURES if kind == 0x10 else _EXTENDED
    return {
        "block": _BLOCK_OF[kind],
        "type": kind,
        "flags": facts["flags"],
        "device_id": _id(facts["iommu"]),
        "capability_offset": 0x40,
        "register_base_address": facts["registers"],
        "segment_number": facts.get("segment", 0),
        "info": 0,
        **{name: facts.get(name, default) for name, default in own.items()},
        "entries": entries,
        "undecoded": "",
    }


def _entries(words: str) -> list[dict[str, Any]]:
    """Return the device entries, one or the two of a range, that `words` describe."""
    described, _, settings = words.partition(" settings=")
    name, *rest = described.split()
    entries = _ENTRIES[name](*rest)
    entries[0]["dte_settings"] = int(settings or "0", 16)
    return entries


def _ivmd(facts: dict[str, Any]) -> dict[str, Any]:
    first, _, last = facts.get("devices", "00:00.0").partition("-")
    return {
        "block": "IVMD",
        "type": facts["type"],
        "flags": facts["flags"],
        "device_id": _id(first),
        "auxiliary": _id(last) if last else facts.get("auxiliary", 0),
        "reserved": facts.get("reserved", bytes(8).hex()),
        "start_address": facts["start"],
        "memory_length": facts["bytes"],
        "undecoded": "",
    }


def _id(name: str) -> int:
    sbdf = SBDF.parse(name)
    return sbdf.bus << 8 | sbdf.device << 3 | sbdf.function


def _entry(kind: int, device: int = 0) -> dict[str, Any]:
    return {"entry": "DeviceEntry", "type": kind, "device_id": device, "dte_settings": 0}


def _alias(devices: str, source: str) -> list[dict[str, Any]]:
    first, _, last = devices.partition("-")
    start = {
        **_entry(0x43 if last else 0x42, _id(first)),
        "entry": "AliasEntry",
        "reserved": "00",
        "source_device_id": _id(source),
        "reserved_2": "00",
    }
    return [start, _entry(4, _id(last))] if last else [start]


def _range(devices: str) -> list[dict[str, Any]]:
    first, _, last = devices.partition("-")
    return [_entry(3, _id(first)), _entry(4, _id(last))]


def _special(variety: int, handle: str, source: str) -> list[dict[str, Any]]:
    own = {"handle": int(handle), "source_device_id": _id(source), "variety": variety}
    return [{**_entry(0x48), "entry": "SpecialEntry", **own}]


def _acpi(hid: str, device: str, uid: str = "") -> list[dict[str, Any]]:
    own = {
        "hid": hid.encode().ljust(8, b"\0").hex(),
        "cid": bytes(8).hex(),
        "uid_format": 2 if uid else 0,
        "uid": uid.encode().hex(),
    }
    return [{**_entry(0xF0, _id(device)), "entry": "HidEntry", **own}]


_ENTRIES: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "all": lambda: [_entry(1)],
    "select": lambda device: [_entry(2, _id(device))],
    "range": _range,
    "alias": _alias,
    "ioapic": lambda handle, source: _special(1, handle, source),
    "hpet": lambda handle, source: _special(2, handle, source),
    "pad": lambda: [_entry(0)],
    "acpi": _acpi,
}
