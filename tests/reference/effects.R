# Reference numbers for liverfit.effects, from metafor's escalc and R's own distributions.
#
#   Rscript effects.R [FOLDER]
#
# writes FOLDER/effects.json (inputs and expected numbers together). FOLDER is the folder of this
# script by default.

suppressMessages({
  library(metafor)
  library(jsonlite)
})

script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
given <- commandArgs(trailingOnly = TRUE)
folder <- if (length(given)) given[1] else dirname(script)

# ---- two arms: Normand (1999), and a grid with small arms, unequal spreads and large effects ----
normand <- as.data.frame(dat.normand1999)[c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")]
grid <- data.frame(
  m1i = c(12.4, 3.1, 88, 0.42, 7.7, 1500), sd1i = c(6.5, 0.2, 31, 0.4, 7.7, 12),
  n1i = c(2, 5, 11, 250, 3, 40), m2i = c(15.9, 2.2, 91, 0.40, 2.1, 1490),
  sd2i = c(1.1, 0.9, 12, 0.1, 0.3, 30), n2i = c(3, 4, 90, 248, 2, 38)
)
arms <- rbind(normand, grid)

two <- function(...) {
  es <- escalc(m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
               data = arms, ...)
  list(yi = as.numeric(es$yi), vi = as.numeric(es$vi))
}
one <- function(measure) {
  es <- escalc(measure, mi = m1i, sdi = sd1i, ni = n1i, data = arms)
  list(yi = as.numeric(es$yi), vi = as.numeric(es$vi))
}
from_t <- function(vtype) {
  tval <- with(arms, (m1i - m2i) / sqrt(sd1i^2 / n1i + sd2i^2 / n2i))
  es <- escalc("SMD", ti = tval, n1i = arms$n1i, n2i = arms$n2i, vtype = vtype)
  list(ti = tval, yi = as.numeric(es$yi), vi = as.numeric(es$vi))
}

# ---- before and after: the five studies of Morris (2008) ----------------------------------------
treated <- data.frame(
  m_pre = c(30.6, 23.5, 0.5, 53.4, 35.6), m_post = c(38.5, 26.8, 0.7, 75.9, 36.0),
  sd_pre = c(15.0, 3.1, 0.1, 14.5, 4.7), sd_post = c(11.6, 4.1, 0.1, 4.4, 4.6),
  ni = c(20, 50, 9, 10, 14), ri = c(0.47, 0.64, 0.77, 0.89, 0.44)
)
control <- data.frame(
  m_pre = c(23.1, 24.9, 0.6, 55.7, 34.8), m_post = c(19.7, 25.3, 0.6, 60.7, 33.4),
  sd_pre = c(13.8, 4.1, 0.2, 17.3, 3.1), sd_post = c(14.8, 3.3, 0.2, 17.9, 6.9),
  ni = c(20, 42, 9, 11, 14), ri = c(0.47, 0.64, 0.77, 0.89, 0.44)
)
change <- function(measure, arm) {
  es <- escalc(measure, m1i = m_post, m2i = m_pre, sd1i = if (measure == "SMCR") sd_pre else sd_post,
               sd2i = if (measure == "SMCR") sd_post else sd_pre, ni = ni, ri = ri, data = arm)
  list(yi = as.numeric(es$yi), vi = as.numeric(es$vi))
}
contrast <- function(measure) {
  a <- change(measure, treated)
  b <- change(measure, control)
  list(yi = a$yi - b$yi, vi = a$vi + b$vi)
}
# The form with one pooled baseline SD, with the large-sample variance, written out
pooled <- local({
  n <- treated$ni + control$ni
  sd <- sqrt(((treated$ni - 1) * treated$sd_pre^2 + (control$ni - 1) * control$sd_pre^2) / (n - 2))
  gap <- (treated$m_post - treated$m_pre) - (control$m_post - control$m_pre)
  j <- gamma((n - 2) / 2) / (sqrt((n - 2) / 2) * gamma((n - 3) / 2))
  g <- j * gap / sd
  list(yi = g, vi = 2 * (1 - treated$ri) * (1 / treated$ni + 1 / control$ni) + g^2 / (2 * n))
})

# ---- distributions ------------------------------------------------------------------------------
p <- c(1e-12, 1e-6, 0.0004, 0.008, 0.05, 0.31, 0.9, 0.999)
df <- c(1, 2, 3.5, 9, 45, 200, 1e5)
table <- expand.grid(p = p, df = df)
level <- c(0.8, 0.9, 0.95, 0.99)
intervals <- expand.grid(level = level, df = df)

out <- list(
  versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor"))),
  arms = as.list(arms),
  two_arms = list(
    MD_LS = two("MD"), MD_HO = two("MD", vtype = "HO"), SMD_LS = two("SMD"),
    SMD_UB = two("SMD", vtype = "UB"), ROM = two("ROM")
  ),
  smd_from_t = list(LS = from_t("LS"), UB = from_t("UB")),
  one_arm = list(MN = one("MN"), MNLN = one("MNLN")),
  hedges = list(df = c(2, 3, 4, 9, 38, 500), factor = metafor:::.cmicalc(c(2, 3, 4, 9, 38, 500))),
  treated = as.list(treated), control = as.list(control),
  change = list(
    MC = change("MC", treated), SMCC = change("SMCC", treated), SMCR = change("SMCR", treated),
    ROMC = change("ROMC", treated)
  ),
  contrast = list(MC = contrast("MC"), ROMC = contrast("ROMC"), pooled = pooled),
  t_from_p = list(p = table$p, df = table$df, t = qt(table$p / 2, table$df, lower.tail = FALSE),
                  z_p = p, z = qnorm(p / 2, lower.tail = FALSE)),
  ci = list(level = intervals$level, df = intervals$df,
            divisor = 2 * qt(1 - (1 - intervals$level) / 2, intervals$df),
            z_level = level, z_divisor = 2 * qnorm(1 - (1 - level) / 2))
)
write(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = TRUE),
      file.path(folder, "effects.json"))
