"""What ccache did for one build, from the log that it wrote for this build alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CacheUse:
    """Compilations that ccache answered and those that it had to run."""

    hits: int
    misses: int

    @property
    def rate(self) -> float | None:
        """The share of hits, 0 to 1; None where nothing was compiled through ccache."""
        total = self.hits + self.misses
        return self.hits / total if total else None

    def __str__(self) -> str:
        if self.rate is None:
            return "nothing to compile"
        return f"{self.rate:.0%} ({self.hits} of {self.hits + self.misses})"


def read(log: Path) -> CacheUse | None:
    """The use that `CCACHE_STATSLOG` tells of; None where there is no log (ccache < 4.4)."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    counts = Counter(lines)
    hits = counts["direct_cache_hit"] + counts["preprocessed_cache_hit"]
    return CacheUse(hits, counts["cache_miss"])
