"""Candidates as sets: what the search asks of a provider beyond resolvelib's contract, and criteria made of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from resolvelib import AbstractProvider
from resolvelib.resolvers.criterion import Criterion
from resolvelib.structs import CT, KT, RT, RequirementInformation


class SetProvider(AbstractProvider[RT, CT, KT]):
    """What the search asks beyond resolvelib's contract: candidates as sets.

    Each candidate of a node is one bit of an integer. `find_matches` must give the candidates that all demands
    reach, that the leave of these demands admits, and that are not unfit.
    """

    @abstractmethod
    def bit(self, candidate: CT) -> int:
        """The set of this one candidate."""

    @abstractmethod
    def reach(self, requirement: RT) -> int:
        """The candidates of its node that meet a demand, even those that are unfit or need leave."""

    @abstractmethod
    def leave(self, requirement: RT) -> int:
        """The permissions that a demand gives (pre-releases, say), as flags."""

    @abstractmethod
    def admitted(self, identifier: KT, leave: int, among: int) -> int:
        """Those of some candidates that may be chosen with these permissions."""

    @abstractmethod
    def unfit(self, identifier: KT) -> int:
        """The candidates that were found to be unfit, whatever is demanded; the set only grows."""

    def refuses(self, requirement: RT, candidate: CT) -> bool:
        """Whether a demand does not take a candidate that it reaches, which only a closer look at that can tell.

        Asked when all else fits. It must be a function of these two alone.
        """
        del requirement, candidate
        return False


class Domain(Criterion[RT, CT]):
    """A criterion with its candidates as sets: those that all demands reach, and those of them that may be chosen.

    `reaches` stands beside `information`.
    """

    def __init__(
        self,
        candidates: Iterable[CT],
        information: list[RequirementInformation[RT, CT]],
        *,
        reaches: list[int],
        reach: int,
        leave: int,
        choice: int,
    ) -> None:
        super().__init__(candidates, information, [])
        self.information: list[RequirementInformation[RT, CT]] = information
        self.reaches = reaches
        self.reach = reach
        self.leave = leave
        self.choice = choice
        self.preference: Any = None
