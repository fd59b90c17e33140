# Reference numbers for liverfit.meta.network and component_network, by two routes:
#  - common and REML: metafor's rma.mv on contrasts, with rho = 1/2;
#  - DL: the formulas of Rücker (2012) on all comparisons (edges) with reduced weights, written out
#    here with pseudo-inverses because netmeta is not among Debian's packages.
#
#   Rscript meta_network.R [FOLDER]
#
# writes FOLDER/meta_network.json, the comparisons with the results. FOLDER is the folder of this
# script by default.

suppressMessages({
  library(metafor)
  library(jsonlite)
})
script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)

# ---- data: arms to all comparisons of a study ---------------------------------------------------
pairs_of <- function(arms, effect) {
  out <- NULL
  for (s in unique(arms$study)) {
    a <- arms[arms$study == s, ]
    if (nrow(a) < 2) next
    for (ij in combn(nrow(a), 2, simplify = FALSE)) {
      e <- effect(a[ij[1], ], a[ij[2], ])
      out <- rbind(out, data.frame(studlab = as.character(s), treat1 = as.character(a$treat[ij[1]]),
                                   treat2 = as.character(a$treat[ij[2]]), te = e[1], se = e[2]))
    }
  }
  out
}
log_odds <- function(a, b) {
  x <- c(a$x, a$n - a$x, b$x, b$n - b$x) + (if (a$fix) 0.5 else 0)
  c(log(x[1] / x[2]) - log(x[3] / x[4]), sqrt(sum(1 / x)))
}
mean_difference <- function(a, b) c(a$m - b$m, sqrt(a$s^2 / a$n + b$s^2 / b$n))
binary <- function(study, treat, x, n) {
  d <- data.frame(study = study, treat = treat, x = x, n = n)
  d$fix <- ave(as.numeric(d$x == 0 | d$x == d$n), d$study, FUN = max) > 0
  d[ave(d$x, d$study, FUN = sum) > 0, ]
}
senn <- with(dat.senn2013, data.frame(study = study, treat = treatment, m = mi, s = sdi, n = ni))
f <- dat.franchini2012
franchini <- do.call(rbind, lapply(1:3, function(i) data.frame(
  study = f$Study, treat = f[[paste0("Treatment", i)]], m = f[[paste0("y", i)]],
  s = f[[paste0("sd", i)]], n = f[[paste0("n", i)]])))
franchini <- franchini[!is.na(franchini$m), ]
hasselblad <- with(dat.hasselblad1998, binary(study, trt, xi, ni))
sets <- list(
  senn2013 = pairs_of(senn, mean_difference),
  franchini2012 = pairs_of(franchini, mean_difference),
  hasselblad1998 = pairs_of(hasselblad, log_odds),
  dogliotti2014 = pairs_of(with(dat.dogliotti2014, binary(id, treatment, stroke, total)), log_odds),
  dong2013 = pairs_of(with(dat.dong2013, binary(id, treatment, death, randomized)), log_odds)
)
linde <- dat.linde2016
sets$linde2016 <- data.frame(studlab = as.character(linde$id), treat1 = as.character(linde$treat1),
                             treat2 = as.character(linde$treat2), te = linde$lnOR,
                             se = linde$selnOR)
sets <- lapply(sets, function(d) as.data.frame(fromJSON(toJSON(d, digits = NA))))

# ---- edges with reduced weights (Rücker 2012) ---------------------------------------------------
pinv <- function(A) {
  e <- eigen(A, symmetric = TRUE)
  keep <- abs(e$values) > 1e-10 * max(abs(e$values))
  e$vectors[, keep] %*% (t(e$vectors[, keep]) / e$values[keep])
}
edges <- function(d, treatments, tau2) {
  B <- t(mapply(function(a, b) (treatments == a) - (treatments == b), d$treat1, d$treat2))
  w <- numeric(nrow(d))
  for (s in unique(d$studlab)) {
    rows <- which(d$studlab == s)
    arms <- unique(c(d$treat1[rows], d$treat2[rows]))
    a <- length(arms)
    R <- matrix(0, a, a, dimnames = list(arms, arms))
    for (r in rows) R[d$treat1[r], d$treat2[r]] <- R[d$treat2[r], d$treat1[r]] <- d$se[r]^2 + tau2
    Q <- diag(a) - 1 / a
    L <- pinv(-Q %*% R %*% Q / 2)
    dimnames(L) <- list(arms, arms)
    for (r in rows) w[r] <- -L[d$treat1[r], d$treat2[r]]
  }
  list(B = B, W = diag(w))
}
solve_edges <- function(d, X, W) {   # X: edges x parameters, possibly singular
  C <- pinv(t(X) %*% W %*% X)
  b <- C %*% t(X) %*% W %*% d$te
  list(b = as.numeric(b), C = C, q = sum(diag(W) * (d$te - X %*% b)^2))
}
dl_by_edges <- function(d, treatments, makeup, df) {
  e <- edges(d, treatments, 0)
  X <- e$B %*% makeup
  q <- solve_edges(d, X, e$W)$q
  H <- X %*% pinv(t(X) %*% e$W %*% X) %*% t(X) %*% e$W
  E <- outer(d$studlab, d$studlab, "==")
  U <- (e$B %*% t(e$B) * E / 2) %*% e$W
  tau2 <- if (df > 0) max(0, (q - df) / sum(diag((diag(nrow(d)) - H) %*% U))) else 0
  random <- edges(d, treatments, tau2)
  fit <- solve_edges(d, random$B %*% makeup, random$W)
  list(tau2 = tau2, q = q, b = fit$b, C = fit$C)
}
all_pairs <- function(level, C) {
  T <- length(level)
  list(effects = outer(level, level, "-"),
       se = sqrt(pmax(outer(diag(C), diag(C), "+") - 2 * C, 0)))
}

# ---- contrasts with the first arm of a study (for rma.mv) ---------------------------------------
contrasts_of <- function(d, treatments) {
  y <- NULL; A <- NULL; blocks <- list(); study <- NULL; comp <- NULL
  for (s in unique(d$studlab)) {
    r <- d[d$studlab == s, ]
    arms <- sort(unique(c(r$treat1, r$treat2)))
    get <- function(p, q) {
      i <- which(r$treat1 == p & r$treat2 == q)
      if (length(i)) return(c(r$te[i], r$se[i]^2))
      i <- which(r$treat1 == q & r$treat2 == p)
      c(-r$te[i], r$se[i]^2)
    }
    m <- length(arms) - 1
    V <- matrix(0, m, m)
    for (i in 1:m) for (j in 1:m) {
      vi <- get(arms[i + 1], arms[1])[2]
      vj <- get(arms[j + 1], arms[1])[2]
      V[i, j] <- if (i == j) vi else (vi + vj - get(arms[i + 1], arms[j + 1])[2]) / 2
    }
    for (i in 1:m) {
      y <- c(y, get(arms[i + 1], arms[1])[1])
      A <- rbind(A, (treatments == arms[i + 1]) - (treatments == arms[1]))
      study <- c(study, s); comp <- c(comp, i)
    }
    blocks <- c(blocks, list(V))
  }
  list(y = y, A = A, V = as.matrix(bldiag(blocks)), study = study, comp = comp,
       design = rep(sapply(unique(d$studlab), function(s) paste(sort(unique(c(
         d$treat1[d$studlab == s], d$treat2[d$studlab == s]))), collapse = ":")),
         sapply(blocks, nrow)))
}

network <- function(d) {
  treatments <- sort(unique(c(d$treat1, d$treat2)), method = "radix")
  k <- contrasts_of(d, treatments)
  X <- k$A[, -1, drop = FALSE]
  df <- length(k$y) - ncol(X)
  common <- rma.mv(k$y, k$V, mods = X, intercept = FALSE)
  dat <- data.frame(study = k$study, comp = factor(k$comp))
  # No one optimiser of R reaches the optimum everywhere, so the best of several counts.
  fits <- lapply(list(list(optimizer = "nlminb", rel.tol = 1e-13), list(optimizer = "nlminb"),
                      list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16)),
    function(control) try(suppressWarnings(rma.mv(k$y, k$V, mods = X, intercept = FALSE,
      random = if (any(k$comp > 1)) ~ comp | study else ~ 1 | study, rho = 0.5, data = dat,
      control = control)), silent = TRUE))
  fits <- Filter(function(m) !inherits(m, "try-error"), fits)
  reml <- fits[[which.max(sapply(fits, function(m) as.numeric(logLik(m))))]]
  pad <- function(C) { P <- matrix(0, length(treatments), length(treatments)); P[-1, -1] <- C; P }
  dl <- dl_by_edges(d, treatments, diag(length(treatments)), df)
  q_within <- 0; df_within <- 0
  for (g in unique(k$design)) {
    rows <- which(k$design == g)
    used <- which(colSums(abs(k$A[rows, , drop = FALSE])) > 0)
    Xg <- k$A[rows, used[-1], drop = FALSE]
    if (length(rows) == ncol(Xg)) next
    m <- rma.mv(k$y[rows], k$V[rows, rows], mods = Xg, intercept = FALSE)
    q_within <- q_within + m$QE; df_within <- df_within + length(rows) - ncol(Xg)
  }
  p <- all_pairs(dl$b, dl$C)
  z <- -p$effects / ifelse(p$se > 0, p$se, 1)
  P <- pnorm(z); diag(P) <- 0
  tau2 <- if (any(k$comp > 1)) reml$tau2 else reml$sigma2
  list(treatments = treatments, q = common$QE, df = df, q_within = q_within, df_within = df_within,
       common = all_pairs(c(0, coef(common)), pad(vcov(common))),
       DL = c(p, list(tau2 = dl$tau2, q = dl$q, p_scores = rowSums(P) / (length(treatments) - 1))),
       REML = c(all_pairs(c(0, coef(reml)), pad(vcov(reml))), list(tau2 = tau2)))
}

component <- function(d, inactive, sep) {
  treatments <- sort(unique(c(d$treat1, d$treat2)), method = "radix")
  parts <- lapply(strsplit(treatments, sep, fixed = TRUE), trimws)
  names <- sort(setdiff(unique(unlist(parts)), inactive), method = "radix")
  makeup <- t(sapply(parts, function(p) as.numeric(names %in% p)))
  k <- contrasts_of(d, treatments)
  X <- k$A %*% makeup
  df <- length(k$y) - ncol(X)
  additive <- rma.mv(k$y, k$V, mods = X, intercept = FALSE)
  full <- rma.mv(k$y, k$V, mods = k$A[, -1], intercept = FALSE)
  dl <- dl_by_edges(d, treatments, makeup, df)
  list(inactive = inactive, sep = sep, names = names, common = coef(additive),
       common_se = additive$se, q_additive = additive$QE, df_additive = df,
       q_difference = additive$QE - full$QE, df_difference = ncol(k$A) - 1 - ncol(X),
       tau2 = dl$tau2, coef = dl$b, se = sqrt(diag(dl$C)))
}

out <- lapply(sets, function(d) list(data = d, network = network(d)))
out$linde2016$component <- component(sets$linde2016, "Placebo", "+")
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")))
write(toJSON(list(versions = versions, sets = out), digits = NA, auto_unbox = TRUE,
             dataframe = "columns"), file.path(folder, "meta_network.json"))
