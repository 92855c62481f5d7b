"""Diversity: how much of what real records are the synthetic ones are, too, and how often they repeat themselves."""

from complement.measure.diversity.coverage import Coverage
from complement.measure.diversity.distinct import Distinct
from complement.measure.diversity.levels import Levels
from complement.measure.diversity.vendi import Vendi

__all__ = ["Coverage", "Distinct", "Levels", "Vendi"]
