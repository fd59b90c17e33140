"""What the columns of every raw table hold: the single source of checks and data dictionary."""

from __future__ import annotations

from .columns import Column, Format, Table, count_column, id_column, number_column, words_column

MODALITIES = (
    "aerobic",
    "hiit",
    "sit",
    "resistance",
    "combined",
    "diet",
    "diet_plus_aerobic",
    "diet_plus_resistance",
    "diet_plus_combined",
    "drug",
    "drug_plus_exercise",
    "other",
    "control",
    "placebo",
)

_TRIAL = id_column("trial_id", "The trial: first author and year, or another short name.")
_YEAR = Column("year", "Year of publication.", "integer", minimum=1900, maximum=2100)
_DOI = Column("doi", "Digital object identifier of the paper.", "doi", strict=False)
_SOURCE = Column(
    "source_url", "Address of the page on which the row was seen.", "url", True, strict=False
)
_PRINTED = Column("as_reported", "The numbers or words exactly as the source prints them.")
_WEIGHT = "no_change decreased increased not_reported"

TRIALS = Table(
    "trials",
    "One row a trial.",
    (
        _TRIAL,
        Column("first_author", "Family name of the first author."),
        _YEAR,
        Column("title", "Title of the main paper."),
        Column("journal", "Journal of the main paper."),
        _DOI,
        Column("pmid", "PubMed identifier.", "integer", minimum=1, maximum=99_999_999),
        Column("registry_id", "Trial registration number(s), separated by ';'."),
        Column("country", "Country as printed; curation/normalise.csv gives one spelling."),
        words_column(
            "design",
            "Design of the trial.",
            "parallel_rct crossover_rct nonrandomised_controlled single_arm secondary_analysis",
            True,
        ),
        words_column("randomised", "Whether allocation was randomised.", "yes no unclear", True),
        Column("population", "Who took part, in words."),
        words_column(
            "condition",
            "Conditions of the participants, separated by ';'.",
            "nafld nash obesity t2d prediabetes metsyn hypogonadism hiv healthy other",
            True,
            strict=False,
            several=True,
        ),
        number_column("age_mean", "Mean age.", 0, 120, "years"),
        number_column("pct_female", "Share of women.", 0, 100, "percent"),
        number_column("bmi_mean", "Mean body-mass index.", 10, 80, "kg/m2"),
        words_column(
            "diet_cointervention",
            "Who received a diet beside the intervention.",
            "none both_arms exercise_arm_only unclear",
            True,
        ),
        words_column(
            "liver_fat_method",
            "How liver fat was measured; none when it was not.",
            "none 1H-MRS MRI MRI-PDFF CT-HU CAP US-grade US-HRI biopsy",
            strict=False,
        ),
        words_column(
            "weight_result", "What was said of body weight in the exercise arm.", _WEIGHT, True
        ),
        _SOURCE,
        Column("notes", "Remarks of the extractors."),
        Column("extractors", "Who extracted rows of the trial, separated by ';'.", required=True),
    ),
    ("trial_id",),
)

ARMS = Table(
    "arms",
    "One row an arm of a trial.",
    (
        _TRIAL,
        id_column("arm_id", "The arm, unique within its trial."),
        Column("arm_label", "Name of the arm as printed.", required=True),
        words_column("role", "Part of the arm in the trial.", "intervention control", True),
        Column("modality", "What the arm did.", "words", True, MODALITIES),
        count_column("n_randomised", "Participants allocated to the arm."),
        count_column("n_analysed", "Participants analysed in the arm."),
        number_column("weeks", "Length of the intervention.", 0, 1040, "weeks"),
        Column("sessions_per_week", "Sessions a week, a number or a range as printed."),
        Column("minutes_per_session", "Minutes a session, a number, range or words as printed."),
        Column("intensity", "Intensity or dose as printed."),
        words_column(
            "supervised", "Whether sessions were supervised.", "yes no partly unclear", strict=False
        ),
        Column("cointervention", "What the arm received beside its modality."),
        _SOURCE,
        Column("lead_extractor", "Who extracted the arm.", required=True),
    ),
    ("trial_id", "arm_id"),
)

MEASUREMENTS = Table(
    "measurements",
    "One printed summary a row (arm, outcome, timepoint), or one printed contrast between arms "
    "(timepoint contrast: value of the arm minus its comparator).",
    (
        _TRIAL,
        id_column("arm_id", "The arm the number belongs to."),
        Column(
            "outcome",
            "What was measured: a name from config/outcomes.yaml, or other:NAME.",
            "outcome",
            True,
        ),
        Column("method", "How it was measured, as printed."),
        Column(
            "unit",
            "Unit as printed; percent means percentage points or a percentage as such, "
            "percent_relative a change in percent of baseline.",
        ),
        words_column(
            "timepoint", "What the number is.", "baseline post change contrast followup", True
        ),
        number_column("week", "Week of the measurement, 0 at baseline.", 0, 1040, "weeks"),
        count_column("n", "Participants behind the number."),
        words_column("center_type", "Kind of centre.", "mean median adjusted_mean percent_change"),
        number_column("center", "Centre as printed."),
        words_column(
            "spread_type",
            "Kind of spread; sd_or_se is a '±' whose kind the page does not say.",
            "sd se sd_or_se ci95 iqr range none",
        ),
        number_column("spread", "SD, SE, or the width of an interquartile range, as printed.", 0),
        number_column("lower", "Lower end of the confidence interval, quartiles or range."),
        number_column("upper", "Upper end of the confidence interval, quartiles or range."),
        Column("p_value", "p-value expression as printed.", "pvalue"),
        words_column("p_scope", "What the p-value compares.", "within between interaction unclear"),
        id_column("comparator_arm_id", "Reference arm of a contrast or of a between-arm p.", False),
        words_column("qualitative", "Direction stated in words.", "no_change decreased increased"),
        _PRINTED,
        words_column("location", "Where on the page.", "abstract table text registry figure", True),
        words_column("source_type", "Kind of source.", "primary secondary registry", True),
        _SOURCE,
        _DOI,
        Column("extractor", "Who extracted the row; two extractors are two rows.", required=True),
        Column("notes", "Remarks of the extractor."),
    ),
    (
        "trial_id",
        "arm_id",
        "outcome",
        "method",
        "unit",
        "timepoint",
        "week",
        "center_type",
        "comparator_arm_id",
        "p_scope",
        "extractor",
        "source_url",
    ),
)

REVIEWS = Table(
    "reviews",
    "One pooled result of a published review a row; compared with, never pooled.",
    (
        id_column("review_id", "The review."),
        Column("first_author", "Family name of the first author."),
        _YEAR,
        Column("journal", "Journal."),
        _DOI,
        Column("population", "Who took part in the pooled trials, in words."),
        Column(
            "outcome", "What was pooled, with the unit where the review adds it.", required=True
        ),
        Column("comparison", "What was compared.", required=True),
        Column("subgroup", "Subgroup or model of the review; empty for its main result."),
        Column("k", "Number of trials (or arms, then said so) as printed."),
        count_column("n", "Participants pooled."),
        Column("measure", "Effect measure as printed."),
        Column("unit", "Unit of the effect as printed."),
        number_column("estimate", "Pooled effect."),
        number_column("ci_lower", "Lower end of its 95 % interval."),
        number_column("ci_upper", "Upper end of its 95 % interval."),
        Column("p_value", "p-value expression as printed.", "pvalue"),
        number_column("i2", "I2.", 0, 100, "percent"),
        number_column("tau2", "Between-trial variance.", 0),
        Column("model", "Model of the review as printed."),
        Column("as_reported", _PRINTED.meaning, required=True),
        _SOURCE,
        Column("extractor", "Who extracted the row.", required=True),
    ),
    ("review_id", "outcome", "comparison", "subgroup", "measure", "unit"),
)

TRIAL_EFFECTS = Table(
    "trial_effects",
    "One trial row printed in a table or forest plot of a review; compared with, never pooled.",
    (
        id_column("review_id", "The review; it need not have a pooled result in reviews."),
        Column("trial_label", "Name of the trial as the review prints it.", required=True),
        Column("outcome", "What was measured.", "outcome", True),
        Column("comparison", "What was compared.", required=True),
        Column("measure", "What the numbers are, as printed.", required=True),
        Column("unit", "Unit as printed."),
        number_column("exp_mean", "Value of the experimental arm."),
        number_column("exp_sd", "SD of the experimental arm.", 0),
        count_column("exp_n", "Participants of the experimental arm."),
        number_column("ctl_mean", "Value of the control arm."),
        number_column("ctl_sd", "SD of the control arm.", 0),
        count_column("ctl_n", "Participants of the control arm."),
        number_column("estimate", "Effect as the review computed it."),
        number_column("ci_lower", "Lower end of its 95 % interval."),
        number_column("ci_upper", "Upper end of its 95 % interval."),
        number_column("weight", "Weight of the trial in the review.", 0, 100, "percent"),
        Column("as_reported", _PRINTED.meaning, required=True),
        _SOURCE,
    ),
    ("review_id", "trial_label", "outcome", "comparison", "measure", "unit"),
)

OVERLAPS = Table(
    "overlaps",
    "Pairs of trials that share, or probably share, participants.",
    (
        _TRIAL,
        id_column("other_trial_id", "The other trial."),
        words_column(
            "relation",
            "How they overlap.",
            "same_cohort probable_same_cohort subset duplicate_values",
            True,
        ),
        Column("evidence", "Why this is thought.", required=True),
    ),
    ("trial_id", "other_trial_id"),
)

CAUTIONS = Table(
    "cautions",
    "Reasons for care with a trial, an arm or an outcome; exclude_primary keeps its rows out of "
    "primary analyses.",
    (
        _TRIAL,
        id_column("arm_id", "The arm; empty for the whole trial.", False),
        Column("outcome", "The outcome; empty for all.", "outcome"),
        words_column("severity", "What follows from it.", "exclude_primary check info", True),
        Column("caution", "The reason.", required=True),
    ),
    ("trial_id", "arm_id", "outcome", "caution"),
)

ARM_RELATIONS = Table(
    "arm_relations",
    "Arms that are subsets of, or pooled from, other arms, or groups that were not allocated.",
    (
        _TRIAL,
        id_column("arm_id", "The arm."),
        words_column("relation", "What it is.", "subset_of pooled_from not_an_allocation", True),
        id_column("other_arm_id", "The arm it is a subset of or was pooled from.", False),
        Column("note", "Remark of the curator."),
    ),
    ("trial_id", "arm_id", "relation", "other_arm_id"),
)

SPREAD_HINTS = Table(
    "spread_hints",
    "A curator's judgment whether a '±' of a trial is an SD or an SE; taken only where the "
    "pipeline's own rules are silent.",
    (
        _TRIAL,
        Column("outcome", "The outcome; empty for all of the trial.", "outcome"),
        words_column("likely", "The judgment.", "sd se", True),
        Column("reason", "The arithmetic behind it.", required=True),
    ),
    ("trial_id", "outcome"),
)

NORMALISE = Table(
    "normalise",
    "Spelling variants and the spelling to use.",
    (
        words_column("table", "Table the spelling occurs in.", "trials arms measurements", True),
        Column(
            "column",
            "Column, in brackets the outcome, trial or trial/arm to which the line is limited.",
            required=True,
        ),
        Column("found", "Spelling found; empty for an empty cell."),
        Column("canonical", "Spelling to use, with remarks in brackets.", required=True),
    ),
    ("table", "column", "found"),
)

LIVER_FAT_FEASIBILITY = Table(
    "liver_fat_feasibility",
    "A reader's judgment which liver-fat contrasts can be computed: a check on the pipeline, "
    "not an input to it.",
    (
        _TRIAL,
        Column("comparison", "The arms, as 'arm vs arm'.", required=True),
        Column("modalities", "Their modalities, as 'modality vs modality'.", required=True),
        words_column(
            "route",
            "How the effect can be computed; none when it cannot.",
            "none change_scores printed_contrast relative_change pre_post",
            True,
        ),
        Column("needs", "What has to be assumed, or is missing."),
        words_column("weight_result", "What was said of body weight.", _WEIGHT, True),
        words_column("weight_numbers", "Whether body-weight numbers are there.", "yes no", True),
    ),
    ("trial_id", "comparison"),
)

WIDE = Table(
    "wide",
    "One row a trial, or a comparison of it, with columns for each arm; `mapping` in dataset.yaml "
    "says which column feeds which arm, outcome, timepoint and statistic.",
    (),
    (),
)
EFFECTS = Table(
    "effects",
    "One printed contrast between two arms a row, with its interval, SE or p-value, as `mapping` "
    "in dataset.yaml says.",
    (),
    (),
)
IPD = Table(
    "ipd",
    "One participant at one visit a row, with a column an outcome, as `mapping` in dataset.yaml "
    "says. The rows themselves never go to results/.",
    (),
    (),
)

_ALL = (
    TRIALS, ARMS, MEASUREMENTS, WIDE, EFFECTS, IPD, REVIEWS, TRIAL_EFFECTS, OVERLAPS, CAUTIONS,
    ARM_RELATIONS, SPREAD_HINTS, NORMALISE, LIVER_FAT_FEASIBILITY,
)  # fmt: skip
TABLES: dict[str, Table] = {table.name: table for table in _ALL}

FORMATS: dict[str, Format] = {
    "arms": Format(
        "arms", "Arm-level summaries of trials.", required=("trials", "arms", "measurements")
    ),
    "wide": Format("wide", "Several arms a row.", required=("wide",), optional=("trials", "arms")),
    "effects": Format(
        "effects",
        "Contrasts between arms as printed.",
        required=("effects",),
        optional=("trials", "arms"),
    ),
    "ipd": Format(
        "ipd", "Individual participant data.", required=("ipd",), optional=("trials", "arms")
    ),
    "reviews": Format(
        "reviews",
        "Results of published reviews, for concordance only.",
        required=("reviews",),
        optional=("trial_effects",),
    ),
    "curation": Format(
        "curation",
        "Curators' evidence about the trials of other data sets.",
        optional=(
            "overlaps",
            "cautions",
            "arm_relations",
            "spread_hints",
            "normalise",
            "liver_fat_feasibility",
        ),
    ),
}

MAPPED = ("wide", "effects", "ipd")  # formats whose `mapping` makes the three long tables
