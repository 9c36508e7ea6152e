"""Whether this machine can build, and run, what was asked for: facts to findings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import cuda_targets
from .arguments import architectures, defined
from .capacity import Capacity
from .facts import CudaChoice
from .findings import Facts, Finding, Level
from .host_compilers import HostCompiler
from .options import Options
from .room import room
from .toolkit import DRIVERS, Toolkit, driver_text


def findings(options: Options, facts: Facts) -> tuple[Finding, ...]:
    """What every check of a CUDA build found, the checks in the order of the table."""
    found = [finding for check in _CHECKS for finding in check(options, facts)]
    return (*found, *room(options, facts.capacity, facts.toolkit), *native(options))


def for_cpu(options: Options, there: Capacity) -> tuple[Finding, ...]:
    """What the checks of a CPU build found."""
    return (*room(options, there, None), *native(options))


def choice(options: Options, facts: Facts) -> CudaChoice:
    """What CMake is told, where no finding is an error."""
    assert facts.toolkit is not None  # noqa: S101 - its absence is an error
    asked = architectures(options.architectures)
    unaccepted = _unaccepted(facts) and not facts.host.named
    return CudaChoice(
        architectures=cuda_targets.resolve(asked, facts.gpus, facts.toolkit, facts.cmake_version),
        root="" if facts.found_by_cmake else facts.toolkit.root,
        compiler="" if facts.found_by_cmake else facts.toolkit.nvcc,
        host_compiler=facts.alternative.path if unaccepted and facts.alternative else "",
    )


def _gpu(options: Options, facts: Facts) -> Iterator[Finding]:
    reading = facts.reading
    if facts.gpus:
        hidden = len(reading.gpus) - len(facts.gpus)
        names = ", ".join(each.name for each in facts.gpus)
        rest = f"; CUDA_VISIBLE_DEVICES hides {hidden}" if hidden else ""
        yield Finding(check="gpu", level=Level.OK, what=f"{names}{rest}")
        if reading.fault:
            yield Finding(check="gpu", level=Level.WARNING, what=reading.fault, next=reading.remedy)
        return
    needed = "native" in architectures(options.architectures)
    why, remedy = reading.fault, reading.remedy
    if reading.gpus:
        why = f"CUDA_VISIBLE_DEVICES hides all {len(reading.gpus)} of this machine"
        remedy = "let it name one that nvidia-smi -L lists, or unset it"
    elif not reading.installed:
        why = "there is no nvidia-smi on PATH"
        remedy = "run the job on a machine with a GPU"
    meant = "" if needed else ", unless none is meant to be: the package is not tried on one then"
    yield Finding(
        check="gpu",
        level=Level.ERROR if needed else Level.WARNING,
        what="no GPU was found",
        why=why,
        next=remedy + meant,
    )


def _toolkit(options: Options, facts: Facts) -> Iterator[Finding]:
    if facts.toolkit is not None:
        told = f"{facts.toolkit.name} ({facts.toolkit.release}) in {facts.toolkit.root}"
        yield Finding(check="toolkit", level=Level.OK, what=told)
        return
    there = ", ".join(f"{each.name} in {each.root or each.nvcc}" for each in facts.others)
    wanted = f" {options.toolkit}" if options.toolkit else ""
    yield Finding(
        check="toolkit",
        level=Level.ERROR,
        what=f"there is no CUDA toolkit{wanted}",
        why=f"this machine has {there}" if there else "no nvcc was found where one is looked for",
        next="install that toolkit on the runner, or set the input toolkit to the version or "
        "the folder of one that it has",
    )


def _driver(_options: Options, facts: Facts) -> Iterator[Finding]:
    toolkit = facts.toolkit
    oldest = DRIVERS.get(toolkit.version[0]) if toolkit else None
    driver = next((each.driver for each in facts.gpus if each.driver), "")
    if toolkit is None or oldest is None or not driver:
        return
    if tuple(map(int, driver.split("."))) >= oldest:
        yield Finding(check="driver", level=Level.OK, what=f"{driver} runs {toolkit.name}")
        return
    yield Finding(
        check="driver",
        level=Level.WARNING if toolkit.compat else Level.ERROR,
        what=f"driver {driver} is too old for {toolkit.name}",
        why=f"CUDA {toolkit.version[0]}.x needs {driver_text(oldest)} or newer"
        + (f"; {toolkit.root}/compat may make up for it" if toolkit.compat else ""),
        next="update the driver, or set the input toolkit to an older one"
        if not toolkit.compat
        else "check that LD_LIBRARY_PATH names that folder where the program runs",
    )


def _unaccepted(facts: Facts) -> bool:
    compiler, toolkit = facts.host.compiler, facts.toolkit
    if compiler is None or toolkit is None:
        return False
    return not toolkit.limits.accepts(compiler.kind, compiler.major)


def _host(_options: Options, facts: Facts) -> Iterator[Finding]:
    toolkit, host = facts.toolkit, facts.host
    if toolkit is None:
        return
    if host.compiler is None:
        yield Finding(
            check="host compiler",
            level=Level.ERROR,
            what=f"nvcc finds no host compiler ({host.named or 'g++ on PATH'})",
            next="apt-get install g++, or name one: -DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-12",
        )
    elif not _unaccepted(facts):
        yield Finding(check="host compiler", level=Level.OK, what=str(host.compiler))
    else:
        yield _too_new(facts, toolkit, host.compiler)


def _too_new(facts: Facts, toolkit: Toolkit, compiler: HostCompiler) -> Finding:
    limits, host = toolkit.limits, facts.host
    newest = limits.clang if compiler.kind == "clang" else limits.gcc
    what = f"{toolkit.name} does not accept {compiler} as host compiler"
    why = f"the newest {compiler.kind} that it accepts is {newest}, says {limits.source}"
    if host.overridden:
        level, remedy = Level.WARNING, "nothing: -allow-unsupported-compiler lets nvcc try it"
    elif facts.alternative and not host.named:
        level, remedy = Level.NOTE, f"nothing: {facts.alternative} is used for CUDA's host code"
    else:
        name = f"{'g' if compiler.kind == 'gcc' else 'clang'}++-{newest}"
        there = facts.alternative.path if facts.alternative else f"/usr/bin/{name}"
        package = name if compiler.kind == "gcc" else f"clang-{newest}"
        install = "" if facts.alternative else f"apt-get install {package}, then "
        level = Level.ERROR
        remedy = f"{install}set -DCMAKE_CUDA_HOST_COMPILER={there} in cmake-args, or CUDAHOSTCXX"
    return Finding(check="host compiler", level=level, what=what, why=why, next=remedy)


def _asked(options: Options) -> tuple[str, ...]:
    """The architectures that count: those in cmake-args, which come last, win."""
    given = defined(options.cmake_args).get("CMAKE_CUDA_ARCHITECTURES", "")
    known = all(word == "native" or cuda_targets.parse(word) for word in given.split(";"))
    return tuple(given.split(";")) if known else architectures(options.architectures)


def _architectures(options: Options, facts: Facts) -> Iterator[Finding]:
    asked = _asked(options)
    if facts.toolkit is None:
        return
    try:
        each = cuda_targets.resolve(asked, facts.gpus, facts.toolkit, facts.cmake_version)
    except cuda_targets.Unfit as unfit:
        yield Finding(check="architectures", level=Level.ERROR, what=str(unfit), next=unfit.next)
        return
    told = ", ".join(each) or "those that the project chooses"
    yield Finding(check="architectures", level=Level.OK, what=told)
    unfit_for = [gpu.name for gpu in facts.gpus if cuda_targets.runs_on(each, gpu) is False]
    if unfit_for:
        yield Finding(
            check="architectures",
            level=Level.WARNING,
            what=f"the package will not run on {', '.join(unfit_for)} of this machine",
            why=f"it is built for {told}",
            next="add the card's architecture if the package is meant for it",
        )


def _ecc(_options: Options, facts: Facts) -> Iterator[Finding]:
    for gpu in facts.gpus:
        if gpu.ecc_errors:
            yield Finding(
                check="ECC",
                level=Level.ERROR,
                what=f"{gpu.name} ({gpu.uuid}) had {gpu.ecc_errors} uncorrected memory errors",
                why="what it computes cannot be trusted",
                next="drain the machine and reset the card (nvidia-smi --gpu-reset) or reboot; "
                "if the errors come back, replace the card",
            )
    counted = [gpu for gpu in facts.gpus if gpu.ecc_errors == 0]
    if counted and len(counted) == len(facts.gpus):
        yield Finding(check="ECC", level=Level.OK, what="no uncorrected memory errors")


def _throttle(_options: Options, facts: Facts) -> Iterator[Finding]:
    for gpu in facts.gpus:
        if gpu.slowed:
            yield Finding(
                check="throttle",
                level=Level.WARNING,
                what=f"{gpu.name} ({gpu.uuid}) is slowed down: {', '.join(gpu.slowed)}",
                next="harmless for a build; before measuring, see to cooling and power",
            )


def _busy(_options: Options, facts: Facts) -> Iterator[Finding]:
    mine = {gpu.uuid for gpu in facts.gpus}
    apps = [app for app in facts.reading.apps if app.gpu in mine or app.gpu.startswith("MIG-")]
    if not apps:
        return
    shown = ", ".join(
        f"{app.name} (pid {app.pid}" + (f", {app.memory} MiB)" if app.memory is not None else ")")
        for app in apps[:5]
    )
    rest = f" and {len(apps) - 5} more" if len(apps) > 5 else ""
    yield Finding(
        check="busy",
        level=Level.WARNING,
        what=f"other processes compute on the GPU: {shown}{rest}",
        why="they do not hold the lock; the tests may find too little memory",
        next="end them, or keep this runner's GPU for jobs of ci-gen",
    )


def native(options: Options) -> Iterator[Finding]:
    """An argument that ties the package to the processor that built it."""
    given = defined(options.cmake_args)
    for name in ("GGML_NATIVE", "LLAMA_NATIVE"):
        if given.get(name, "").upper() in ("ON", "1", "YES", "TRUE", "Y"):
            yield Finding(
                check="native",
                level=Level.WARNING,
                what=f"cmake-args set {name}={given[name]}",
                why="the package may not start on machines with another processor",
                next=f"remove it, unless the package stays here; {name}=OFF is the default",
            )


_CHECKS: tuple[Callable[[Options, Facts], Iterator[Finding]], ...] = (
    _gpu,
    _toolkit,
    _driver,
    _host,
    _architectures,
    _ecc,
    _throttle,
    _busy,
)
