"""Forest: the engine of one table. See `engine.py` for the generator, `column.py` for one column given others."""

from complement.generate.forest.engine import Forest

__all__ = ["Forest"]
