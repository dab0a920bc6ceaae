"""Options that several commands have read alike in all of them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import typer

from napari_icenet.cli.main import app

#: The same word for other things, or with what only one command does.
OWN = {
    "-o", "--preset", "--workers", "--seed", "--force", "--weights", "--tracking", "--covariates", "--stable",
    "--coregister", "--chip", "--scale", "--bands", "--compare",
}  # fmt: skip


def options() -> dict[str, dict[str, Any]]:
    """By option, the help of each command that has it."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        for parameter in command.params:
            if parameter.param_type_name == "option":
                found[parameter.opts[0]][name] = parameter.help
    return {option: texts for option, texts in found.items() if len(texts) > 1}


@pytest.mark.parametrize("option", sorted(options().keys() - OWN))
def test_an_option_of_several_commands_reads_alike(option: str) -> None:
    texts = options()[option]
    assert len(set(texts.values())) == 1, texts


@pytest.mark.parametrize(
    ("option", "begins"),
    [
        ("--chip", "Side C of the "), ("--scale", "Scale factor c"), ("--force", "Replace the "),
        ("--stable", "Ground that does not move: a picture that is not 0 there, or outlines; the "),
        ("--coregister", "Take off the "), ("--covariates", "Further facts of each date, such as wind: a column date"),
        ("--tracking", "chain (as in the paper)"), ("--seed", "Same seed, same "),
    ],
)  # fmt: skip
def test_what_differs_by_command_begins_alike(option: str, begins: str) -> None:
    for command, text in options()[option].items():
        assert text.startswith(begins), command
