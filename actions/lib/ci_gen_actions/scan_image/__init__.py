"""Judge the known vulnerabilities of an image by its SBOM."""
