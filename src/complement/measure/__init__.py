"""What made records are worth beside real ones; for now whether they give anyone away."""
