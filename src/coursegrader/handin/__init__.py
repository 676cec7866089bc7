"""From files and archives that others packed to submissions: who handed in what, and when."""
