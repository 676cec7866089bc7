"""The ratio of two probabilities in place of the ratio of their odds."""

EARNED = {
    "test_1_model.py::test_odds_factor_agrees_with_the_model": 0,
    "test_hidden_model.py::test_hidden_odds_factor": 0,
}
SAYS = "This is the ratio of the probabilities; the odds are p / (1 - p)"

odds_factor = 0.6791787 / 0.6106392
