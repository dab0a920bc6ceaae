"""The networks: their layers and settings, their weights, and the cards that say where those come from."""
