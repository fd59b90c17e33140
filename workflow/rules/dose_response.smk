# Curves of effects over dose, of the claims that ask for a spline.

from liverfit.claims.dose_table import dose_claims, dose_moderators

DOSE_CLAIMS = dose_claims(CLAIMS.values())
MODERATORS = dose_moderators(CLAIMS.values())


rule tabulate_dose_response:
    input:
        claims=expand("<results>/claims/{claim}.json", claim=DOSE_CLAIMS),
    output:
        curves=report(
            ensure("<results>/dose_response/{moderator}.csv", non_empty=True),
            caption="../report/dose_response_table.rst",
            category="Claims",
            subcategory="Dose-response",
            labels={"moderator": "{moderator}"},
        ),
    log:
        "<logs>/tabulate_dose_response/{moderator}.log",
    benchmark:
        "<benchmarks>/tabulate_dose_response/{moderator}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(2),
    params:
        code=code_of("tabulate_dose_response"),
    message:
        "Tabulate the curves over {wildcards.moderator}"
    script:
        "../scripts/tabulate_dose_response.py"


rule plot_dose_response:
    input:
        claims=expand("<results>/claims/{claim}.json", claim=DOSE_CLAIMS),
        curves=expand("<results>/dose_response/{moderator}.csv", moderator=MODERATORS),
    output:
        svg=report(
            ensure("<results>/figures/dose_response.svg", non_empty=True),
            caption="../report/dose_response.rst",
            category="Claims",
            subcategory="Dose-response",
            labels={"moderator": "all"},
        ),
        png=ensure("<results>/figures/dose_response.png", non_empty=True),
        table=ensure("<results>/figures/dose_response.csv", non_empty=True),
    log:
        "<logs>/plot_dose_response.log",
    benchmark:
        "<benchmarks>/plot_dose_response.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_dose_response"),
        moderators=MODERATORS,
    message:
        "Draw effects against dose"
    script:
        "../scripts/plot_dose_response.py"
