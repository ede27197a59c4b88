"""What becomes of an error that nobody foresaw."""

import click
import pytest

from featurelib.cli.main import run_and_exit


def test_a_defect_has_an_exit_code_of_its_own_and_shows_where_it_was(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr("sys.argv", ["broken"])
    with pytest.raises(SystemExit, match="70"):
        run_and_exit(broken)
    said = capsys.readouterr().err
    assert "ZeroDivisionError: nobody thought of it" in said
    assert "please report it" in said
