"""For each rule about regions and device scopes: a host that trips it, and one that does not.

The quiet host is the tripping one with the fault mended, so that nothing else keeps the rule
quiet.
"""

from collections.abc import Callable

from dmaragent.checks import check
from dmaragent.checks.common.model import Checked, Finding
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.releases import Numbers, as_release
from support.tables import andd, drhd, patched, resummed, rmrr, scope, table

Made = Callable[[], FakeHost]

BASE, LIMIT = 0x7B800000, 0x7B80FFFF
USB = scope(1, 0, (0x1D, 0))
OTHER_USB = scope(1, 0, (0x1A, 0))
GONE = scope(1, 0, (0x19, 0))
BEHIND = scope(1, 0, (0x1C, 0), (0, 0))
UNIT = drhd(0xFED91000, flags=1)
FUNCTIONS = (
    Function(sbdf="0000:00:00.0", class_code=0x060000),
    Function(sbdf="0000:00:1a.0", class_code=0x0C0320),
    Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=3),
    Function(sbdf="0000:00:1d.0", class_code=0x0C0320),
    Function(sbdf="0000:00:1e.0", class_code=0x060400, secondary_bus=5),
    Function(sbdf="0000:02:00.0"),
)
"""Two USB controllers, a bridge with a network card behind it, a bridge with nothing."""
MAP = (
    "0x0 0x9fbff System RAM",
    "0xf0000 0xfffff Reserved",
    "0x100000 0x7affffff System RAM",
    "0x7b000000 0x7bffffff Reserved",
    "0x7c000000 0x7c00ffff ACPI Non-volatile Storage",
)


def host(*structures: bytes, functions: tuple[Function, ...] | None = FUNCTIONS) -> FakeHost:
    """Make a host with a table of one unit and `structures`, the usual functions and map."""
    return host_of(table(UNIT, *structures), functions)


def host_of(content: bytes, functions: tuple[Function, ...] | None = FUNCTIONS) -> FakeHost:
    """Make a host with the table `content`; without functions they were not collected."""
    made = fake_host(list(functions or ()), {"DMAR": content})
    if functions is None:
        made.complete = ("/sys/firmware/acpi/",)
        del made.directories["/sys/bus/pci/devices"]
        del made.calls["udev-pci"]
    add_memory_map(made, MAP)
    return made


def taken(made: FakeHost, release: Numbers = None) -> Inventory:
    """Take the inventory of a made-up host, for a release of Xen."""
    return take_inventory(join(collect(made)), as_release(release))


def findings(made: FakeHost, release: Numbers = None) -> Checked:
    """Check a made-up host, for a release of Xen."""
    return check(taken(made, release))


def found(made: FakeHost, name: str, release: Numbers = None) -> list[Finding]:
    """Give the findings of one rule on a made-up host."""
    return [one for one in findings(made, release).findings if one.rule.id == name]


def only(made: FakeHost, name: str, release: Numbers = None) -> Finding:
    """Give the one finding of a rule on a made-up host."""
    (one,) = found(made, name, release)
    return one


def region(base: int = BASE, limit: int = LIMIT, *scopes: bytes, segment: int = 0) -> Made:
    """Give what makes a host with one region; a USB controller's where no scope is given."""
    return lambda: host(rmrr(base, limit, *(scopes or (USB,)), segment=segment))


def named(*scopes: bytes) -> Made:
    """Give what makes a host with one sound region of `scopes`."""
    return lambda: host(rmrr(BASE, LIMIT, *scopes))


def _two(base: int, limit: int) -> Made:
    return lambda: host(rmrr(BASE, LIMIT, USB), rmrr(base, limit, OTHER_USB))


def _many(number: int) -> Made:
    return lambda: host(
        *(rmrr(BASE + n * 0x1000, BASE + n * 0x1000 + 0xFFF, USB) for n in range(number))
    )


def _narrow(bits: int) -> Made:
    content = table(UNIT, rmrr(BASE, LIMIT, USB))
    return lambda: host_of(resummed(patched(content, [(36, bytes([bits - 1]))])))


def _listing(entries: str) -> Made:
    """Give what makes a dom0 with one sound region, whose Xen lists `entries`."""

    def made() -> FakeHost:
        dom0 = host(rmrr(BASE, LIMIT, USB))
        dom0.files |= {"/sys/hypervisor/type": b"xen\n", "/proc/xen/capabilities": b"control_d\n"}
        dom0.calls["xen-rdm"] = f'{{"entries": [{entries}]}}'.encode()
        return dom0

    return made


SOUND = region()
CASES: dict[str, tuple[Made, Made]] = {
    "rmrr-overlap": (_two(BASE + 0x8000, LIMIT + 0x8000), _two(LIMIT + 1, LIMIT + 0x8000)),
    "rmrr-duplicate": (_two(BASE, LIMIT), _two(BASE, LIMIT - 0x1000)),
    "rmrr-limit-below-base": (region(BASE, BASE - 1), SOUND),
    "rmrr-placeholder": (region(0, 0), region(0, 0x1FFF)),
    "rmrr-no-page": (region(BASE, BASE), region(BASE, BASE + 0xFFF)),
    "rmrr-limit-page-aligned": (region(BASE, LIMIT + 1), SOUND),
    "rmrr-unaligned": (region(BASE + 0x10, LIMIT), region(BASE, LIMIT + 1)),
    "rmrr-above-address-width": (_narrow(30), _narrow(31)),
    "rmrr-large": (
        region(0x80000000, 0x9FFFFFFF),
        region(0x80000000, 0x9FFFEFFF),
    ),
    "rmrr-unknown-segment": (region(BASE, LIMIT, USB, segment=1), SOUND),
    "rmrr-in-ram": (region(0x100000, 0x10FFFF), SOUND),
    "rmrr-not-reserved": (region(0x7C010000, 0x7C01FFFF), SOUND),
    "rmrr-unlisted": (_listing(""), _listing(f"[{BASE >> 12}, {(LIMIT + 1 - BASE) >> 12}]")),
    "rmrr-scope-empty": (lambda: host(rmrr(BASE, LIMIT)), SOUND),
    "rmrr-scope-uncounted": (
        lambda: host(rmrr(BASE, LIMIT, scope(5, 0, (0x15, 0))), andd(0, b"\\_SB.I2C0\0")),
        named(scope(5, 0, (0x15, 0)), USB),
    ),
    "rmrr-scope-zero": (named(scope(1, 0, (0, 0)), USB), named(USB, OTHER_USB)),
    "scope-impossible": (named(USB, scope(1, 0, (0x20, 0))), named(USB, scope(1, 0, (0x1F, 7)))),
    "rmrr-scope-twice": (named(USB, USB), named(USB, OTHER_USB)),
    "rmrr-scope-not-pci": (named(USB, scope(3, 0xF0, (0x1F, 0), enumeration_id=2)), SOUND),
    "scope-unknown-type": (
        lambda: host(drhd(0xFED90000, scope(6, 0, (2, 0)))),
        lambda: host(drhd(0xFED90000, scope(1, 0, (2, 0)))),
    ),
    "rmrr-bridge": (named(scope(2, 0, (0x1C, 0))), named(BEHIND)),
    "scope-type-mismatch": (named(scope(1, 0, (0x1C, 0))), named(scope(2, 0, (0x1C, 0)))),
    "scope-path-not-bridge": (named(USB, scope(1, 0, (0x1A, 0), (0, 0))), named(USB, BEHIND)),
    "scope-start-bus": (named(scope(1, 2, (0, 0))), named(BEHIND)),
    "rmrr-absent-shares": (named(USB, GONE), named(USB, OTHER_USB)),
    "rmrr-devices-absent": (named(GONE), named(GONE, USB)),
    "rmrr-device-absent": (named(USB, GONE), named(GONE)),
    "scope-bridge-absent": (named(USB, scope(1, 0, (0x19, 0), (0, 0))), named(USB, BEHIND)),
    "rmrr-hvmloader": (region(0xFC100000, 0xFC10FFFF), region(0xFC0F0000, 0xFC0FFFFF)),
    "rmrr-below-1mib": (region(0xF0000, 0xFFFFF), region(0x7B000000, 0x7B00FFFF)),
    "rmrr-too-many": (_many(127), _many(126)),
    "rmrr-shared": (named(USB, OTHER_USB), named(USB, GONE)),
}
"""By rule id."""
