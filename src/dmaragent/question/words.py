"""The sentences of questions: how the releases are known, and which guests have no answer."""

from collections.abc import Iterable

from dmaragent.policy.decisions import Verdict
from dmaragent.releases import Release

# How the releases are known -------------------------------------------------------------


def release_named(release: Release) -> str:
    """Return that the hypervisor's release was requested."""
    return f"Xen {release}, as requested"


def release_runs(release: Release, *, tools_alike: bool) -> str:
    """Return that the release runs, and whether its tools are assumed to be of the same."""
    if tools_alike:
        return f"Assumes that the host's tools match its Xen {release}"
    return f"The host runs Xen {release}"


REQUESTED = "as requested"
NEWEST_KNOWN = "the newest known release"
OF_LIBRARY = "the release of the host's libxlutil"


def release_assumed(release: Release, why: str) -> str:
    """Return that a release is assumed, and `why` this one."""
    return f"Assumes Xen {release}, {why} (the host's release is unknown)"


def without_xen(release: Release, why: str) -> str:
    """Return that the host runs Linux without Xen, which release would run there, and `why`."""
    return f"Assumes Xen {release}, {why} (this host runs no Xen)"


def tools_named(release: Release) -> str:
    """Return that the release of the tools was requested."""
    return f"Tools of Xen {release}, as requested"


def library_answered(release: Release) -> str:
    """Return which libxlutil read the settings."""
    return f"The host's libxlutil {release} read the settings"


def library_installed(release: Release) -> str:
    """Return which release the host's tools have, if libxlutil does not read the settings."""
    return f"The host's libxlutil is {release}"


def release_not_modelled(release: Release, newest: str) -> str:
    """Return that a release is newer than all that are modelled."""
    return f"Xen {release} is not modelled; assumes that it behaves like {newest}"


def together(sentences: Iterable[str]) -> str:
    """Return the sentences above in one text."""
    return ". ".join(sentences)


# Releases without an answer -------------------------------------------------------------


def before_reserved_memory(release: Release) -> str:
    """Return that a release has no reserved device memory."""
    return f"Xen {release} does not support reserved device memory for guests"


def use_release_with_reserved_memory(first: str) -> str:
    """Return the releases that have an answer."""
    return f"use {first} or a later release"


# Guests without an answer ---------------------------------------------------------------

RESOLVE_ANSWERS_FOR_KVM = "use `dmaragent resolve` for KVM guests"
CONVERT_LIBVIRT_XML = "convert it to an xl.cfg: virsh -c xen:/// domxml-to-native xen-xl FILE"
OMIT_TOOLSTACK = "omit the toolstack"


def xen_guest_needed(source: str) -> str:
    """Return that the guest is a KVM guest, and only a Xen guest has an answer."""
    return f"'{source}' is a KVM guest, and only Xen guests are supported here"


def libvirt_xml_not_read(source: str, toolstack: str) -> str:
    """Return that the named toolstack does not read libvirt's XML."""
    return f"'{source}' is libvirt XML, which {toolstack} does not read"


def kvm_guest_not_built(source: str, toolstack: str) -> str:
    """Return that the named toolstack does not build KVM guests."""
    return f"'{source}' is a KVM guest, which {toolstack} does not build"


# Guests with an unknown toolstack -------------------------------------------------------

_WORDS = {
    Verdict.STARTS: "it starts",
    Verdict.REFUSED: "it does not start",
    Verdict.UNDECIDED: "the result is unknown",
}


def depends_on_libvirt(libvirt: Verdict, qubes: Verdict, qubes_warnings: int) -> str:
    """Return the result for either libvirt, if it is unknown which one reads the guest."""
    risk = ""
    if qubes_warnings:
        risk = f" with {qubes_warnings} warning{'' if qubes_warnings == 1 else 's'}"
    return (
        f"the result depends on the toolstack. With libvirt, which ignores nostrictreset, "
        f"{_WORDS[libvirt]}. With Qubes' libvirt, which makes the device relaxed, "
        f"{_WORDS[qubes]}{risk}. For one result, name the toolstack (libvirt or qubes)"
    )


_ATTACHED = {
    Verdict.STARTS: "the device is attached",
    Verdict.REFUSED: "the device is refused",
    Verdict.UNDECIDED: "the result is unknown",
}


def attaching_depends_on_libvirt(verdicts: Iterable[Verdict]) -> str:
    """Return that a device is attached or not, if it is unknown which libvirt built the guest."""
    results = sorted({_ATTACHED[verdict] for verdict in verdicts})
    return (
        "the result depends on which libvirt built the guest, that of Xen or that of Qubes: "
        f"{' or '.join(results)}"
    )
