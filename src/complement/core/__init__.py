"""The nouns of the house: what every stage speaks of, and nothing that does work."""
