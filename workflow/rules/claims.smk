# Effects to evidence to a verdict, one job a claim.


checkpoint select_evidence:
    input:
        effects="<results>/effects/effects.csv",
        contrasts="<results>/effects/contrasts.csv",
        variants="<results>/effects/variants.csv",
        arm_summaries="<results>/effects/arm_summaries.csv",
        risk_of_bias="<results>/risk_of_bias/risk_of_bias.csv",
        before_after="<results>/effects/before_after.csv",
    output:
        evidence=ensure("<results>/evidence/{claim}.json", non_empty=True),
        variants=ensure("<results>/evidence/{claim}_variants.csv", non_empty=True),
        risk_of_bias=ensure("<results>/evidence/risk_of_bias/{claim}.json", non_empty=True),
    log:
        "<logs>/select_evidence/{claim}.log",
    benchmark:
        "<benchmarks>/select_evidence/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(2),
    params:
        code=code_of("select_evidence"),
        claim=claim_entry,
        outcomes=outcomes_of_claim,
        plan=config["primary"],
    message:
        "Select the evidence on {wildcards.claim}"
    script:
        "../scripts/select_evidence.py"


rule judge_claim:
    input:
        evidence=evidence_of,
        individual=individual_files,
    output:
        judged=ensure("<results>/judged/{claim}.json", non_empty=True),
    log:
        "<logs>/judge_claim/{claim}.log",
    benchmark:
        "<benchmarks>/judge_claim/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("judge_claim"),
        claim=claim_entry,
        settings={key: config[key] for key in ("models", "verdict")},
        individual=individual_data,
    message:
        "Judge {wildcards.claim}"
    script:
        "../scripts/judge_claim.py"


rule assess_bias:
    input:
        judged="<results>/judged/{claim}.json",
        evidence=evidence_of,
    output:
        bias=ensure("<results>/bias/{claim}.json", non_empty=True),
    log:
        "<logs>/assess_bias/{claim}.log",
    benchmark:
        "<benchmarks>/assess_bias/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        code=code_of("assess_bias"),
        settings={key: config[key] for key in ("models", "bias")},
    message:
        "Look for small-study effects and influence in {wildcards.claim}"
    script:
        "../scripts/assess_bias.py"


rule conclude_claim:
    input:
        judged="<results>/judged/{claim}.json",
        bias="<results>/bias/{claim}.json",
        risk_of_bias=risk_of_bias_of,
        calibration="<results>/calibration/{claim}.json",
        multiverse="<results>/multiverse/{claim}.json",
        evidence=evidence_of,
    output:
        claim=ensure("<results>/claims/{claim}.json", non_empty=True),
    log:
        "<logs>/conclude_claim/{claim}.log",
    benchmark:
        "<benchmarks>/conclude_claim/{claim}.tsv"
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(2),
    params:
        code=code_of("conclude_claim"),
        rules=config["certainty"],
    message:
        "Conclude on {wildcards.claim}"
    script:
        "../scripts/conclude_claim.py"


rule write_sections:
    input:
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        sections=expand("<results>/claims/{claim}.md", claim=CLAIMS),
        whole=report(
            ensure("<results>/claims/sections.md", non_empty=True),
            caption="../report/sections.rst",
            category="Claims",
            subcategory="All claims",
            labels={"result": "all claims in prose"},
        ),
    log:
        "<logs>/write_sections.log",
    benchmark:
        "<benchmarks>/write_sections.tsv"
    localrule: True
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(2),
    params:
        code=code_of("write_sections", templates()),
        level=config["models"]["level"],
    message:
        "Write a section on every claim"
    script:
        "../scripts/write_sections.py"


rule collect_claims:
    input:
        claims=expand("<results>/claims/{claim}.json", claim=CLAIMS),
    output:
        claims=report(
            ensure("<results>/claims/claims.csv", non_empty=True),
            caption="../report/claims.rst",
            category="Claims",
            subcategory="All claims",
            labels={"result": "table of verdicts"},
        ),
        markdown=ensure("<results>/claims/claims.md", non_empty=True),
    log:
        "<logs>/collect_claims.log",
    benchmark:
        "<benchmarks>/collect_claims.tsv"
    localrule: True
    conda:
        "../envs/liverfit.yaml"
    resources:
        mem_mb=growing(500),
        runtime=growing(2),
    params:
        code=code_of("collect_claims"),
    message:
        "Collect the verdicts"
    script:
        "../scripts/collect_claims.py"
