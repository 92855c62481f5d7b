"""The command line: parse, call, print; nothing else."""

from complement.cli import begin, collapse, curate, gaps, judge, make, show, verify
from complement.cli.house import main

__all__ = ["begin", "collapse", "curate", "gaps", "judge", "main", "make", "show", "verify"]
