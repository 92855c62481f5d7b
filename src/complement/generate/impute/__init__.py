"""Imputation: the missing cells of real records, filled from the trees of the generator given the cells that are there."""

from complement.generate.impute.imputer import Imputer

__all__ = ["Imputer"]
