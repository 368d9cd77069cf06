"""The texts of rdm= and pci=: read as documented, and as each release reads them."""

from dmaragent.guests.pci import read_pci_documented, read_pci_shipped, write_pci
from dmaragent.guests.pci_text import PciRefusal, PciText, PciUndefined
from dmaragent.guests.rdm import RdmRefusal, read_rdm_documented, read_rdm_shipped
from dmaragent.xen.toolstack.libxl import LIBXLU_ERAS
from fuzz.kinds import Kind, as_text, hold, hold_bounded


def check_rdm(data: bytes) -> None:
    """Read `data` as rdm=, in every way."""
    text = as_text(data)
    found = [read_rdm_documented(text), *(read_rdm_shipped(text, era) for era in LIBXLU_ERAS)]
    again = [read_rdm_documented(text), *(read_rdm_shipped(text, era) for era in LIBXLU_ERAS)]
    hold(found == again, "the same text is read differently")
    for each in found:
        if isinstance(each, RdmRefusal):
            _check_refusal(each.position, each.expected, text)


def check_pci(data: bytes) -> None:
    """Read `data` as an entry of pci=, in every way."""
    text = as_text(data)
    documented = read_pci_documented(text)
    if isinstance(documented, PciText):
        again = read_pci_documented(write_pci(documented))
        hold(again == documented, "an entry is not what is written of it")
    readings = [read_pci_shipped(text, era) for era in LIBXLU_ERAS]
    hold([read_pci_shipped(text, era) for era in LIBXLU_ERAS] == readings, "readings differ")
    for found in (documented, *readings):
        if isinstance(found, PciRefusal):
            _check_refusal(found.position, found.expected, text)
        elif isinstance(found, PciUndefined):
            hold(0 <= found.position <= len(text), "it points outside of the text")


def _check_refusal(position: int, expected: str, text: str) -> None:
    hold(0 <= position <= len(text), "a refusal points outside of the text")
    hold(expected.strip(), "a refusal says not what should be there")
    hold_bounded(len(expected), text.encode("utf-8", "surrogateescape"), "it", each=2, free=200)


def rdm_seeds() -> list[bytes]:
    """Return settings as documented, and with typical errors."""
    return [
        *(b"strategy=host,policy=relaxed", b"policy=strict,strategy=host", b"strategy=host"),
        *(b"strategy=host, policy=relaxed", b"policy=INVALID", b"strategy=host,", b"", b"a=b,=,"),
    ]


def pci_seeds() -> list[bytes]:
    """Return entries as documented, and with typical errors."""
    return [
        *(b"0000:00:14.0@5,msitranslate=0,permissive=1,rdm_policy=relaxed", b"00:14.*,seize=1"),
        *(b"bdf=0000:00:14.0,vslot=5,power_mgmt=1", b"name=nic,rdm_policy=strict", b"0:1:2.3"),
        *(b" 00:1f.7", b"-1:00.0", b"00:ffffffffffffffff.0", b"00:14.0 ,a=b,", b"0x0:0x1.0x2"),
    ]


_WORDS = (b"=", b",", b"rdm_policy=", b"strict", b"relaxed", b"invalid", b"policy=", b"strategy=")
RDM_WORDS = (*_WORDS, b"host", b" ", b"'", b"STRICT", b"\0", b"=,", b",,", b"strategy=host,")
PCI_WORDS = (
    *_WORDS,
    *(b"0000:", b"00:14.0", b".", b":", b"*", b"@", b"bdf=", b"vslot=", b"name=", b"seize=1,"),
    *(
        b"permissive=",
        b"msitranslate=",
        b"power_mgmt=",
        b"0x",
        b"-",
        b"+",
        b" ",
        b"ffffffff",
        b"\0",
    ),
)

KINDS = (
    Kind(name="rdm", check=check_rdm, seeds=rdm_seeds, words=RDM_WORDS, text=True, largest=1024),
    Kind(name="pci", check=check_pci, seeds=pci_seeds, words=PCI_WORDS, text=True, largest=1024),
)
