"""From libxl's JSON to guests' configurations: ``xl list -l``, ``xl create -n -d``, libxl-json.

libxl leaves out what has its initial value, so what is missing is unset; an enumeration's
number without a name is null.  Held against libxl 4.17's own ``libxl_domain_config_to_json``.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dmaragent.addresses import SBDF
from dmaragent.errors import excerpt
from dmaragent.guests.config import (
    Complaint,
    EmulatedDevices,
    GuestConfig,
    GuestType,
    PciEntry,
    SavedRdm,
    Vga,
)
from dmaragent.guests.pci import PciText, PolicyWord, write_pci
from dmaragent.guests.rdm import Policy, Strategy

KIB = 1 << 10
_VGA = {"cirrus": Vga.CIRRUS, "std": Vga.STDVGA, "qxl": Vga.QXL, "none": Vga.NONE}
_KEYS = {
    "type": "type",
    "hap": "hap",
    "passthrough": "passthrough",
    "max_memkb": "memory",
    "video_memkb": "videoram",
    "mmio_hole_memkb": "mmio_hole",
    "rdm_mem_boundary_memkb": "rdm_mem_boundary",
}
"""What libxl calls the settings of xl.cfg."""
_UNSET = (1 << 64) - 1
"""LIBXL_MEMKB_DEFAULT."""


def is_libxl_json(text: str) -> bool:
    """Tell whether `text` is JSON rather than an xl.cfg; xl writes a line before it."""
    return _body(text)[:1] in ("{", "[")


def guests_from_libxl_json(text: str, source: str) -> tuple[GuestConfig, ...]:
    """Read the guests of `text`; a control domain, which has no configuration, is left out.

    Raises:
        ValueError: `text` is not such JSON; the message says where and what was expected.

    """
    try:
        document = json.loads(_body(text))
    except RecursionError as error:
        raise ValueError(f"{source} is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{source} is not JSON: {error}") from error
    except ValueError as error:  # a number of more digits than Python converts
        raise ValueError(f"{source} holds a number of thousands of digits") from error
    entries = document if isinstance(document, list) else [document]
    found = []
    for number, entry in enumerate(entries):
        place = f"{source}[{number}]" if isinstance(document, list) else source
        config = entry.get("config", entry) if isinstance(entry, dict) else None
        if not isinstance(config, dict):
            raise ValueError(f"{place} is not a guest's configuration")  # noqa: TRY004 - likewise
        create = _Part(config, place).part("c_info")
        if create.word("type") not in (None, "invalid"):
            found.append(_guest(config, place))
    if not found:
        raise ValueError(f"{source} holds no guest: no c_info with a type")
    return tuple(found)


def _body(text: str) -> str:
    """Leave out the line ``Parsing config from …`` that xl writes before the JSON."""
    stripped = text.lstrip()
    if stripped.startswith("Parsing config"):
        stripped = stripped.partition("\n")[2].lstrip()
    return stripped


class _Part:
    """An object of the document, whose values are asked for by type."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{place} is not an object")  # noqa: TRY004 - the one error of this reader
        self.value: Mapping[str, Any] = value
        self.place = place

    def part(self, name: str) -> "_Part":
        return _Part(self.value.get(name, {}), f"{self.place}.{name}")

    def number(self, name: str, most: int = _UNSET) -> int | None:
        found = self.value.get(name)
        if found is None or found == _UNSET:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= most:
            raise ValueError(
                f"{self.place}.{name} is not a number from 0 to {most}: '{excerpt(str(found))}'"
            )
        return found

    def size(self, name: str) -> int | None:
        found = self.number(name, (1 << 54) - 1)
        return None if found is None else found * KIB

    def word(self, name: str) -> str | None:
        found = self.value.get(name)
        if found is not None and not isinstance(found, str):
            raise ValueError(f"{self.place}.{name} is not a text: '{excerpt(str(found))}'")
        return found

    def flag(self, name: str) -> bool | None:
        """Read a defbool: "True", "False" or "<default>"; or a plain boolean."""
        found = self.value.get(name)
        if isinstance(found, bool):
            return found
        return {"True": True, "False": False}.get(self.word(name) or "")


def _guest(config: Mapping[str, Any], place: str) -> GuestConfig:
    whole = _Part(config, place)
    create, build = whole.part("c_info"), whole.part("b_info")
    word = create.word("type") or ""
    kind = next((each for each in GuestType if each.value == word), None)
    if kind is None:
        raise ValueError(f"{place}.c_info.type is none of hvm, pvh and pv: '{excerpt(word)}'")
    hvm = build.part("type.hvm") if kind is GuestType.HVM else _Part({}, place)
    vga = hvm.part("vga").word("kind") or "cirrus"
    if vga not in _VGA:
        raise ValueError(f"{hvm.place}.vga.kind is none of {', '.join(_VGA)}: '{excerpt(vga)}'")
    version = build.word("device_model_version")
    devices = config.get("pcidevs", [])
    if not isinstance(devices, list):
        raise ValueError(f"{place}.pcidevs is not a list")  # noqa: TRY004 - the one error of this reader
    undecidable = []
    if config.get("rdms"):
        said = (
            "it already holds reserved regions (rdms): libxl takes them as they are and lays the "
            "guest out without looking, which is not modelled"
        )
        undecidable.append(Complaint(f"{place}.rdms", said))
    return GuestConfig(
        source=place,
        name=create.word("name") or "",
        type=kind,
        memory=build.size("target_memkb"),
        maximum=build.size("max_memkb"),
        videoram=build.size("video_memkb"),
        vga=_VGA[vga] if kind is GuestType.HVM else Vga.NONE,
        traditional=None if version is None else version == "qemu_xen_traditional",
        stubdomain=bool(build.flag("device_model_stubdomain")),
        mmio_hole=hvm.size("mmio_hole_memkb") or None,
        boundary=hvm.size("rdm_mem_boundary_memkb"),
        hap=create.flag("hap"),
        passthrough=create.word("passthrough"),
        gfx_passthru=hvm.word("gfx_passthru"),
        emulated=_emulated(build, hvm),
        saved_rdm=_rdm(hvm.part("rdm")),
        pci=tuple(_device(_Part(each, f"{place}.pcidevs[{n}]")) for n, each in enumerate(devices)),
        places=MappingProxyType(dict.fromkeys(_given(create, build, hvm), place)),
        undecidable=tuple(undecidable),
    )


def _emulated(build: _Part, hvm: _Part) -> EmulatedDevices | None:
    """Say which emulated devices it has; None if the document does not say what boots it."""
    bios = hvm.value.get("bios")
    if bios is None:
        return None
    given = [name for name in ("extra", "extra_hvm", "device_model") if build.value.get(name)]
    if bios not in ("seabios", "rombios"):
        why = "firmware other than SeaBIOS boots it, such as OVMF, and may place the BARs itself"
    elif hvm.flag("xen_platform_pci_bar_uc") is False:
        why = "xen_platform_pci_bar_uc is false, which puts the platform device elsewhere"
    else:
        why = f"{', '.join(given)} may add or move emulated devices" if given else ""
    return EmulatedDevices(platform=hvm.flag("xen_platform_pci") is not False, unknown=why)


def _given(*parts: _Part) -> list[str]:
    """Name the settings that are there, as xl.cfg does."""
    return [name for key, name in _KEYS.items() if any(key in part.value for part in parts)]


def _rdm(part: _Part) -> SavedRdm:
    strategy = part.word("strategy") or "ignore"
    if strategy not in [each.value for each in Strategy]:
        raise ValueError(f"{part.place}.strategy is neither ignore nor host: '{excerpt(strategy)}'")
    return SavedRdm(Strategy(strategy), _policy(part, "policy"))


def _policy(part: _Part, name: str) -> Policy:
    if name in part.value and part.value[name] is None:
        return Policy.NEITHER
    word = part.word(name) or "invalid"
    known = (Policy.STRICT, Policy.RELAXED, Policy.INVALID)
    found = next((each for each in known if each.value == word), None)
    if found is None:
        raise ValueError(
            f"{part.place}.{name} is none of strict, relaxed, invalid: '{excerpt(word)}'"
        )
    return found


def _device(part: _Part) -> PciEntry:
    """Read a device; 4.17 has its address flat, a structure ``bdf`` is taken too."""
    address = part.part("bdf") if "bdf" in part.value else part
    name = part.word("name")
    if name is not None and (not name or "," in name or name != "".join(name.split())):
        raise ValueError(f"{part.place}.name is no name of a device: '{excerpt(name)}'")
    most = {"domain": 0xFFFF, "bus": 0xFF, "dev": 0x1F, "func": 7}
    numbers = [address.number(key, limit) or 0 for key, limit in most.items()]
    every = part.number("vfunc_mask") == 0xFFFFFFFF and not name
    if every:
        numbers[3] = 0
    policy = _policy(part, "rdm_policy")
    word = {Policy.STRICT: PolicyWord.STRICT, Policy.RELAXED: PolicyWord.RELAXED}.get(policy)
    read = PciText(
        sbdf=None if name else SBDF(*numbers),
        name=name,
        all_functions=every,
        vslot=(part.number("vdevfn") or 0) >> 3 & 0x1F,
        policy=word,
        seize=part.flag("seize"),
    )
    return PciEntry(part.place, write_pci(read), read, policy)
