"""HACKING's "Add a verb", "Add a route" and "Add a metric", followed to the letter.

Each adds a trial where the page says and nowhere else; the places that it cannot try here (the
manual, the schemas, the completion, openapi.json) have tests that fail until they are written.
"""

import json
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from dmaragent import cli, commands
from dmaragent.agent import metrics, routes
from dmaragent.agent.http_messages import ApiRequest, ApiResponse, json_response
from dmaragent.agent.metrics import Metric, metrics_text
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts, respond
from dmaragent.commands import GROUPS, VERBS
from support import completion_page
from support.served import published_machine

VERB = """
from dmaragent.commands.shared.output import add_json, print_document

DESCRIPTION = "Count the words."
EXAMPLES = "examples:\\n  dmaragent count-words a b"

def add_arguments(parser):
    parser.add_argument("words", nargs="*")
    add_json(parser)

def run(options):
    if options.json:
        print_document({"answer": len(options.words)})
    else:
        print(len(options.words))
    return 0 if options.words else 1
"""
FACTS = PublishedFacts(memory=1 << 20)


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> str:
    """Add a verb: its module, and its name and line of help."""
    module = ModuleType("dmaragent.commands.count_words")
    exec(VERB, vars(module))  # noqa: S102 - the module above
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(VERBS, "count-words", "how many words there are")
    monkeypatch.setitem(GROUPS, "Support", (*GROUPS["Support"], "count-words"))
    return "count-words"


def test_a_verb_is_a_module_and_a_line(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "a", "b"]) == 0
    assert cli.main([verb]) == 1
    assert cli.main([verb, "a", "--json"]) == 0
    two, none, document = capsys.readouterr().out.split("\n", 2)
    assert (two, none, json.loads(document)) == ("2", "0", {"answer": 1})

    assert cli.main([verb, "--nonsense"]) == 2
    assert f"dmaragent {verb} --help" in capsys.readouterr().err

    assert cli.main(["--help"]) == 0
    assert "how many words there are" in capsys.readouterr().out
    assert cli.main([verb, "--help"]) == 0
    assert "dmaragent count-words a b" in capsys.readouterr().out
    assert verb in completion_page.page()


def test_each_module_of_commands_is_a_verb() -> None:
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)} - {"shared"}

    assert {name.replace("_", "-") for name in modules} == VERBS.keys()


def test_each_verb_is_in_one_group_of_the_help() -> None:
    assert sorted(verb for verbs in GROUPS.values() for verb in verbs) == sorted(VERBS)


def _answer(_: ApiRequest, published: Published, __: str) -> ApiResponse:
    return json_response({"scans": published.scans})


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v1/scans", 200),
        ("HEAD", "/v1/scans", 200),
        ("OPTIONS", "/v1/scans", 204),
        ("POST", "/v1/scans", 405),
        ("GET", "/v1/scans?since=1", 400),
    ],
)
def test_a_route_is_a_function_and_a_line(
    monkeypatch: pytest.MonkeyPatch, method: str, target: str, status: int
) -> None:
    monkeypatch.setitem(routes._ROUTES, "/v1/scans", (routes._READ, _answer))

    request = ApiRequest(method=method, target=target)
    response = respond(request, published_machine("lenovo-laptop"), FACTS)
    unscanned = respond(request, None, FACTS)

    assert isinstance(response, ApiResponse)
    assert response.status == status
    assert isinstance(unscanned, ApiResponse)
    assert unscanned.status == (503 if status == 200 else status)


def test_a_metric_is_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    of_scan = metrics._of_scan

    def with_another(published: Published) -> Iterator[Metric]:
        yield from of_scan(published)
        yield metrics._single("dmaragent_words_total", "Words that were counted.", 2)

    monkeypatch.setattr(metrics, "_of_scan", with_another)

    assert (
        "# HELP dmaragent_words_total Words that were counted.\n"
        "# TYPE dmaragent_words_total counter\n"
        "dmaragent_words_total 2\n"
    ) in metrics_text(published_machine("lenovo-laptop"), memory=1)
