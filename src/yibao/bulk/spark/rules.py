"""Which rules to settle under, small enough to be sent to every task, which loads them itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from yibao.errors import CannotRead
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import POLICIES
from yibao.settlement.columnar.engine import Engine


class OtherRules(CannotRead):
    """A machine of the cluster has other rules than the one that drives it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy by name, as `load_policy` takes it; `digest` is that of the files it is made of."""

    policy: str
    known: date | None
    accept: str
    overlays: tuple[str, ...]
    digest: str

    @classmethod
    def of(
        cls, policy: str | Path, known: date | None, accept: str, overlays: Sequence[Path] = ()
    ) -> Rules:
        """Return rules with the digest of what lies here; `policy` is a region or a folder."""
        name = str(policy.resolve()) if isinstance(policy, Path) else policy
        return cls(
            name,
            known,
            accept,
            tuple(str(folder.resolve()) for folder in overlays),
            _digest(name, overlays),
        )

    def load(self) -> Policy:
        """Load the policy; raises OtherRules where the files are not those of the digest."""
        overlays = [Path(folder) for folder in self.overlays]
        if _digest(self.policy, overlays) != self.digest:
            raise OtherRules(
                f"the rules of {self.policy} on this machine of the cluster are not those of the "
                "machine that started the run; install the same version of Yibao on all, and keep "
                "packs and overlays where every machine sees them / 集群各机器的规则不一致"
            )
        place = Path(self.policy) if Path(self.policy).is_absolute() else self.policy
        return load_policy(place, known=self.known, accept=self.accept, overlays=overlays)


@lru_cache(maxsize=1)
def engine_of(rules: Rules) -> tuple[Policy, Engine]:
    """Return a policy and its engine, made once in each process."""
    policy = rules.load()
    return policy, Engine(policy)


def _digest(policy: str, overlays: Iterable[Path]) -> str:
    """Return a digest of all files of rules, by their places within their folders."""
    found = hashlib.sha256()
    for folder in (POLICIES, Path(policy), *overlays):
        for file in sorted(folder.rglob("*.yaml")) if folder.is_dir() else ():
            found.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
        found.update(b"\1")
    return found.hexdigest()
