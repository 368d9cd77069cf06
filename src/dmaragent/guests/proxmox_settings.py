"""The parts of a Proxmox conf, and the settings with which Proxmox starts the guest.

Source: qemu-server src/PVE/QemuServer.pm: ``parse_vm_config`` for the parts, ``vm_start``,
``vm_start_nolock`` and ``vmconfig_apply_pending`` for the start; pve-guest-common
AbstractConfig.pm, ``parse_pending_delete`` and ``check_lock``. The first part has the current
settings, ``[PENDING]`` has changes that the next start makes. Other sections are snapshots and
cloud-init, and are ignored.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dmaragent.guests import words
from dmaragent.guests.config import Complaint

Settings = Mapping[str, tuple[str, int]]
"""Values by key, each with its line."""

LIST = re.compile(r"[,;\s]+")
"""What separates the words of a list: PVE::Tools, ``split_list``."""
LINE = re.compile(r"([a-z][a-z_-]*\d*):\s*(.+?)\s*")
_SECTION = re.compile(r"\[[^\]]*\]\s*")
_DECIDES = re.compile(
    r"hostpci\d+|memory|machine|args|hotplug|hugepages|sockets|arch|numa[0-7]?|vga|virtiofs\d+|template"
)
"""Keys that change the assigned devices or the place of RAM."""
TRUE = frozenset({"1", "on", "yes", "true"})
"""What is true of a property: PVE::JSONSchema, ``parse_boolean``."""
_BOOLEAN = TRUE | {"0", "off", "no", "false"}
_HOSTPCI_BOOLEANS = ("pcie", "rombar", "x-vga", "legacy-igd")
_HOSTPCI_KEYS = frozenset(
    {
        *_HOSTPCI_BOOLEANS,
        *("host", "mapping", "mdev", "romfile", "driver"),
        *("vendor-id", "device-id", "sub-vendor-id", "sub-device-id"),
    }
)
"""What a ``hostpci`` line may have: qemu-server PCI.pm, ``$hostpci_fmt``."""
_DEFAULT_KEYS = {"machine": "type", "memory": "current"}
"""The settings that are read here and have properties, with the key of a bare part."""
_QUOTED = re.compile(r'"(.*)"')
_SUSPENDED = "suspended"
_PENDING = "[pending]"
_MOST_NAMED = 8
"""The most pending changes of a kind that a note names."""


class ProxmoxSettings(NamedTuple):
    """The settings of a conf, before and after the changes of the next start."""

    first: Settings
    """Those of the first part."""
    started_with: Settings
    """Those that a start uses."""
    refused_lock: str
    """The lock because of which Proxmox refuses a start; or empty."""
    resumed: bool
    """Whether a start resumes the guest, so that it makes no pending change."""
    notes: tuple[Complaint, ...]
    """The values that Proxmox drops, and the pending changes that decide."""


def read_settings(text: str, source: str) -> ProxmoxSettings:
    """Return the settings of the conf `text`."""
    first_lines, pending_lines, heading = _parts(text)
    notes: list[Complaint] = []
    first = _with_lines({}, first_lines, source, notes)
    lock = _value(first, "lock")
    resumed = lock == _SUSPENDED or "vmstate" in first
    started_with = first
    if pending_lines:
        changed = _apply(first, pending_lines, source, notes)
        note = _pending_note(first, changed, resumed=resumed)
        if note:
            notes.append(Complaint(f"{source}:{heading}", note))
        started_with = first if resumed else changed
    return ProxmoxSettings(
        first=first,
        started_with=started_with,
        refused_lock="" if lock in ("0", _SUSPENDED) else lock,
        resumed=resumed,
        notes=tuple(notes),
    )


def first_part(text: str) -> Iterator[str]:
    """Yield the lines of settings before the first section."""
    for line in text.removeprefix("\ufeff").split("\n"):
        if _SECTION.fullmatch(line):
            return
        if line.strip() and not line.startswith("#"):
            yield line


_Lines = list[tuple[int, str]]


def _parts(text: str) -> tuple[_Lines, _Lines, int]:
    """Return the lines of the first part and of ``[PENDING]``, and the line that begins the latter.

    Of several ``[PENDING]``, the last one counts.
    """
    first: _Lines = []
    pending: _Lines = []
    part: _Lines | None = first
    heading = 0
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not _SECTION.fullmatch(line):
            if part is not None:
                part.append((number, line))
        elif line.strip().lower() == _PENDING:
            part = pending = []
            heading = number
        else:
            part = None
    return first, pending, heading


def _with_lines(
    before: Settings, lines: _Lines, source: str, notes: list[Complaint]
) -> dict[str, tuple[str, int]]:
    """Return the settings `before` with those of `lines`; a value that is dropped is a note."""
    settings = dict(before)
    for number, line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            continue
        key, value = match[1], match[2]
        if not is_dropped(key, value) or (key.startswith("hostpci") and key not in settings):
            settings[key] = (value, number)
        else:
            notes.append(Complaint(f"{source}:{number}", words.value_dropped(key)))
    return settings


def _apply(
    first: Settings, lines: _Lines, source: str, notes: list[Complaint]
) -> dict[str, tuple[str, int]]:
    """Return the settings of the first part after the pending changes: first the deletions."""
    deleted: set[str] = set()
    changes: _Lines = []
    for number, line in lines:
        match = LINE.fullmatch(line)
        if match is not None and match[1] == "delete":
            deleted = {name.removeprefix("!") for name in LIST.split(match[2])}
        else:
            changes.append((number, line))
    left = {key: value for key, value in first.items() if key not in deleted}
    return _with_lines(left, changes, source, notes)


def _pending_note(before: Settings, after: Settings, *, resumed: bool) -> str:
    """Return a note for the changes that can change the answer; empty if there is none."""
    deciding = [key for key in dict.fromkeys((*before, *after)) if _DECIDES.fullmatch(key)]
    made = [key for key in deciding if key in after and _value(before, key) != _value(after, key)]
    removed = [key for key in deciding if key not in after]
    if not made and not removed:
        return ""
    named = made[:_MOST_NAMED], removed[:_MOST_NAMED]
    if resumed:
        return words.pending_not_made(*named, saved="vmstate" in before)
    return words.pending_changes(*named)


def _value(settings: Settings, key: str) -> str:
    """Return the value of `key` without the quotes that Proxmox removes; empty if it is not set."""
    value = settings[key][0] if key in settings else ""
    quoted = _QUOTED.fullmatch(value)
    return quoted[1] if quoted else value


def properties_of(text: str, default: str) -> dict[str, str] | None:
    """Return ``VALUE,key=value`` as a mapping, the bare part under `default`.

    None if Proxmox drops such a value with a warning: a key is there twice, or a part has no key or
    no value (pve-common, ``parse_property_string``; qemu-server, ``parse_vm_config``).
    """
    properties: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        name, equals, value = part.partition("=")
        key = name if equals else default
        if key in properties or (equals and not (name and value)):
            return None
        properties[key] = (value if equals else part).strip()
    return properties


def is_dropped(key: str, value: str) -> bool:
    """Return whether Proxmox drops the `value` of a setting, so that an earlier one holds."""
    if key.startswith("hostpci"):
        properties = properties_of(value, "host")
        return (
            properties is None
            or not properties.keys() <= _HOSTPCI_KEYS
            or any(properties.get(name, "1").lower() not in _BOOLEAN for name in _HOSTPCI_BOOLEANS)
        )
    default = _DEFAULT_KEYS.get(key)
    return default is not None and properties_of(value, default) is None
