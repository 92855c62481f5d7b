"""2 gap: find where the learner is weak or records are few, ask for records there, and see whether they helped."""
