"""Where students' code runs: bubblewrap, a zygote, a locked-down child for each submission."""
