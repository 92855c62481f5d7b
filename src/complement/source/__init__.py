"""Stage 1: real data in, profiled, in units, and split so that nothing leaks."""
