# Our results beside those that published reviews printed; nothing here enters a pool.


rule compare_reviews:
    input:
        datasets=expand("<results>/ingested/{dataset}.json", dataset=REVIEWS),
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
        code=code_of("compare_reviews"),
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
    message:
        "Compare with published reviews"
    script:
        "../scripts/compare_reviews.py"
