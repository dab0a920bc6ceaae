"""Where did the ice go: chips, search windows, correlation, tracks."""
