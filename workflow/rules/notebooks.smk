# Notebooks with their outputs, when asked for: snakemake results/notebooks/NAME.ipynb


rule run_notebook:
    input:
        notebook=lambda wildcards: locate(f"notebooks/{wildcards.notebook}.ipynb"),
        results=TABLES,
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        notebook=ensure("<results>/notebooks/{notebook}.ipynb", non_empty=True),
    log:
        "<logs>/run_notebook/{notebook}.log",
    benchmark:
        "<benchmarks>/run_notebook/{notebook}.tsv"
    wildcard_constraints:
        notebook="[A-Za-z0-9_]+",
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=[code_of("run_notebook"), code_of("plot_claim")],
    message:
        "Run notebook {wildcards.notebook}"
    script:
        "../scripts/run_notebook.py"
