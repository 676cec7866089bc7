"""What commands share: exit codes, messages, the gradebook and the options for it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.text import plain

if TYPE_CHECKING:  # each command imports what it needs: `check` must start fast
    from ..gradebook import Gradebook
    from ..gradebook.policy import Policy

DONE, PROBLEMS, MISUSE = 0, 1, 2
CALLED = "number, name_number, name or login"  # help for a student


def say(text: str, code: int) -> int:
    """Tell whoever gave the command; return the exit code."""
    print(f"coursegrader: {plain(text)}", file=sys.stderr)
    return code


def add_gradebook(*parsers: argparse.ArgumentParser) -> None:
    """The option for the gradebook's file, and the assignment's folder."""
    for parser in parsers:
        parser.add_argument(
            "--gradebook", type=Path, default=Path("gradebook.sqlite"), help="default: %(default)s"
        )
        parser.add_argument("--assignment", required=True, help="the folder of its source")


def add_policy(*parsers: argparse.ArgumentParser) -> None:
    """The option for the policy."""
    for parser in parsers:
        parser.add_argument("--policy", type=Path, help="late policy and attempts, a TOML file")


def policy_of(options: argparse.Namespace) -> Policy:
    """The policy that the options name, or the usual one."""
    from ..gradebook.policy import Policy

    return Policy.load(options.policy) if options.policy else Policy()


def open_gradebook(options: argparse.Namespace, *, write: bool = True) -> Gradebook:
    """The gradebook that the options name."""
    from ..gradebook import Gradebook

    return Gradebook.open(options.gradebook, write=write)


def change_gradebook(options: argparse.Namespace) -> Gradebook:
    """As `open_gradebook`, but a name mistyped makes no new one."""
    open_gradebook(options, write=False).close()
    return open_gradebook(options)
