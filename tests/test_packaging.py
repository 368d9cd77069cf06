"""What is installed beside the packages, and that all of it is of one version."""

import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from dmaragent import __version__
from dmaragent.commands.shared.installed import installed_folder

ROOT = Path(__file__).parents[1]


def test_the_package_has_the_programs_version() -> None:
    first = (ROOT / "debian/changelog").read_text("utf-8").splitlines()[0]

    assert re.fullmatch(r"dmaragent \((\S+)\) \S+; urgency=\w+", first)
    assert f"({__version__})" in first


def test_the_rpm_has_the_programs_version() -> None:
    spec = (ROOT / "rpm/dmaragent.spec").read_text("utf-8")

    assert f"%global dmaragent_version {__version__}}}" in spec
    assert '"/rpm"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_wheel_takes_its_version_from_the_program() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")

    assert 'dynamic = ["version"]' in project
    assert 'path = "src/dmaragent/__init__.py"' in project


def test_the_package_needs_what_the_program_imports() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = project.split("\ndependencies = [")[1].split("\n]")[0]
    needed = {f"python3-{name}" for name in re.findall(r'^ +"(\w+)', block, re.MULTILINE)}

    assert needed <= _depends()


def test_the_package_needs_nothing_from_elsewhere() -> None:
    assert {each for each in _depends() if not each.startswith("$")} == {
        "python3-construct",
        "python3-h11",
        "python3-psutil",
        "python3-pyudev",
    }


@pytest.mark.parametrize("line", ["completions", "docs", "sysusers.d", "systemd"])
def test_the_package_installs_the_folder(line: str) -> None:
    installed = (ROOT / "debian/dmaragent.install").read_text("utf-8")

    assert re.search(rf"^{re.escape(line)}/", installed, re.MULTILINE)


def test_readme_installs_the_files_of_a_release() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    install = readme.split("\n## Install\n")[1].split("\n## ")[0]
    named = re.findall(r"^    .*?(?:\./)?(\S+\.(?:deb|whl|pyz))\b", install, re.MULTILINE)
    release = [
        f"dmaragent_{__version__}_all.deb",
        f"dmaragent-{__version__}-py3-none-any.whl",
        "dmaragent.pyz",
    ]

    assert [fnmatch(*pair) for pair in zip(release, named, strict=True)] == [True] * 3
    assert not re.search(r"^    .*(git clone|make |pip install \.)$", install, re.MULTILINE)


def test_the_page_for_cockpit_is_a_package_of_the_same_version() -> None:
    control = (ROOT / "debian/control").read_text("utf-8")
    page = control.split("\nPackage: dmaragent-cockpit\n")[1]
    installed = (ROOT / "debian/dmaragent-cockpit.install").read_text("utf-8").split()
    spec = (ROOT / "rpm/dmaragent.spec").read_text("utf-8").split("\n%package cockpit\n")[1]
    needs = json.loads((ROOT / "cockpit/manifest.json").read_text("utf-8"))["requires"]["cockpit"]

    assert "Architecture: all" in page
    assert " dmaragent (= ${source:Version})," in page
    assert f" cockpit-bridge (>= {needs})," in page
    assert f"cockpit-bridge >= {needs}" in spec
    assert installed == ["cockpit/*", "usr/share/cockpit/dmaragent"]


def test_the_wheel_has_all_that_is_installed_and_nothing_that_is_not_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    sources = {*wheel["force-include"], *wheel["shared-data"]}

    assert all((ROOT / source).exists() for source in sources)
    assert {"docs/schema", "integrations/capture.sh"} <= sources
    for folder in ("completions", "docs/man"):
        assert {f"{folder}/{path.name}" for path in (ROOT / folder).iterdir()} <= sources


def test_the_installed_machine_is_the_one_in_the_sources() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    demo = {source for source, place in included.items() if "/data/demo/" in place}

    assert {str(ROOT / Path(source).parent) for source in demo} == {installed_folder("demo")}
    assert {"manifest.json", "calls", "root"} == {Path(source).name for source in demo}


def _depends() -> set[str]:
    control = (ROOT / "debian/control").read_text("utf-8")
    block = control.split("\nDepends:\n")[1].split("\nSuggests:")[0]
    return {line.strip().rstrip(",") for line in block.splitlines()}
