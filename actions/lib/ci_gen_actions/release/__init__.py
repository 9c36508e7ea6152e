"""The action `release`: one record per image, joined from the evidence of a run."""
