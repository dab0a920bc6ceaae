"""One engine for all matching: batches of chips against search windows, on whatever device there is."""
