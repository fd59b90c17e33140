# Every defensible analysis of each claim: effects in all variants, specifications, their curve.


rule derive_variants:
    input:
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
        measurements="<results>/harmonized/measurements.csv",
        directions="<results>/harmonized/directions.csv",
    output:
        variants=ensure("<results>/effects/variants.csv", non_empty=True),
    log:
        "<logs>/derive_variants.log",
    benchmark:
        "<benchmarks>/derive_variants.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("derive_variants"),
        modalities=MODALITIES,
        outcomes=OUTCOMES,
        settings=config["effects"],
        correlations=config["multiverse"]["choices"]["correlation"],
        spreads=config["multiverse"]["choices"]["unresolved_spread"],
    message:
        "Derive effect sizes under other readings"
    script:
        "../scripts/derive_variants.py"


rule evaluate_multiverse_chunk:
    input:
        variants=variants_of,
    output:
        chunk=ensure("<results>/multiverse/chunks/{claim}/{scatteritem}.npz", non_empty=True),
    log:
        "<logs>/evaluate_multiverse_chunk/{claim}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/evaluate_multiverse_chunk/{claim}/{scatteritem}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("evaluate_multiverse_chunk"),
        claim=claim_entry,
        outcomes=outcomes_of_claim,
        multiverse=config["multiverse"],
        settings={key: config[key] for key in ("models", "verdict")},
    message:
        "Evaluate part {wildcards.scatteritem} of the multiverse of {wildcards.claim}"
    script:
        "../scripts/evaluate_multiverse_chunk.py"


rule evaluate_multiverse:
    input:
        variants=variants_of,
        chunks=several(gather.multiverse("<results>/multiverse/chunks/{{claim}}/{scatteritem}.npz")),
    output:
        specifications=ensure("<results>/multiverse/{claim}.csv", non_empty=True),
        summary=ensure("<results>/multiverse/{claim}.json", non_empty=True),
        curve=ensure("<results>/multiverse/curves/{claim}.csv", non_empty=True),
    log:
        "<logs>/evaluate_multiverse/{claim}.log",
    benchmark:
        "<benchmarks>/evaluate_multiverse/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("evaluate_multiverse"),
        claim=claim_entry,
        outcomes=outcomes_of_claim,
        multiverse=config["multiverse"],
        settings={key: config[key] for key in ("models", "verdict")},
    message:
        "Evaluate the multiverse of {wildcards.claim}"
    script:
        "../scripts/evaluate_multiverse.py"
