"""`show_source` under the name that it had first."""

from .listing import show_source as show_source
