"""IceNet: tracks of chips cut into sequences, split by area and stored for training."""
