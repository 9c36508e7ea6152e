"""The sections of ci-gen.yaml, one module a subject; `ci_gen.config.model` joins them."""
