"""The running system: kernel, its options, processor, memory."""

from typing import NamedTuple

from dmaragent.boot_words import LoaderMark, linux_words, loader_mark
from dmaragent.host import words
from dmaragent.host.parse import Problems, known_word, lines_of, text, whole_number
from dmaragent.readings import Missing, MissingKind, SystemReading

_LONGEST_RELEASE = 64
"""Bytes of a kernel's release: Linux include/uapi/linux/utsname.h, ``__NEW_UTS_LEN``."""


class System(NamedTuple):
    """The running system.  None: unknown."""

    kernel_release: str | None
    options: tuple[str, ...] | None
    """The kernel options that matter here, as written on the command line."""
    loader_mark: LoaderMark | None
    """The traces of the boot loader on the kernel's command line."""
    unsafe_interrupts: bool | Missing
    """VFIO's parameter ``allow_unsafe_interrupts``; absent if its module is not loaded."""
    cpu_vendor: str | None
    """GenuineIntel, AuthenticAMD or another; ARM for every Arm processor."""
    virtual: bool | None
    """Whether the processor reports a hypervisor (CPUID leaf 1, ECX bit 31)."""
    memory_total: int | None
    """In bytes, as psutil reports it: in a Xen dom0 only dom0's own."""
    boot_time: int | None
    """In seconds since 1970."""


def join_system(system: SystemReading, problems: Problems) -> System:
    """Return the facts about the running system."""
    vendor, virtual = _cpu(text(system.cpu))
    memory, boot_time = _resources(system.resources, problems)
    line = system.command_line
    return System(
        kernel_release=known_word(
            text(system.kernel_release), _LONGEST_RELEASE, words.KERNELS_RELEASE, problems
        ),
        options=None if isinstance(line, Missing) else linux_words(text(line) or ""),
        loader_mark=loader_mark(text(line) or ""),
        unsafe_interrupts=_flag(system.unsafe_interrupts, words.UNSAFE_INTERRUPTS, problems),
        cpu_vendor=vendor,
        virtual=virtual,
        memory_total=memory,
        boot_time=boot_time,
    )


def _flag(reading: bytes | Missing, what: str, problems: Problems) -> bool | Missing:
    """Return a parameter of a module: Linux kernel/params.c, ``param_get_bool``."""
    if isinstance(reading, Missing):
        return reading
    if reading not in (b"Y\n", b"N\n"):
        problems.add(words.not_understood(what))
        return Missing(MissingKind.FAILED, "not understood")
    return reading == b"Y\n"


def _cpu(content: str | None) -> tuple[str | None, bool | None]:
    """Return the first processor's vendor, and whether it is virtual."""
    vendor, virtual = None, None
    for line in lines_of(content or ""):
        name, _, value = line.partition(":")
        if name.strip() == "vendor_id" and vendor is None:
            vendor = value.strip()
        elif name.strip() == "CPU implementer" and vendor is None:
            vendor = "ARM"  # arch/arm64/kernel/cpuinfo.c, c_show: x86 has no such line
        elif name.strip() == "flags" and virtual is None:
            virtual = "hypervisor" in value.split()
    return vendor, virtual


def _resources(output: bytes | Missing, problems: Problems) -> tuple[int | None, int | None]:
    if isinstance(output, Missing):
        problems.missing("memory and boot time", output)
        return None, None
    import json  # noqa: PLC0415 - 1 ms, and a table alone has no facts about the system

    try:
        facts = json.loads(output)
        memory = whole_number(facts["memory_total"], 1 << 64)
    except (ValueError, TypeError, KeyError, RecursionError):
        problems.add(words.RESOURCES_NOT_UNDERSTOOD)
        return None, None
    try:
        return memory, whole_number(facts["boot_time"], 1 << 40)
    except (ValueError, KeyError):  # negative if the clock was set back to before 1970
        problems.add(words.BOOT_TIME_NOT_UNDERSTOOD)
        return memory, None
