"""Pasted logs: known messages are found in any text, in linear time."""

from functools import cache

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.messages import recogniser
from dmaragent.messages.recognise import Recogniser
from dmaragent.messages.relate import relate_all
from dmaragent.present.json.schema.common import Host
from dmaragent.present.json.why import why_document
from dmaragent.present.text.why import why_text
from fuzz.kinds import Kind, as_text, hold, hold_bounded, hold_document, hold_printable
from fuzz.machines import large_host
from support.message_lines import LINES

_HOST: Host = {"kind": "table", "path": ""}
_LINES = [line for _, line, _ in LINES]


@cache
def _known() -> tuple[Recogniser, Inventory]:
    return recogniser(), take_inventory(join(collect(large_host())))


def check(data: bytes) -> None:
    """Look for messages in `data`, and check the promises about the answer."""
    text = as_text(data)
    finder, inventory = _known()
    found = finder.recognise(text)
    hold(finder.recognise(text) == found, "the same text is read differently")
    for one in found.found:
        hold(all(0 < line <= found.line_count for line in one.lines), "a message is on no line")
    why = relate_all(found, inventory)
    document = hold_document(why_document(why, "text", _HOST))
    size = hold_printable(why_text(why, None, live=False), "the text")
    hold_bounded(size + len(document), data, "the answer", each=400, free=8000)


def seeds() -> list[bytes]:
    """Return each known line, and all of them together."""
    return ["\n".join(_LINES).encode(), *(line.encode() for line in _LINES)]


WORDS = (
    *(b"\n", b"\r\n", b"> ", b"(XEN) ", b"[    0.000000] ", b"DMAR: ", b"[VT-D]", b"0000:00:1a.0"),
    *(
        b"0x",
        b"dbe9a000",
        b"[",
        b"]",
        b" ",
        b"\t",
        b"\x1b[1m",
        b"RMRR",
        b"99999999999999999999",
        b"-",
    ),
    *(b"\xe2\x80\x99", b"&#39;", b"&amp;", b"\\u0027", b"\xe2\x80\xa6", b">", b"\0", b"AMD-Vi: "),
    *(b"kernel: ", b"vfio-pci 0000:0a:00.0: ", b"0x7df83", b"sid a00", b"device=", b"h]"),
    *(b"libxl: ", b"error", b"vfio ", b"d[IO]", b"\xc2\xa0", b"\xff", b"fault addr ", b"reason "),
)

KIND = Kind(name="messages", check=check, seeds=seeds, words=WORDS, text=True)
