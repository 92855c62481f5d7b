"""What several stages lean on: learners, encoders, fingerprints, and the loading of LightGBM."""
