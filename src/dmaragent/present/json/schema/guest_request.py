"""The type of a request to ``/v1/resolve``; docs/openapi.json contains its schema."""

from typing import Annotated, NotRequired, TypedDict

from dmaragent.policy.settings import Toolstack


class GuestRequest(TypedDict):
    """A guest to resolve, with the toolstack and release."""

    guest: str
    """The text of a guest: an xl.cfg, libxl's JSON (`xl list -l`, `xl create -n -d`), libvirt's
    domain XML (`virsh dumpxml`, Xen or KVM), or a Proxmox VMID.conf (`qm config`). Its content
    shows which format it has."""
    xen: NotRequired[str]
    """A release of Xen such as 4.17, or documented; the default is the host's release."""
    toolstack: NotRequired[Annotated[str, Toolstack]]
    """The toolstack of a Xen guest; the default is libvirt for libvirt's XML, else xl."""
