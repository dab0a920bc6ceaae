"""Losses, the loop, and runs on disk."""
