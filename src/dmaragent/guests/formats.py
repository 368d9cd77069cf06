"""The format of a guest's text, by its content: xl.cfg, libxl's JSON, libvirt's XML, Proxmox."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from dmaragent.errors import DmaragentError
from dmaragent.guests import words
from dmaragent.guests.config import Complaint, GuestConfig, GuestType
from dmaragent.guests.device_mappings import NO_MAPPINGS, DeviceMappings
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.libvirt import guests_from_xml
from dmaragent.guests.libxl_json import guests_from_libxl_json, is_libxl_json
from dmaragent.guests.proxmox import guest_from_proxmox, is_proxmox
from dmaragent.guests.xl_guest import KEYS, guest_from_xl
from dmaragent.guests.xlcfg import ConfigError, XlConfig, read_xl_config
from dmaragent.xen.toolstack.libxl import XLCFG_ERAS

Guest = GuestConfig | KvmGuest
MOST_DEVICES = 1024
_OTHER_KEYS = frozenset(
    {
        *("acpi", "apic", "bios", "boot", "bootloader", "channel", "claim_mode", "cpus", "cpuid"),
        *("disk", "dtdev", "extra", "firmware", "iomem", "ioports", "irqs", "kernel", "keymap"),
        *("localtime", "maxvcpus", "nestedhvm", "nographic", "on_crash", "on_poweroff"),
        *("on_reboot", "on_shutdown", "on_watchdog", "pae", "pool", "ramdisk", "root", "sdl"),
        *("seclabel", "serial", "shadow_memory", "spice", "soundhw", "tsc_mode", "usb"),
        *("usbctrl", "usbdev", "usbdevice", "uuid", "vcpus", "vfb", "vif", "viridian", "vnc"),
        *("vnclisten", "vtpm", "xen_platform_pci", "cmdline", "device_model_args", "p9", "vkb"),
        *("device_model_override", "device_model_user", "rtc_timeoffset", "timer_mode", "hpet"),
    }
)
_XL_KEYS = _OTHER_KEYS.union(KEYS)
_RARE_ELSEWHERE = frozenset(
    {
        *("memory", "maxmem", "builder", "pci", "rdm", "vif", "disk", "vcpus", "bootloader"),
        *("kernel", "mmio_hole", "rdm_mem_boundary", "device_model_version", "passthrough"),
        *("gfx_passthru", "pci_seize", "pci_permissive", "videoram", "stdvga"),
    }
)
"""Settings that mark a file as written for xl, even if xl cannot read it."""
_SETTING = re.compile(r"^[ \t]*([\w.:-]{1,80})[ \t]*\+?=", re.MULTILINE)
_BLOCK = re.compile(r"^.*\{[ \t]*$|^[ \t]*\}", re.MULTILINE)
"""Blocks in braces, as in other languages."""
_SECTION = re.compile(r"^[ \t]*\[+[ \t]*[A-Za-z][^\]\n\"',=]*\]+[ \t]*$", re.MULTILINE)
"""Headings of sections, as in INI, TOML and systemd's units."""
_PYTHON = re.compile(
    r"^(?:import |from \w+ import |def \w+\(|class \w+|(?:if|for|while|try|with)\b.*:[ \t]*(?:#.*)?$"
    r"|print[ (])",
    re.MULTILINE,
)
_SCRIPT = re.compile(r"#![^\n]*")


class UnknownFormatError(DmaragentError):
    """The text is in none of the formats that dmaragent reads.

    `why` is the reason if there is a better one than that.  No hint names an option, because the local
    API has none.
    """

    def __init__(self, source: str, why: str = "", hint: str = words.GIVE_GUEST) -> None:
        super().__init__(why or words.unknown_format(source), hint, source)


def read_all_guests(
    text: str, source: str, mappings: DeviceMappings = NO_MAPPINGS
) -> tuple[Guest, ...]:
    """Return the guests of `text`, of any format; an xl.cfg or a Proxmox conf has one guest.

    `mappings` are the files beside it that name devices.

    Raises:
        UnknownFormatError: `text` has none of the formats.
        DmaragentError: libxl's JSON or libvirt's XML has a fault; it is a domain of another hypervisor,
            a Proxmox container, or a guest with too many devices.

    """
    begin = text.lstrip("\ufeff \t\r\n")
    if not begin:
        raise UnknownFormatError(source, words.empty(source))
    if begin.startswith("<"):
        guests = guests_from_xml(text, source, mappings)
        if guests is None:
            raise UnknownFormatError(source)
        return tuple(_check_devices(guest) for guest in guests)
    if is_libxl_json(text) and not _SECTION.match(begin):
        return _from_libxl_json(text, source)
    if is_proxmox(text):
        return (_check_devices(guest_from_proxmox(text, source, mappings)),)
    return (_from_xl_config(text, source),)


def _check_devices(guest: Guest) -> Guest:
    """Return `guest`, unless it has more devices than a guest can have."""
    devices = guest.devices if isinstance(guest, KvmGuest) else guest.pci
    if len(devices) > MOST_DEVICES:
        raise DmaragentError(
            words.too_many_devices(guest.source, len(devices), MOST_DEVICES),
            words.GIVE_FEWER_DEVICES,
        )
    return guest


def _from_libxl_json(text: str, source: str) -> tuple[GuestConfig, ...]:
    try:
        return guests_from_libxl_json(text, source)
    except ValueError as error:
        if '"c_info"' not in text:
            raise UnknownFormatError(source, str(error)) from error
        raise DmaragentError(str(error), words.GIVE_LIBXL_JSON) from error


def _from_xl_config(text: str, source: str) -> GuestConfig:
    """Return the guest of an xl.cfg; a file that xl refuses has an answer if it is written for xl."""
    config = read_xl_config(text)
    if not isinstance(config, ConfigError) and config.settings.keys().isdisjoint(_XL_KEYS):
        raise UnknownFormatError(source)
    if isinstance(config, ConfigError):
        if _PYTHON.search(text):
            raise UnknownFormatError(source, words.python_code(source), words.REMOVE_PYTHON)
        if not _meant_for_xl(text):
            raise UnknownFormatError(source)
    guest = _guest_of(config, source)
    if "+=" not in text and "\\" not in text:
        return guest
    return replace(guest, older=tuple(_older_readings(text, source, guest)))


def _older_readings(
    text: str, source: str, guest: GuestConfig
) -> Iterator[tuple[tuple[int, int], GuestConfig]]:
    """Yield older releases' readings of a file that the newest release reads as `guest`."""
    for behaviour, after in pairwise(XLCFG_ERAS):
        reading = _guest_of(read_xl_config(text, behaviour), source)
        if reading != guest:
            yield after.first, reading


def _guest_of(config: XlConfig | ConfigError, source: str) -> GuestConfig:
    if not isinstance(config, ConfigError):
        return guest_from_xl(config, source)
    message = words.file_refused(config.near, config.expected)
    refusal = Complaint(f"{source}:{config.line}", message)
    return GuestConfig(
        source=source, name="", type=GuestType.PV, refusals=(refusal,), readable=False
    )


def _meant_for_xl(text: str) -> bool:
    """Return whether `text`, which xl cannot read, is written for it.

    It sets only names of xl.cfg(5); or half of its names are xl's, and one of these is rare
    elsewhere. Blocks in braces and scripts for another program are not xl's.
    """
    script = _SCRIPT.match(text)
    if (script and not re.search(r"\b(?:xl|xm)\b", script[0])) or any(
        pattern.search(text) for pattern in (_BLOCK, _SECTION)
    ):
        return False
    names = set(_SETTING.findall(text))
    known = names & _XL_KEYS
    return known == names != set() or (
        2 * len(known) >= len(names) and bool(known & _RARE_ELSEWHERE)
    )
