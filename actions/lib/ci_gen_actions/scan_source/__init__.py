"""Scan sources: secrets, known vulnerabilities of dependencies, Dockerfiles."""
