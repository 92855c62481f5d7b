"""Stage 6: the trial of the arms on sealed records, its statistics, and the verdict."""
