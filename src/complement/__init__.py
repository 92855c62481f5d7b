"""complement: synthetic training data that is proved to help."""

__version__ = "0.1.0"
