"""The settings of an entry of ``pci=[...]``, and why an entry has none."""

from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF


class PolicyWord(Enum):
    """The words of ``rdm_policy=``."""

    STRICT = "strict"
    RELAXED = "relaxed"
    INVALID = "invalid"
    """Accepted from 4.15 on, as a name of the enumeration; libxl then makes it strict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PciText:
    """The settings of the string; a flag or policy that it omits is None."""

    sbdf: SBDF | None
    """None if the entry has a name for the device; otherwise `name` is None."""
    name: str | None
    all_functions: bool = False
    """Whether the function is ``*``; the function in `sbdf` is then 0, as in libxlutil."""
    vslot: int = 0
    """The slot in the guest; 0: libxl chooses it."""
    policy: PolicyWord | None = None
    msitranslate: bool | None = None
    power_mgmt: bool | None = None
    permissive: bool | None = None
    seize: bool | None = None
    ignored: tuple[str, ...] = ()
    """Keys that the release ignores with a message, up to 4.14."""

    def __post_init__(self) -> None:
        if (self.sbdf is None) == (self.name is None):
            raise ValueError("a device has either an address or a name")
        if self.all_functions and (self.sbdf is None or self.sbdf.function):
            raise ValueError("all functions need an address with function 0")
        if not 0 <= self.vslot <= 0xFF:
            raise ValueError(f"slot {self.vslot:#x} is not within 0 to 0xff")


@dataclass(frozen=True, slots=True)
class PciRefusal:
    """The reason for which the string is refused."""

    position: int
    """The offset of the error in the string, in characters."""
    expected: str
    """What is expected at that offset, in words."""
    silent: bool
    """Whether libxlutil prints nothing; False for a string that the documentation refuses."""
    exit_status: int = 6
    """The exit status of xl."""


@dataclass(frozen=True, slots=True)
class PciUndefined:
    """libxlutil reads uninitialized memory, or aborts: the result is unknown."""

    position: int
    why: str


Problem = PciRefusal | PciUndefined
