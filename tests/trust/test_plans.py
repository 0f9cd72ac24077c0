"""Plan, approve, apply: exactly what was approved is written, in any number of pieces, and nothing else."""

from __future__ import annotations

import csv
import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.errors import Misconfigured
from sandbox.kernel import Fault
from sync.console import planned
from sync.console.planned import Shown
from sync.decide.counts import replaces
from sync.trust.approving import Approved
from sync.trust.guard import BY_HAND, CREATES, Pause
from sync.trust.pausing import pauses, stop
from sync.trust.plans import Saved, words
from tests.trust.lives import Careful, Crash, careful


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def test_exactly_the_plan_is_written_and_the_rest_waits_for_a_sync(life: Careful, tmp_path: Path) -> None:
    ann, abel = life.couple("ann")
    life.edit("hubspot", "contacts", ann, jobtitle="CEO", city="Ulm")
    life.contact("new")
    life.later()
    plan = life.save(tmp_path / "plan.json")
    life.contact("late")
    life.later()
    result = life.apply(plan)
    assert life.value("salesforce", "Lead", abel, "City") == "Ulm"
    emails = {row.values["Email"] for row in life.world.rows("salesforce", "Lead").values()}
    assert emails == {"ann@prospect.example", "new@prospect.example"}
    assert result.status == "done"
    assert result.plan is not None
    assert (result.plan["written"], result.plan["replanned"], result.plan["not_in_the_plan"]) == (2, [], 1)
    life.later()
    life.sync()
    assert "late@prospect.example" in {r.values["Email"] for r in life.world.rows("salesforce", "Lead").values()}


def test_who_belongs_to_what_the_plan_creates_is_written_as_planned_and_pointed_at_it(tmp_path: Path) -> None:
    life = Careful()
    life.raw["company"] = {"sync": True}
    life.begin()
    homes = life.world.salesforce.create(
        "Account", {"Name": "Homes", "Website": "homes.example"}, life.human("salesforce")
    )
    for name in ("ann", "ben"):
        values = {"LastName": name, "Email": f"{name}@homes.example", "AccountId": homes}
        life.world.salesforce.create("Contact", values, life.human("salesforce"))
    life.world.hubspot.create("contacts", {"email": "ben@homes.example", "city": "Ulm"}, life.human("hubspot"))
    life.later()
    result = life.apply(life.save(tmp_path / "plan.json", full=True))
    assert result.plan is not None
    assert (result.plan["replanned"], result.plan["waiting"], result.plan["refused"]) == ([], 0, 0)
    (company,) = life.world.rows("hubspot", "companies")
    contacts = life.world.rows("hubspot", "contacts")
    employers = {
        row.values["email"]: life.employer("hubspot", "contacts", id, "companies") for id, row in contacts.items()
    }
    assert employers == dict.fromkeys(("ann@homes.example", "ben@homes.example"), company)
    life.close()


def test_what_is_left_of_a_write_that_was_done_in_part_is_written(tmp_path: Path) -> None:
    life = Careful()
    life.raw["company"] = {"sync": True}
    life.begin()
    account = life.world.salesforce.create(
        "Account", {"Name": "Homes", "Website": "homes.example"}, life.human("salesforce")
    )
    life.sync()
    life.later()
    life.sync()
    values = {"LastName": "ben", "Email": "ben@homes.example", "AccountId": account, "MailingCity": "Ulm"}
    life.world.salesforce.create("Contact", values, life.human("salesforce"))
    ben = str(life.world.hubspot.create("contacts", {"email": "ben@homes.example"}, life.human("hubspot")))
    life.later()
    plan = life.save(tmp_path / "plan.json")
    lost = Fault("lost_before", "hubspot", path="associations/.*create", times=1)
    life.world.faults.add(lost)
    life.apply(plan)
    assert lost.hits == 1
    for _ in range(2):
        life.later(30)
        report = life.apply(plan)
    assert report.plan is not None
    lines = len(list(Saved(plan).lines()))
    assert (report.plan["written"], report.plan["replanned"], report.plan["waiting"]) == (lines, [], 0)
    (company,) = life.world.rows("hubspot", "companies")
    assert life.employer("hubspot", "contacts", ben, "companies") == company
    assert life.value("hubspot", "contacts", ben, "city") == "Ulm"
    life.close()


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_plan_says_each_write_once_however_it_is_divided(life: Careful, batch: int) -> None:
    for n in range(5):
        life.contact(f"p{n}", jobtitle=f"Head of {n}", city="Bonn", lifecyclestage="opportunity")
    for n in range(5):
        life.lead(f"p{n}", Status="Nobody knows this" if n == 2 else "Open - Not Contacted")
    life.later()
    engine = life.engine()
    engine.batch = batch
    dry = engine.plan()
    writes = [(one.entity, one.system) for one in dry.operations]
    assert len(writes) == len(set(writes)) == len(dry.operations) == sum(dry.counts.values())
    assert dry.replaced.total() == sum(map(replaces, dry.operations))
    asked = [one.fingerprint for one in dry.questions]
    assert len(asked) == len(set(asked)) == len(dry.questions)
    whole = life.look()
    assert sorted(map(words, dry.operations)) == sorted(map(words, whole.operations))
    assert sorted(asked) == sorted(one.fingerprint for one in whole.questions)


def test_what_changed_since_is_reported_and_not_overwritten(life: Careful, tmp_path: Path) -> None:
    ann, abel = life.couple("ann", city="Bonn")
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    plan = life.save(tmp_path / "plan.json")
    life.edit("salesforce", "Lead", abel, City="Hof")
    life.later()
    result = life.apply(plan)
    assert life.value("salesforce", "Lead", abel, "City") == "Hof"
    assert result.plan is not None
    (line,) = result.plan["replanned"]
    assert line["planned"]["city"] == {**line["planned"]["city"], "old": "Bonn", "new": "Ulm"}
    assert result.status == "partial"


def test_an_opt_out_waits_for_no_approval(life: Careful, tmp_path: Path) -> None:
    ann, abel = life.couple("ann")
    plan = life.save(tmp_path / "plan.json")
    life.edit("salesforce", "Lead", abel, HasOptedOutOfEmail=True, City="Hof")
    life.later()
    life.apply(plan)
    assert (life.world.hubspot.get("contacts", ann) or {})["hs_email_optout"] in (True, "true")
    assert life.value("hubspot", "contacts", ann, "city") is None


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 8])
def test_in_any_number_of_pieces_it_ends_the_same(life: Careful, tmp_path: Path, piece: int) -> None:
    people = [life.couple(f"p{n}") for n in range(2)]
    for n, (contact, lead) in enumerate(people):
        life.edit("hubspot", "contacts", contact, city=f"Ulm {n}")
        life.edit("salesforce", "Lead", lead, Phone=f"+49 30 555010{n}")
    for n in range(3):
        life.contact(f"new{n}")
    life.later()
    plan = life.save(tmp_path / "plan.json")
    for _ in range(60):
        left = [piece]

        def crash(name: str, left: list[int] = left) -> None:
            if name.startswith("apply"):
                left[0] -= 1
                if left[0] < 0:
                    raise Crash

        life.later()
        try:
            result = life.apply(plan, crash)
        except Crash:
            life.reopen()
            continue
        break
    assert result.plan is not None
    assert (result.plan["written"], result.plan["replanned"], result.plan["waiting"]) == (7, [], 0)
    assert len(life.world.rows("salesforce", "Lead")) == 5
    for n, (contact, lead) in enumerate(people):
        assert life.value("salesforce", "Lead", lead, "City") == f"Ulm {n}"
        assert life.value("hubspot", "contacts", contact, "phone").replace(" ", "") == f"+4930555010{n}"
    life.later()
    assert life.sync().changed == 0


def _edited(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def test_a_plan_that_was_changed_is_refused(life: Careful, tmp_path: Path) -> None:
    life.contact("ann")
    life.later()
    plan = life.save(tmp_path / "plan.json")
    _edited(plan, lambda text: text.replace("ann@prospect.example", "eve@prospect.example"))
    with pytest.raises(Misconfigured, match="changed since it was made"):
        Saved(plan)
    plan.write_text("{}", encoding="utf-8")
    with pytest.raises(Misconfigured, match="no saved plan"):
        Saved(plan)
    with pytest.raises(Misconfigured, match="cannot be read"):
        Saved(tmp_path / "nowhere.json")


def test_a_plan_of_another_configuration_another_account_or_of_long_ago_is_refused(
    life: Careful, tmp_path: Path
) -> None:
    life.contact("ann")
    life.later()
    plan = life.save(tmp_path / "plan.json")
    approved = Approved(Saved(plan))
    made = approved.made
    with pytest.raises(Misconfigured, match="other accounts"):
        approved.check(made.made, made.rules, {**made.accounts, "hubspot": "https://else.example"}, known=True)
    with pytest.raises(Misconfigured, match="another state"):
        approved.check(made.made, made.rules, made.accounts, known=False)
    approved.check(made.expires - 1, made.rules, made.accounts, known=True)
    life.configure("title", {"winner": "marketing", "rule": None})
    with pytest.raises(Misconfigured, match="another configuration"):
        life.apply(plan)
    del life.raw["person"]
    life.later(24 * 60 + 1)
    with pytest.raises(Misconfigured, match="expired"):
        life.apply(plan)
    assert not life.world.rows("salesforce", "Lead")


def test_a_plan_is_a_document_a_table_and_a_page(life: Careful, tmp_path: Path) -> None:
    ann, _ = life.couple("ann")
    life.edit("hubspot", "contacts", ann, city="</script><b>Ulm", jobtitle="=cmd()")
    life.later()
    plan = life.save(tmp_path / "plan.json")
    whole: dict[str, Any] = orjson.loads(plan.read_bytes())
    (line,) = whole["operations"]
    assert (line["action"], line["fields"]["city"]["new"]) == ("update", "</script><b>Ulm")
    assert whole["summary"]["effects"] == {"person.salesforce.updates": 1}
    assert list(Saved(plan).lines()) == whole["operations"]
    shown = Shown(life.look(), {})
    planned.write_csv(tmp_path / "plan.csv", shown.dry)
    rows = list(csv.DictReader((tmp_path / "plan.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["field"]: row["new"] for row in rows}["title"] == "'=cmd()"
    planned.write_html(tmp_path / "plan.html", shown, "now")
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "</script><b>" not in page
    assert not re.search(r"(src|href)=|https?:", page)
    (data,) = re.findall(r'class="operations" data-lines="1">(.*?)</script>', page, re.S)
    assert orjson.loads(zlib.decompress(b64decode(data)))["fields"]["city"][1] == "</script><b>Ulm"


def test_a_first_run_that_would_do_much_stops_before_it_writes_and_goes_on_once_it_is_approved(
    life: Careful, tmp_path: Path
) -> None:
    life.raw["plan"] = {"creates": 2, "share": 0.0}
    for n in range(3):
        life.contact(f"p{n}")
    life.later()
    for _ in range(2):
        stopped = life.sync()
        assert stopped.status == "paused"
        assert "would create 3" in stopped.message
        assert "smarketing apply" in stopped.message
        assert not life.world.rows("salesforce", "Lead")
        life.later()
    assert life.apply(life.save(tmp_path / "plan.json")).status == "done"
    assert len(life.world.rows("salesforce", "Lead")) == 3
    life.later()
    assert life.sync().status == "done"
    for n in range(3, 6):
        life.contact(f"p{n}")
    life.later()
    assert life.sync().status == "done", "what happens every day needs no approval of this kind"
    assert len(life.world.rows("salesforce", "Lead")) == 6


def test_a_changed_configuration_is_looked_at_until_a_run_with_it_came_to_its_end(life: Careful) -> None:
    people = [life.couple(f"p{n}", city="Bonn") for n in range(3)]
    life.raw["plan"] = {"clears": 1, "share": 0.0}
    assert life.sync().status == "done"
    life.configure("city", {"winner": "crm", "clears": "both"})
    for _, lead in people:
        life.edit("salesforce", "Lead", lead, City=None)
    life.later()
    for _ in range(2):
        stopped = life.sync()
        assert (stopped.status, stopped.changed) == ("paused", 0)
        assert "The configuration has changed" in stopped.message
        life.later()
    assert {life.value("hubspot", "contacts", contact, "city") for contact, _ in people} == {"Bonn"}


def test_a_brake_is_let_go_by_approving_a_plan_that_was_made_since(life: Careful, tmp_path: Path) -> None:
    life.couple("ann")
    early = life.save(tmp_path / "early.json")
    life.raw["brakes"] = {"creates_per_day": 2}
    for n in range(4):
        life.contact(f"new{n}")
    life.later()
    assert life.sync().status == "paused"
    life.later()
    life.apply(early)
    assert len(life.world.rows("salesforce", "Lead")) == 1, "who approved it had not seen what was too much"
    stopped = pauses(life.state)
    assert [one.cause for one in stopped] == [CREATES]
    life.later()
    plan = life.save(tmp_path / "plan.json")
    life.contact("late")
    life.later()
    report = life.apply(plan)
    assert report.plan is not None
    assert (report.plan["written"], report.plan["waiting"]) == (4, 0)
    assert len(life.world.rows("salesforce", "Lead")) == 5, "and nobody whom the plan does not show"
    assert not pauses(life.state)
    stop(life.state, Pause(BY_HAND, "person", "salesforce", why="by hand", since=life.clock.now()))
    life.later()
    assert (life.apply(life.save(tmp_path / "late.json")).plan or {})["waiting"] == 1, (
        "what people stopped, people let go"
    )


def test_opt_outs_reach_everybody_while_a_run_waits_for_approval(life: Careful) -> None:
    ann, abel = life.couple("ann")
    life.raw["plan"] = {"updates": 0, "replaces": 0, "share": 0.0}
    life.configure("city", {"tie": "marketing"})
    life.edit("salesforce", "Lead", abel, HasOptedOutOfEmail=True, City="Hof", Phone="+49 30 5550101")
    life.later()
    assert life.sync().status == "paused"
    assert (life.world.hubspot.get("contacts", ann) or {})["hs_email_optout"] in (True, "true")
    assert life.value("hubspot", "contacts", ann, "city") is None
