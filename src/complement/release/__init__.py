"""Release: a folder with records, card, manifest, verdict and report that a stranger can check."""

from complement.release.bundle import Release, bundle, is_release
from complement.release.facts import UNKNOWN, Facts
from complement.release.verify import Checked, Fault, verify

__all__ = ["UNKNOWN", "Checked", "Facts", "Fault", "Release", "bundle", "is_release", "verify"]
