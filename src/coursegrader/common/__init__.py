"""What every other wing needs: records, limits, files, text, notebooks, processes."""
