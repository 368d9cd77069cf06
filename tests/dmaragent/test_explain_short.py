"""The short form of explain: a screen for each device of each recorded machine."""

import pytest

from dmaragent.answers.explain import explain
from dmaragent.present.text.explain import explain_details_text, explain_text
from dmaragent.present.words.guest import source_words
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from dmaragent.readings import Missing
from support.machines import MACHINES, NAMES

LINES = 30
WIDTH = 80


@pytest.mark.parametrize("name", NAMES)
def test_every_device_of_a_machine_fits_a_screen(name: str) -> None:
    asked = ask_host(str(MACHINES / name), Question())
    functions = asked.inventory.host.topology.functions
    named = {
        owner.sbdf for region in asked.inventory.regions for owner in region.owners if owner.sbdf
    }
    devices = named | (set() if isinstance(functions, Missing) else set(functions))
    source = source_words(asked.opened.kind, name, asked.stack, asked.facts.source)

    for sbdf in sorted(devices):
        answer = explain(asked.inventory, asked.facts, asked.stack, sbdf)
        narrowed = asked.inventory.of_device(sbdf)
        details = f"dmaragent explain {sbdf} --host {name} --details"
        lines = list(explain_text(narrowed, answer, asked.stack, source, details))
        text = " ".join("\n".join(lines).split())

        assert len(lines) <= LINES, "\n".join(lines)
        assert max(map(len, lines)) <= WIDTH or details in text, "\n".join(lines)
        for warning in (remedy.warning for remedy in answer.remedies):
            assert warning in text
        for note in answer.essential_notes:
            assert note in text
        long = list(explain_details_text(narrowed, answer, asked.stack, source))
        assert long[: long.index("")] == lines[: lines.index("")]
