"""The script of CI: where there is no browser it installs one, as root and through sudo, and goes on without one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "run"
UPDATE, INSTALL = "apt-get update -q", "apt-get install -q -y --no-install-recommends chromium"
MADE = ["make lint", "make test"]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with nothing on it but what the script needs; each program only tells that it was called."""
    (tmp_path / "project" / ".ci").mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "project" / ".ci" / "run")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("bash", "dirname", "env"):
        (bin_ / name).symlink_to(str(shutil.which(name)))
    for name in ("apt-get", "make"):
        program(tmp_path, name, f'echo "{name} $*"')
    return tmp_path


def program(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)


def ran(machine: Path) -> tuple[list[str], str]:
    script = machine / "project" / ".ci" / "run"
    done = subprocess.run(
        [script], env={**os.environ, "PATH": f"{machine / 'bin'}"}, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines(), done.stderr


def test_as_root_it_installs_a_browser(machine: Path) -> None:
    program(machine, "id", "echo 0")
    assert ran(machine) == ([UPDATE, INSTALL, *MADE], "")


def test_another_user_does_so_through_sudo(machine: Path) -> None:
    program(machine, "id", "echo 1000")
    program(machine, "sudo", 'shift; exec env "$@"')
    program(machine, "true", "exit 0")
    assert ran(machine) == ([UPDATE, INSTALL, *MADE], "")


def test_without_the_right_to_or_where_it_fails_it_goes_on(machine: Path) -> None:
    program(machine, "id", "echo 1000")
    program(machine, "sudo", "exit 1")
    assert ran(machine) == (MADE, "")
    program(machine, "id", "echo 0")
    program(machine, "apt-get", "exit 100")
    assert ran(machine) == (MADE, "No browser could be installed.\n")


def test_where_there_is_a_browser_nothing_is_installed(machine: Path) -> None:
    program(machine, "google-chrome", "exit 0")
    assert ran(machine) == (MADE, "")
