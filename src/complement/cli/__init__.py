"""The command line: parse, call, print; nothing else."""

from complement.cli import begin, judge, make
from complement.cli.house import main

__all__ = ["begin", "judge", "main", "make"]
