# Raw tables, exactly as published, to one checked document a data set.


rule ingest:
    input:
        raw=raw_files,
    output:
        dataset=ensure("<results>/ingested/{dataset}.json", non_empty=True),
    log:
        "<logs>/ingest/{dataset}.log",
    benchmark:
        "<benchmarks>/ingest/{dataset}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("ingest"),
        checksums=published_checksums,
        folder=raw_folder,
        mirror=config.get("mirror"),
        on_invalid=config["on_invalid"],
    message:
        "Ingest data set {wildcards.dataset}"
    script:
        "../scripts/ingest.py"
