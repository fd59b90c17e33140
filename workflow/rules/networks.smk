# Network meta-analyses of modalities: one an outcome and measure, and tables over all of them.

NETWORKS = {
    f"{outcome}_{measure}": (outcome, measure)
    for outcome, measures in config["networks"]["fitted"].items()
    for measure in measures
}


rule build_network:
    input:
        effects="<results>/effects/effects.csv",
    output:
        network=ensure("<results>/networks/{network}.json", non_empty=True),
        league=ensure("<results>/networks/league_{network}.csv", non_empty=True),
    log:
        "<logs>/build_network/{network}.log",
    benchmark:
        "<benchmarks>/build_network/{network}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("build_network"),
        network=lambda wildcards: NETWORKS[wildcards.network],
        outcomes=lambda wildcards: {
            "outcomes": {
                name: OUTCOMES["outcomes"][name] for name in NETWORKS[wildcards.network][:1]
            }
        },
        settings={key: config[key] for key in ("models", "primary", "networks")},
    message:
        "Fit the network {wildcards.network}"
    script:
        "../scripts/build_network.py"


rule tabulate_networks:
    input:
        networks=expand("<results>/networks/{network}.json", network=NETWORKS),
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
        measurements="<results>/harmonized/measurements.csv",
        effects="<results>/effects/effects.csv",
    output:
        profile=report(
            ensure("<results>/networks/benefit_profile.csv", non_empty=True),
            caption="../report/benefit_profile.rst",
            category="Networks",
            subcategory="All networks",
            labels={"result": "benefit profile"},
        ),
        transitivity=report(
            ensure("<results>/networks/transitivity.csv", non_empty=True),
            caption="../report/transitivity.rst",
            category="Networks",
            subcategory="All networks",
            labels={"result": "transitivity"},
        ),
    log:
        "<logs>/tabulate_networks.log",
    benchmark:
        "<benchmarks>/tabulate_networks.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("tabulate_networks"),
        profile=config["networks"]["profile"],
        seed=config["models"]["seed"],
    message:
        "Tabulate benefit and transitivity over networks"
    script:
        "../scripts/tabulate_networks.py"


rule plot_network:
    input:
        network="<results>/networks/{network}.json",
        league="<results>/networks/league_{network}.csv",
    output:
        graph_svg=report(
            ensure("<results>/figures/network_{network}.svg", non_empty=True),
            caption="../report/network_graph.rst",
            category="Networks",
            subcategory="Graphs",
            labels={"network": "{network}"},
        ),
        graph_png=ensure("<results>/figures/network_{network}.png", non_empty=True),
        graph_table=ensure("<results>/figures/network_{network}.csv", non_empty=True),
        league_svg=report(
            ensure("<results>/figures/league_{network}.svg", non_empty=True),
            caption="../report/league.rst",
            category="Networks",
            subcategory="League tables",
            labels={"network": "{network}"},
        ),
        league_png=ensure("<results>/figures/league_{network}.png", non_empty=True),
        league_table=ensure("<results>/figures/league_{network}.csv", non_empty=True),
    log:
        "<logs>/plot_network/{network}.log",
    benchmark:
        "<benchmarks>/plot_network/{network}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(2),
    params:
        code=code_of("plot_network"),
    message:
        "Draw the network {wildcards.network}"
    script:
        "../scripts/plot_network.py"


rule plot_ranks:
    input:
        networks=[
            f"<results>/networks/{outcome}_{measure}.json"
            for outcome, measure in config["networks"]["profile"].items()
        ],
        profile="<results>/networks/benefit_profile.csv",
    output:
        svg=report(
            ensure("<results>/figures/ranks.svg", non_empty=True),
            caption="../report/ranks.rst",
            category="Networks",
            subcategory="All networks",
            labels={"result": "ranks"},
        ),
        png=ensure("<results>/figures/ranks.png", non_empty=True),
        table=ensure("<results>/figures/ranks.csv", non_empty=True),
    log:
        "<logs>/plot_ranks.log",
    benchmark:
        "<benchmarks>/plot_ranks.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("plot_ranks"),
    message:
        "Draw the ranks of modalities"
    script:
        "../scripts/plot_ranks.py"
