# The description of all results, and two targets that look after them: verify and prune.

from liverfit.data.provenance import fingerprint, revision_of
from liverfit.report.run_summary import run_summary

STEPS = [
    rules.ingest,
    rules.harmonize,
    rules.screen_integrity,
    rules.build_ledger,
    rules.derive_effects,
    rules.derive_variants,
    rules.select_evidence,
    rules.judge_claim,
    rules.judge_risk_of_bias,
    rules.assess_bias,
    rules.calibrate_claim,
    rules.evaluate_multiverse,
    rules.conclude_claim,
    rules.write_sections,
    rules.collect_claims,
    rules.tabulate_dose_response,
    rules.plot_dose_response,
    rules.build_network,
    rules.tabulate_networks,
    rules.plot_network,
    rules.plot_ranks,
    rules.compare_reviews,
    rules.plot_concordance,
    *([rules.reproduce_reviews] if REPRODUCED else []),
    rules.plot_claim,
    rules.plot_scoreboard,
    rules.plot_calibration,
    rules.plot_row_flow,
    rules.plot_extraction_agreement,
    rules.plot_integrity,
    *([rules.plot_weight_independence] if WEIGHED else []),
]
TABLES = sorted({file for file in outputs_of(STEPS) if file.endswith(".csv")})


rule build_explorer:
    input:
        overview="<results>/claims/claims.csv",
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
        curves=expand("<results>/multiverse/curves/{claim}.csv", claim=CLAIMS),
        forest=expand("<results>/figures/forest_{claim}.svg", claim=CLAIMS),
        forest_table=expand("<results>/figures/forest_{claim}.csv", claim=CLAIMS),
        specification_curve=expand(
            "<results>/figures/specification_curve_{claim}.svg", claim=CLAIMS
        ),
        risk_of_bias_figure=expand("<results>/figures/risk_of_bias_{claim}.svg", claim=CLAIMS),
        risk_of_bias_table=expand("<results>/figures/risk_of_bias_{claim}.csv", claim=CLAIMS),
        funnel=expand("<results>/figures/funnel_{claim}.svg", claim=CLAIMS),
        influence=expand("<results>/figures/influence_{claim}.svg", claim=CLAIMS),
        datasets=expand("<results>/ingested/{dataset}.json", dataset=TRIALS),
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
        measurements="<results>/harmonized/measurements.csv",
        spread_decisions="<results>/harmonized/spread_decisions.csv",
        ledger="<results>/harmonized/ledger.csv",
        overlaps="<results>/harmonized/reported_overlaps.csv",
        risk_of_bias="<results>/risk_of_bias/risk_of_bias.csv",
        screens="<results>/integrity/screens.csv",
        effects="<results>/effects/effects.csv",
        before_after="<results>/effects/before_after.csv",
        concordance="<results>/concordance/concordance.csv",
        networks=expand("<results>/networks/{network}.json", network=NETWORKS),
        leagues=expand("<results>/networks/league_{network}.csv", network=NETWORKS),
        network_graph=expand("<results>/figures/network_{network}.svg", network=NETWORKS),
        network_graph_table=expand("<results>/figures/network_{network}.csv", network=NETWORKS),
        league_figure=expand("<results>/figures/league_{network}.svg", network=NETWORKS),
        transitivity="<results>/networks/transitivity.csv",
        profile="<results>/networks/benefit_profile.csv",
        ranks="<results>/figures/ranks.svg",
        ranks_table="<results>/figures/ranks.csv",
    output:
        index=ensure("<results>/report/index.html", non_empty=True),
        pages=directory("<results>/report/pages"),
    log:
        "<logs>/build_explorer.log",
    benchmark:
        "<benchmarks>/build_explorer.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("build_explorer", files_of("report/explorer")),
        names=list(CLAIMS),
        networks=list(NETWORKS),
        labels={name: entry["label"] for name, entry in OUTCOMES["outcomes"].items()},
        minimum_trials=config["verdict"]["minimum_trials"],
        report="report.html",
    message:
        "Build the evidence explorer"
    script:
        "../scripts/build_explorer.py"


rule describe_results:
    input:
        results=outputs_of(STEPS),
        checksums=[str(Path(DATA) / name / registry.SUMS) for name in FORMATS],
    output:
        package=ensure("<results>/datapackage.json", non_empty=True),
        crate=ensure("<results>/ro-crate-metadata.json", non_empty=True),
    log:
        "<logs>/describe_results.log",
    benchmark:
        "<benchmarks>/describe_results.tsv"
    localrule: True
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(2),
    params:
        code=code_of("describe_results"),
        revision=lambda wildcards: revision_of(PROJECT),
        plan=fingerprint([config, OUTCOMES, MODALITIES, CLAIMS]),
        folders=[str(Path(DATA) / name) for name in FORMATS],
    message:
        "Describe the results as a data package and an RO-Crate"
    script:
        "../scripts/describe_results.py"


rule build_report:
    input:
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
        sections=expand("<results>/claims/{claim}.md", claim=CLAIMS),
        curves=expand("<results>/multiverse/curves/{claim}.csv", claim=CLAIMS),
        forest=expand("<results>/figures/forest_{claim}.svg", claim=CLAIMS),
        risk_of_bias=expand("<results>/figures/risk_of_bias_{claim}.svg", claim=CLAIMS),
        scoreboard="<results>/figures/scoreboard.svg",
        row_flow_figure="<results>/figures/row_flow.svg",
        weight_independence=["<results>/figures/weight_independence.svg"] if WEIGHED else [],
        concordance_figure="<results>/figures/concordance.svg",
        calibration="<results>/figures/calibration.svg",
        extraction_agreement="<results>/figures/extraction_agreement.svg",
        trials="<results>/harmonized/trials.csv",
        arms="<results>/harmonized/arms.csv",
        row_flow="<results>/harmonized/row_flow.csv",
        agreement="<results>/harmonized/extraction_agreement.csv",
        screens="<results>/integrity/screens.csv",
        screened="<results>/integrity/summary.csv",
        correlations="<results>/effects/correlations.csv",
        concordance="<results>/concordance/concordance.csv",
        networks=expand("<results>/networks/{network}.json", network=NETWORKS),
        leagues=expand("<results>/networks/league_{network}.csv", network=NETWORKS),
        network_graph=expand("<results>/figures/network_{network}.svg", network=NETWORKS),
        transitivity="<results>/networks/transitivity.csv",
        package="<results>/datapackage.json",
        citation=[file for file in [locate("CITATION.cff")] if Path(file).is_file()],
    output:
        report=ensure("<results>/report/report.html", non_empty=True),
    log:
        "<logs>/build_report.log",
    benchmark:
        "<benchmarks>/build_report.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("build_report", files_of("report/printed")),
        names=list(CLAIMS),
        plan=config,
        outcomes=OUTCOMES["outcomes"],
        cited={
            name: {key: described.get(key) for key in ("title", "citation", "doi", "licence")}
            for name, described in DATASETS.items()
        },
    message:
        "Write the printable report"
    script:
        "../scripts/build_report.py"


EXPECTED = outputs_of([*STEPS, rules.build_explorer, rules.describe_results, rules.build_report])


rule verify:
    log:
        "<logs>/verify.log",
    localrule: True
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    params:
        expected=EXPECTED,
    message:
        "Compare every result with its checksum"
    script:
        "../scripts/verify.py"


rule prune:
    log:
        "<logs>/prune.log",
    localrule: True
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(2),
    params:
        folder=os.path.commonpath(EXPECTED),
        expected=EXPECTED,
    message:
        "Remove results that the plan no longer asks for"
    script:
        "../scripts/prune.py"


onsuccess:
    print(
        run_summary(Path(rules.collect_claims.output.claims).parents[1], LEFT_OUT),
        file=sys.stderr,
    )
