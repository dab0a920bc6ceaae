"""Open a glacier's satellite archive, click the ice, and watch where it flows."""
