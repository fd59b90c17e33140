# Risk of bias of every trial by outcome, as far as the printed data carry it.


rule judge_risk_of_bias:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=TRIALS),
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
        measurements="<results>/harmonized/measurements.csv",
        screens="<results>/integrity/screens.csv",
    output:
        risk_of_bias=report(
            ensure("<results>/risk_of_bias/risk_of_bias.csv", non_empty=True),
            caption="../report/judgements.rst",
            category="Data",
            labels={"table": "risk of bias, with reasons"},
        ),
    log:
        "<logs>/judge_risk_of_bias.log",
    benchmark:
        "<benchmarks>/judge_risk_of_bias.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("judge_risk_of_bias"),
        outcomes=OUTCOMES,
    message:
        "Judge the risk of bias of every trial by outcome"
    script:
        "../scripts/judge_risk_of_bias.py"
