"""The slowest input of each size, among inputs that repeat something.

Code that takes more than its share of time does so on something frequent: a word, two words in
turn, one after many of another, or something that is different each time.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dmaragent.collect.recorded.recording import record
from fuzz.kinds import Kind
from fuzz.machines import pack
from support.checked import FUNCTIONS
from support.hosts import Function, add_memory_map, fake_host
from support.tables import rmrr, scope, structure, table

Family = Callable[[int], bytes]
"""Returns an input of about the given number of bytes."""
SMALL, LARGE = 2048, 8192
"""The sizes at which all families are compared."""
_TOLD = 0.003
"""Seconds: shorter times are too small to show growth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The measurements of a family."""

    name: str
    family: Family
    growth: float
    """From SMALL to LARGE, per additional input: 1 is linear."""
    seconds: float
    """At LARGE."""
    added: float
    """The growth in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The slowest family of a kind at one size."""

    name: str
    size: int
    """Bytes of the input."""
    seconds: float
    """Processor time of the harness, which does everything for such an input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The result of a search in the families of a kind."""

    families: int
    worst: tuple[Worst, ...]
    """One for each size."""
    growth: float
    """The largest growth of a family between the last two sizes, per additional input: 1 is linear,
    4 is quadratic for an input four times as long."""
    grown: str
    """The family with that growth."""


def seconds_of(kind: Kind, data: bytes, runs: int = 2) -> float:
    """Return the processor seconds of the harness: the least of `runs`, to exclude disturbances."""
    taken = []
    for _ in range(runs):
        begin = time.process_time()
        kind.check(data)
        taken.append(time.process_time() - begin)
    return min(taken)


def search(kind: Kind) -> list[Found]:
    """Measure every family of `kind` at two sizes."""
    found = []
    for name, family in families(kind):
        small, large = family(SMALL), family(LARGE)
        if not large:
            continue
        few, many = seconds_of(kind, small, 1), seconds_of(kind, large, 1)
        more = max(LARGE / SMALL, len(large) / max(1, len(small)))
        growth = many / max(few, 1e-4) / more
        found.append(Found(name=name, family=family, growth=growth, seconds=many, added=many - few))
    return found


def worst(kind: Kind, sizes: tuple[int, ...], most: int = 3) -> Searched:
    """Measure at each of `sizes` the slowest families, and those with the largest growth."""
    found = search(kind)
    ranks: tuple[Callable[[Found], tuple[float, float]], ...] = (
        lambda one: (one.seconds, 0),
        lambda one: (one.added, 0),
        lambda one: (one.seconds > _TOLD, one.growth),
    )
    chosen: dict[str, Family] = {}
    for rank in ranks:
        ranked = sorted(found, key=rank, reverse=True)
        chosen |= {one.name: one.family for one in ranked[:most]}
    times = {
        name: [
            Worst(name=name, size=len(data), seconds=seconds_of(kind, data))
            for data in map(family, sizes)
        ]
        for name, family in chosen.items()
    }
    wanted = sizes[-1] / sizes[-2]
    growth, name = max((_growth(each[-2], each[-1], wanted), name) for name, each in times.items())
    return Searched(
        families=len(found),
        worst=tuple(
            max((each[number] for each in times.values()), key=lambda one: one.seconds)
            for number in range(len(sizes))
        ),
        growth=growth,
        grown=name,
    )


def _growth(small: Worst, large: Worst, more: float) -> float:
    """Return the growth of one family's time for `more` times the input; 1 if it is too short."""
    if large.seconds < _TOLD:
        return 1
    return large.seconds / max(small.seconds, 1e-4) / max(more, large.size / max(1, small.size))


def families(kind: Kind) -> Iterator[tuple[str, Family]]:
    """Return the families of `kind`, each with its name."""
    words = kind.words
    for one in words:
        yield _named(one), _repeated(one)
        for other in words:
            if one != other:
                yield f"{_named(one)} {_named(other)}", _repeated(one + other)
                yield f"{_named(one)}… {_named(other)}…", _halves(one, other)
    for number, seed in enumerate(filter(None, kind.seeds()[:12])):
        yield f"seed {number} often", _repeated(seed)
        for one in words:
            yield f"seed {number} and {_named(one)}…", _behind(seed, one)
    yield from MADE.get(kind.name, {}).items()


def _named(word: bytes) -> str:
    return repr(word[:24])[1:]


def _repeated(word: bytes) -> Family:
    return lambda size: word * (size // len(word))


def _halves(one: bytes, other: bytes) -> Family:
    return lambda size: one * (size // len(one) // 2) + other * (size // len(other) // 2)


def _behind(seed: bytes, word: bytes) -> Family:
    def made(size: int) -> bytes:
        half = seed[: len(seed) // 2]
        return half + word * ((size - len(seed)) // len(word)) + seed[len(half) :]

    return made


def _lines(form: bytes, begin: bytes = b"", end: bytes = b"") -> Family:
    """Return `form` repeated up to a size, with another number each time."""

    def made(size: int) -> bytes:
        room = max(0, size - len(begin) - len(end)) // (len(form % 10000))
        return begin + b"".join(form % number for number in range(room)) + end

    return made


_ENDPOINT = scope(1, 0, (0x1D, 0))


def _regions(size: int) -> bytes:
    """Regions that all overlap, of one device."""
    return table(*(rmrr(n << 12, 0x7FFFFFFF, _ENDPOINT) for n in range((size - 48) // 32)))


def _apart(size: int) -> bytes:
    """Regions apart, of as many devices."""
    return table(
        *(rmrr(n << 12, (n << 12) + 0xFFF, scope(1, n >> 8, (n >> 3 & 31, n & 7)))
          for n in range((size - 48) // 32))
    )  # fmt: skip


def _kinds(size: int) -> bytes:
    """Structures of unknown types, each of a different one."""
    return table(*(structure(7 + n, b"") for n in range((size - 48) // 4)))


def _scopes(size: int) -> bytes:
    """One structure with different device scope entries."""
    count = (min(size, 65000) - 72) // 8
    return table(rmrr(0, 0xFFF, *(scope(1, n >> 8, (n >> 3 & 31, n & 7)) for n in range(count))))


def _paths(size: int) -> bytes:
    """Device scope entries with the most steps possible."""
    path = [(n % 32, n % 8) for n in range(124)]
    return table(
        *(rmrr(n << 12, 0x7FFFFFFF, scope(1, 0, *path)) for n in range((size - 48) // 278))
    )


_TABLES: dict[str, Family] = {
    "regions that all overlap": _regions,
    "regions of different devices": _apart,
    "structures of different unknown types": _kinds,
    "different device scope entries": _scopes,
    "long paths": _paths,
}


def _with_table(make: Family) -> Family:
    return lambda size: pack(record(fake_host(list(FUNCTIONS), {"DMAR": make(size)}))[1])


def _devices(size: int) -> bytes:
    """Functions, each with a slot of memory."""
    names = (f"{n >> 8:04x}:{n >> 3 & 31:02x}:{n & 31:02x}.0" for n in range(size // 900))
    host = fake_host([Function(sbdf=name) for name in names], {"DMAR": _regions(400)})
    return pack(record(host)[1])


def _bridges(size: int) -> bytes:
    """Bridges behind one another."""
    made = [
        Function(sbdf=f"0000:{n:02x}:00.0", class_code=0x060400, secondary_bus=n + 1)
        for n in range(min(254, size // 900))
    ]
    return pack(record(fake_host(made, {"DMAR": _paths(1000)}))[1])


def _map(size: int) -> bytes:
    """Ranges of the memory map."""
    host = fake_host(list(FUNCTIONS), {"DMAR": _regions(2000)})
    lines = (f"0x{n << 13:x} 0x{(n << 13) + 0xFFF:x} Reserved" for n in range(size // 600))
    add_memory_map(host, lines)
    return pack(record(host)[1])


def _log(form: bytes) -> Family:
    def made(size: int) -> bytes:
        host = fake_host(list(FUNCTIONS), {"DMAR": _regions(2000)})
        host.calls["boot-log"] = _lines(form)(size)
        return pack(record(host)[1])

    return made


MADE: dict[str, dict[str, Family]] = {
    "tables": _TABLES,
    "bundles": {
        **_TABLES,
        "headings of acpidump": _lines(b"DMAR @ 0x%x\n"),
        "headings of several kinds": _lines(b"%04x @ 0x0\n"),
    },
    "acpidump": {"headings": _lines(b"DMAR @ 0x%x\n")},
    "xlcfg": {
        "different settings": _lines(b"a%d=1\n"),
        "settings that are almost known": _lines(b"memor%d=1\n"),
        "a text that is added to": _lines(b"a+='%d'\n"),
        "a list that is added to": _lines(b"pci+=['00:%02x.0']\n", b"name='a'\ntype='hvm'\n"),
        "devices": _lines(b"'00:14.%d',", b"name='a'\ntype='hvm'\nmemory=3000\npci=[", b"]\n"),
        "segments": _lines(b"'%d:00:14.0',", b"name='a'\ntype='hvm'\npci=[", b"]\n"),
        "lists in lists": lambda size: b"a=" + b"[" * (size // 2) + b"]" * (size // 2),
    },
    "saved": {
        "guests": _lines(
            b'{"c_info":{"type":"hvm","name":"%d"}},', b"[", b'{"c_info":{"type":"pv"}}]'
        ),
        "devices": _lines(
            b'{"dev":20,"vdevfn":%d},', b'{"c_info":{"type":"hvm"},"pcidevs":[', b'{"dev":2}]}'
        ),
        "lists in lists": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    },
    "libvirt": {
        "devices": _lines(
            b"<hostdev type='pci'><source><address bus='1' slot='%d'/></source></hostdev>",
            b"<domain type='kvm'><devices>",
            b"</devices></domain>",
        ),
        "domains": _lines(b"<domain type='kvm'><name>%d</name></domain>\n"),
        "elements": _lines(b"<a%d/>", b"<domain type='kvm'>", b"</domain>"),
        "elements in elements": lambda size: b"<a>" * (size // 3),
        "comments": _lines(b"<!-- %d -->", b"", b"<domain type='kvm'/>"),
        "attributes": _lines(b" a%d=''", b"<domain type='kvm'", b"/>"),
    },
    "proxmox": {
        "devices": _lines(b"hostpci%d: 01:00\n", b"memory: 512\n"),
        "one device of many": _lines(b"%02x:00;", b"memory: 512\nhostpci0: ", b"01:00\n"),
        "arguments": _lines(b" -device vfio-pci,host=%02x:00.0", b"memory: 512\nargs: ", b"\n"),
        "quotes": lambda size: b"memory: 512\nargs: " + b"'" * (size // 2) + b"\n",
    },
    "messages": {
        "faults of different devices": _lines(
            b"DMAR: [DMA Read] Request device [%04x:00.0] fault addr 7b800000\n"
        ),
        "faults of different addresses": _lines(
            b"DMAR: [DMA Read] Request device [02:00.0] fault addr %d\n"
        ),
    },
    "machines": {
        **{name: _with_table(make) for name, make in _TABLES.items()},
        "functions": _devices,
        "bridges behind bridges": _bridges,
        "ranges of the memory map": _map,
        "faults in the boot log": _log(
            b"DMAR: [DMA Read] Request device [02:00.0] fault addr %x [fault reason 06]\n"
        ),
        "firmware bugs in the boot log": _log(
            b"DMAR: [Firmware Bug]: RMRR entry for device %02x:00.0 is broken - applying workaround\n"
        ),
    },
    "requests": {
        "headers": _lines(b"X%d: a\r\n", b"GET /v1/health HTTP/1.1\r\nHost: x\r\n", b"\r\n"),
        "escapes": lambda size: b"GET /" + b"%41" * (size // 3) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "chunks": lambda size: (
            b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * (size // 6) + b"0\r\n\r\n"
        ),
    },
}
