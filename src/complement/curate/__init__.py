"""Curate: say of each made record why it should be left out, and mix what is kept with the real ones."""
