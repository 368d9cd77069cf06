"""PCI class codes in words.

Source: PCI Code and ID Assignment Specification, revision 1.15, chapter 1. The list has the
subclasses that hosts have in practice; any other gets the name of its base class.
"""

_BASE = {
    0x00: "unclassified device",
    0x01: "storage controller",
    0x02: "network controller",
    0x03: "display controller",
    0x04: "multimedia controller",
    0x05: "memory controller",
    0x06: "bridge",
    0x07: "communication controller",
    0x08: "system peripheral",
    0x09: "input controller",
    0x0A: "docking station",
    0x0B: "processor",
    0x0C: "serial bus controller",
    0x0D: "wireless controller",
    0x0E: "intelligent I/O controller",
    0x0F: "satellite controller",
    0x10: "encryption controller",
    0x11: "signal processing controller",
    0x12: "processing accelerator",
    0x13: "instrumentation",
    0x40: "coprocessor",
}

_SUB = {
    0x0100: "SCSI controller",
    0x0101: "IDE controller",
    0x0104: "RAID controller",
    0x0106: "SATA controller",
    0x0107: "SAS controller",
    0x0108: "NVM controller",
    0x0200: "Ethernet controller",
    0x0207: "InfiniBand controller",
    0x0208: "fabric controller",
    0x0280: "network controller",
    0x0300: "VGA controller",
    0x0302: "3D controller",
    0x0380: "display controller",
    0x0401: "audio device",
    0x0403: "audio device",
    0x0500: "RAM memory",
    0x0600: "host bridge",
    0x0601: "ISA bridge",
    0x0604: "PCI bridge",
    0x0609: "semi-transparent PCI bridge",
    0x0700: "serial controller",
    0x0780: "communication controller",
    0x0800: "interrupt controller",
    0x0801: "DMA controller",
    0x0805: "SD host controller",
    0x0806: "IOMMU",
    0x0807: "root complex event collector",
    0x0880: "system peripheral",
    0x0C03: "USB controller",
    0x0C04: "Fibre Channel controller",
    0x0C05: "SMBus controller",
    0x0C07: "IPMI interface",
    0x0C80: "serial bus controller",
    0x0D11: "Bluetooth controller",
    0x0D80: "wireless controller",
    0x1101: "performance counters",
    0x1180: "signal processing controller",
    0x1200: "processing accelerator",
}

_USB = {0x00: "UHCI", 0x10: "OHCI", 0x20: "EHCI", 0x30: "xHCI", 0x40: "USB4", 0xFE: "device"}
_INTERRUPT = {0x10: "I/O APIC", 0x20: "I/O APIC"}


def class_words(class_code: int, *, interface_known: bool = True) -> str:
    """Return `class_code` (24 bits: base class, subclass, programming interface) in words."""
    base, sub, interface = class_code >> 16, class_code >> 8, class_code & 0xFF
    words = _SUB.get(sub) or _BASE.get(base) or f"class {base:02x}"
    if not interface_known:
        return words
    if sub == 0x0C03 and interface in _USB:
        return f"{words} ({_USB[interface]})"
    if sub == 0x0800 and interface in _INTERRUPT:
        return _INTERRUPT[interface]
    return words


def is_class(class_code: int, name: str, *, interface_known: bool = True) -> bool:
    """Return whether `name` means the class: each word in it begins one of the class's words.

    The words are those of the class and of its base class. So ``network`` means every network
    controller, and ``usb`` those of USB.
    """
    base = _BASE.get(class_code >> 16, "")
    own = class_words(class_code, interface_known=interface_known)
    words = f"{own} {base}".lower().translate(_NO_MARKS).split()
    parts = name.lower().translate(_NO_MARKS).split()
    return bool(parts) and all(any(word.startswith(part) for word in words) for part in parts)


def may_be_class(class_code: int | None, name: str, *, interface_known: bool = True) -> bool | None:
    """Return whether `name` means the class as far as it is known; None: unknown."""
    if class_code is None:
        return None
    if interface_known:
        return is_class(class_code, name)
    begin = class_code & ~0xFF
    answers = {is_class(begin | interface, name) for interface in range(0x100)}
    return answers.pop() if len(answers) == 1 else None


def class_names() -> tuple[str, ...]:
    """Return the names of base classes and classes, each once, in the order of their codes."""
    usb = (f"USB controller ({name})" for name in _USB.values())
    return tuple(dict.fromkeys((*_BASE.values(), *_SUB.values(), *usb)))


def is_class_name(name: str) -> bool:
    """Return whether `name` means a class in this list."""
    codes = [base << 16 for base in _BASE] + [sub << 8 for sub in _SUB]
    codes += [0x0C0300 | interface for interface in _USB]
    return any(is_class(code, name) for code in codes)


_NO_MARKS = str.maketrans("()-", "   ")
