"""integrations/capture.sh run by root in a folder of somebody else, who puts links in its way."""

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.capturing import SHELLS, Copy, add_script, command, copy_machine

pytestmark = pytest.mark.slow  # the script runs for each case and shell


Require = Callable[[str], None]
CONTENT = "root's own file\n"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return copy_machine("synthetic-overlap", tmp_path)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text(CONTENT)
    return path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", ["out.tar", "out.tar.gz"])
def test_a_link_in_place_of_the_half_written_file_is_not_followed(  # noqa: PLR0913, PLR0917
    shell: str, name: str, copy: Copy, victim: Path, tmp_path: Path, require: Require
) -> None:
    require(shell)
    partial, tar = f"{tmp_path / name}.partial-", shutil.which("tar")
    replace = f'for file in "{partial}"*; do rm -f "$file"; ln -s "{victim}" "$file"; done'
    add_script(tmp_path / "programs", "tar", f'{replace}; exec {tar} "$@"')
    words, environment = command(shell, tmp_path, "-o", tmp_path / name, *copy.options)
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert victim.read_text() == CONTENT
    assert ran.returncode == 2
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("target", ["victim", "/dev/null"])
def test_a_link_that_is_there_before_is_refused(  # noqa: PLR0913, PLR0917
    shell: str, target: str, copy: Copy, victim: Path, tmp_path: Path, require: Require
) -> None:
    require(shell)
    words, environment = command(shell, tmp_path, "-o", tmp_path / "out.tar", *copy.options)
    link = f'ln -s "{tmp_path / target}" "{tmp_path}/out.tar.partial-$$"; exec "$@"'
    ran = subprocess.run(
        ["sh", "-c", link, "sh", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert victim.read_text() == CONTENT
    assert not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_force_replaces_a_link_and_not_what_it_leads_to(
    shell: str, copy: Copy, victim: Path, tmp_path: Path, require: Require
) -> None:
    require(shell)
    output = tmp_path / "out.tar"
    output.symlink_to(victim)
    words, environment = command(shell, tmp_path, "--force", "-o", output, *copy.options)
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert victim.read_text() == CONTENT
    assert not output.is_symlink()
    assert tarfile.is_tarfile(output)
