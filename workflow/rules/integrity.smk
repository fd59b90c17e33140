# Research-integrity screens on the raw numbers: what cannot be, and what should be looked at.


rule screen_integrity:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=TRIALS),
        measurements="<results>/harmonized/measurements.csv",
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
    output:
        screens=report(
            ensure("<results>/integrity/screens.csv", non_empty=True),
            caption="../report/integrity.rst",
            category="Data",
            labels={"table": "rows flagged by integrity screens"},
        ),
        summary=report(
            ensure("<results>/integrity/summary.csv", non_empty=True),
            caption="../report/integrity.rst",
            category="Data",
            labels={"table": "integrity screens"},
        ),
        description=ensure("<results>/integrity/description.csv", non_empty=True),
    log:
        "<logs>/screen_integrity.log",
    benchmark:
        "<benchmarks>/screen_integrity.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("screen_integrity"),
        outcomes=OUTCOMES,
        settings=config["integrity"],
        harmonize=config["harmonize"],
    message:
        "Screen the printed numbers of all trials"
    script:
        "../scripts/screen_integrity.py"


rule plot_integrity:
    input:
        screens="<results>/integrity/screens.csv",
        summary="<results>/integrity/summary.csv",
    output:
        svg=report(
            ensure("<results>/figures/integrity.svg", non_empty=True),
            caption="../report/integrity.rst",
            category="Data",
            labels={"table": "figure of integrity screens"},
        ),
        png=ensure("<results>/figures/integrity.png", non_empty=True),
        table=ensure("<results>/figures/integrity.csv", non_empty=True),
    log:
        "<logs>/plot_integrity.log",
    benchmark:
        "<benchmarks>/plot_integrity.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_integrity"),
    message:
        "Draw what the integrity screens flag"
    script:
        "../scripts/plot_integrity.py"
