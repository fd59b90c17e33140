# The verdict rule on data simulated from each claim's own trial structure.


rule simulate_claim:
    input:
        judged="<results>/judged/{claim}.json",
        evidence=evidence_of,
    output:
        chunk=ensure("<results>/calibration/chunks/{claim}/{scatteritem}.json", non_empty=True),
    log:
        "<logs>/simulate_claim/{claim}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/simulate_claim/{claim}/{scatteritem}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
    params:
        code=code_of("simulate_claim"),
        settings={key: config[key] for key in ("models", "calibration")},
    message:
        "Simulate part {wildcards.scatteritem} of the data sets like those of {wildcards.claim}"
    script:
        "../scripts/simulate_claim.py"


rule calibrate_claim:
    input:
        judged="<results>/judged/{claim}.json",
        evidence=evidence_of,
        chunks=several(
            gather.calibration("<results>/calibration/chunks/{{claim}}/{scatteritem}.json")
        ),
    output:
        calibration=ensure("<results>/calibration/{claim}.json", non_empty=True),
    log:
        "<logs>/calibrate_claim/{claim}.log",
    benchmark:
        "<benchmarks>/calibrate_claim/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(20),
    params:
        code=code_of("calibrate_claim"),
        settings={key: config[key] for key in ("models", "calibration")},
    message:
        "Calibrate the verdict rule on {wildcards.claim}"
    script:
        "../scripts/calibrate_claim.py"


rule plot_calibration:
    input:
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
        calibrations=expand("<results>/calibration/{claim}.json", claim=CLAIMS),
    output:
        svg=report(
            ensure("<results>/figures/calibration.svg", non_empty=True),
            caption="../report/calibration.rst",
            category="Claims",
            subcategory="All claims",
            labels={"result": "calibration of the verdict rule"},
        ),
        png=ensure("<results>/figures/calibration.png", non_empty=True),
        table=ensure("<results>/figures/calibration.csv", non_empty=True),
    log:
        "<logs>/plot_calibration.log",
    benchmark:
        "<benchmarks>/plot_calibration.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_calibration"),
    message:
        "Draw how often the verdict rule errs"
    script:
        "../scripts/plot_calibration.py"
