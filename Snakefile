# The way in: `snakemake` here runs the whole analysis. The workflow itself is in workflow/, where it
# can also be used as a module.


include: "workflow/Snakefile"


# A default target inside an included file is not taken over: without this rule a bare `snakemake`
# would plan nothing and still succeed.
rule default:
    default_target: True
    input:
        rules.all.input,
    message:
        "Every result is up to date"
