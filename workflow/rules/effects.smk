# Harmonised arms to effect sizes with their variances and correlations.


rule derive_effects:
    input:
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
        measurements="<results>/harmonized/measurements.csv",
        directions="<results>/harmonized/directions.csv",
    output:
        effects=report(
            ensure("<results>/effects/effects.csv", non_empty=True),
            caption="../report/effects.rst",
            category="Data",
            labels={"table": "effects"},
        ),
        before_after=ensure("<results>/effects/before_after.csv", non_empty=True),
        fates=ensure("<results>/effects/fates.csv", non_empty=True),
        correlations=ensure("<results>/effects/correlations.csv", non_empty=True),
        contrasts=ensure("<results>/effects/contrasts.csv", non_empty=True),
        arm_summaries=ensure("<results>/effects/arm_summaries.csv", non_empty=True),
    log:
        "<logs>/derive_effects.log",
    benchmark:
        "<benchmarks>/derive_effects.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        code=code_of("derive_effects"),
        modalities=MODALITIES,
        outcomes=OUTCOMES,
        settings=config["effects"],
    message:
        "Derive effect sizes"
    script:
        "../scripts/derive_effects.py"
