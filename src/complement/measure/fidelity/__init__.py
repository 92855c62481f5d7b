"""Fidelity: how far synthetic records are from real ones, from single columns to what a model learns from them."""

from complement.measure.fidelity.conditional import Conditional
from complement.measure.fidelity.pairs import Pairs
from complement.measure.fidelity.shape import Shape
from complement.measure.fidelity.told_apart import C2st, Detection
from complement.measure.fidelity.transfer import Tstr

__all__ = ["C2st", "Conditional", "Detection", "Pairs", "Shape", "Tstr"]
