"""The sentences of questions: how releases are known, and which guests cannot be asked about."""

from collections.abc import Iterable

from dmaragent.policy.decisions import Verdict
from dmaragent.releases import Release

# How releases are known -----------------------------------------------------------------


def release_as_asked(release: Release) -> str:
    """Return that the hypervisor's release was named."""
    return f"Xen {release} as asked"


def release_runs(release: Release, *, library_asked: bool) -> str:
    """Return that the release runs; if libxlutil was not asked, its tools are taken to be alike."""
    tools = "" if library_asked else ", its tools taken to be of the same release"
    return f"Xen {release} runs there{tools}"


def release_assumed(release: Release) -> str:
    """Return that the newest modelled release is taken."""
    return f"the release is not known: taken to be Xen {release}, the newest modelled"


def library_asked(release: Release) -> str:
    """Return which libxlutil was asked."""
    return f"libxlutil {release} of the host was asked"


def release_not_modelled(release: Release, newest: str) -> str:
    """Return that a release is newer than all that are modelled."""
    return f"{release} is not modelled: taken to behave as {newest}"


def together(sentences: Iterable[str]) -> str:
    """Return the sentences above in one."""
    return "; ".join(sentences)


# Releases that cannot be asked about ----------------------------------------------------


def before_reserved_memory(release: Release) -> str:
    """Return that a release has no reserved device memory."""
    return f"Xen {release} has no reserved device memory for guests"


def first_with_reserved_memory(release: str) -> str:
    """Return which release is the first that can be asked about."""
    return f"{release} is the first that has"


# Guests that cannot be asked about ------------------------------------------------------

RESOLVE_ANSWERS_FOR_KVM = "`dmaragent resolve` answers for KVM guests"
CONVERT_LIBVIRT_XML = "virsh -c xen:/// domxml-to-native xen-xl FILE writes an xl.cfg"
LEAVE_TOOLSTACK_OUT = "leave out --toolstack"


def xen_guest_needed(source: str) -> str:
    """Return that a KVM guest was given for a Xen guest."""
    return f"'{source}' is a KVM guest, and a Xen guest is needed here"


def libvirt_xml_not_read(source: str, toolstack: str) -> str:
    """Return that the toolstack that was named does not read libvirt's XML."""
    return f"'{source}' is libvirt's XML, which {toolstack} does not read"


def kvm_guest_not_built(source: str, toolstack: str) -> str:
    """Return that the toolstack that was named does not build KVM guests."""
    return f"'{source}' is a KVM guest, which {toolstack} does not build"


# Guests whose toolstack is unknown ------------------------------------------------------

_WORDS = {
    Verdict.STARTS: "it starts",
    Verdict.REFUSED: "it does not start",
    Verdict.UNDECIDED: "whether it starts is unknown",
}


def depends_on_libvirt(libvirt: Verdict, qubes: Verdict, qubes_warnings: int) -> str:
    """Return what becomes of a guest under either libvirt, if it is unknown which one reads it."""
    risk = f" with {qubes_warnings} warning(s)" if qubes_warnings else ""
    return (
        f"it depends on the toolstack: with libvirt, which ignores nostrictreset, "
        f"{_WORDS[libvirt]}; with Qubes' libvirt, which makes the device relaxed, "
        f"{_WORDS[qubes]}{risk}. --toolstack names one"
    )
