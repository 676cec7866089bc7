"""The best that can be made of a pixel's colour, or of a small window, without a network."""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def softmax_of_squares():
    """Multinomial regression on R, G, B, their squares and products."""
    features = PolynomialFeatures(2, include_bias=False)
    return make_pipeline(features, StandardScaler(), LogisticRegression(C=100, max_iter=1000))


def boosted_trees():
    return HistGradientBoostingClassifier(
        max_iter=20, learning_rate=0.3, class_weight="balanced", random_state=0
    )


def forest():
    return ExtraTreesClassifier(60, min_samples_leaf=3, class_weight="balanced", random_state=0)


def windows(scenes, side=1):
    """The pixels around each pixel, (N, H, W, 3 side²); the picture's edges are repeated."""
    r = side // 2
    images = np.array([scene.image for scene in scenes], dtype=np.float32)
    padded = np.pad(images, [(0, 0), (r, r), (r, r), (0, 0)], mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    return views.reshape(*images.shape[:3], -1)


def predict_maps(model, training, scenes, *, side=1, every=1):
    """Label maps (N, H, W) that a model predicts, after training on every k-th pixel."""
    labels = np.array([scene.semantic_mask for scene in training]).ravel()
    X = windows(training, side).reshape(len(labels), -1)
    model.fit(X[::every], labels[::every])
    X = windows(scenes, side)
    return model.predict(X.reshape(-1, X.shape[-1])).reshape(X.shape[:3])
