"""Logistic regression: the mathematics of Part I.

Every function takes NumPy arrays or Torch tensors (then with gradients) and returns the same
kind. Prediction first, truth second; data before parameters. float16 and bfloat16 are computed in
float32, and what comes back has the caller's dtype.
"""

from .fitting import FitResult, SeparableDataWarning, Step, fit, fit_softmax, steps
from .losses import cross_entropy, gradient, hessian, likelihood, log_likelihood, loss
from .model import log_sigmoid, logits, predict, predict_proba, sigmoid
from .multinomial import (
    log_softmax,
    predict_proba_softmax,
    predict_softmax,
    softmax,
    softmax_gradient,
    softmax_loss,
)
from .separability import is_separable
from .thresholds import (
    ConfusionCounts,
    accuracy,
    confusion_counts,
    precision,
    recall,
    roc_auc,
    roc_curve,
)

__all__ = [
    "ConfusionCounts",
    "FitResult",
    "SeparableDataWarning",
    "Step",
    "accuracy",
    "confusion_counts",
    "cross_entropy",
    "fit",
    "fit_softmax",
    "gradient",
    "hessian",
    "is_separable",
    "likelihood",
    "log_likelihood",
    "log_sigmoid",
    "log_softmax",
    "logits",
    "loss",
    "precision",
    "predict",
    "predict_proba",
    "predict_proba_softmax",
    "predict_softmax",
    "recall",
    "roc_auc",
    "roc_curve",
    "sigmoid",
    "softmax",
    "softmax_gradient",
    "softmax_loss",
    "steps",
]
