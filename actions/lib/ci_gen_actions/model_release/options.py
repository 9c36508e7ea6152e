"""What the action `model-release` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

EVIDENCE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
KINDS = ("quality", "performance", "security")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs. Paths are relative to the checkout unless absolute."""

    name: str = option(doc="The model's name in the registry, such as `llama-2-7b-chat`")
    version: str = option(
        doc="The version to publish, such as `1.1`. It never changes afterwards: another model "
        "needs another version"
    )
    model: tuple[str, ...] = option(
        doc="The model file, as fetch-model gives its path; every file of a split model, or the "
        "first of them"
    )
    model_sha256: str = option(
        doc="The SHA-256 that the model file must have, as fetch-model gives it. Empty: whatever "
        "it has",
        default="",
        pattern="(?:sha256:)?[0-9a-f]{64}",
    )
    registry: str = option(
        doc="Where the registry is: a folder, or `oci://host/repository`", default="models"
    )
    username: str = option(doc="The user at an OCI registry", default="")
    password: str = option(doc="The password or token at an OCI registry", default="", secret=True)
    data_branch: str = option(
        doc="The branch of the repository that keeps what the versions and pointers of an OCI "
        "registry are",
        default="ci-gen-data",
    )
    token: str = option(
        doc="A token that may push the data branch, where the checkout was made without "
        "credentials: `github.token` with `contents: write`, or a project's access token on GitLab",
        default="",
        secret=True,
    )
    evidence_folder: str = option(
        doc="Folder that holds the evidence files of the run, at any depth", default="evidence"
    )
    report: str = option(
        doc="Path of the performance_report.json that model-quality wrote. Empty: one is made of "
        "the evidence",
        default="",
    )
    require: tuple[str, ...] = option(
        doc="Names of evidence about this model without which it is not released",
        default=(),
        pattern=EVIDENCE,
    )
    tests: tuple[str, ...] = option(
        doc="Kinds of gates that the model must have passed to be released. One a line; none "
        "alone demands no gate",
        default=("quality",),
        choices=(*KINDS, "none"),
    )
    promote: str = option(
        doc="Whether the pointers move: on-pass moves them when all that is demanded is PASS, "
        "manual publishes and leaves the move to `ci-gen model promote`",
        default="on-pass",
        choices=("on-pass", "manual"),
    )
    stage: tuple[str, ...] = option(
        doc="The pointers that name the version afterwards, moved in this order",
        default=("latest",),
        pattern="[a-z][a-z0-9-]{0,62}",
    )
    publish: str = option(
        doc="Whether anything is published. auto does in CI, but for a pull or merge request",
        default="auto",
        choices=("auto", "always", "never"),
    )
    download_base: str = option(
        doc="The URL below which the registry's folder is served, for `download_url` in "
        "metadata.json",
        default="",
    )
    service: str = option(doc="The service that serves the model", default="")
    evidence_name: str = option(
        doc="Name of the evidence file, without .json", default="model-release"
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs."""

    version: str = output(doc="The version that is published, without a leading v")
    digest: str = output(
        doc="The digest that names the model, `sha256:...`: that of its file, or of the list of "
        "its files"
    )
    reference: str = output(
        doc="Where the version lies: `file:///...`, or `oci://host/repository@sha256:...`"
    )
    stage: str = output(doc="The pointers that name the version now, with a blank between them")
    verdict: str = output(
        doc="PASS where the version is published (or, where nothing is to be published, could "
        "be), else the worst of the evidence that is demanded, or NO_DATA where some is missing",
        default="ERROR",
    )
