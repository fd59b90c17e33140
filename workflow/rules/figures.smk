# Figures, each as SVG and PNG with the table that it draws beside it.


# One job for all figures of a claim: starting a job takes longer than drawing one.
rule plot_claim:
    input:
        claim="<results>/claims/{claim}.json",
        multiverse="<results>/multiverse/{claim}.json",
        specifications="<results>/multiverse/{claim}.csv",
        curve="<results>/multiverse/curves/{claim}.csv",
        evidence=evidence_of,
    output:
        forest=report(
            ensure("<results>/figures/forest_{claim}.svg", non_empty=True),
            caption="../report/forest.rst",
            category="Claims",
            subcategory="Forest plots",
            labels={"claim": "{claim}"},
        ),
        forest_png=ensure("<results>/figures/forest_{claim}.png", non_empty=True),
        forest_table=ensure("<results>/figures/forest_{claim}.csv", non_empty=True),
        specification_curve=report(
            ensure("<results>/figures/specification_curve_{claim}.svg", non_empty=True),
            caption="../report/specification_curve.rst",
            category="Claims",
            subcategory="Specification curves",
            labels={"claim": "{claim}"},
        ),
        specification_curve_png=ensure(
            "<results>/figures/specification_curve_{claim}.png", non_empty=True
        ),
        specification_curve_table=ensure(
            "<results>/figures/specification_curve_{claim}.csv", non_empty=True
        ),
        risk_of_bias=report(
            ensure("<results>/figures/risk_of_bias_{claim}.svg", non_empty=True),
            caption="../report/risk_of_bias.rst",
            category="Claims",
            subcategory="Risk of bias",
            labels={"claim": "{claim}"},
        ),
        risk_of_bias_png=ensure("<results>/figures/risk_of_bias_{claim}.png", non_empty=True),
        risk_of_bias_table=ensure("<results>/figures/risk_of_bias_{claim}.csv", non_empty=True),
        funnel=report(
            ensure("<results>/figures/funnel_{claim}.svg", non_empty=True),
            caption="../report/funnel.rst",
            category="Claims",
            subcategory="Funnel plots",
            labels={"claim": "{claim}"},
        ),
        funnel_png=ensure("<results>/figures/funnel_{claim}.png", non_empty=True),
        funnel_table=ensure("<results>/figures/funnel_{claim}.csv", non_empty=True),
        influence=report(
            ensure("<results>/figures/influence_{claim}.svg", non_empty=True),
            caption="../report/influence.rst",
            category="Claims",
            subcategory="Influence",
            labels={"claim": "{claim}"},
        ),
        influence_png=ensure("<results>/figures/influence_{claim}.png", non_empty=True),
        influence_table=ensure("<results>/figures/influence_{claim}.csv", non_empty=True),
    log:
        "<logs>/plot_claim/{claim}.log",
    benchmark:
        "<benchmarks>/plot_claim/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_claim"),
    message:
        "Draw the figures of {wildcards.claim}"
    script:
        "../scripts/plot_claim.py"


rule plot_scoreboard:
    input:
        overview="<results>/claims/claims.csv",
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        svg=report(
            ensure("<results>/figures/scoreboard.svg", non_empty=True),
            caption="../report/scoreboard.rst",
            category="Claims",
            subcategory="All claims",
            labels={"result": "scoreboard"},
        ),
        png=ensure("<results>/figures/scoreboard.png", non_empty=True),
        table=ensure("<results>/figures/scoreboard.csv", non_empty=True),
    log:
        "<logs>/plot_scoreboard.log",
    benchmark:
        "<benchmarks>/plot_scoreboard.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_scoreboard"),
        minimum_trials=config["verdict"]["minimum_trials"],
    message:
        "Draw the scoreboard"
    script:
        "../scripts/plot_scoreboard.py"


# The claims with lines that set body weight beside their outcome.
WEIGHED = [
    name for name, claim in CLAIMS.items() if any("beside" in line for line in claim["lines"])
]


rule plot_weight_independence:
    input:
        claim=expand("<results>/claims/{claim}.json", claim=WEIGHED[:1]),
    output:
        svg=report(
            ensure("<results>/figures/weight_independence.svg", non_empty=True),
            caption="../report/weight_independence.rst",
            category="Claims",
            subcategory="All claims",
            labels={"result": "liver fat against weight"},
        ),
        png=ensure("<results>/figures/weight_independence.png", non_empty=True),
        points=ensure("<results>/figures/weight_independence.csv", non_empty=True),
        lines=ensure("<results>/figures/weight_independence_lines.csv", non_empty=True),
    log:
        "<logs>/plot_weight_independence.log",
    benchmark:
        "<benchmarks>/plot_weight_independence.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_weight_independence"),
    message:
        "Draw liver fat against body weight"
    script:
        "../scripts/plot_weight_independence.py"


rule plot_row_flow:
    input:
        row_flow="<results>/harmonized/row_flow.csv",
    output:
        svg=report(
            ensure("<results>/figures/row_flow.svg", non_empty=True),
            caption="../report/row_flow.rst",
            category="Data",
            labels={"table": "flow of raw rows"},
        ),
        png=ensure("<results>/figures/row_flow.png", non_empty=True),
    log:
        "<logs>/plot_row_flow.log",
    benchmark:
        "<benchmarks>/plot_row_flow.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_row_flow"),
    message:
        "Draw the flow of rows from raw to pooled"
    script:
        "../scripts/plot_row_flow.py"


rule plot_extraction_agreement:
    input:
        agreement="<results>/harmonized/extraction_agreement.csv",
    output:
        svg=report(
            ensure("<results>/figures/extraction_agreement.svg", non_empty=True),
            caption="../report/extraction_agreement.rst",
            category="Data",
            labels={"table": "double-extraction agreement"},
        ),
        png=ensure("<results>/figures/extraction_agreement.png", non_empty=True),
        table=ensure("<results>/figures/extraction_agreement.csv", non_empty=True),
    log:
        "<logs>/plot_extraction_agreement.log",
    benchmark:
        "<benchmarks>/plot_extraction_agreement.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_extraction_agreement"),
        labels={name: entry["label"] for name, entry in OUTCOMES["outcomes"].items()},
    message:
        "Draw the agreement between extractions"
    script:
        "../scripts/plot_extraction_agreement.py"
