"""The answer about a guest for people, whoever runs the guest."""

from collections.abc import Iterator, Mapping

from dmaragent.answers.guest import Answer
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.text.kvm import kvm_text
from dmaragent.present.text.resolve import resolve_text


def guest_text(
    answer: Answer | KvmResolution,
    others: Mapping[Verdict, tuple[str, ...]],
    *,
    whole: bool = False,
) -> Iterator[str]:
    """Return the lines of one answer; `others` says what other releases of Xen do."""
    if isinstance(answer, KvmResolution):
        return kvm_text(answer, whole=whole)
    return resolve_text(answer, others, whole=whole)
