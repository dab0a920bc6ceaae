"""Pictures in: products, dated folders, one map grid, masks, simulation."""
