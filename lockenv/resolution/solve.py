"""One cell: the search for one target and one choice among conflicting groups, or an earlier answer used again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from packaging.version import Version

from lockenv import errors
from lockenv.events import Event, Noted, Reporter
from lockenv.graph import Node, gates
from lockenv.markers.truth import Truth, Truths
from lockenv.packages import NormalizedName, Requirement, parse_requirement
from lockenv.resolution.candidates import AheadOfSearch, Candidate, Offers, Projects, Unfit
from lockenv.resolution.closure import faults
from lockenv.resolution.demands import Demand, Dependencies, demands_of
from lockenv.resolution.foregone import foregone
from lockenv.resolution.model import Fork, Held, Question
from lockenv.resolution.provider import Provider
from lockenv.resolution.readings import Readings
from lockenv.resolution.scout import Scout
from lockenv.resolution.search import DeadEnd, Exhausted, Found, search
from lockenv.resolution.source import Source
from lockenv.targets import Target
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Which versions are tried first: what the old lock holds, and the order over all that speak for a version."""

    held: Mapping[NormalizedName, Held]
    first: Mapping[NormalizedName, tuple[Version, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one cell's search found, with what is needed to turn it into pins and to use it again.

    `passed_over` are releases whose metadata the search looked at, and that it did not choose.
    """

    target: Target
    fork: Fork
    roots: Mapping[str, tuple[Demand, ...]]
    found: Found
    passed_over: tuple[Candidate, ...]
    wishes: Wishes
    truth: Truth
    offers: Offers
    provider: Provider

    @property
    def versions(self) -> dict[NormalizedName, Version]:
        """The version of each package."""
        return {candidate.name: candidate.version for candidate in self.found.candidates.values()}

    def gates(self) -> dict[NormalizedName, frozenset[str]]:
        """Say for each package which gates lead to it."""
        starts = {gate: [demand.node for demand in demands] for gate, demands in self.roots.items()}
        return gates(self.found.edges, starts)

    def direct(self) -> frozenset[NormalizedName]:
        """The packages that the manifest itself names."""
        return frozenset(demand.node.name for demands in self.roots.values() for demand in demands)

    def requirements(self) -> Iterator[Requirement]:
        """Every requirement of the chosen releases, whether it counts here or not."""
        for candidate in self.found.candidates.values():
            yield from map(parse_requirement, self.provider.metadata(candidate).requires_dist)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A cell without solution."""

    target: Target
    fork: Fork
    roots: Mapping[str, tuple[Demand, ...]]
    dead_end: DeadEnd
    truth: Truth
    offers: Offers
    provider: Provider


class Solver:
    """Answers cell by cell; what one has learned of the world serves all others. Not for several threads."""

    def __init__(self, question: Question, source: Source, report: Reporter) -> None:
        self._question = question
        self._source = source
        self._report = _once(report)
        self.projects = Projects(source, question.policy)
        self.readings = Readings(source)
        self._truths = Truths()
        self._views: dict[Target, tuple[Truth, Offers]] = {}
        self._answers: list[Answer] = []
        self._explored = False

    def start_over(self) -> None:
        """Forget the answers, because what they rest on has changed; not what the world has said."""
        self._answers.clear()

    def solve(self, target: Target, fork: Fork, wishes: Wishes) -> Answer | Stuck:
        """Find one version of each package that is needed in a cell.

        Raises `ResolutionGaveUp` at the search's bound, `NetworkError` where the source cannot answer,
        `InternalError` if the search's answer is no solution.
        """
        truth, offers = self._view(target)
        roots = self._roots(truth, fork)
        provider = self._provider(truth, offers, roots, wishes)
        known = self._known(target, fork, truth, offers, wishes)
        if known is not None:
            found, passed_over = known
        else:
            self._explore(target, truth, roots, wishes)
            told = foregone(provider, chain.from_iterable(roots.values())) if wishes.first else None
            if told is None and wishes.first:
                # What was asked in vain does not count as asked; what the roots ask does.
                del self._views[target]
                truth, offers = self._view(target)
                roots = self._roots(truth, fork)
                provider = self._provider(truth, offers, roots, wishes)
            outcome = told or self._search(target, truth, offers, roots, provider)
            if isinstance(outcome, DeadEnd):
                return Stuck(
                    target=target,
                    fork=fork,
                    roots=roots,
                    dead_end=outcome,
                    truth=truth,
                    offers=offers,
                    provider=provider,
                )
            found, passed_over = outcome, _passed_over(outcome, provider)
        _judge(target, roots, found, provider)
        answer = Answer(
            target=target,
            fork=fork,
            roots=roots,
            found=found,
            passed_over=passed_over,
            wishes=wishes,
            truth=truth,
            offers=offers,
            provider=provider,
        )
        if known is None:
            # An answer used again has not been asked anew for all that it rests on.
            self._answers.append(answer)
        return answer

    def _view(self, target: Target) -> tuple[Truth, Offers]:
        known = self._views.get(target)
        if known is None:
            offers = Offers(self.projects, target, self._question.policy)
            known = self._views[target] = (self._truths.of(target), offers)
        return known

    def _roots(self, truth: Truth, fork: Fork) -> dict[str, tuple[Demand, ...]]:
        """Give the demands of each gate here, in an order that the manifest's layout does not change."""
        overriding = Dependencies(truth, self._question.policy)
        return {
            gate: tuple(
                demand
                for requirement in sorted(requirements, key=str)
                if truth.applies(requirement)
                for demand in demands_of(overriding.override(requirement), gate)
            )
            for gate, requirements in sorted(self._question.roots.items())
            if self._question.is_open(gate, fork)
        }

    def _provider(
        self, truth: Truth, offers: Offers, roots: Mapping[str, tuple[Demand, ...]], wishes: Wishes
    ) -> Provider:
        return Provider(
            source=self._source,
            readings=self.readings,
            offers=offers,
            truth=truth,
            policy=self._question.policy,
            roots={demand.node.name for demands in roots.values() for demand in demands},
            preferences=wishes.first,
            held=wishes.held,
            reporter=self._report,
        )

    def _search(
        self,
        target: Target,
        truth: Truth,
        offers: Offers,
        roots: Mapping[str, tuple[Demand, ...]],
        provider: Provider,
    ) -> Found | DeadEnd:
        del truth, offers
        match search(provider, [demand for demands in roots.values() for demand in demands], self._report):
            case Exhausted(rounds=rounds):
                msg = f"no answer for {target.name} after {rounds:,} rounds of search"
                raise errors.ResolutionGaveUp(
                    msg, hint="bound the versions of the packages that you know, so that there is less to try"
                )
            case outcome:
                return outcome

    def _explore(
        self, target: Target, truth: Truth, roots: Mapping[str, tuple[Demand, ...]], wishes: Wishes
    ) -> None:
        """Have the source begin with what the first target will need, which is most of what the others will."""
        if self._explored:
            return
        self._explored = True
        scout = Scout(
            projects=AheadOfSearch(self.projects, self._question.policy),
            target=target,
            policy=self._question.policy,
            truth=truth,
            first=wishes.first,
            others=[(other, self._truths.of(other)) for other in self._question.targets if other != target],
        )
        self._source.explore(scout.start(chain.from_iterable(roots.values())), scout)

    # -- using an earlier answer again (RESOLVER section 1) ----------------------------------------------------

    def _known(
        self, target: Target, fork: Fork, truth: Truth, offers: Offers, wishes: Wishes
    ) -> tuple[Found, tuple[Candidate, ...]] | None:
        """What an earlier cell found and passed over, if this one gives the same answers to all that was asked."""
        for answer in reversed(self._answers):
            if answer.fork != fork or not _wished_alike(answer, wishes):
                continue
            if self._alike(answer, truth, offers) and self._yanked(answer.wishes) == self._yanked(wishes):
                self._report(Noted(message=f"{target.name}: as {answer.target.name}"))
                found = Found(
                    candidates={node: _here(offers, node, each) for node, each in answer.found.candidates.items()},
                    edges=answer.found.edges,
                )
                return found, tuple(_here(offers, Node(each.name), each) for each in answer.passed_over)
        return None

    def _alike(self, answer: Answer, truth: Truth, offers: Offers) -> bool:
        if answer.truth is truth:
            return True
        return (
            answer.truth.answered_alike(truth)
            and all(offers.accepts_python(text) == said for text, said in answer.offers.pythons_asked().items())
            and all(
                self._same_offer(said, offers.offer(*key)) for key, said in list(answer.offers.asked().items())
            )
        )

    def _yanked(self, wishes: Wishes) -> set[tuple[NormalizedName, Version]]:
        """The versions that were yanked since the old lock took them, and that nobody else may have (PEP 592)."""
        found = set()
        for name, held in wishes.held.items():
            project = self.projects.known(name)
            if project is not None and held.version in self.projects.yanked(project):
                found.add((name, held.version))
        return found

    def _same_offer(self, one: Candidate | Unfit, other: Candidate | Unfit) -> bool:
        if isinstance(one, Unfit) or isinstance(other, Unfit):
            return isinstance(one, Unfit) and isinstance(other, Unfit)
        if one.yanked != other.yanked:
            return False
        return self.readings.alike(one, other)


def _passed_over(found: Found, provider: Provider) -> tuple[Candidate, ...]:
    chosen = {(each.name, each.version) for each in found.candidates.values()}
    return tuple(each for each in provider.looked_at if (each.name, each.version) not in chosen)


def _here(offers: Offers, node: Node, elsewhere: Candidate) -> Candidate:
    offer = offers.offer(node.name, node.extra, elsewhere.version)
    if isinstance(offer, Unfit):  # pragma: no cover - the offers were compared
        msg = f"{elsewhere} is taken from another target, where this one cannot use it: {offer.reason}"
        raise errors.InternalError(msg)
    return offer


def _wished_alike(answer: Answer, wishes: Wishes) -> bool:
    """Whether the same versions, or just the versions found, are tried first here."""
    versions = answer.versions
    names = {name for name, _, _ in answer.offers.asked()}
    return all(
        answer.wishes.first.get(name, ()) == (wish := wishes.first.get(name, ()))
        or (name in versions and wish[:1] == (versions[name],))
        for name in names
    )


def _judge(target: Target, roots: Mapping[str, Iterable[Demand]], found: Found, provider: Provider) -> None:
    every = [demand for demands in roots.values() for demand in demands]
    problems = faults(every, found.candidates, provider.get_dependencies)
    if problems:
        msg = f"the search gave an answer for {target.name} that is no solution"
        raise errors.InternalError(
            msg, problems=problems, hint="please report this, with env.toml: it is a bug in lockenv"
        )


def _once(report: Reporter) -> Reporter:
    """Say each note once: what is true of a release is found out anew on each target."""
    said: set[str] = set()

    def reporter(event: Event) -> None:
        if isinstance(event, Noted):
            if event.message in said:
                return
            said.add(event.message)
        report(event)

    return reporter
