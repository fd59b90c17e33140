# Network meta-analyses of modalities: one an outcome and measure, and tables over all of them.

NETWORKS = {
    f"{outcome}_{measure}": (outcome, measure)
    for outcome, measures in config["networks"]["fitted"].items()
    for measure in measures
}


rule build_network:
    input:
        effects="<results>/effects/effects.csv",
        code=code_of("build_network"),
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
        mem_mb=1000,
        runtime=10,
    params:
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
        code=code_of("tabulate_networks"),
    output:
        profile=report(
            ensure("<results>/networks/benefit_profile.csv", non_empty=True),
            caption="../report/networks.rst",
            category="Networks",
            labels={"result": "benefit profile"},
        ),
        transitivity=report(
            ensure("<results>/networks/transitivity.csv", non_empty=True),
            caption="../report/networks.rst",
            category="Networks",
            labels={"result": "transitivity"},
        ),
    log:
        "<logs>/tabulate_networks.log",
    benchmark:
        "<benchmarks>/tabulate_networks.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        profile=config["networks"]["profile"],
        seed=config["models"]["seed"],
    message:
        "Tabulate benefit and transitivity over networks"
    script:
        "../scripts/tabulate_networks.py"
