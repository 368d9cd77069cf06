"""The rules for Prometheus and the dashboard for Grafana name only what the agent publishes."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent.metrics import metrics_text
from support.machines import MACHINES
from support.served import published_machine

ROOT = Path(__file__).parents[2]
RULES = ROOT / "integrations/prometheus/dmaragent.rules.yml"
TESTS = ROOT / "integrations/prometheus/dmaragent.rules.test.yml"
DASHBOARD = ROOT / "integrations/grafana/dmaragent.json"
PAGE = (ROOT / "docs/monitoring.md").read_text("utf-8")
OF_TARGETS = {"cluster", "instance", "job"}
"""Labels that Prometheus adds to each sample; the first is the user's own."""
OTHERS = {"up": set[str](), "node_boot_time_seconds": set[str]()}
"""Metrics of Prometheus and node_exporter, with their labels."""
AGGREGATIONS = {"by", "count", "group_left", "max", "on", "sum"}
FUNCTIONS = {"count_over_time", "label_values", "max_over_time", "min_over_time", "vector"}
OPERATORS = {"and", "or", "unless"}
CORE_PANELS = {"row", "stat", "table", "text", "timeseries"}
"""Types of panels that Grafana has without plug-ins."""


@cache
def metrics() -> dict[str, set[str]]:
    """Return each metric that a file of the agent can have, with its labels."""
    found: dict[str, set[str]] = {}
    for name in (None, *sorted(path.name for path in MACHINES.iterdir() if path.is_dir())):
        text = metrics_text(None if name is None else published_machine(name))
        for metric, labels in re.findall(r"^([a-z_]+)(\{.*\})? \S+$", text, re.MULTILINE):
            found.setdefault(metric, set()).update(re.findall(r'([a-z_]+)="', labels))
    return found


def known_labels() -> set[str]:
    """Return the labels of all metrics that rules and panels can use."""
    return OF_TARGETS.union(*metrics().values())


def rules() -> str:
    """Return the rules without comments."""
    return re.sub(r"^\s*#.*$", "", RULES.read_text("utf-8"), flags=re.MULTILINE)


def rule_expressions() -> list[str]:
    """Return the expression of each rule: the rest of the line, or the lines of its block."""
    block = re.compile(r"^( +)expr: (?:\|\n((?:\1  .*\n)+)|(.*)\n)", re.MULTILINE)
    found = [one[2] or one[3] for one in block.finditer(rules())]
    assert len(found) == rules().count("expr:")
    return found


def strings(value: Any) -> Iterator[str]:
    """Yield each text in a part of the dashboard."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def dashboard() -> dict[str, Any]:
    """Return the dashboard, which must have no key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    document: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"), object_pairs_hook=once)
    return document


def panel_expressions() -> list[str]:
    """Return the expression of each query in the dashboard's panels."""
    return [
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())
    ]


def variable_expressions() -> list[str]:
    """Return the query of each variable with one."""
    variables = dashboard()["templating"]["list"]
    return [one["query"]["query"] for one in variables if one["type"] == "query"]


def unknown_names(expression: str, known: dict[str, set[str]]) -> list[str]:
    """Return the metrics and labels in `expression` that nothing publishes."""
    unknown = []
    rest = re.sub(r'"[^"]*"', '""', expression)
    for metric, selector in re.findall(r"([A-Za-z_:]+)\{([^}]*)\}", rest):
        labels = known.get(metric, set()) | OF_TARGETS
        unknown += [
            f"{metric}: {label}"
            for label in re.findall(r"(\w+)\s*[=!]", selector)
            if label not in labels
        ]
    rest = re.sub(r"\{[^}]*\}|\[\w+\]", " ", rest)
    for labels in re.findall(r"\b(?:by|on|group_left|ignoring|without)\s*\(([^()]*)\)", rest):
        unknown += [label for label in re.findall(r"\w+", labels) if label not in known_labels()]
    rest = re.sub(r"\b(?:by|on|group_left|ignoring|without)\s*\([^()]*\)", " ", rest)
    if label := re.search(r"label_values\((\w+)\s*,\s*(\w+)\)", re.sub(r"\s+", " ", rest)):
        unknown += [] if label[2] in known_labels() else [label[2]]
        rest = label[1]
    names = set(re.findall(r"[A-Za-z_:][\w:]*", rest)) - AGGREGATIONS - FUNCTIONS - OPERATORS
    return unknown + sorted(names - known.keys())


@pytest.mark.parametrize(
    "expression", [*rule_expressions(), *panel_expressions(), *variable_expressions()]
)
def test_an_expression_names_what_the_agent_publishes(expression: str) -> None:
    assert unknown_names(expression, {**metrics(), **OTHERS}) == []


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("dmaragent_memory_bytes > 0", ["dmaragent_memory_bytes"]),
        ('sum by (color) (dmaragent_regions{state="x"})', ["dmaragent_regions: state", "color"]),
        ('label_values(dmaragent_machine_info{job=~"$job"}, maker)', ["maker"]),
        ("max_over_time(dmaragent_region[1d]) > on (job) up", ["dmaragent_region"]),
    ],
)
def test_an_unknown_name_is_found(expression: str, unknown: list[str]) -> None:
    assert unknown_names(expression, {**metrics(), **OTHERS}) == unknown


def test_the_labels_in_words_of_rules_and_panels_exist() -> None:
    named = re.findall(r"\$labels\.(\w+)", rules())
    legends = [part for text in strings(dashboard()) for part in re.findall(r"\{\{(\w+)\}\}", text)]
    variables = {one["name"] for one in dashboard()["templating"]["list"]}
    used = {
        part
        for text in strings(dashboard())
        for part in re.findall(r"\$\{?([a-z]+)", text)
        if not part.startswith("__")
    }

    assert named
    assert set(named) | set(legends) <= known_labels()
    assert used == variables


def test_columns_that_are_renamed_are_those_of_the_query() -> None:
    for panel in dashboard()["panels"]:
        for step in panel.get("transformations", ()):
            options = step["options"]
            columns = {*options["renameByName"], *options["excludeByName"], *options["indexByName"]}
            assert columns <= known_labels() | {"Time", "Value", "__name__"}, panel["title"]


def test_the_dashboard_needs_no_plugin_and_its_panels_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    places = [
        (column, line)
        for panel in panels
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert {panel["type"] for panel in panels} <= CORE_PANELS
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(places)) == len(places)
    assert max(column for column, _ in places) < 24
    sources = [
        part["datasource"]
        for panel in panels
        for part in (panel, *panel.get("targets", ()))
        if "datasource" in part
    ]
    assert sources == [{"type": "prometheus", "uid": "${datasource}"}] * len(sources) != []


def test_the_page_has_every_metric_and_every_alert() -> None:
    served = set(re.findall(r"^(\w+) ", metrics_text(None, memory=1), re.MULTILINE))
    of_page = set(re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE))
    alerts = set(re.findall(r"alert: (\w+)", rules()))

    assert alerts
    assert of_page == metrics().keys() | served | alerts
    for metric, labels in metrics().items():
        (row,) = re.findall(rf"^\| `{metric}(?:\{{(.*)\}})?` \|", PAGE, re.MULTILINE)
        assert set(filter(None, row.split(","))) == labels


def promtool_says(*arguments: str | Path) -> tuple[int, str]:
    """Run promtool; return its exit code and output."""
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_promtool_accepts_the_rules_and_their_tests_pass(promtool: None) -> None:
    checked = promtool_says("check", "rules", "--lint=all", "--lint-fatal", RULES)
    tested = promtool_says("test", "rules", TESTS)

    assert checked[0] == 0, checked[1]
    assert tested[0] == 0, tested[1]


def test_each_alert_is_tested_firing(promtool: None) -> None:
    """In a test of promtool, it fires with its words; and a rule that cannot fire fails."""
    tests = TESTS.read_text("utf-8")
    fires = set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n", tests))

    assert fires == set(re.findall(r"alert: (\w+)", rules()))


def test_a_changed_rule_fails_its_test(promtool: None, tmp_path: Path) -> None:
    (tmp_path / TESTS.name).write_text(TESTS.read_text("utf-8"))
    changed = RULES.read_text("utf-8").replace("critical|error", "error")
    (tmp_path / RULES.name).write_text(changed)

    assert promtool_says("test", "rules", tmp_path / TESTS.name)[0] != 0


def test_prometheus_can_read_each_query_of_the_dashboard(promtool: None, tmp_path: Path) -> None:
    file = tmp_path / "queries.yml"
    expressions = [
        re.sub(r"\$(\w+)", r"\1", expression) for expression in sorted(set(panel_expressions()))
    ]
    file.write_text(
        json.dumps(
            {
                "groups": [
                    {
                        "name": "dashboard",
                        "rules": [
                            {"record": f"query:{number}", "expr": expression}
                            for number, expression in enumerate(expressions)
                        ],
                    }
                ]
            }
        )
    )
    code, output = promtool_says("check", "rules", file)

    assert code == 0, output
    assert f"{len(expressions)} rules found" in output
