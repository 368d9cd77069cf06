"""The policy that a device gets under each toolstack where nobody says one, and how to say it.

Sources: libxl_pci.c, ``libxl__device_pci_setdefault``; qubes-core-libvirt, patch 0007;
xenopsd, xc/device.ml (76f4f6f4b1, 2019); libvirt's libxl driver sets no policy at all.
"""

from collections.abc import Iterator

from dmaragent.verdict.model import Can, Side, ToolstackPolicy
from dmaragent.verdict.subject import Subject


def toolstack_policies(subject: Subject, xen: Side) -> Iterator[ToolstackPolicy]:
    """Give what the device gets under xl, libvirt, Qubes and XAPI, where they differ.

    Nothing, where the policy does not matter to it, or the host does not run Xen.
    """
    if subject.on_linux:
        return
    cases = {case.title: case.can for case in xen.cases}
    strict, relaxed = cases.get("strict"), cases.get("relaxed")
    if strict is None or relaxed is None or strict is relaxed is Can.YES:
        return
    yield ToolstackPolicy(
        toolstack="xl",
        policy="strict",
        can=strict,
        said="rdm_policy=relaxed in its entry of pci= makes it relaxed. (From 4.15 on xl takes no "
        "rdm= that names a policy, so it must be said there.)",
    )
    yield ToolstackPolicy(
        toolstack="libvirt",
        policy="strict",
        can=strict,
        said="Its libxl driver has no setting for it.",
    )
    yield ToolstackPolicy(
        toolstack="Qubes",
        policy="strict",
        can=strict,
        said="Its option no-strict-reset=True, which is named after something else (resets "
        "without FLR), makes it relaxed too: a patch of Qubes' libvirt.",
    )
    yield ToolstackPolicy(
        toolstack="XAPI",
        policy="relaxed",
        can=relaxed if relaxed is not Can.NO else Can.UNKNOWN,
        said="XenServer and XCP-ng assign always relaxed since 2019: XCP-ng 8.2 refuses what 8.3 "
        "allows, without a word. Its layout of guests is not modelled.",
    )
