"""Hypothesis for all tests of the grader: reproducible, and blind to the clock."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "coursegrader",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("coursegrader")
