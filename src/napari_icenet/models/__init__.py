"""The networks, their weights and cards; they know nothing of training."""
