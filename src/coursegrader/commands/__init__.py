"""Commands of `coursegrader`, each with its options: what `cli.py` puts together."""
