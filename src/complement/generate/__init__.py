"""Stage 3: records made for a request. Five generators of one table, two of them controls, and what they share."""
