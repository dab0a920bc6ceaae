"""Runs in processes of their own: preflight, queue, supervisor. Imports the rest of ``training``."""
