"""The type of what a client posts to ``/v1/resolve``; docs/openapi.json has its schema."""

from typing import Annotated, NotRequired, TypedDict

from dmaragent.policy.settings import Toolstack


class GuestRequest(TypedDict):
    """A guest to resolve, and for whom."""

    guest: str
    """The text of a guest: an xl.cfg, libxl's JSON (`xl list -l`, `xl create -n -d`), libvirt's
    domain XML (`virsh dumpxml`, Xen or KVM), or a Proxmox VMID.conf (`qm config`). Its content says
    which it is."""
    xen: NotRequired[str]
    """A release of Xen such as 4.17, or documented; without it, the host's own."""
    toolstack: NotRequired[Annotated[str, Toolstack]]
    """Who builds a Xen guest; without it, libvirt for libvirt's XML, else xl."""
