# All trial data sets to comparable trials, arms and measurements, and the ledger of raw rows.


rule harmonize:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=TRIALS),
    output:
        trials=ensure("<results>/harmonized/trials.csv", non_empty=True),
        arms=ensure("<results>/harmonized/arms.csv", non_empty=True),
        measurements=ensure("<results>/harmonized/measurements.csv", non_empty=True),
        directions=ensure("<results>/harmonized/directions.csv", non_empty=True),
        fates=ensure("<results>/harmonized/fates.csv", non_empty=True),
        spread_decisions=ensure("<results>/harmonized/spread_decisions.csv", non_empty=True),
        extraction_pairs=ensure("<results>/harmonized/extraction_pairs.csv", non_empty=True),
        extraction_agreement=ensure("<results>/harmonized/extraction_agreement.csv", non_empty=True),
        reported_overlaps=ensure("<results>/harmonized/reported_overlaps.csv", non_empty=True),
    log:
        "<logs>/harmonize.log",
    benchmark:
        "<benchmarks>/harmonize.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        code=code_of("harmonize"),
        complete=COMPLETE,
        outcomes=OUTCOMES,
        modalities=MODALITIES,
        settings=config["harmonize"],
    message:
        "Harmonise the trials of all data sets"
    script:
        "../scripts/harmonize.py"


rule build_ledger:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=FORMATS),
        fates=["<results>/harmonized/fates.csv", "<results>/effects/fates.csv"],
        effects="<results>/effects/effects.csv",
        before_after="<results>/effects/before_after.csv",
        concordance="<results>/concordance/concordance.csv",
        reproduction="<results>/concordance/reproduction.csv" if REPRODUCED else [],
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        ledger=report(
            ensure("<results>/harmonized/ledger.csv", non_empty=True),
            caption="../report/ledger.rst",
            category="Data",
            labels={"table": "ledger of raw rows"},
        ),
        row_flow=ensure("<results>/harmonized/row_flow.csv", non_empty=True),
    log:
        "<logs>/build_ledger.log",
    benchmark:
        "<benchmarks>/build_ledger.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(5),
    params:
        code=code_of("build_ledger"),
    message:
        "Account for every raw row"
    script:
        "../scripts/build_ledger.py"
