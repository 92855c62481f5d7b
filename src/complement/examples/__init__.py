"""Examples: five recipes on real data, each of which ends in another verdict."""

from __future__ import annotations

from complement.examples.data import NAMES, write_example

__all__ = ["NAMES", "write_example"]
