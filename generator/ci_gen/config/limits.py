"""The limits that keys of ci-gen.yaml share: what a text must look like, and in words."""

from __future__ import annotations

from ci_gen.config.option import GLOB, NAME, PATH, TEXT, Limits

ONE_LINE = Limits(
    pattern=TEXT,
    hint="one line without control characters, GitHub expressions or spaces at its ends",
)
ARGUMENT = Limits(pattern=TEXT, hint=ONE_LINE.hint, unique=False)
SLUG = Limits(pattern=NAME, hint="lower-case letters, digits and inner hyphens, at most 40")
REPOSITORY_PATH = Limits(pattern=PATH, hint="a path inside the repository, relative to its root")
# GitLab expands variables in the names of included files.
FILE = PATH.replace("^", "^(?!.*\\$)", 1)
REPOSITORY_GLOB = Limits(
    pattern=GLOB, hint="a glob relative to the repository's root, such as docs/**"
)
# What git refuses in a name: `man git-check-ref-format`.
REF = r"^(?![-/])(?!.*(?:\.\.|//|\.lock(?:/|$)))(?!(?:.*/)?\.)"
BRANCH = Limits(pattern=REF + r"[A-Za-z0-9._/+-]+(?<![./])$", hint="a git branch name")
TAG = Limits(
    pattern=REF + r"[A-Za-z0-9._/*-]+(?<![./])$",
    hint="a tag name in which * stands for anything",
)
LABEL = Limits(
    pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    hint="letters, digits, dots, hyphens and underscores",
)
LABELS = Limits(pattern=LABEL.pattern, hint=LABEL.hint, min_items=1)
IMAGE = Limits(
    pattern=r"^[a-z0-9][A-Za-z0-9._/:-]*@sha256:[0-9a-f]{64}$",
    hint="an image pinned by digest: name:tag@sha256:<64 hex digits>",
)
# A repository as registries name it: an optional host with a port, then lower-case folders.
_HOST = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/"
_FOLDERS = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
IMAGE_NAME = Limits(
    pattern=rf"^(?:{_HOST})?{_FOLDERS}$",
    hint="a repository of a registry without a tag, such as registry.example.com/team/server",
)
# Printable ASCII without spaces; no user name and password before a host.
MODEL_SOURCE = Limits(
    pattern=r"^(?!.*\$\{\{)(?:(?:https|hf|oci|registry|s3|gs|az)://(?![^/]*@[^/]*/)|file:)[!-~]+$",
    hint="https://, hf://, oci://, registry://, s3://, gs:// or az:// and an address without user "
    "and password, or file: and a path",
)
SHA256 = Limits(pattern=r"^[0-9a-f]{64}$", hint="a SHA-256: 64 digits or letters from a to f")
MODEL_REGISTRY = Limits(
    pattern=rf"^(?!.*\$\{{\{{)(?:oci://{_HOST}{_FOLDERS}|/[A-Za-z0-9._/@+-]+)$",
    hint="an absolute path such as /srv/models, or oci:// with a registry's host and a folder",
)
POINTER = Limits(
    pattern=r"^(?!v[0-9])[a-z][a-z0-9-]{0,39}$",
    hint="a name such as latest or production: lower-case letters, digits and hyphens, not like a "
    "version",
)
TASK = Limits(
    pattern=r"^(?:hellaswag|winogrande|multiple-choice)=" + PATH.removeprefix("^"),
    hint="hellaswag=, winogrande= or multiple-choice= and a path inside the repository",
)
PROGRAM = Limits(
    pattern=r"^(?!.*(?:^|/)\.\.?(?:/|$))[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_.+-]+)*$",
    hint="a program's name, or its path below the package's root such as bin/llama-server",
)
URL_PATH = Limits(
    pattern=r"^/[A-Za-z0-9._~/-]*$", hint="a path of a URL such as /health, without a query"
)
# GitHub refuses other names of secrets, and keeps those that begin with GITHUB_ for itself.
SECRET_NAME = Limits(
    pattern=r"^(?!GITHUB_|CI_GEN_)[A-Z_][A-Z0-9_]{0,99}$",
    hint="capital letters, digits and underscores, not beginning with GITHUB_ or CI_GEN_",
)
DEBIAN_PACKAGE = Limits(
    pattern=r"^[a-z0-9][a-z0-9+.-]+$", hint="the name of a Debian package such as libgomp1"
)
JOB = Limits(
    pattern=r"^[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?$",
    hint="the name of a job, as docs/pipeline.md shows it",
)
MINUTES = Limits(minimum=1, maximum=7200)
DAYS = Limits(minimum=1, maximum=90)
OWNER = Limits(
    pattern=r"^(?:@[A-Za-z0-9][A-Za-z0-9._/-]*(?<!/)|[A-Za-z0-9._+-]+@[A-Za-z0-9][A-Za-z0-9.-]*)$",
    hint="@user, @organisation/team or an e-mail address",
)
# RFC 1123, as Kubernetes checks the names of namespaces.
DNS_LABEL = Limits(
    pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
    hint="lower-case letters, digits and inner hyphens, at most 63",
)
