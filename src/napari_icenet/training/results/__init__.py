"""What a run has reached: curves, scores before and after, exports. Imports ``run_folder``."""
