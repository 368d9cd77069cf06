"""xl.cfg and libxl's JSON: parsed to one clear answer, and resolved for a toolstack."""

from functools import cache
from zlib import crc32

from dmaragent.answers.guest import answer
from dmaragent.api import resolve_guest
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.settings import Toolstack
from dmaragent.present.json.common import source_object
from dmaragent.present.json.resolve import resolve_document
from dmaragent.present.json.schema.common import Host
from dmaragent.present.text.resolve import resolve_text
from dmaragent.present.text.resolve_short import resolve_short_text
from dmaragent.question.context import read_guests
from fuzz.kinds import Kind, as_text, hold, hold_bounded, hold_document, hold_printable
from support.guests import facts, stack

_SOURCE = "guest"
_PASTED = 1 << 16
"""The most characters of a line for pasting, which is never wrapped."""
_ORIGIN: Host = {"kind": "table", "path": ""}
_MOST_RESOLVED = 2
"""The most guests in a text that are resolved: one takes some milliseconds."""


@cache
def _host() -> HostFacts:
    return facts()


@cache
def _stacks() -> tuple[Stack, ...]:
    documented = stack("4.17", documented=True)
    return stack("4.13.5"), stack("4.22"), stack("4.16.1", toolstack=Toolstack.LIBVIRT), documented


def _stacks_for(data: bytes) -> tuple[Stack, ...]:
    """Choose one toolstack at random, or all for a large input, so that times are comparable."""
    every = _stacks()
    return every if len(data) > 512 else (every[crc32(data) % len(every)],)


def check(data: bytes) -> None:
    """Parse and resolve `data`, and check every promise."""
    text = as_text(data)
    try:
        guests = read_guests(text, _SOURCE)
    except DmaragentError as error:
        hold(_SOURCE in error.message and error.hint, f"no clear error: {error.message}")
        hold_bounded(len(error.message), data, "the error", each=8, free=300)
        return
    hold(read_guests(text, _SOURCE) == guests, "the same text is read differently")
    hold(guests, "a text holds no guest and is no error")
    for guest in guests[:_MOST_RESOLVED]:
        _check_places(guest, text)
        for each in _stacks_for(data):
            _check_resolved(guest, each, data)


def _check_places(guest: GuestConfig, text: str) -> None:
    """Check that everything reported about a file names the line."""
    lines = text.count("\n") + 1
    complaints = (*guest.refusals, *guest.type_refusals, *guest.hvm_refusals, *guest.warnings)
    for place in [*guest.places.values(), *(each.place for each in complaints)]:
        name, _, line = place.rpartition(":")
        if name == _SOURCE:
            hold(line.isdecimal() and 0 < int(line) <= lines, f"no such line: {place}")
    hold(guest.readable or guest.refusals, "a file cannot be read, and nothing says why")


def _check_resolved(guest: GuestConfig, by: Stack, data: bytes) -> None:
    found = resolve_guest(guest, _host(), by)
    told = answer(found)
    document = hold_document(resolve_document([told], (), source_object(_ORIGIN, by), {}))
    hold_bounded(len(document), data, "the document", each=400, free=60000)
    lines = resolve_text(told, {}) if len(data) % 2 else resolve_short_text(told, {}, "")
    size = hold_printable(lines, "the text", width=_PASTED)
    hold_bounded(size, data, "the text", each=400, free=60000)
    hold(_same(resolve_guest(guest, _host(), by), found), "the same guest is resolved differently")


def _same(one: Resolution, other: Resolution) -> bool:
    return (one.verdict, one.reasons, one.settings) == (
        other.verdict,
        other.reasons,
        other.settings,
    )


def seeds() -> list[bytes]:
    """Return correct configurations and configurations with typical errors."""
    pci = "pci = [ '00:14.0,rdm_policy=relaxed,permissive=1', \"0000:00:02.0@5\", ]\n"
    head = 'name = "win10"\ntype = "hvm"\nmemory = 4096\n'
    return [
        each.encode()
        for each in (
            head + pci,
            head + 'rdm = "strategy=host,policy=strict"\nrdm_mem_boundary = 2048\n' + pci,
            "builder='hvm'; name='a'\nmaxmem=0x800 # comment\nvga='none'\nmmio_hole=1024\n" + pci,
            head + "pci += ['00:14.*']\npci_seize=1\nhap=0\npassthrough='sync_pt'\n",
            head
            + "disk = [ 'phy:/dev/x,hda,w', [ 1, 2, [ ] ] ]\nmemroy = 3\nrdm_policy='strict'\n",
            "name = 'a\\x41\\n\\101'\ntype = pv\n",
            head + "device_model_version = 'qemu-xen-traditional'\nvideoram = 16\n\xff\n",
        )
    ]


WORDS = tuple(
    each.encode()
    for each in (
        *("name", "type", "builder", "memory", "maxmem", "videoram", "vga", "stdvga", "mmio_hole"),
        *("hap", "rdm", "rdm_mem_boundary", "pci", "pci_seize", "passthrough", "gfx_passthru"),
        *("=", "+=", "'", '"', "[", "]", ",", ";", "\n", "#", "\\", "\\x", "\\1", "\0", "\r\n"),
        *("''", '""', "[]", "[[", "]]", "a=1\n", "a='", "0x", "-1", "99999999999999999999"),
        *("'strategy=host,policy=relaxed'", "'00:14.0'", "'hvm'", "'00:02.0,rdm_policy=strict',"),
        *("\u2018", "\ufeff", "'\\", "pci+=['", "a+=''\n", "a+=[]\n", "18446744073709551615"),
    )
)


def saved_seeds() -> list[bytes]:
    """Return the output of ``xl list -l`` and ``xl create -n -d``."""
    guest = (
        '{"c_info": {"type": "hvm", "name": "a", "hap": "True"}, "b_info": {"max_memkb": 4194304, '
        '"target_memkb": 4194304, "video_memkb": 16384, "device_model_version": "qemu_xen", '
        '"type.hvm": {"vga": {"kind": "std"}, "rdm": {"strategy": "host", "policy": "relaxed"}, '
        '"rdm_mem_boundary_memkb": 2097152}}, "pcidevs": [{"dev": 20, "rdm_policy": "strict"}, '
        '{"func": 7, "dev": 2, "bus": 0, "domain": 1, "vdevfn": 40, "seize": true}]}'
    )
    whole = f'[{{"domid": 0, "config": {{"c_info": {{}}}}}}, {{"domid": 3, "config": {guest}}}]'
    pv = '{"c_info": {"type": "pv"}, "b_info": {"type.pv": {}}, "rdms": [1]}'
    return [each.encode() for each in (guest, whole, f"Parsing config from a.cfg\n{guest}", pv)]


SAVED_WORDS = tuple(
    each.encode()
    for each in (
        *('"c_info"', '"b_info"', '"type"', '"type.hvm"', '"hvm"', '"pvh"', '"pcidevs"', '"rdm"'),
        *(
            '"strategy"',
            '"policy"',
            '"rdm_policy"',
            '"max_memkb"',
            '"vfunc_mask"',
            '"bdf"',
            '"name"',
        ),
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "null",
            "true",
            "1e9",
            "-1",
            "4294967295",
            "NaN",
            '"\\ud800"',
        ),
        *(
            "18446744073709551615",
            "0",
            '"invalid"',
            '"strict"',
            '"host"',
            "[[[[",
            '{"a":',
            "9" * 50,
        ),
    )
)

KINDS = (
    Kind(name="xlcfg", check=check, seeds=seeds, words=WORDS, text=True),
    Kind(name="saved", check=check, seeds=saved_seeds, words=SAVED_WORDS, text=True),
)
