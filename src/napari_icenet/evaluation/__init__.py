"""How good predictors are: the paper's table and figures, and what correlation alone hides."""
