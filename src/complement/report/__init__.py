"""The report: one self-contained HTML file on a run, that a person reads on a phone and sends on."""

from complement.report.facts import Facts, facts_of, for_release
from complement.report.page import page
from complement.report.write import REPORT, write

__all__ = ["REPORT", "Facts", "facts_of", "for_release", "page", "write"]
