"""libxl's JSON as guests' configurations: ``xl list -l``, ``xl create -n -d``, libxl-json.

libxl omits a field with its initial value, so a missing field is unset. An enumeration's number
without a name is null. Compared with ``libxl_domain_config_to_json`` of libxl 4.17.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dmaragent.addresses import KIB, SBDF
from dmaragent.guests import words
from dmaragent.guests.config import (
    Complaint,
    EmulatedDevices,
    GuestConfig,
    GuestType,
    PciEntry,
    SavedRdm,
    Vga,
)
from dmaragent.guests.pci import write_pci
from dmaragent.guests.pci_text import PciText, PolicyWord
from dmaragent.guests.rdm import Policy, Strategy

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
"""libxl's names of the settings of xl.cfg."""
_UNSET = (1 << 64) - 1
"""LIBXL_MEMKB_DEFAULT."""


def is_libxl_json(text: str) -> bool:
    """Return whether `text` is JSON and not an xl.cfg; xl writes a line before it."""
    return _body(text)[:1] in ("{", "[")


def guests_from_libxl_json(text: str, source: str) -> tuple[GuestConfig, ...]:
    """Return the guests of `text`, without a control domain, which has no configuration.

    Raises:
        ValueError: `text` is not such JSON; the message has the place and what was expected.

    """
    try:
        document = json.loads(_body(text))
    except RecursionError as error:
        raise ValueError(words.nested_too_deeply(source)) from error
    except json.JSONDecodeError as error:
        raise ValueError(words.not_json(source, error)) from error
    except ValueError as error:  # a number with more digits than Python converts
        raise ValueError(words.number_too_long(source)) from error
    entries = document if isinstance(document, list) else [document]
    guests = []
    for number, entry in enumerate(entries):
        place = f"{source}[{number}]" if isinstance(document, list) else source
        config = entry.get("config", entry) if isinstance(entry, dict) else None
        if not isinstance(config, dict):
            raise ValueError(words.no_configuration(place))  # noqa: TRY004 - likewise
        create = _JsonObject(config, place).part("c_info")
        if create.word("type") not in (None, "invalid"):
            guests.append(_guest(config, place))
    if not guests:
        raise ValueError(words.no_guest_in_json(source))
    return tuple(guests)


def _body(text: str) -> str:
    """Return the text without a byte order mark, and without xl's line ``Parsing config from …``."""
    stripped = text.removeprefix("\ufeff").lstrip()
    if stripped.startswith("Parsing config"):
        stripped = stripped.partition("\n")[2].lstrip()
    return stripped


class _JsonObject:
    """An object of the document; each method checks the type of a value."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(words.no_object(place))  # noqa: TRY004 - the one error of this reader
        self.value: Mapping[str, Any] = value
        self.place = place

    def part(self, name: str) -> "_JsonObject":
        return _JsonObject(self.value.get(name, {}), f"{self.place}.{name}")

    def number(self, name: str, most: int = _UNSET) -> int | None:
        number = self.value.get(name)
        if number is None or number == _UNSET:
            return None
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
            raise ValueError(words.no_number_up_to(f"{self.place}.{name}", most, number))
        return number

    def size(self, name: str) -> int | None:
        number = self.number(name, (1 << 54) - 1)
        return None if number is None else number * KIB

    def word(self, name: str) -> str | None:
        word = self.value.get(name)
        if word is not None and not isinstance(word, str):
            raise ValueError(words.no_text(f"{self.place}.{name}", word))
        return word

    def flag(self, name: str) -> bool | None:
        """Read a defbool: "True", "False" or "<default>"; or a plain boolean."""
        value = self.value.get(name)
        if isinstance(value, bool):
            return value
        return {"True": True, "False": False}.get(self.word(name) or "")


def _guest(config: Mapping[str, Any], place: str) -> GuestConfig:
    whole = _JsonObject(config, place)
    create, build = whole.part("c_info"), whole.part("b_info")
    word = create.word("type") or ""
    kind = next((kind for kind in GuestType if kind.value == word), None)
    if kind is None:
        raise ValueError(words.json_type_unknown(place, word))
    hvm = build.part("type.hvm") if kind is GuestType.HVM else _JsonObject({}, place)
    vga = hvm.part("vga").word("kind") or "cirrus"
    if vga not in _VGA:
        raise ValueError(words.json_adapter_unknown(hvm.place, list(_VGA), vga))
    version = build.word("device_model_version")
    devices = config.get("pcidevs", [])
    if not isinstance(devices, list):
        raise ValueError(words.no_list(f"{place}.pcidevs"))  # noqa: TRY004 - the one error of this reader
    undecidable = []
    if config.get("rdms"):
        undecidable.append(Complaint(f"{place}.rdms", words.REGIONS_HELD_ALREADY))
    return GuestConfig(
        source=place,
        name=create.word("name") or "",
        type=kind,
        memory=build.size("target_memkb"),
        maximum=build.size("max_memkb"),
        vnuma=_vnuma(build),
        videoram=build.size("video_memkb"),
        vga=_VGA[vga] if kind is GuestType.HVM else Vga.NONE,
        traditional=None if version is None else version == "qemu_xen_traditional",
        stubdomain=bool(build.flag("device_model_stubdomain")),
        mmio_hole=hvm.size("mmio_hole_memkb") or None,
        boundary=hvm.size("rdm_mem_boundary_memkb"),
        hap=create.flag("hap"),
        passthrough=create.word("passthrough"),
        gfx_passthru=_graphics(hvm),
        emulated=_emulated(build, hvm),
        saved_rdm=_rdm(hvm.part("rdm")),
        pci=tuple(
            _device(_JsonObject(device, f"{place}.pcidevs[{number}]"))
            for number, device in enumerate(devices)
        ),
        places=MappingProxyType(dict.fromkeys(_settings_given(create, build, hvm), place)),
        undecidable=tuple(undecidable),
    )


def _emulated(build: _JsonObject, hvm: _JsonObject) -> EmulatedDevices | None:
    """Return its emulated devices; None if the document does not show what boots it."""
    bios = hvm.value.get("bios")
    if bios is None:
        return None
    given = [name for name in ("extra", "extra_hvm", "device_model") if build.value.get(name)]
    given += [name for name in ("firmware", "system_firmware") if hvm.value.get(name)]
    if bios not in ("seabios", "rombios"):
        why = words.OTHER_FIRMWARE
    elif hvm.flag("xen_platform_pci_bar_uc") is False:
        why = words.JSON_PLATFORM_BAR_ELSEWHERE
    else:
        why = words.emulated_devices_may_differ(given) if given else ""
    return EmulatedDevices(platform=hvm.flag("xen_platform_pci") is not False, unknown=why)


def _graphics(hvm: _JsonObject) -> str | None:
    """Return ``gfx_passthru``: the kind of graphics if libxl need not find it, else as written."""
    if hvm.flag("gfx_passthru") and hvm.word("gfx_passthru_kind") == "igd":
        return "igd"
    return hvm.word("gfx_passthru")


def _vnuma(build: _JsonObject) -> tuple[int, ...]:
    """Return the sizes of the virtual NUMA nodes."""
    nodes = build.value.get("vnuma_nodes") or []
    if not isinstance(nodes, list):
        raise ValueError(words.no_list(f"{build.place}.vnuma_nodes"))  # noqa: TRY004 - as above
    return tuple(
        _JsonObject(node, f"{build.place}.vnuma_nodes[{number}]").size("memkb") or 0
        for number, node in enumerate(nodes)
    )


def _settings_given(*parts: _JsonObject) -> list[str]:
    """Return the places of the settings that it contains, under the names of xl.cfg."""
    return [name for key, name in _KEYS.items() if any(key in part.value for part in parts)]


def _rdm(part: _JsonObject) -> SavedRdm:
    strategy = part.word("strategy") or "ignore"
    if strategy not in [known.value for known in Strategy]:
        raise ValueError(words.json_strategy_unknown(part.place, strategy))
    return SavedRdm(Strategy(strategy), _policy(part, "policy"))


def _policy(part: _JsonObject, name: str) -> Policy:
    if name in part.value and part.value[name] is None:
        return Policy.NEITHER
    word = part.word(name) or "invalid"
    known = {policy.value: policy for policy in (Policy.STRICT, Policy.RELAXED, Policy.INVALID)}
    if word not in known:
        raise ValueError(words.json_policy_unknown(f"{part.place}.{name}", word))
    return known[word]


def _device(part: _JsonObject) -> PciEntry:
    """Return a device; 4.17 writes its address flat, and a structure ``bdf`` is accepted too."""
    address = part.part("bdf") if "bdf" in part.value else part
    name = part.word("name")
    if name is not None and (not name or set(name) & {",", "\0"} or name != "".join(name.split())):
        raise ValueError(words.no_device_name(part.place, name))
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
