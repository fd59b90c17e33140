# Reference numbers for liverfit.meta.multilevel and its robust variances, from metafor and
# clubSandwich.
#
#   Rscript meta_multilevel.R [FOLDER]
#
# writes FOLDER/meta_multilevel.json, the data with the results. FOLDER is the folder of this
# script by default.

suppressMessages({
  library(metafor)
  library(clubSandwich)
  library(jsonlite)
})
script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)

pick <- function(dat, outer, inner, mods) {
  out <- data.frame(yi = as.numeric(dat$yi), vi = as.numeric(dat$vi),
                    outer = as.integer(factor(dat[[outer]])), inner = as.integer(factor(dat[[inner]])))
  for (m in mods) out[[m]] <- as.numeric(dat[[m]])
  out[stats::complete.cases(out), ]
}
sets <- list(
  konstantopoulos2011 = pick(dat.konstantopoulos2011, "district", "school", "year"),
  assink2016 = pick(dat.assink2016, "study", "esid", c("year", "pubstatus")),
  bornmann2007 = pick(escalc("OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal,
                             data = dat.bornmann2007), "study", "obs", "year"),
  crede2010 = pick(escalc("ZCOR", ri = ri, ni = ni, data = dat.crede2010), "studyid", "sampleid",
                   "year"),
  knapp2017 = pick(transform(dat.knapp2017, effect = seq_along(yi)), "study", "effect",
                   "difficulty")
)
round_trip <- function(d) as.data.frame(fromJSON(toJSON(d, digits = NA)))
sets <- lapply(sets, round_trip)

# No one optimiser of R reaches the optimum everywhere, so the best of several counts.
controls <- list(
  list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-12, eval.max = 2000, iter.max = 2000),
  list(optimizer = "nlminb"),
  list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 1e4)
)
best <- function(fit_with) {
  fits <- lapply(controls, function(control) try(suppressWarnings(fit_with(control)), silent = TRUE))
  fits <- Filter(function(m) !inherits(m, "try-error"), fits)
  fits[[which.max(sapply(fits, function(m) as.numeric(logLik(m))))]]
}

robust <- function(m, cluster, kind) {
  t <- coef_test(m, vcov = kind, cluster = cluster, test = "Satterthwaite")
  list(se = t$SE, df = t$df_Satt, pvalue = t$p_Satt)
}

fit <- function(d, mods, method, covariance, random, test) {
  # clubSandwich looks the arguments up by name, so they live in the global environment
  dat <<- d
  V <<- if (covariance == "diagonal") d$vi else
    as.matrix(bldiag(impute_covariance_matrix(d$vi, cluster = d$outer, r = 0.6)))
  if (covariance != "diagonal") {
    # impute_covariance_matrix sorts by cluster; back to the order of the data
    V <<- outer(d$outer, d$outer, "==") * 0.6 * sqrt(outer(d$vi, d$vi)); diag(V) <<- d$vi
  }
  formula <- if (length(mods)) reformulate(mods) else ~ 1
  structure <- if (random == "nested") ~ 1 | outer/inner else ~ 1 | outer
  m <- best(function(control) rma.mv(yi, V, mods = formula, random = structure, data = dat,
                                     method = method, test = test, control = control))
  W <- if (is.matrix(V)) solve(V) else diag(1 / V)
  X <- model.matrix(m)
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
  i2 <- 100 * m$sigma2 / (sum(m$sigma2) + (m$k - m$p) / sum(diag(P)))
  p <- predict(m, newmods = if (length(mods)) rep(1, length(mods)) else NULL)
  list(mods = I(as.character(mods)), method = method, covariance = covariance, random = random,
       test = test, coef = I(as.numeric(m$beta)), se = I(m$se), pvalue = I(m$pval), ci_lower = I(m$ci.lb),
       ci_upper = I(m$ci.ub), sigma2 = I(m$sigma2), loglik = as.numeric(logLik(m)), q = m$QE,
       q_pvalue = m$QEp, qm = m$QM, qm_pvalue = m$QMp, i2_levels = I(i2),
       at_one = c(p$pred, p$se, p$ci.lb, p$ci.ub, p$pi.lb, p$pi.ub),
       CR2 = lapply(robust(m, d$outer, "CR2"), I), CR1 = lapply(robust(m, d$outer, "CR1"), I))
}

cases <- list()
for (name in names(sets)) {
  d <- sets[[name]]
  extra <- setdiff(names(d), c("yi", "vi", "outer", "inner"))
  fits <- list()
  for (method in c("REML", "ML")) {
    fits <- c(fits, list(fit(d, NULL, method, "diagonal", "nested", "z")),
              list(fit(d, extra, method, "diagonal", "nested", "t")))
  }
  fits <- c(fits, list(fit(d, NULL, "REML", "diagonal", "single", "t")),
            list(fit(d, NULL, "REML", "correlated", "nested", "z")),
            list(fit(d, extra[1], "REML", "correlated", "nested", "t")))
  cases[[name]] <- list(data = d, fits = fits)
}
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 clubSandwich = as.character(packageVersion("clubSandwich")),
                 metadat = as.character(packageVersion("metadat")))
write(toJSON(list(versions = versions, sets = cases), digits = NA, auto_unbox = TRUE,
             dataframe = "columns"), file.path(folder, "meta_multilevel.json"))
