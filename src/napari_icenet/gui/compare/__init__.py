"""The Compare tab: predictors on one chip, beside its map page. Imports the Track tab and ``correlation_map``."""
