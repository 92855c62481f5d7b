"""Shards, and where they run: pure tasks, finished files as the resume state, the same bytes everywhere."""
