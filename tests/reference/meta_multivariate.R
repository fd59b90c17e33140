# Reference numbers for liverfit.meta.multivariate, from metafor and clubSandwich.
#
#   Rscript meta_multivariate.R [FOLDER]
#
# writes FOLDER/meta_multivariate.json, the data with the results. FOLDER is the folder of this
# script by default.

suppressMessages({
  library(metafor)
  library(clubSandwich)
  library(jsonlite)
})
script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)

within <- function(trial, v, r) {
  V <- outer(trial, trial, "==") * r * sqrt(outer(v, v))
  diag(V) <- v
  V
}
berkey <- dat.berkey1998
Vb <- as.matrix(bldiag(lapply(split(berkey[c("v1i", "v2i")], berkey$trial), as.matrix)))
kalaian <- dat.kalaian1996
riley <- dat.riley2003
ishak <- dat.ishak2007
long <- reshape(ishak, direction = "long", idvar = "study", v.names = c("yi", "vi"),
                varying = list(paste0("y", 1:4, "i"), paste0("v", 1:4, "i")), timevar = "time")
long <- long[!is.na(long$yi), ]
long <- long[order(long$study, long$time), ]

as_set <- function(yi, V, outcome, trial, mod) {
  list(yi = as.numeric(yi), V = V, outcome = as.character(outcome),
       trial = as.integer(factor(trial)), mod = as.numeric(mod))
}
sets <- list(
  berkey1998 = as_set(berkey$yi, Vb, berkey$outcome, berkey$trial, berkey$year - 1983),
  kalaian1996 = as_set(kalaian$yi, within(kalaian$study, kalaian$vi, 0.66), kalaian$outcome,
                       kalaian$study, kalaian$year - 1980),
  riley2003 = as_set(riley$yi, within(riley$study, riley$vi, 0.5), riley$outcome, riley$study, 0),
  ishak2007 = as_set(long$yi, within(long$study, long$vi, 0.6), paste0("t", long$time), long$study,
                     long$mbase - 50)
)
round_trip <- function(s) fromJSON(toJSON(s, digits = NA))
sets <- lapply(sets, round_trip)

# No one optimiser of R reaches the optimum everywhere, so the best of several counts.
controls <- list(
  list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-12, eval.max = 5000, iter.max = 5000),
  list(optimizer = "nlminb"),
  list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 1e4)
)
fit <- function(s, structure, method, mod) {
  d <<- data.frame(yi = s$yi, outcome = factor(s$outcome), trial = s$trial, mod = s$mod)
  V <<- s$V
  formula <- if (mod) ~ 0 + outcome + outcome:mod else ~ 0 + outcome
  fits <- lapply(controls, function(control) try(suppressWarnings(
    rma.mv(yi, V, mods = formula, random = ~ outcome | trial, struct = structure, data = d,
           method = method, control = control)), silent = TRUE))
  fits <- Filter(function(m) !inherits(m, "try-error"), fits)
  m <- fits[[which.max(sapply(fits, function(m) as.numeric(logLik(m))))]]
  t <- coef_test(m, vcov = "CR2", cluster = d$trial, test = "Satterthwaite")
  list(structure = structure, method = method, mod = mod, coef = as.numeric(m$beta), se = m$se,
       tau2 = I(m$tau2), rho = I(m$rho), loglik = as.numeric(logLik(m)), q = m$QE, q_pvalue = m$QEp,
       CR2 = list(se = t$SE, df = t$df_Satt))
}
cases <- list()
for (name in names(sets)) {
  fits <- list()
  for (method in c("REML", "ML")) for (structure in c("UN", "HCS", "CS", "DIAG")) {
    if (structure == "UN" && name == "ishak2007" && method == "ML") next
    fits <- c(fits, list(fit(sets[[name]], structure, method, FALSE)))
  }
  if (name %in% c("berkey1998", "kalaian1996"))
    fits <- c(fits, list(fit(sets[[name]], "UN", "ML", TRUE)), list(fit(sets[[name]], "UN", "REML", TRUE)))
  cases[[name]] <- list(data = sets[[name]], fits = fits)
}
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 clubSandwich = as.character(packageVersion("clubSandwich")),
                 metadat = as.character(packageVersion("metadat")))
write(toJSON(list(versions = versions, sets = cases), digits = NA, auto_unbox = TRUE),
      file.path(folder, "meta_multivariate.json"))
