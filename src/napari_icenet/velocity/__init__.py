"""Dense maps of velocity: pairs and series of dates, how far to trust them, and files of them."""
