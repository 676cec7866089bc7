"""What students run themselves: checking a notebook, packing it to be handed in."""
