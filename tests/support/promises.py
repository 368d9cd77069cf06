"""What programs of others can rely on, one line for each name: tests/promises.txt has the recorded ones.

    python -m support.promises      adds the names that are new; a name that is gone must be removed by hand

docs/stability.md describes what the lines mean, and how each can change.
"""

import ast
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import dmaragent
import fwtables
from dmaragent import api, cli, client, service_paths
from dmaragent.agent.metrics import metrics_text
from dmaragent.checks.all_rules import RULES
from dmaragent.collect.recorded import manifest
from dmaragent.commands import OTHER_NAMES
from dmaragent.fleet.collection.collecting import log_line
from dmaragent.fleet.collection.model import Broken, Failure, Outcome
from dmaragent.fleet.exports import NAMESPACE, nfd_text, nova_text
from dmaragent.fleet.features import KINDS, HostFeatures, Kind
from dmaragent.fleet.json import EXPORTED
from dmaragent.guests.config import GuestConfig
from dmaragent.messages import MESSAGES
from dmaragent.present.words.devices import CSV_HEAD
from support.completion_page import walk
from support.served import published_machine

ROOT = Path(__file__).parents[2]
PACKAGES = (dmaragent, api, client, fwtables)
OURS = {dmaragent.__name__, fwtables.__name__}
RECORDED = ROOT / "tests/promises.txt"
_MACHINES = ("hp-dl380e-gen8", "xen-pv-dom0")
"""Two machines that have all metrics and labels between them."""


def current() -> list[str]:
    """Return the promises of this tree, sorted."""
    parts = (
        *(_documents(), _findings(), _messages(), _metrics(), _routes(), _options(), _service()),
        *(_scheduler_names(), _columns_and_keys()),
    )
    python = chain.from_iterable(_names(module) for module in PACKAGES)
    return sorted({*chain.from_iterable(parts), *python})


def recorded() -> list[str]:
    """Return the recorded promises."""
    return RECORDED.read_text("utf-8").splitlines()


def _documents() -> Iterator[str]:
    """Yield each field of each document with its type, and each value of a list of words."""
    for path in (ROOT / "docs/schema").glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        yield from _Fields(path.stem, schema["$defs"]).below("", schema, ())


@dataclass(frozen=True)
class _Fields:
    """The fields of a document, by their paths: the names of a schema's definitions can change."""

    document: str
    definitions: Mapping[str, Any]

    def below(self, path: str, part: Mapping[str, Any], within: tuple[str, ...]) -> Iterator[str]:
        """Yield what is promised of `part`; `within` are the definitions that it is in."""
        name = str(part.get("$ref", "")).removeprefix("#/$defs/")
        if name in within:
            return
        if name:
            yield from self.below(path, self.definitions[name], (*within, name))
            return
        for key in ("oneOf", "anyOf"):
            for each in part.get(key, ()):
                yield from self.below(path, each, within)
        required = part.get("required", ())
        for field, value in part.get("properties", {}).items():
            presence = "always" if field in required else "sometimes"
            inner = f"{path}.{field}".removeprefix(".")
            yield f"document {self.document} {inner}: {presence} {' or '.join(self._types(value))}"
            yield from self.below(inner, value, within)
        yield from (f"document {self.document} {path} = {word}" for word in part.get("enum", ()))
        if isinstance(part.get("items"), dict):
            yield from self.below(f"{path}[]", part["items"], within)

    def _types(self, part: Mapping[str, Any]) -> list[str]:
        if "$ref" in part:
            return self._types(self.definitions[part["$ref"].removeprefix("#/$defs/")])
        if "const" in part:
            return [json.dumps(part["const"])]
        variants = [*part.get("oneOf", ()), *part.get("anyOf", ())]
        if variants:
            return sorted({kind for each in variants for kind in self._types(each)})
        kind = part.get("type", "any")
        return [kind] if isinstance(kind, str) else sorted(kind)


def _findings() -> Iterator[str]:
    return (f"finding {rule.id}" for rule in RULES)


def _messages() -> Iterator[str]:
    return (f"message {message.id}" for message in MESSAGES)


def _metrics() -> Iterator[str]:
    for name in (None, *_MACHINES):
        text = metrics_text(None if name is None else published_machine(name), memory=1)
        for kind in re.findall(r"^# TYPE (.*)$", text, re.MULTILINE):
            yield f"metric {kind}"
        for metric, labels in re.findall(r"^([a-z_]+)(\{.*\})? \S+$", text, re.MULTILINE):
            yield from (
                f"metric {metric} label {one}" for one in re.findall(r'([a-z_]+)="', labels)
            )


def _routes() -> Iterator[str]:
    """Yield each route of the local API with its statuses and the documents that it answers with."""
    api_page = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    for path, methods in api_page["paths"].items():
        for method in methods.keys() & {"get", "post"}:
            for status, response in methods[method]["responses"].items():
                kinds = " ".join(sorted(_resolved(api_page, response).get("content", {})))
                yield f"route {method.upper()} {path} {status} {kinds}".strip()


def _resolved(page: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = str(part.get("$ref", "")).removeprefix("#/")
    if not reference:
        return part
    found: Any = page
    for name in reference.split("/"):
        found = found[name]
    return dict(found)


def _options() -> Iterator[str]:
    """Yield each verb, its options, and the words that these can be."""
    yield from (f"verb {name}" for name in OTHER_NAMES)
    for verb, parser in walk("", cli._parser()):
        yield f"verb {verb or 'dmaragent'}"
        for action in parser._actions:
            value = "" if action.nargs == 0 else " VALUE"
            for name in action.option_strings:
                yield f"verb {verb or 'dmaragent'} {name}{value}"
                if isinstance(action.choices, (list, tuple)):
                    words = action.choices
                    yield from (f"verb {verb or 'dmaragent'} {name} {word}" for word in words)


def _scheduler_names() -> Iterator[str]:
    """Yield the labels of Kubernetes and the traits of Nova; `*` is a digest."""
    kind = Kind(allowed=1, conditional=1, blocked=1, unknown=0)
    features = HostFeatures("host", 0, "*", "*", "*", 0, dict.fromkeys(KINDS, kind))
    for label in re.findall(rf"^({NAMESPACE}/\S+)=", nfd_text(features), re.MULTILINE):
        yield f"label {label}"
    for trait in re.findall(r"^ +- '(\S+)'$", nova_text(features), re.MULTILINE):
        yield f"trait {trait}"


def _columns_and_keys() -> Iterator[str]:
    """Yield the columns of CSV with their places, the keys of NDJSON, and options of capture.sh."""
    for verb, names in (("devices", CSV_HEAD), ("fleet export", EXPORTED)):
        yield from (f"column {verb} {place}: {name}" for place, name in enumerate(names, 1))
    yield from (f"key fleet export: {name}" for name in EXPORTED)
    outcome = Outcome("host", "", "", None, "", 0, 0)
    yield from (f"key collect.ndjson: {name}" for name in log_line(outcome))
    results = [log_line(outcome._replace(broken=Broken(why)))["result"] for why in Failure]
    results.append(log_line(outcome)["result"])
    yield from (f"key collect.ndjson: result = {result}" for result in results)
    usage = (ROOT / "integrations/capture.sh").read_text("utf-8").partition("usage() {")[2]
    for option in re.findall(r"^  (?:-h, )?(--?\w[\w-]*)", usage.partition("\n}")[0], re.MULTILINE):
        yield f"capture.sh {option}"


def _service() -> Iterator[str]:
    """Yield the paths, units and user of the service, and the files that are installed for others."""
    yield f"file {service_paths.CAPTURE}"
    yield f"file {service_paths.SOCKET}"
    for name in (service_paths.INVENTORY, service_paths.INVENTORY_TEXT, service_paths.METRICS):
        yield f"file {service_paths.RUNTIME}/{name}"
    yield from (f"unit {path.name}" for path in (ROOT / "systemd").iterdir())
    for line in (ROOT / "sysusers.d/dmaragent.conf").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield f"user {' '.join(line.split()[:2])}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    yield from (f"file /usr/{path}" for path in wheel["shared-data"].values())
    for script in ("libvirt/hook", "proxmox/hookscript"):
        text = (ROOT / "integrations" / script).read_text("utf-8")
        yield from (f"file {path}" for path in re.findall(r"^SETTING=(\S+)", text, re.MULTILINE))
    yield f"bundle {manifest.FORMAT} {manifest.VERSION}"


def _names(module: ModuleType) -> Iterator[str]:
    """Yield the public names of a package, with parameters, fields and values."""
    if module is api:
        stable = {"name", "source", "format"} & {field.name for field in fields(GuestConfig)}
        yield from (f"python GuestConfig.{name}" for name in stable)
    for name in module.__all__:
        value = getattr(module, name)
        full = f"python {module.__name__}.{name}"
        yield full
        if isinstance(value, type):
            yield from _members(full, value)
        elif inspect.isfunction(value):
            yield from _parameters(full, value)


def _members(full: str, cls: type) -> Iterator[str]:
    """Yield the public members of a class, with the parameters of its methods, and what it inherits.

    A class that only dmaragent makes can get fields: its constructor is not promised.
    """
    if is_dataclass(cls):
        yield from (f"{full}.{one.name}" for one in fields(cls) if not one.name.startswith("_"))
    for own in (one for one in cls.__mro__ if one.__module__.partition(".")[0] in OURS):
        for name, member in vars(own).items():
            if not name.startswith("_") and name != "GRAMMAR":  # how fwtables reads the bytes
                yield f"{full}.{name}"
                if inspect.isfunction(member) or isinstance(member, (classmethod, staticmethod)):
                    yield from _parameters(f"{full}.{name}", getattr(cls, name))
        if inspect.isfunction(vars(own).get("__init__")) and not is_dataclass(own):
            yield from (f"{full}.{name}" for name in _attributes(own))
    if _is_made_by_programs(cls):
        yield from _parameters(full, cls)


def _attributes(cls: type) -> Iterator[str]:
    """Yield the public attributes that the constructor of `cls` sets."""
    for node in ast.walk(ast.parse(dedent(inspect.getsource(cls.__init__)))):  # type: ignore[misc]
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) == "self"
            and not node.attr.startswith("_")
        ):
            yield node.attr


def _is_made_by_programs(cls: type) -> bool:
    """Return whether programs call `cls`: a value of fwtables, or a class with an `__init__`."""
    if cls in (api.GuestResolver, api.Question):
        return True
    if is_dataclass(cls):
        return cls.__module__.partition(".")[0] == fwtables.__name__
    return inspect.isfunction(cls.__init__) and not issubclass(cls, Enum)  # type: ignore[misc]


def _parameters(full: str, function: Callable[..., object]) -> Iterator[str]:
    for each in inspect.signature(function).parameters.values():
        if each.name != "self" and not each.name.startswith("_"):
            default = "" if each.default is each.empty else " optional"
            yield f"{full}({each.name}) {each.kind.name.lower()}{default}"


def main() -> None:
    """Add what is new to the recorded promises; print what is gone."""
    old, new = set(recorded()) if RECORDED.exists() else set(), set(current())
    RECORDED.write_text("".join(f"{line}\n" for line in sorted(old | new)), "utf-8")
    for line in sorted(old - new):
        sys.stderr.write(f"gone: {line}\n")


if __name__ == "__main__":
    main()
