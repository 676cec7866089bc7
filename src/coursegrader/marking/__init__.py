"""One pytest session over submissions: the fixtures, the comparisons, what a student reads."""
