"""What the action `fetch-model` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
SHA256 = r"(?:sha256:)?[0-9a-f]{64}"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `fetch-model`. Paths are relative to the checkout unless absolute."""

    source: str = option(
        doc="Where the model is: https://host/path, hf://org/repository/file@revision, "
        "oci://host/repository:tag@sha256:digest, registry://name@version, file:path, or an "
        "object as s3://bucket/key, gs://bucket/key, az://container/key. Of a split model the "
        "first file. Empty: the model.source of `config`.",
        default="",
    )
    config: str = option(
        doc="A model-config.yaml whose model.source, model.sha256 and model.version are taken "
        "where the inputs leave them empty.",
        default="",
    )
    sha256: tuple[str, ...] = option(
        doc="The SHA-256 that the file must have; of a split model one a line, in the order of "
        "its files. https:// and object stores need it, the other sources know it themselves.",
        default=(),
        pattern=SHA256,
    )
    output: str = option(
        doc="The folder in which the model appears, in a folder of its own that the first 12 "
        "digits of its SHA-256 name; where `name` is given, in this folder itself.",
        default="fetched-models",
    )
    name: str = option(
        doc="The file's name; of a split model, the name before -00001-of-. Empty: that of the "
        "source.",
        default="",
        pattern=NAME,
    )
    place: str = option(
        doc="How it appears there: as a link (hard where the cache is on the same file system, "
        "else symbolic), as a copy, or not at all; then `path` leads into the cache.",
        default="link",
        choices=("link", "copy", "none"),
    )
    registry: str = option(
        doc="Where the models of registry:// are: a folder, or oci://host/repository.",
        default="models",
    )
    token: str = option(
        doc="A token for the source: of the Hugging Face hub, a bearer token of an https:// "
        "address, or, for registry:// in an OCI registry, a token that may read the repository of "
        "this checkout. Empty: HF_TOKEN for hf://.",
        default="",
        secret=True,
    )
    username: str = option(doc="The user at an OCI registry or https:// address.", default="")
    password: str = option(doc="The user's password or token.", default="", secret=True)
    allow_http: bool = option(
        doc="Take http:// addresses from other machines than this one. The SHA-256 protects what "
        "is fetched, nothing protects the credentials.",
        default=False,
    )
    check: bool = option(
        doc="Read the header of the file as GGUF, and refuse one that is cut short or that "
        "llama.cpp should not open.",
        default=True,
    )
    cache: str = option(
        doc="The folder that keeps models for all jobs of the machine. Empty: models below "
        "ci-gen's cache (CI_GEN_CACHE, else RUNNER_TOOL_CACHE, XDG_CACHE_HOME or ~/.cache).",
        default="",
    )
    cache_limit: float = option(
        doc="How many GiB the cache may take; what was not used for longest goes first, what is in "
        "use stays. 0: no limit.",
        default=100.0,
        minimum=0,
    )
    lease: float = option(
        doc="For how many hours a model counts as in use where nothing but its path was given out "
        "(a symbolic link, or none). A hard link counts as long as it exists.",
        default=6.0,
        minimum=0,
    )
    connections: int = option(
        doc="How many ranges of a file are fetched at once, at most.",
        default=4,
        minimum=1,
        maximum=32,
    )
    timeout: int = option(
        doc="Seconds that it may take in all; what was fetched is kept for the next run.",
        default=3600,
        minimum=1,
    )
    stall: int = option(
        doc="Seconds after which a connection that gives less than 1 KiB a second is given up and "
        "opened anew.",
        default=30,
        minimum=1,
    )
    retries: int = option(
        doc="How often in a row a request may fail before the action gives up; each success counts "
        "anew.",
        default=8,
        minimum=0,
    )
    service: str = option(doc="The service that the model is for.", default="", pattern=NAME)
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="fetch-model", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `fetch-model`; empty where the action did not come so far."""

    path: str = output(doc="The path of the model; of a split one, of its first file.")
    files: int = output(
        doc="How many files it has; llama.cpp finds the others by the name of the first.", default=0
    )
    sha256: str = output(
        doc="The model's SHA-256, 64 hex digits: of its file; of a split model, of its "
        "files' SHA-256, a line each."
    )
    size: int = output(doc="Its size in bytes, of all files.", default=0)
    cached: bool = output(doc="Whether nothing had to be fetched.", default=False)
    downloaded: int = output(doc="The bytes that were fetched.", default=0)
    source: str = output(doc="Where it is from, with the revision that was found.")
    version: str = output(
        doc="The version: that of the config or the registry, else one made of the SHA-256."
    )
    architecture: str = output(doc="What the GGUF says: the architecture.")
    parameters: int = output(doc="The number of parameters, counted.", default=0)
    context_length: int = output(doc="The context's length in tokens.", default=0)
    vocabulary: int = output(doc="The number of tokens in the vocabulary.", default=0)
    quantization: str = output(doc="The quantization, as Q4_K_M.")
    chat_template_sha256: str = output(doc="The SHA-256 of the chat template.")
    verdict: str = output(
        doc="PASS, FAIL where the file is not what it should be, or ERROR where none was had."
    )
