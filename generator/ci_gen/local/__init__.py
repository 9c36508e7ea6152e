"""Running jobs of the pipeline on this machine, through the very actions that CI uses."""
