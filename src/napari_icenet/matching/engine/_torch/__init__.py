"""The correlation on graphics processors. Imported by ``matching.engine`` alone."""
