"""An entry of the ``pci=[...]`` list once it is read, or why it cannot be."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from dmaragent.addresses import SBDF


class PolicyWord(Enum):
    """What ``rdm_policy=`` says."""

    STRICT = "strict"
    RELAXED = "relaxed"
    INVALID = "invalid"
    """Taken from 4.15 on, being a name of the enumeration; libxl then makes it strict."""


class PciParsing(Protocol):
    """What changed between releases of libxlutil: see LibxluBehaviour."""

    @property
    def pci_strictly(self) -> bool:
        """Whether it is the parser of 4.15."""

    @property
    def star_aborts(self) -> bool | None:
        """Whether ``*`` makes the old parser abort; None if point releases differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PciText:
    """What the string sets; a flag or policy that it leaves out is None."""

    sbdf: SBDF | None
    """None if the device is named; else `name` is None."""
    name: str | None
    all_functions: bool = False
    """Whether the function is ``*``; that of `sbdf` is then 0, as in libxlutil."""
    vslot: int = 0
    """The guest's slot; 0 lets libxl choose, given or not."""
    policy: PolicyWord | None = None
    msitranslate: bool | None = None
    power_mgmt: bool | None = None
    permissive: bool | None = None
    seize: bool | None = None
    ignored: tuple[str, ...] = ()
    """Keys that the release passes over with a message, up to 4.14."""

    def __post_init__(self) -> None:
        if (self.sbdf is None) == (self.name is None):
            raise ValueError("a device has either an address or a name")
        if self.all_functions and (self.sbdf is None or self.sbdf.function):
            raise ValueError("all functions are asked for with an address of function 0")
        if not 0 <= self.vslot <= 0xFF:
            raise ValueError(f"slot {self.vslot:#x} is not within 0 to 0xff")


@dataclass(frozen=True, slots=True)
class PciRefusal:
    """Why the string is refused."""

    position: int
    """The offset in the string, in characters, of what is wrong."""
    expected: str
    """What should stand there, in words."""
    silent: bool
    """Whether libxlutil has printed nothing by then; False of a string refused as documented."""
    exit_status: int = 6
    """What xl exits with."""


@dataclass(frozen=True, slots=True)
class PciUndefined:
    """libxlutil reads memory that it never wrote, or aborts: what happens cannot be said."""

    position: int
    why: str


Problem = PciRefusal | PciUndefined
