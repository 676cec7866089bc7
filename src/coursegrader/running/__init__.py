"""A whole class: batches over processes, each of them with a sandbox of its own."""
