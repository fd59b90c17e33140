# The verdict rule on data simulated from each claim's own trial structure.


rule calibrate_claim:
    input:
        judged="<results>/judged/{claim}.json",
        code=code_of("calibrate_claim"),
    output:
        calibration=ensure("<results>/calibration/{claim}.json", non_empty=True),
    log:
        "<logs>/calibrate_claim/{claim}.log",
    benchmark:
        "<benchmarks>/calibrate_claim/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        settings={key: config[key] for key in ("models", "calibration")},
    message:
        "Calibrate the verdict rule on {wildcards.claim}"
    script:
        "../scripts/calibrate_claim.py"
