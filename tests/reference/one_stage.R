# One-stage mixed models for liverfit.claims.models.one_stage: nlme::lme with a residual variance of
# each arm's own (varIdent, held at the arms' printed SDs), on data drawn with a fixed seed.
#
#   Rscript one_stage.R [FOLDER]
#
# writes FOLDER/one_stage.json: people, and what REML gives; and the same with baseline as covariate
# (ancova), where each arm's own residual SD given baseline is held. FOLDER is this script's by default.

suppressMessages({library(nlme); library(jsonlite)})
script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)

set.seed(20261125)
arms <- data.frame(trial = rep(1:6, each = 2), trained = rep(0:1, 6),
                   n = c(12, 14, 20, 18, 9, 11, 30, 28, 16, 15, 25, 24),
                   sd = c(2, 3, 1.5, 2.5, 4, 3.5, 2.2, 2.8, 1.8, 2.1, 3, 2.4))
shift <- c(-1.5, -3.5, -0.5, -2.5, -4.5, -2)
people <- do.call(rbind, lapply(seq_len(nrow(arms)), function(i) with(arms[i, ], data.frame(
  trial = trial, trained = trained, arm = i,
  y = 0.3 * trial + trained * shift[trial] + rnorm(n, 0, sd)))))
own <- tapply(people$y, people$arm, sd)
ratio <- as.numeric(own / own[1])
names(ratio) <- seq_along(ratio)
people$arm <- factor(people$arm)
people$trial <- factor(people$trial)
m <- lme(y ~ trained + trial - 1, random = ~ 0 + trained | trial, data = people, method = "REML",
         weights = varIdent(form = ~ 1 | arm, fixed = ratio[-1]),
         control = lmeControl(msTol = 1e-12, tolerance = 1e-12, niterEM = 200, msMaxIter = 500))

set.seed(20261126)
measured <- do.call(rbind, lapply(seq_len(nrow(arms)), function(i) with(arms[i, ], {
  baseline <- rnorm(n, 12 + trial, 4)
  data.frame(trial = trial, trained = trained, arm = i, baseline = baseline,
             y = 3 + 0.7 * baseline + trained * shift[trial] + rnorm(n, 0, sd))
})))
rest <- as.numeric(by(measured, measured$arm, function(d) sd(d$y) * sqrt(1 - cor(d$y, d$baseline)^2)))
held <- rest / rest[1]
names(held) <- seq_along(held)
measured$arm <- factor(measured$arm)
measured$trial <- factor(measured$trial)
a <- lme(y ~ trained + trial + baseline - 1, random = ~ 0 + trained | trial, data = measured,
         method = "REML", weights = varIdent(form = ~ 1 | arm, fixed = held[-1]),
         control = lmeControl(msTol = 1e-12, tolerance = 1e-12, niterEM = 200, msMaxIter = 500))
out <- list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                  nlme = as.character(packageVersion("nlme"))),
  people = list(trial = as.integer(people$trial), arm = as.integer(people$arm),
                trained = people$trained, y = people$y),
  estimate = unname(fixef(m)["trained"]), se = sqrt(vcov(m)["trained", "trained"]),
  tau2 = as.numeric(VarCorr(m)["trained", "Variance"]), sigma_of_first_arm = m$sigma,
  scale = (m$sigma / own[[1]])^2,
  ancova = list(
    people = list(trial = as.integer(measured$trial), arm = as.integer(measured$arm),
                  trained = measured$trained, baseline = measured$baseline, y = measured$y),
    estimate = unname(fixef(a)["trained"]), se = sqrt(vcov(a)["trained", "trained"]),
    slope = unname(fixef(a)["baseline"]),
    tau2 = as.numeric(VarCorr(a)["trained", "Variance"]), scale = (a$sigma / rest[1])^2))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE), file.path(folder, "one_stage.json"))
