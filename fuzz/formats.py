"""libvirt's XML and Proxmox' conf: parsed to one clear answer, and resolved on a host."""

import re
from functools import cache

from dmaragent.answers.guest import any_answer
from dmaragent.collect.collect import collect
from dmaragent.errors import DmaragentError
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.host import join
from dmaragent.present.json.common import source_object
from dmaragent.present.json.resolve import resolve_document
from dmaragent.present.json.schema.common import Host
from dmaragent.present.text.guests import guest_text
from dmaragent.question.context import Context, GuestResolver, Question, context_of
from fuzz.kinds import Kind, as_text, hold, hold_bounded, hold_document, hold_printable
from support.guests import facts
from support.kvm import DISK, domain, hostdev, publishing

_SOURCE = "guest"
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_PASTED = 1 << 16
"""The most characters of a line for pasting, which is never wrapped."""
_ORIGIN: Host = {"kind": "table", "path": ""}
_MOST_RESOLVED = 2
_REGIONS = "0x20000000 0x20ffffff direct-relaxable\n0xc8000000 0xc8ffffff reserved\n"


@cache
def _known() -> Context:
    """Return a host with a disk at 01:00.0, and what Linux reports about it."""
    facts()  # the tables of the other harnesses are built once
    return context_of(join(collect(publishing(_REGIONS, "IVRS", "6.5.0", disk=DISK))), Question())


def check(data: bytes) -> None:
    """Parse and resolve `data`, and check every promise."""
    text = as_text(data)
    try:
        guests = read_all_guests(text, _SOURCE)
    except DmaragentError as error:
        hold(_SOURCE in error.message and error.hint, f"no clear error: {error.message}")
        hold_bounded(len(error.message), data, "the error", each=8, free=400)
        return
    hold(guests, "a text holds no guest and is no error")
    hold(read_all_guests(text, _SOURCE) == guests, "the same text is read differently")
    for guest in guests[:_MOST_RESOLVED]:
        _check_lines(guest, text)
        _check_resolved(guest, data)


def _check_lines(guest: Guest, text: str) -> None:
    """Check that every place is a line of the text; in XML, a carriage return ends one too."""
    lines = len(_LINE_ENDS.findall(text)) + 1
    if isinstance(guest, KvmGuest):
        places = [one.place for one in guest.devices]
        places += [one.place for one in (*guest.unknown, *guest.notes)]
    else:
        places = [one.place for one in guest.pci]
        places += [one.place for one in (*guest.undecidable, *guest.warnings)]
    for place in places:
        line = place.rpartition(":")[2]
        hold(line.isdecimal() and 0 < int(line) <= lines, f"no such line: {place}")


def _check_resolved(guest: Guest, data: bytes) -> None:
    resolver = GuestResolver(_known(), Question())
    found = resolver.resolve(guest)
    told = any_answer(found)
    origin = source_object(_ORIGIN, _known().stack)
    document = hold_document(resolve_document([told], (), origin, {}))
    hold_bounded(len(document), data, "the document", each=600, free=60000)
    for details in (True, False):
        lines = guest_text(told, {}, details=details)
        size = hold_printable(lines, "the text", width=_PASTED)
        hold_bounded(size, data, "the text", each=600, free=60000)
    again = resolver.resolve(guest)
    hold(
        (again.verdict, again.reasons) == (found.verdict, found.reasons),
        "the same guest is resolved differently",
    )


_XEN = """\
<domain type='xen'><name>a</name><memory unit='GiB'>4</memory>
<currentMemory>1048576</currentMemory><os><type machine='xenfv'>hvm</type></os><features><hap/>
<xen><passthrough state='on' mode='share_pt'/></xen></features><devices>
<hostdev mode='subsystem' type='pci' nostrictreset='yes'><driver name='xen'/><source>
<address domain='0' bus='1' slot='0' function='0'/></source></hostdev>
<video><model type='vga' vram='16384'/></video></devices></domain>
"""
_CONF = """\
#text
args: -device vfio-pci,host=01:00.0 -machine max-ram-below-4g=1G
hostpci0: 01:00,pcie=1,rombar=0
hostpci1: host=0000:02:00.0;02:00.1,mdev=a
hotplug: memory
machine: pc-q35-8.1+pve0
memory: current=4096
name: a
numa: 1
ostype: l26
[snap]
memory: 1
"""
_ARGUMENTS = (
    "<qemu:commandline><qemu:arg value='-device'/>"
    "<qemu:arg value='vfio-pci,host=01:00.0'/></qemu:commandline></domain>"
)


def libvirt_seeds() -> list[bytes]:
    """Return domains as virsh prints them."""
    pool = "<interface type='network'><source network='a'/></interface>"
    kvm = domain(hostdev() + pool).replace("</domain>", _ARGUMENTS)
    status = f"<?xml version='1.0'?>\n<!-- made -->\n<domstatus>{domain(hostdev())}</domstatus>"
    return [each.encode() for each in (kvm, _XEN, status, f"{_XEN}\n{domain()}")]


def proxmox_seeds() -> list[bytes]:
    """Return configurations as Proxmox writes them."""
    return [each.encode() for each in (_CONF, "memory: 512\nhostpci0: 01:00.0\n", "cores: 1\n")]


LIBVIRT_WORDS = tuple(
    each.encode()
    for each in (
        *("<domain type='kvm'>", "<domain type='xen'>", "</domain>", "<devices>", "</devices>"),
        *("<hostdev type='pci'>", "</hostdev>", "<source>", "</source>", "<address bus='1'/>"),
        *("<memory unit='GiB'>", "</memory>", "<os>", "</os>", "<type>hvm</type>", "<a/>", "<a>"),
        *("<!DOCTYPE a [<!ENTITY b 'c'>]>", "&lt;", "&b;", "&#0;", "<![CDATA[", "]]>", "<!--"),
        *("-->", "<?xml version='1.0' encoding='utf-16'?>", "xmlns='a'", "\0", "\ufeff", "0x"),
        *("99999999999999999999", "unit='EiB'", "mode='subsystem'", "nostrictreset='yes'"),
    )
)
PROXMOX_WORDS = tuple(
    each.encode()
    for each in (
        *("hostpci0: ", "hostpci1: mapping=", "memory: ", "args: ", "machine: ", "hotplug: "),
        *(";", ",", "=", ":", "\n", "#", "[a]", "[PENDING]\n", "01:00", "01:00.0", "ff:1f.7"),
        *("-device vfio-pci,host=", "'", '"', "mdev=", "current=", "9" * 30, "sockets: ", "\r\n"),
    )
)
KINDS = (
    Kind(name="libvirt", check=check, seeds=libvirt_seeds, words=LIBVIRT_WORDS, text=True),
    Kind(name="proxmox", check=check, seeds=proxmox_seeds, words=PROXMOX_WORDS, text=True),
)
