"""What kind of life a seed is: what people do in it, and what breaks."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.simulation.ageing import earlier
from tests.simulation.trade import KINDS


@dataclass(frozen=True)
class Profile:
    """What kind of life it is."""

    humans: float
    """Chance that someone acts at a boundary."""
    actions: int
    """How many actions people take in all."""
    cycles: int
    crash: float
    """Chance of a crash at a boundary."""
    lost: float
    """Chance that the answer to a batch is lost."""
    refuse: float
    """Chance that one write is refused or deferred."""
    outage: float
    """Chance that a read fails."""
    moves: bool
    """Merges and conversions happen."""
    deletes: bool
    delay: int
    """Longest lag of the change feed, ms."""
    dry: float
    """Chance that a run is only a plan."""
    race: float
    """Chance that someone touches just the record that is being read or written, in that instant."""
    late: float = 0.25
    """Share of the unanswered batches that take effect only later."""
    full: float = 0.05
    """Chance that a run reads everything anew."""
    single: float = 0.05
    """Chance that a run is about one record."""
    woven: float = 1.0
    """Chance at each boundary that a call which waits in its lane is made; 1: each is made at once."""
    pause: float = 0.0
    """Chance at a boundary that the process stands still for so long that another one takes over."""
    ahead: int = 0
    """How far Salesforce's clock is ahead of ours and of HubSpot's, ms."""
    robot: str = ""
    """The system in which an automation rewrites the phone numbers that we write."""
    reshape: str = ""
    """What an admin does to a schema in mid-life: a key of `world.RESHAPES`."""
    missed: bool = False
    """Everybody has what the admin takes away, and it was read before."""
    kinds: tuple[str, ...] = ()
    """What both sides share beside people."""
    on_delete: tuple[tuple[str, str], ...] = ()
    """What the configuration says of deletions, where it says anything."""
    erases: int = 0
    """How many people ask to be erased."""
    agrees: bool = False
    """People who opted out agree again, and HubSpot shows how, or fails to."""
    quarrel: bool = False
    """HubSpot's automation rewrites what the rules restore."""
    namesakes: bool = False
    """All people have one of three addresses, and further ones."""
    returns: bool = False
    """Many who were deleted come back by themselves, and somebody is asked whether they are made again."""
    older: str = ""
    """The revision of the database that an earlier release left in mid-life."""

    @classmethod
    def of(cls, seed: int, *, whole: bool = True) -> Profile:
        """What kind of life this seed is; one in six is about one kind of rare event.

        whole: else the same life in a world of people alone, in which deletions mean nothing and nobody is erased.
        """
        profile = cls._drawn(random.Random(f"profile {seed}"))
        profile = replace(profile, woven=random.Random(f"woven {seed}").choice([1.0, 0.1, 0.4]))
        rng = random.Random(f"odds {seed}")
        if rng.random() < 0.08:
            profile = replace(profile, pause=rng.choice([0.02, 0.06]))
        if rng.random() < 0.1:
            profile = replace(profile, ahead=rng.choice([-90_000, -7_000, 7_000, 40_000, 600_000]))
        if rng.random() < 0.08:
            profile = replace(profile, robot=rng.choice(["hubspot", "salesforce"]))
        if rng.random() < 0.08:
            profile = replace(profile, reshape=rng.choice(["no jobtitle", "no Title", "no Working", "Phone required"]))
        if whole:
            profile = profile._widened(seed)
        rng = random.Random(f"theme {seed}")
        if rng.random() < 0.08:
            race = rng.choice([0.3, 0.6])
            return replace(profile, lost=rng.choice([0.3, 0.6]), race=race, outage=0.0, late=0.6, dry=0.0)
        if rng.random() < 0.08:
            return replace(profile, moves=True, race=rng.choice([0.3, 0.6]), full=0.3, single=0.2, dry=0.0)
        return profile

    def _widened(self, seed: int) -> Profile:
        """With what there is beside people, and what is done at a desk: policies, erasures, a new release."""
        profile = self
        rng = random.Random(f"kinds {seed}")
        if rng.random() < 0.13:
            profile = replace(profile, kinds=rng.choice([KINDS[:1], KINDS[:2], KINDS]))
            profile = replace(profile, moves=profile.moves or rng.random() < 0.5)
        rng = random.Random(f"deletions {seed}")
        if rng.random() < 0.12:
            chosen = {
                "hubspot": rng.choice(["unlink", "flag", *["archive"] * 4]),
                "salesforce": rng.choice(["unlink", "flag", *["delete"] * 4]),
                "recreate": rng.choice(["ask", "yes", "never"]),
            }
            profile = replace(profile, on_delete=tuple(chosen.items()), deletes=True)
            profile = replace(profile, actions=max(profile.actions, 16), cycles=max(profile.cycles, 5))
        rng = random.Random(f"erasures {seed}")
        if rng.random() < 0.08:
            profile = replace(profile, erases=rng.choice([1, 1, 2]), cycles=max(profile.cycles, 3))
        rng = random.Random(f"age {seed}")
        if rng.random() < 0.05:
            profile = replace(profile, older=rng.choice(earlier()), cycles=max(profile.cycles, 3))
        rng = random.Random(f"missed {seed}")
        if rng.random() < 0.04 and not profile.reshape:
            profile = replace(profile, reshape=rng.choice(["no jobtitle", "no Title"]), missed=True)
            profile = replace(profile, actions=max(profile.actions, 16), cycles=max(profile.cycles, 4))
        rng = random.Random(f"consent {seed}")
        if rng.random() < 0.05:
            profile = replace(profile, agrees=True, actions=max(profile.actions, 16), cycles=max(profile.cycles, 4))
        rng = random.Random(f"rare {seed}")
        chance = rng.random()
        if chance < 0.02:
            profile = replace(profile, quarrel=True, robot="hubspot", humans=0.15, actions=max(profile.actions, 12))
        elif chance < 0.07:
            profile = replace(profile, namesakes=True, humans=0.15, actions=max(profile.actions, 20))
        elif chance < 0.17:
            policies = {"hubspot": "archive", "salesforce": "delete", "recreate": "ask"}
            profile = replace(profile, on_delete=tuple(policies.items()), deletes=True, cycles=max(profile.cycles, 5))
            profile = replace(profile, returns=True, humans=0.15, actions=max(profile.actions, 20))
        rng = random.Random(f"crowd {seed}")
        if rng.random() < 0.1:
            profile = replace(profile, lost=0.4, race=0.6, outage=0.0, late=0.5, moves=True, dry=0.0)
        return profile

    @property
    def two_workers(self) -> Profile:
        """The same life, in which another worker takes over for certain, or nearly so."""
        return replace(self, pause=self.pause or 0.06, cycles=max(self.cycles, 4))

    @classmethod
    def _drawn(cls, rng: random.Random) -> Profile:
        """Calm, busy or brutal: some lives are free of faults, so that the strictest invariants apply."""
        faults = rng.random() < 0.7
        level = rng.choice([0.05, 0.15, 0.3]) if faults else 0.0
        return cls(
            humans=rng.choice([0.05, 0.15, 0.4]),
            actions=rng.randint(3, 24),
            cycles=rng.randint(2, 6),
            crash=level / 6 if rng.random() < 0.6 else 0.0,
            lost=level if rng.random() < 0.6 else 0.0,
            refuse=level / 2 if rng.random() < 0.4 else 0.0,
            outage=level / 2 if rng.random() < 0.3 else 0.0,
            moves=rng.random() < 0.4,
            deletes=rng.random() < 0.4,
            delay=rng.choice([0, 0, 3_000, 25_000]),
            dry=rng.choice([0.0, 0.0, 0.2]),
            race=rng.choice([0.0, 0.0, 0.2, 0.5]),
        )

    @property
    def calm(self) -> bool:
        """Whether nothing ever goes wrong."""
        return not (self.crash or self.lost or self.refuse or self.outage)
