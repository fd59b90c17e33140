# Reference numbers for liverfit.meta.dose_response, from metafor: the second stage as a multivariate
# model of study coefficients, the one-stage model with random coefficients (struct = "GEN"), and the
# first stage and the covariances written out here.
#
#   Rscript meta_dose.R [FOLDER]
#
# writes FOLDER/meta_dose.json, the data with the results. FOLDER is the folder of this script by
# default. The trials are drawn with a fixed seed: mean differences of groups of several doses.

suppressMessages({
  library(metafor)
  library(jsonlite)
})
script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)

set.seed(20110311)
rows <- NULL
for (s in 1:12) {
  doses <- sort(c(0, sample(c(60, 90, 120, 150, 180, 220, 260, 300), sample(2:4, 1))))
  slope <- rnorm(1, -0.02, 0.008); bend <- rnorm(1, 1.5e-5, 8e-6)
  n <- sample(12:60, length(doses)); sd <- round(runif(length(doses), 2.5, 5), 2)
  mean <- 20 + slope * doses + bend * doses^2 + rnorm(length(doses), 0, sd / sqrt(n))
  rows <- rbind(rows, data.frame(study = s, dose = doses, mean = round(mean, 3), sd = sd, n = n))
}

spline <- function(x, k) {
  cube <- function(u) pmax(u, 0)^3
  cbind(x, (cube(x - k[1]) - cube(x - k[2]) * (k[3] - k[1]) / (k[3] - k[2]) +
            cube(x - k[3]) * (k[2] - k[1]) / (k[3] - k[2])) / (k[3] - k[1])^2)
}
knots <- as.numeric(quantile(rows$dose, c(0.1, 0.5, 0.9)))

parts <- function(basis) lapply(split(seq_len(nrow(rows)), rows$study), function(i) {
  d <- rows[i, ]; X <- basis[i, , drop = FALSE]
  list(y = d$mean[-1] - d$mean[1], X = sweep(X[-1, , drop = FALSE], 2, X[1, ]),
       V = diag(d$sd[-1]^2 / d$n[-1], nrow(d) - 1) + d$sd[1]^2 / d$n[1])
})
controls <- list(list(optimizer = "nlminb", rel.tol = 1e-13, iter.max = 5000, eval.max = 5000),
                 list(optimizer = "nlminb"),
                 list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 1e5))
best <- function(fit_with) {
  fits <- lapply(controls, function(control) try(suppressWarnings(fit_with(control)), silent = TRUE))
  fits <- Filter(function(m) !inherits(m, "try-error"), fits)
  fits[[which.max(sapply(fits, function(m) as.numeric(logLik(m))))]]
}
numbers <- function(m, psi) list(coef = I(as.numeric(m$beta)), se = I(m$se), psi = psi,
                                 loglik = as.numeric(logLik(m)), q = m$QE)

# Columns in comparable units, so that R's optimisers can work; undone afterwards.
two_stage <- function(basis, method) {
  p <- ncol(basis); unit <- c(0.01, 0.005)[1:p]
  stage <- lapply(parts(basis), function(s) {
    W <- solve(s$V); C <- solve(t(s$X) %*% W %*% s$X); list(b = C %*% t(s$X) %*% W %*% s$y, C = C)
  })
  y <- unlist(lapply(stage, function(s) s$b / unit))
  V <- as.matrix(bldiag(lapply(stage, function(s) s$C / outer(unit, unit))))
  d <- data.frame(study = rep(seq_along(stage), each = p), term = factor(rep(1:p, length(stage))))
  fit <- function(control) if (p == 1)
    rma.mv(y, V, random = ~ 1 | study, data = d, method = method, control = control) else
    rma.mv(y, V, mods = ~ 0 + term, random = ~ term | study, struct = "UN", data = d,
           method = method, control = control)
  m <- best(fit)
  psi <- if (p == 1) matrix(m$sigma2) else
    outer(sqrt(m$tau2), sqrt(m$tau2)) * matrix(c(1, m$rho, m$rho, 1), 2)
  out <- numbers(m, psi * outer(unit, unit))
  out$coef <- I(out$coef * unit); out$se <- I(out$se * unit)
  out$loglik <- NULL
  out
}
one_stage <- function(basis, method) {
  p <- ncol(basis); unit <- c(0.01, 0.005)[1:p]
  ps <- parts(basis)
  X <- do.call(rbind, lapply(ps, function(s) s$X)) %*% diag(unit, p)
  y <- unlist(lapply(ps, function(s) s$y))
  V <- as.matrix(bldiag(lapply(ps, function(s) s$V)))
  d <- data.frame(study = rep(seq_along(ps), sapply(ps, function(s) length(s$y))), a = X[, 1])
  if (p == 2) d$b <- X[, 2]
  fit <- function(control) if (p == 1)
    rma.mv(y, V, mods = ~ 0 + a, random = ~ 0 + a | study, struct = "GEN", data = d,
           method = method, control = control) else
    rma.mv(y, V, mods = ~ 0 + a + b, random = ~ 0 + a + b | study, struct = "GEN", data = d,
           method = method, control = control)
  m <- best(fit)
  psi <- if (p == 1) matrix(m$tau2) else m$G
  out <- numbers(m, psi * outer(unit, unit))
  out$coef <- I(out$coef * unit); out$se <- I(out$se * unit)
  out$loglik <- NULL
  out
}
fits <- list()
for (shape in c("linear", "rcs")) {
  basis <- if (shape == "linear") cbind(rows$dose) else spline(rows$dose, knots)
  for (method in c("REML", "ML")) {
    fits <- c(fits,
      list(c(list(shape = shape, method = method, approach = "two-stage"), two_stage(basis, method))),
      list(c(list(shape = shape, method = method, approach = "one-stage"), one_stage(basis, method))))
  }
}
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")))
write(toJSON(list(versions = versions, data = rows, knots = knots, fits = fits), digits = NA,
             auto_unbox = TRUE, dataframe = "columns"), file.path(folder, "meta_dose.json"))
