# Our results beside those that published reviews printed, and reviews pooled again from their own
# rows; nothing here enters a pool.


rule compare_reviews:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=REVIEWS),
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        concordance=report(
            ensure("<results>/concordance/concordance.csv", non_empty=True),
            caption="../report/concordance.rst",
            category="Concordance",
            labels={"table": "ours beside published reviews"},
        ),
    log:
        "<logs>/compare_reviews.log",
    benchmark:
        "<benchmarks>/compare_reviews.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("compare_reviews"),
    message:
        "Compare with published reviews"
    script:
        "../scripts/compare_reviews.py"


rule reproduce_reviews:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=REPRODUCED),
    output:
        reproduction=report(
            ensure("<results>/concordance/reproduction.csv", non_empty=True),
            caption="../report/reproduction.rst",
            category="Concordance",
            labels={"table": "published reviews pooled again"},
        ),
    log:
        "<logs>/reproduce_reviews.log",
    benchmark:
        "<benchmarks>/reproduce_reviews.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("reproduce_reviews"),
        level=config["models"]["level"],
    message:
        "Pool published reviews again from their own rows"
    script:
        "../scripts/reproduce_reviews.py"


rule plot_concordance:
    input:
        compared="<results>/concordance/concordance.csv",
    output:
        svg=report(
            ensure("<results>/figures/concordance.svg", non_empty=True),
            caption="../report/concordance_figure.rst",
            category="Concordance",
            labels={"table": "figure of ours beside published reviews"},
        ),
        png=ensure("<results>/figures/concordance.png", non_empty=True),
        table=ensure("<results>/figures/concordance.csv", non_empty=True),
    log:
        "<logs>/plot_concordance.log",
    benchmark:
        "<benchmarks>/plot_concordance.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_concordance"),
    message:
        "Draw our estimates beside published reviews"
    script:
        "../scripts/plot_concordance.py"
