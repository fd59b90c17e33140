# Fits of data sets of metadat that tests/reference does not use, as JSON on standard output.
suppressMessages({library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})
tight <- list(threshold = 1e-12, maxiter = 1000, tol = 1e-12)
# No one optimiser of R reaches the optimum everywhere, so the best of several counts.
best <- function(...) {
  fits <- lapply(list(list(rel.tol = 1e-13), list(), list(optimizer = "optim", reltol = 1e-15)),
                 function(control) try(suppressWarnings(rma.mv(..., control = control)), silent = TRUE))
  fits <- Filter(function(m) !inherits(m, "try-error"), fits)
  fits[[which.max(sapply(fits, function(m) c(logLik(m))))]]
}
one <- function(res) {
  # metafor gives an equal-effects model no prediction interval; ours is then the confidence interval.
  p <- if (res$method == "EE" && res$p == 1) list(pi.lb = res$ci.lb, pi.ub = res$ci.ub)
       else if (res$p == 1) predict(res) else list(pi.lb = NA, pi.ub = NA)
  list(coef = c(res$b), se = res$se, lower = res$ci.lb, upper = res$ci.ub, pvalue = res$pval,
       tau2 = res$tau2, i2 = res$I2, h2 = res$H2, q = res$QE, qm = res$QM, loglik = c(logLik(res)),
       pi = c(p$pi.lb, p$pi.ub), r2 = if (is.null(res$R2)) NA else res$R2)
}
quiet <- suppressWarnings

g <- dat.gibson2002
g <- g[complete.cases(g[, c("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")]), ]
smd <- escalc("SMD", n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = g)
fits <- list()
for (method in c("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")) for (test in c("z", "knha"))
  for (mods in list("~ 1", "~ year")) {
    res <- quiet(rma(yi, vi, mods = as.formula(mods), data = smd, method = method, test = test,
                     control = tight))
    fits[[length(fits) + 1]] <- c(list(method = method, test = test, mods = mods == "~ year"), one(res))
  }
res <- rma(yi, vi, data = smd, test = "knha", control = tight)
tz <- rma(yi, vi, data = smd, control = tight)
inf <- influence(res)
reg <- regtest(tz); lm1 <- regtest(tz, model = "lm"); rank <- ranktest(tz)
tf <- trimfill(tz, control = tight)
sel <- selmodel(rma(yi, vi, data = smd, method = "ML"), type = "stepfun", steps = 0.025, alternative = "less")
gibson <- list(
  arms = g[, c("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")], yi = c(smd$yi), vi = smd$vi,
  year = smd$year, fits = fits, tau2_ci = c(confint(res, control = list(tol = 1e-12))$random[1, 2:3]),
  influence = with(inf$inf, list(rstudent = rstudent, dffits = dffits, cook = cook.d, hat = hat,
                                 tau2_del = tau2.del, q_del = QE.del)),
  coef_del = leave1out(res)$estimate, cumulative = cumul(res, order = smd$year)$estimate,
  egger_rma = c(reg$zval, reg$pval), egger_lm = c(lm1$zval, lm1$pval), rank = c(rank$tau, rank$pval),
  trimfill = list(k0 = tf$k0, side = tf$side, coef = c(tf$b), se = tf$se),
  selection = list(coef = c(sel$b), se = sel$se, tau2 = sel$tau2, weights = sel$delta, lrt = sel$LRT,
                   pvalue = sel$LRTp))

l <- dat.lopez2019
l <- l[complete.cases(l[, c("diff", "se", "group")]), ]
l$vi <- l$se^2; l$id <- seq_len(nrow(l)); l$group <- as.numeric(l$group)
deep <- function(formula) {
  m <- best(l$diff, l$vi, mods = formula, random = ~ 1 | study / id, data = l)
  r <- coef_test(m, vcov = "CR2", cluster = l$study)
  list(coef = c(m$b), se = m$se, sigma2 = m$sigma2, loglik = c(logLik(m)), q = m$QE,
       robust_se = r$SE, df = r$df_Satt, pvalue = r$p_Satt)
}
lopez <- list(study = as.character(l$study), yi = l$diff, vi = l$vi, group = l$group,
              plain = deep(~ 1), grouped = deep(~ group))

p <- dat.pagliaro1992
p <- escalc("PLO", xi = xi, ni = ni, data = p)
p$trt <- as.character(p$trt)
nodes <- sort(unique(p$trt))
rows <- list()
blocks <- list()
for (s in unique(p$study)) {
  a <- p[p$study == s, ]
  base <- a[1, ]; rest <- a[-1, ]
  blocks[[length(blocks) + 1]] <- matrix(base$vi, nrow(rest), nrow(rest)) + diag(rest$vi, nrow(rest))
  rows[[length(rows) + 1]] <- data.frame(study = s, y = rest$yi - base$yi, to = rest$trt, from = base$trt)
}
d <- do.call(rbind, rows)
X <- sapply(nodes[-1], function(n) (d$to == n) - (d$from == n))
d$contrast <- seq_len(nrow(d))
m <- best(d$y, bldiag(blocks), mods = X, intercept = FALSE, random = ~ contrast | study, rho = 0.5,
          data = d)
pagliaro <- list(study = p$study, trt = p$trt, yi = c(p$yi), vi = p$vi, nodes = nodes, coef = c(m$b),
                 se = m$se, tau2 = m$tau2, q = m$QE)

cat(toJSON(list(gibson = gibson, lopez = lopez, pagliaro = pagliaro), digits = NA, auto_unbox = TRUE,
           na = "null"))
