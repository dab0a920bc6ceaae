"""The command ``icenet``: one file a command. Imports from every room; nothing imports it."""
