"""An assignment as its author writes it, and the version of it that students get."""
