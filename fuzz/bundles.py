"""Files for --host: archives of any kind, tables, acpidump text."""

import io
from functools import cache

from dmaragent.collect.bundling import ask_host, keep_answers, pack
from dmaragent.collect.formats.magic import is_archive
from dmaragent.collect.open_host import open_file
from dmaragent.collect.open_tree import open_archive
from dmaragent.collect.reader import HostReader
from dmaragent.errors import HostError
from dmaragent.present.escaping import visible
from fuzz import acpidump, machines
from fuzz.hosts import check_host
from fuzz.kinds import Kind, hold, hold_printable
from support.bundles import PACKERS, TOP, tar_of, zip_of
from support.collectors import REPORTS
from support.tables import EVERY_STRUCTURE

_PATH = "given"
_HEAD = 512


def check(data: bytes) -> None:
    """Open `data` as the program opens a file, and check the promises about every host."""
    try:
        check_host(_opened(data), data)
    except HostError as error:
        hold(error.message.startswith(_PATH), f"no clear error: {error.message}")
        hold_printable([visible(error.message)], "the error", width=1000)


def _opened(data: bytes) -> HostReader:
    head = data[:_HEAD]
    if is_archive(head):
        source = io.BytesIO(data)
        return open_archive(_PATH, source, source.read(_HEAD))[0]
    return open_file(data, _PATH).reader


def repair(data: bytes) -> bytes:
    """Correct the checksums of everything that looks like a tar header."""
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    return b"".join(_summed(one) if one[257:262] == b"ustar" else one for one in blocks)


def _summed(block: bytes) -> bytes:
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


@cache
def _files() -> tuple[dict[str, bytes], ...]:
    return tuple(machines.unpack(each) for each in machines.seeds())


def seeds() -> list[bytes]:
    """Return bundles in every supported form, and other files that are hosts."""
    small, large, _ = _files()
    copied = {name: each for name, each in large.items() if name.startswith("root/sys/")}
    bare = {name.removeprefix("root/"): each for name, each in copied.items()}
    made = keep_answers(ask_host(machines.small_host(), lambda _: ()), redact=True)
    return [
        tar_of(small),
        *(packer(tar_of(small)) for packer in PACKERS.values()),
        tar_of(copied, TOP),
        tar_of(bare, ""),
        zip_of(small),
        PACKERS["tar.gz"](tar_of(large)),
        pack(made.files, TOP, 1),
        *(tar_of(files, "report") for files in REPORTS.values()),
        zip_of(REPORTS["sos"], "report"),
        zip_of({"report.tar": tar_of(REPORTS["xen-bugtool"], "")}, ""),
        EVERY_STRUCTURE,
        *acpidump.seeds()[:2],
    ]


WORDS = (
    *(b"manifest.json", b"root/", b"calls/", b"../", b"/", b"ustar\0" + b"00", b"ustar  \0", b"\0"),
    *(
        b"00000000001\0",
        b"77777777777\0",
        b"\x80\0\0\0\0\0\0\xff",
        b"5",
        b"2",
        b"x",
        b"g",
        b"L",
        b"K",
    ),
    *(
        b"30 path=" + b"a" * 20 + b"\n",
        b"12 size=99\n",
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
    ),
    *(
        b"\x1f\x8b\x08",
        b"BZh1",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"sys/firmware/acpi/tables/DMAR",
        b"Kernel driver in use: ",
        b"00:1d.0 ",
        b"DMI type 1, ",
        b"#==[ Command ]===#\n# /sbin/lspci -nn\n",
        bytes(512),
    ),
)

KIND = Kind(
    name="bundles",
    check=check,
    seeds=seeds,
    words=WORDS,
    text=False,
    repair=repair,
    largest=131072,
)
