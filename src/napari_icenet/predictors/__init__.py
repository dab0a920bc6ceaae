"""What a chip will look like next: each predictor makes a template from past chips, behind one Protocol."""
