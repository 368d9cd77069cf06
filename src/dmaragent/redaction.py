"""Redaction of a bundle: names, identifiers and unrelated boot options of a host.

Pure.  A value is replaced by its kind and a number, such as ``guest-2``.  It is the same
throughout a bundle; another bundle numbers anew.  No answer depends on a replaced value.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dmaragent.boot_words import XEN_REPORTS, linux_words, linux_words_and_marks, xen_words

HOST = "host"
GUEST = "guest"
UUID = "uuid"
MAC = "mac"
REMOVED = "removed"

_HEX = "[0-9a-fA-F]"
_UUID = re.compile(rf"(?<![\w-]){_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}(?![\w-])")
_MAC = re.compile(rf"(?<![\w:.-]){_HEX}{{2}}(?:([:-]){_HEX}{{2}})(?:\1{_HEX}{{2}}){{4}}(?![\w:-])")
_COMMAND_LINE = re.compile(
    r"^(.*?(?:(?:[Cc]ommand line|(xen_commandline)\s*): ?|(CMDLINE\[.{0,20}\]:|\bcmdline: {0,8}')))(.*)",
    re.MULTILINE,
)
"""A command line in a log.  The third group is before one that Xen was given for another kernel:
xen/common/device-tree/bootinfo-fdt.c, ``early_print_info``; xen/arch/x86/guest/xen/pvh-boot.c.
"""
_BUILDER = re.compile(r"\([^()@\s]+@[^()\s]+\)")
"""The person and the machine that built a hypervisor, in the first line of its log."""
_PARAMETER = re.compile(r"(parameters? )[\"'].*")
"""An option that the kernel or Xen does not know, or its value, in the log."""
_INFO = frozenset(
    [
        "release", "version", "machine", "nr_cpus", "max_cpu_id", "nr_nodes", "cores_per_socket",
        "threads_per_core", "cpu_mhz", "hw_caps", "virt_caps", "arm_sve_vector_length",
        "total_memory", "free_memory", "sharing_freed_memory", "sharing_used_memory",
        "outstanding_claims", "free_cpus", "cpupool", "xen_major", "xen_minor", "xen_extra",
        "xen_version", "xen_caps", "xen_scheduler", "xen_pagesize", "platform_params",
        "xen_changeset", "cc_compiler", "cc_compile_date", "build_id", "xend_config_format",
        "libxl_version", "numa_info", "cpu_topology",
    ]
)  # fmt: skip
"""The lines of ``xl info`` that do not identify the host: Xen tools/xl/xl_info.c."""


@dataclass(slots=True)
class Redactor:
    """Replaces values in the texts of one bundle, and counts the replacements."""

    known: dict[tuple[str, str], str] = field(default_factory=dict)
    """The stand-in of each kind and value."""
    places: Counter[str] = field(default_factory=Counter)
    """How often each stand-in was written."""
    words: int = 0
    """How many boot options were left out."""

    def stand_in(self, kind: str, value: str) -> str:
        """Return the stand-in for `value`."""
        stand_in = self.known.get((kind, value))
        if stand_in is None:
            number = sum(known_kind == kind for known_kind, _ in self.known) + 1
            stand_in = self.known[kind, value] = f"{kind}-{number}"
        if stand_in != value:  # a bundle of a bundle already has the stand-in
            self.places[stand_in] += 1
        return stand_in

    def host_name(self, text: str) -> str:
        """Replace the whole of `text`, the name of a host."""
        name = text.strip()
        return text.replace(name, self.stand_in(HOST, name)) if name else text

    def linux_line(self, text: str) -> str:
        """Return a kernel's command line with only the options that matter."""
        kept = self._keep_words(text, linux_words_and_marks(text))
        return kept + ("\n" if text.endswith("\n") else "")

    def log(self, text: str) -> str:
        """Replace identifiers in a log of Linux or Xen, and shorten the command lines in it."""
        text = _PARAMETER.sub(lambda match: match[1] + self._removal(), text)
        text = _BUILDER.sub(lambda _: f"({self._removal()})", text)
        return self.identifiers(
            _COMMAND_LINE.sub(lambda match: match[1] + self._keep_options(match), text)
        )

    def names(self, text: str) -> str:
        """Replace each known name of the host or of a guest, if it is a whole word."""
        names = {}
        for kind, name in self.known:
            if kind in (HOST, GUEST):
                names[name] = (kind, name)
            if kind == HOST:  # vault.example is also called vault
                names.setdefault(name.partition(".")[0], (kind, name))
        replaced = [name for name in names if name.strip("0123456789")]
        if not replaced:
            return text
        longest = sorted(replaced, key=len, reverse=True)
        pattern = rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])"
        return re.sub(pattern, lambda match: self.stand_in(*names[match[0]]), text)

    def info(self, text: str) -> str:
        """Replace the values of ``xl info`` that identify the host."""
        lines = []
        for line in text.split("\n"):  # other separators are part of Xen's command line
            name, colon, value = line.partition(":")
            if colon:
                lines.append(name + colon + self._redact_info(name.strip(), value))
            else:
                lines.append(self._removal() if line.strip() not in ("", REMOVED) else line)
        return self.identifiers("\n".join(lines))

    def guests(self, text: str) -> str:
        """Replace the guests' names in the JSON of ``xl list -l``."""
        guests = json.loads(text)
        for guest in guests:
            create = guest.get("config", {}).get("c_info", {})
            if "name" in create:
                create["name"] = self.stand_in(GUEST, str(create["name"]))
            for device in guest.get("config", {}).get("pcidevs", []):
                device.pop("name", None)  # a name that a person chose: xl pci-assignable-add -n
        return self.identifiers(json.dumps(guests, indent=1) + "\n")

    def identifiers(self, text: str) -> str:
        """Replace UUIDs and MAC addresses."""
        text = _UUID.sub(lambda match: self.stand_in(UUID, match[0].lower()), text)
        return _MAC.sub(lambda match: self.stand_in(MAC, match[0].lower()), text)

    def _redact_info(self, name: str, value: str) -> str:
        text = value.strip()
        if not text or text == REMOVED or name in _INFO:
            return value
        if name == "xen_commandline":
            return " " + self._xen_options(value.removeprefix(" "))
        if name == "host":
            return value.replace(text, self.stand_in(HOST, text))
        return value.replace(text, self._removal())

    def _xen_options(self, line: str) -> str:
        """Return Xen's options that matter; blanks keep the length of a line that Xen cut."""
        kept = self._keep_words(line, xen_words(line))
        is_cut = len(line.encode("utf-8", "surrogateescape")) >= XEN_REPORTS
        return kept.ljust(XEN_REPORTS) if is_cut else kept

    def _removal(self) -> str:
        self.places[REMOVED] += 1
        return REMOVED

    def _keep_options(self, found: re.Match[str]) -> str:
        """Return a command line in a log with only the options that matter to Linux or Xen."""
        of_xen = found[2] or ("(XEN)" in found[1] and not found[3])
        return self._keep_words(found[4], (xen_words if of_xen else linux_words)(found[4]))

    def _keep_words(self, line: str, words: Iterable[str]) -> str:
        kept = tuple(words)
        self.words += len(line.split()) - len(kept)
        return " ".join(kept)
