"""Predictions for AMD's table against the answers of Xen's and Linux's own code, on random tables."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.host.memory_map import MemoryType
from dmaragent.iommu.claims import function_with_id
from dmaragent.linux.ivrs import read_by_linux
from dmaragent.xen.hypervisor.ivrs_prediction import IvrsPrediction
from support.ivrs_hosts import functions_at, memory, predict, read

CASES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("ivrs_answers.json").read_text("utf-8")
)["cases"]
_MOST_WORDS = 24
OF_SEGMENT_1 = ("0001:00:00.2", "0001:00:01.0")
"""The IOMMUs that some of the tables have in segment 1."""


def folded(words: Iterable[str]) -> list[str]:
    """Return `words`, or of many their number and their hash, as the file has them."""
    kept = list(words)
    if len(kept) <= _MOST_WORDS:
        return kept
    return [str(len(kept)), hashlib.sha256(" ".join(kept).encode()).hexdigest()]


def xens_answer(prediction: IvrsPrediction, devices: Iterable[str]) -> dict[str, Any] | None:
    """Return what Xen is predicted to answer, for all and for `devices`, as the file has it."""
    if prediction.iommu_disabled:
        return None
    answers = {}
    for name in devices:
        number = int(name, 16)
        device = prediction.device(function_with_id(0, number))
        if device is not None:
            seen_as = number if device.dma_alias is None else device.dma_alias
            ranges = [f"{own.entry.start_pfn:x}+{own.entry.nr_pages:x}" for own in device.ranges]
            answers[name] = folded([f"r{seen_as:x}", *ranges])
    entries = (f"{entry.start_pfn:x}+{entry.nr_pages:x}" for entry in prediction.listed())
    return {"all": folded(entries), "devices": answers}


@pytest.mark.parametrize("number", range(len(CASES)))
def test_xen_is_predicted_as_its_own_code_answers(number: int) -> None:
    case = CASES[number]
    present = [str(function_with_id(0, int(name, 16))) for name in case["present"]]
    for release, answer in case["xen"].items():
        prediction = predict(
            bytes.fromhex(case["table"]),
            release,
            topology=functions_at(*present, *OF_SEGMENT_1),
            memory_map=memory(
                *(
                    (int(start, 16), int(end, 16), MemoryType[kind])
                    for start, end, kind in case["memory"]
                )
            ),
            command_line=f"ivmd={case['ivmd']}" if case["ivmd"] else "",
        )

        assert prediction.doubt == "", release
        devices = answer["devices"] if answer else ()
        assert xens_answer(prediction, devices) == answer, release


@pytest.mark.parametrize("number", [number for number, case in enumerate(CASES) if "linux" in case])
def test_linux_is_predicted_as_its_own_code_answers(number: int) -> None:
    case = CASES[number]
    view = read_by_linux(read(bytes.fromhex(case["table"])))
    assert view is not None
    answer = case["linux"]

    assert view.doubt == ""
    assert bool(view.error) is (answer is None)
    if answer is None:
        return
    assert f"{view.block_type:x}" == answer["type"]
    for name, regions in answer["devices"].items():
        sbdf = function_with_id(0, int(name, 16))
        assert view.serves(sbdf), name
        own = [f"{region.start:x}-{region.end:x}" for region in view.direct_of(sbdf)]
        assert own == regions, name
