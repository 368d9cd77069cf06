"""What the readers of a ``pci=[...]`` item share: its parts, and what was read of it so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dmaragent.addresses import SBDF
from dmaragent.guests.pci_model import PciText, PolicyWord
from dmaragent.guests.pci_numbers import Field

FLAGS = ("msitranslate", "power_mgmt", "permissive", "seize")
PLACES = (Field("segment", 4, 0xFFFF), Field("bus", 2, 0xFF), Field("device", 2, 0x1F))
FUNCTION = Field("function", 1, 7)
DOCUMENTED_VSLOT = Field("slot", 2, 0xFF)  # the manual's own example is 20
ADDRESS = "an address like 36:00.0 or 0000:36:00.0"


@dataclass(frozen=True, slots=True)
class PciAddress:
    """The device's address, and where it ends in the string."""

    sbdf: SBDF
    all_functions: bool
    end: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One ``key=value``, and where its parts begin and end."""

    key_at: int
    key: str
    value_at: int
    value: str
    end: int


@dataclass(slots=True)
class Draft:
    """What was read so far."""

    address: PciAddress | None = None
    name: str | None = None
    vslot: int = 0
    policy: PolicyWord | None = None
    flags: dict[str, bool] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)

    def finish(self) -> PciText:
        """Give what the whole string sets."""
        return PciText(
            sbdf=self.address.sbdf if self.address else None,
            name=self.name,
            all_functions=self.address is not None and self.address.all_functions,
            vslot=self.vslot,
            policy=self.policy,
            ignored=tuple(self.ignored),
            **self.flags,
        )


def pairs_of(text: str, at: int) -> Iterator[Pair]:
    """Yield the pairs of `text` from `at` on; what has no ``=`` is a pair without a value."""
    while at < len(text):
        equals = text.find("=", at)
        if equals < 0:
            yield Pair(at, text[at:], -1, "", len(text))
            return
        comma = text.find(",", equals)
        end = len(text) if comma < 0 else comma
        yield Pair(at, text[at:equals], equals + 1, text[equals + 1 : end], end)
        at = end + 1
