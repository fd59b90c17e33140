# Reference numbers for the univariate models of liverfit.meta, from metafor.
#
#   Rscript meta_univariate.R [FOLDER]
#
# writes FOLDER/data/<name>.csv (from metadat) and FOLDER/meta_univariate.json; the models are fitted
# to the numbers as written in the CSV files. FOLDER is the folder of this script by default.

suppressMessages({
  library(metafor)
  library(jsonlite)
})

script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)
dir.create(file.path(folder, "data"), showWarnings = FALSE, recursive = TRUE)

# ---- data -------------------------------------------------------------------------------------
pick <- function(dat, mods = NULL) {
  dat <- as.data.frame(dat)[c("yi", "vi", mods)]
  dat[stats::complete.cases(dat), , drop = FALSE]
}
sets <- list(
  bcg = pick(escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
             c("ablat", "year")),
  hackshaw1998 = pick(dat.hackshaw1998, "year"),
  normand1999 = pick(escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i,
                            n2i = n2i, data = dat.normand1999)),
  raudenbush1985 = pick(dat.raudenbush1985, "weeks"),
  bangertdrowns2004 = pick(dat.bangertdrowns2004, c("length", "wic", "feedback")),
  pignon2000 = pick(transform(dat.pignon2000, yi = OmE / V, vi = 1 / V)),
  li2007 = pick(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.li2007)),
  molloy2014 = pick(escalc("ZCOR", ri = ri, ni = ni, data = dat.molloy2014),
                    c("quality", "meanage")),
  egger2001 = pick(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001)),
  mcdaniel1994 = pick(escalc("ZCOR", ri = ri, ni = ni, data = dat.mcdaniel1994)),
  lau1992 = pick(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i,
                        data = dat.lau1992[order(dat.lau1992$year), ]))
)
models <- list(
  bcg = list(NULL, "ablat", c("ablat", "year")),
  hackshaw1998 = list(NULL, "year"),
  raudenbush1985 = list(NULL, "weeks"),
  bangertdrowns2004 = list(NULL, c("length", "wic", "feedback")),
  molloy2014 = list(NULL, c("quality", "meanage"))
)

numbers <- function(x) sapply(x, function(v) formatC(v, digits = 15, format = "g", width = 1))
for (name in names(sets)) {
  text <- as.data.frame(lapply(sets[[name]], numbers))
  write.csv(text, file.path(folder, "data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
  sets[[name]] <- read.csv(file.path(folder, "data", paste0(name, ".csv")))
}

# ---- models -----------------------------------------------------------------------------------
fit <- function(dat, mods, method, test, ...) {
  args <- list(yi = dat$yi, vi = dat$vi, method = method, test = test, ...)
  if (!is.null(mods)) args$mods <- as.matrix(dat[mods])
  # The threshold is absolute, so the smallest one that is reached depends on the scale of tau2.
  for (threshold in 10^-(13:7)) for (stepadj in c(1, 0.5, 0.2)) {
    args$control <- list(threshold = threshold, stepadj = stepadj, tol = 1e-13, maxiter = 1000)
    r <- try(suppressWarnings(do.call(rma, args)), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  stop(paste("no convergence:", method))
}
describe <- function(r) {
  out <- list(coef = c(r$beta), se = r$se, pvalue = r$pval, ci_lower = r$ci.lb, ci_upper = r$ci.ub,
              tau2 = r$tau2, i2 = r$I2, h2 = r$H2, q = r$QE, q_pvalue = r$QEp, qm = r$QM,
              qm_pvalue = r$QMp, loglik = c(logLik(r)), k = r$k)
  if (!is.null(r$R2)) out$r2 <- r$R2
  if (r$int.only && r$method != "EE" && r$k > 1) {
    p <- predict(r)
    out$pi <- c(p$pi.lb, p$pi.ub)
  }
  if (r$method != "EE" && r$k > 1) {
    ci <- confint(r, control = list(tol = 1e-13, tau2.max = 1e6, maxiter = 10000))
    out$tau2_ci <- unname(ci$random[1, 2:3])
  }
  out
}
fits <- list()
for (name in names(sets)) {
  for (mods in if (is.null(models[[name]])) list(NULL) else models[[name]]) {
    for (method in c("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")) {
      for (test in c("z", "knha")) {
        r <- fit(sets[[name]], mods, method, test)
        fits[[length(fits) + 1]] <- c(list(data = name, mods = as.list(mods), method = method,
                                           test = test), describe(r))
      }
    }
  }
}

# ---- diagnostics ------------------------------------------------------------------------------
deletion <- list()
for (case in list(list("bcg", NULL, "REML", "knha"), list("bcg", c("ablat", "year"), "DL", "z"),
                  list("egger2001", NULL, "PM", "z"), list("raudenbush1985", "weeks", "REML", "knha"),
                  list("lau1992", NULL, "REML", "z"))) {
  r <- fit(sets[[case[[1]]]], case[[2]], case[[3]], case[[4]])
  i <- influence(r)
  out <- list(data = case[[1]], mods = as.list(case[[2]]), method = case[[3]], test = case[[4]],
              influence = c(lapply(unclass(i$inf)[c("rstudent", "dffits", "cook.d", "cov.r",
                                                    "tau2.del", "QE.del", "hat", "weight")], c)))
  if (is.null(case[[2]])) {
    out$leave_one_out <- unclass(leave1out(r))[c("estimate", "se", "pval", "ci.lb", "ci.ub", "Q",
                                                 "tau2", "I2")]
    out$cumulative <- unclass(cumul(r))[c("estimate", "se", "pval", "tau2", "I2")]
  }
  deletion[[length(deletion) + 1]] <- out
}

# ---- small-study effects ----------------------------------------------------------------------
tight <- list(threshold = 1e-11, maxiter = 5000)
bias <- lapply(setdiff(names(sets), "raudenbush1985"), function(name) {
  dat <- sets[[name]]
  r <- fit(dat, NULL, "REML", "z")
  lm1 <- regtest(dat$yi, dat$vi, model = "lm")
  rma1 <- regtest(r)
  rank <- suppressWarnings(ranktest(r))
  trim <- list()
  for (estimator in c("L0", "R0")) for (method in c("EE", "REML")) for (side in c("left", "right")) {
    t <- trimfill(fit(dat, NULL, method, "z"), estimator = estimator, side = side, control = tight)
    trim[[length(trim) + 1]] <- list(estimator = estimator, method = method, side = side,
      k0 = t$k0, coef = c(t$beta), se = t$se, tau2 = t$tau2)
  }
  auto <- trimfill(fit(dat, NULL, "REML", "z"), control = tight)
  pet <- summary(lm(dat$yi ~ sqrt(dat$vi), weights = 1 / dat$vi))$coefficients
  peese <- summary(lm(dat$yi ~ dat$vi, weights = 1 / dat$vi))$coefficients
  list(data = name, lm = list(statistic = lm1$zval, pvalue = lm1$pval, df = lm1$dfs),
       rma = list(statistic = rma1$zval, pvalue = rma1$pval, limit = c(rma1$est),
                  limit_ci = c(rma1$ci.lb, rma1$ci.ub)),
       rank = list(tau = unname(rank$tau), pvalue = rank$pval), trim = trim,
       trim_auto = list(side = auto$side, k0 = auto$k0, coef = c(auto$beta), se = auto$se),
       pet = unname(pet), peese = unname(peese))
})

# ---- selection models -------------------------------------------------------------------------
selection <- list()
for (case in list(list("bcg", NULL, 0.025, "less"), list("egger2001", NULL, 0.025, "less"),
                  list("hackshaw1998", NULL, 0.025, "greater"),
                  list("hackshaw1998", NULL, c(0.025, 0.5), "greater"),
                  list("hackshaw1998", NULL, c(0.025, 0.1, 0.5), "greater"),
                  list("hackshaw1998", NULL, 0.05, "two.sided"),
                  list("raudenbush1985", NULL, 0.1, "greater"),
                  list("mcdaniel1994", NULL, c(0.01, 0.05, 0.5), "greater"),
                  list("bangertdrowns2004", NULL, 0.05, "greater"),
                  list("molloy2014", NULL, 0.05, "two.sided"),
                  list("bcg", "ablat", 0.025, "less"))) {
  r <- fit(sets[[case[[1]]]], case[[2]], "ML", "z")
  s <- try(suppressWarnings(selmodel(r, type = "stepfun", steps = case[[3]], alternative = case[[4]],
                                     control = list(rel.tol = 1e-14))))
  if (inherits(s, "try-error")) next
  selection[[length(selection) + 1]] <- list(
    data = case[[1]], mods = as.list(case[[2]]), steps = I(case[[3]]), alternative = case[[4]],
    coef = I(c(s$beta)), se = I(s$se), tau2 = s$tau2, weights = c(s$delta), se_weights = c(s$se.delta),
    lrt = s$LRT, lrt_pvalue = s$LRTp, loglik = c(logLik(s)))
}

# ---- edges: one study, two studies, equal effects, equal variances, one vast variance ----------
edge_data <- list(
  one = list(yi = 0.3, vi = 0.1), two = list(yi = c(0.1, 0.9), vi = c(0.05, 0.08)),
  equal_effects = list(yi = rep(0.3, 4), vi = c(0.1, 0.2, 0.3, 0.1)),
  equal_variances = list(yi = c(0.1, 0.9, 0.4, -0.5), vi = rep(0.07, 4)),
  vast = list(yi = c(0.1, 0.9, 0.4, 3), vi = c(0.05, 0.08, 0.02, 1e8)))
edges <- list()
for (name in names(edge_data)) for (method in c("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"))
  for (test in c("z", "knha")) {
    dat <- edge_data[[name]]
    r <- fit(dat, NULL, method, test)
    edges[[length(edges) + 1]] <- c(list(case = name, yi = I(dat$yi), vi = I(dat$vi), method = method,
      test = test), describe(r)[c("coef", "se", "ci_lower", "ci_upper", "tau2", "i2", "h2", "q",
                                  "loglik")])
  }

# ---- exact permutation tests ------------------------------------------------------------------
six <- sets$bcg[1:6, ]
six$half <- c(0, 1, 0, 1, 1, 0)
permutation <- lapply(list(list(NULL, "REML", "knha"), list("half", "DL", "z"),
                           list(c("ablat", "half"), "DL", "z")), function(case) {
  r <- fit(six, case[[1]], case[[2]], case[[3]])
  p <- permutest(r, exact = TRUE, progbar = FALSE)
  list(mods = as.list(case[[1]]), method = case[[2]], test = case[[3]], pvalue = c(p$pval),
       qm_pvalue = p$QMp)
})

# ---- batch of random problems -----------------------------------------------------------------
set.seed(20)
fuzz <- lapply(1:60, function(i) {
  k <- sample(2:25, 1)
  vi <- exp(rnorm(k, log(0.05), 1.2))
  yi <- rnorm(k, runif(1, -1, 1), sqrt(vi + sample(c(0, 0.01, 0.1, 1), 1)))
  yi <- signif(yi, 8)
  vi <- signif(vi, 8)
  dat <- data.frame(yi = yi, vi = vi)
  est <- lapply(c("ML", "REML", "PM", "SJ", "HE"), function(m) {
    r <- fit(dat, NULL, m, "knha")
    list(coef = c(r$beta), se = r$se, tau2 = r$tau2)
  })
  names(est) <- c("ML", "REML", "PM", "SJ", "HE")
  list(yi = yi, vi = vi, fits = est)
})

result <- list(
  versions = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
                  metadat = as.character(packageVersion("metadat"))),
  fits = fits, deletion = deletion, bias = bias, selection = selection, edges = edges,
  permutation = permutation, fuzz = fuzz)
write_json(result, file.path(folder, "meta_univariate.json"), auto_unbox = TRUE, digits = NA,
           na = "null", null = "null")
