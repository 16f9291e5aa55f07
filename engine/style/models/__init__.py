"""Models of a creator's choices: linear around a prior, with trees as a small residual where they help on works they had not seen."""
