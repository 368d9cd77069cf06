"""An xl.cfg as a guest's configuration, as xl reads it: xl_parse.c, ``parse_config_data``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType

from dmaragent.addresses import FOUR_GIB, MIB
from dmaragent.guests import words
from dmaragent.guests.config import (
    Complaint,
    EmulatedDevices,
    GuestConfig,
    GuestType,
    PciEntry,
    Vga,
)
from dmaragent.guests.rdm import SMALLEST_HOLE
from dmaragent.guests.xlcfg import Item, XlConfig, XlSetting, whole_number

KEYS = (
    "type",
    "builder",
    "name",
    "memory",
    "maxmem",
    "vnuma",
    "videoram",
    "vga",
    "stdvga",
    "mmio_hole",
    "hap",
    "rdm",
    "rdm_mem_boundary",
    "pci",
    "pci_msitranslate",
    "pci_permissive",
    "pci_power_mgmt",
    "pci_seize",
    "passthrough",
    "gfx_passthru",
    "device_model_version",
    "device_model_stubdomain_override",
)
"""The settings that matter here; all others are ignored."""
PASSTHROUGH_WORDS = ("default", "disabled", "enabled", "sync_pt", "share_pt")
OPTIONS = {
    "type": "--type",
    "memory": "--memory",
    "maxmem": "--maxmem",
    "videoram": "--videoram",
    "rdm": "--rdm",
    "rdm_mem_boundary": "--boundary",
    "pci": "--pci",
}
"""The options that set a setting on the command line."""
_PCI_FLAGS = ("pci_msitranslate", "pci_permissive", "pci_power_mgmt", "pci_seize")
_HVM_ONLY = frozenset({"vga", "mmio_hole", "gfx_passthru"})
GRAPHICS_WORDS = ("default", "igd")
"""The words of ``gfx_passthru``; other values are numbers."""
_OTHER_MACHINES = (
    "device_model_args",
    "device_model_args_hvm",
    "device_model_override",
    "bios_path_override",
    "firmware_override",
)
"""Settings that change QEMU's machine or its firmware from the one that libxl makes."""
_ALL_BITS = (1 << 64) - 1
_MOST_MIB = 1 << 44
"""From this number on, a size in MiB has more than 64 bits as bytes."""
_MOST_HOLE = FOUR_GIB - SMALLEST_HOLE
_NODE_DIGITS = 12
"""The most digits of a NUMA node's size in MiB: no host has as much memory."""


@dataclass(slots=True)
class _Reader:
    """Reads settings of a configuration and collects what xl makes of bad ones."""

    config: XlConfig
    source: str
    refusals: list[Complaint] = field(default_factory=list)
    type_refusals: list[Complaint] = field(default_factory=list)
    hvm_refusals: list[Complaint] = field(default_factory=list)
    undecidable: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)
    ignored_settings: list[str] = field(default_factory=list)

    def place(self, name: str) -> str:
        """Return the place of a setting: FILE:LINE, or its option."""
        setting = self.config.settings.get(name)
        if setting is None or not self.source:
            return self.source or OPTIONS.get(name, "the command line")
        return f"{self.source}:{setting.line}"

    def refuse(self, name: str, text: str) -> None:
        complaint = Complaint(self.place(name), text, name)
        if name == "type":
            self.type_refusals.append(complaint)
        else:
            (self.hvm_refusals if name in _HVM_ONLY else self.refusals).append(complaint)

    def lose(self, name: str, text: str) -> None:
        self.warnings.append(Complaint(self.place(name), text))
        self.ignored_settings.append(words.setting_left_out(name))

    def text(self, name: str) -> str | None:
        """Return a text; for a list xl warns and continues without it."""
        text = self.config.text(name)
        if text is None and name in self.config.settings:
            self.lose(name, words.list_for_value(name))
        return text

    def number(self, name: str) -> int | None:
        """Return a number; for anything else xl warns and continues without it."""
        text = self.text(name)
        number = None if text is None else self.config.number(name)
        if text is not None and number is None:
            self.lose(name, words.no_whole_number(name, text))
        elif text is not None and whole_number(text) is None:
            message = words.read_as_binary(name, text, number)
            self.warnings.append(Complaint(self.place(name), message))
        return number

    def flag(self, name: str) -> bool | None:
        """Return a number as yes or no."""
        number = self.number(name)
        return None if number is None else bool(number)

    def size(self, name: str) -> int | None:
        """Return a size in bytes that the configuration has in MiB."""
        number = self.number(name)
        if number is None:
            return None
        if not 0 <= number < _MOST_MIB:
            self.refuse(name, words.impossible_size(name, number))
            return None
        return number * MIB


def guest_from_options(texts: Mapping[str, str], pci: Sequence[str]) -> GuestConfig:
    """Return the guest of options: `texts` by name of xl.cfg, `pci` its entries."""
    settings = {name: XlSetting(name, text, 1) for name, text in texts.items()}
    settings["name"] = XlSetting("name", "a guest", 1)
    settings["pci"] = XlSetting("pci", tuple(Item(text, 1) for text in pci), 1)
    guest = guest_from_xl(XlConfig(settings), "")
    entries = tuple(entry._replace(place=f"--pci {entry.text}") for entry in guest.pci)
    builder = None if guest.type is GuestType.PVH else guest.type
    return replace(guest, source="the command line", pci=entries, builder=builder)


def guest_from_xl(config: XlConfig, source: str) -> GuestConfig:
    """Return the guest's configuration in `config`, read from the file `source`."""
    guest = _guest_from_xl(config, source)
    if not config.has_binary_numbers:
        return guest
    binary = _guest_from_xl(replace(config, binary=True), source)
    return guest if binary == guest else replace(guest, binary=binary)


def _guest_from_xl(config: XlConfig, source: str) -> GuestConfig:
    reader = _Reader(config, source)
    typed, builder = _types(reader)
    name = reader.text("name")
    if name is None:
        reader.refuse("name", words.NAME_MISSING)
    vnuma = _vnuma(reader)
    guest = GuestConfig(
        source=source,
        name=name or "",
        type=builder or typed or GuestType.PV,
        builder=builder,
        typed=typed,
        memory=reader.size("memory"),
        maximum=_maximum(reader, vnuma),
        vnuma=vnuma,
        videoram=reader.size("videoram"),
        vga=_vga(reader),
        traditional=_traditional(reader),
        stubdomain=bool(reader.flag("device_model_stubdomain_override")),
        mmio_hole=_mmio_hole(reader),
        boundary=_boundary(reader),
        hap=reader.flag("hap"),
        passthrough=_passthrough(reader),
        gfx_passthru=_graphics(reader),
        emulated=_emulated(reader),
        rdm=reader.text("rdm"),
        pci=tuple(_pci(reader)),
        seize=bool([reader.flag(name) for name in _PCI_FLAGS][-1]),
        places=MappingProxyType({key: reader.place(key) for key in KEYS if key in config.settings}),
    )
    _look_for_misspelt(reader)
    return replace(
        guest,
        refusals=tuple(reader.refusals),
        type_refusals=tuple(reader.type_refusals),
        hvm_refusals=tuple(reader.hvm_refusals),
        undecidable=tuple(reader.undecidable),
        warnings=tuple(reader.warnings),
        ignored_settings=tuple(dict.fromkeys(reader.ignored_settings)),
    )


def _types(reader: _Reader) -> tuple[GuestType | None, GuestType | None]:
    """Return the type by ``type`` and by ``builder``, each by its first letters."""
    typed = builder = None
    text = reader.text("type")
    if text is not None:
        kinds = (GuestType.HVM, GuestType.PV, GuestType.PVH)
        typed = next((kind for kind in kinds if kind.value.startswith(text)), None)
        if typed is None:
            reader.refuse("type", words.type_unknown(text))
    text = reader.text("builder")
    if text is not None:
        builders = (("hvm", GuestType.HVM), ("generic", GuestType.PV))
        builder = next((kind for word, kind in builders if word.startswith(text)), None)
        if builder is None:
            reader.refuse("builder", words.builder_unknown(text))
        elif typed not in (None, builder):
            reader.refuse("type", words.TYPES_CONTRADICT)
    return typed, builder


def _boundary(reader: _Reader) -> int | None:
    """Return the boundary, which xl does not check: it is computed in 64 bits."""
    number = reader.number("rdm_mem_boundary")
    return None if number is None else (number * MIB) & _ALL_BITS


def _vga(reader: _Reader) -> Vga:
    text = reader.text("vga")
    if text is None:
        return Vga.STDVGA if reader.number("stdvga") else Vga.CIRRUS
    adapters = {adapter.value: adapter for adapter in Vga}
    if text not in adapters:
        reader.refuse("vga", words.none_of("vga", text, list(adapters)))
    return adapters.get(text, Vga.CIRRUS)


def _traditional(reader: _Reader) -> bool | None:
    text = reader.text("device_model_version")
    if text not in (None, "qemu-xen", "qemu-xen-traditional"):
        reader.refuse("device_model_version", words.device_model_unknown(text))
    return None if text is None else text == "qemu-xen-traditional"


def _mmio_hole(reader: _Reader) -> int | None:
    size = reader.size("mmio_hole")
    if size is not None and not SMALLEST_HOLE <= size <= _MOST_HOLE:
        mib, least, most = size // MIB, SMALLEST_HOLE // MIB, _MOST_HOLE // MIB
        reader.refuse("mmio_hole", words.mmio_hole_out_of_range(mib, least, most))
        return None
    return size


def _passthrough(reader: _Reader) -> str | None:
    text = reader.text("passthrough")
    if text is not None and text.lower() not in PASSTHROUGH_WORDS:
        reader.refuse("passthrough", words.none_of("passthrough", text, PASSTHROUGH_WORDS))
    return None if text is None else text.lower()


def _graphics(reader: _Reader) -> str | None:
    """Return ``gfx_passthru``; xl refuses a text that is neither a number nor one of its words."""
    text = reader.config.text("gfx_passthru")
    number = reader.config.number("gfx_passthru")
    if text is not None and number is None and text.lower() not in GRAPHICS_WORDS:
        reader.refuse("gfx_passthru", words.none_of("gfx_passthru", text, ("0", "1", "igd")))
        return None
    return text if number is None else str(number)


def _vnuma(reader: _Reader) -> tuple[int, ...]:
    """Return the sizes of the virtual NUMA nodes: xl_parse.c, ``parse_vnuma_config``."""
    nodes = reader.config.items("vnuma") or ()
    if any(isinstance(node.value, str) for node in nodes):
        reader.refuse("vnuma", words.NODE_NO_LIST)
        return ()
    return tuple(_node_size(reader, node) for node in nodes)


def _node_size(reader: _Reader, node: Item) -> int:
    """Return the size of a node; a setting that is not understood is undecidable."""
    size = None
    for item in node.value:
        if isinstance(item, str) or not isinstance(item.value, str):
            continue  # xl skips a list in a node
        name, equals, value = (part.strip() for part in item.value.partition("="))
        plain = value.isascii() and value.isdecimal() and len(value) <= _NODE_DIGITS
        if name == "size" and size is None and plain:
            size = int(value) * MIB
        elif name == "size" or not equals:
            place = f"{reader.source}:{item.line}"
            reader.undecidable.append(Complaint(place, words.node_not_read(item.value)))
    return size or 0


def _maximum(reader: _Reader, vnuma: tuple[int, ...]) -> int | None:
    """Return ``maxmem``, which xl compares with the sum of the NUMA nodes, or sets to it."""
    maximum = reader.size("maxmem")
    if vnuma and maximum is not None and maximum != sum(vnuma):
        reader.refuse("vnuma", words.nodes_mismatch(maximum // MIB, sum(vnuma) // MIB))
    return sum(vnuma) if vnuma else maximum


def _emulated(reader: _Reader) -> EmulatedDevices:
    """Return whether the emulated devices are those that libxl gives every HVM guest.

    Settings that only add small BARs (network cards, USB, sound, AHCI) make no difference here: see
    policy/mmio_hole.py. Source: xl_parse.c, ``parse_config_data``.
    """
    config = reader.config
    given = [f"{name}=" for name in _OTHER_MACHINES if name in config.settings]
    firmware = {text.lower() for name in ("bios", "firmware") if (text := config.text(name))}
    if firmware - {"seabios", "rombios", "bios"}:
        why = words.OTHER_FIRMWARE
    elif reader.number("xen_platform_pci_bar_uc") == 0:
        why = words.PLATFORM_BAR_ELSEWHERE
    else:
        why = words.emulated_devices_may_differ(given) if given else ""
    return EmulatedDevices(platform=reader.number("xen_platform_pci") != 0, unknown=why)


def _pci(reader: _Reader) -> Iterator[PciEntry]:
    if reader.config.text("pci") is not None:
        reader.lose("pci", words.PCI_NO_LIST)
    for item in reader.config.items("pci") or ():
        if not isinstance(item.value, str):
            place = f"{reader.source}:{item.line}"
            reader.warnings.append(Complaint(place, words.LIST_IN_PCI))
            return
        yield PciEntry(f"{reader.source}:{item.line}", item.value)


def _look_for_misspelt(reader: _Reader) -> None:
    """Add warnings about names that xl ignores silently, and that resemble a setting."""
    for name, setting in reader.config.settings.items():
        near = get_close_matches(name, KEYS, 1, 0.85) if name not in KEYS else []
        place = f"{reader.source}:{setting.line}"
        if near and near[0] not in reader.config.settings:
            reader.warnings.append(Complaint(place, words.perhaps_misspelt(name, near[0])))
        elif name.startswith("rdm_") and name not in KEYS:
            reader.warnings.append(Complaint(place, words.no_rdm_setting(name)))
