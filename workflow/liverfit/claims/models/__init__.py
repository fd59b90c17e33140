"""The models of lines of evidence, by the name that config/claims.yaml gives as `model`.

A model takes the line, its effects and the `models` section of the plan; it returns the fields of
`fit_line` that it fills, raises `TooFewTrials` where its own needs are not met, and any ValueError
or meta.ConvergenceError where it cannot be fitted.
"""

from __future__ import annotations

from liverfit.claims.models.bivariate import bivariate
from liverfit.claims.models.dose import between_doses, restricted_cubic_spline
from liverfit.claims.models.factorial import interaction
from liverfit.claims.models.latent import latent_regression
from liverfit.claims.models.margins import margin_sweep
from liverfit.claims.models.network import network, network_contrast
from liverfit.claims.models.one_stage import one_stage
from liverfit.claims.models.pooled import random_effects
from liverfit.claims.models.regression import meta_regression, moderator_test
from liverfit.claims.models.time import effect_per_hour

MODELS = {
    "random_effects": random_effects,
    "meta_regression": meta_regression,
    "moderator_test": moderator_test,
    "interaction": interaction,
    "effect_per_hour": effect_per_hour,
    "restricted_cubic_spline": restricted_cubic_spline,
    "between_doses": between_doses,
    "bivariate": bivariate,
    "latent_regression": latent_regression,
    "margin_sweep": margin_sweep,
    "one_stage": one_stage,
    "network": network,
    "network_contrast": network_contrast,
}
