"""Results of a run: curves, scores before and after, exports. Imports ``run_folder``."""
