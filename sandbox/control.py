"""The control address: what a person at the keyboard of either system, or the weather, would do.

JSON in, JSON out.  `side` is `hubspot` or `salesforce`, `object` as each side calls it (contacts, Lead …).  Changes are
made by a person (`{"by": "human", "actor": "someone"}`) unless the body names another `by` and `actor`; the rules of
the platform hold, and a refusal is answered with 400 and `{"error": "CODE: why"}`; what does not exist with 404.

    GET    /health                                   → {"ok", "seed", "people", "now"}
    GET    /calls?since=N&side=S&limit=L             → {"calls": [{"n", "at", "side", "method", "path", "status", …}],
                                                        "last", "counts": {side: calls that count}}; `since` is an `n`
    GET    /history/SIDE/OBJECT/ID                   → {"history": [{"at", "field", "value", "by", "actor"}]}
    GET    /records/SIDE/OBJECT?after=ID&limit=L     → {"records": [{"id", "values", "archived"}], "next": ID or null,
                                                        "total"}; thrown-away records are in the list
    GET    /records/SIDE/OBJECT/ID                   → {"id", "values"}
    POST   /records/SIDE/OBJECT      {"values"}      → {"id"}
    PATCH  /records/SIDE/OBJECT/ID   {"values"}      → {"id"}
    DELETE /records/SIDE/OBJECT/ID                   → {"id"}: into the bin
    POST   /records/SIDE/OBJECT/ID/restore           → {"id"}
    POST   /records/SIDE/OBJECT/ID/merge {"loser"}   → {"id"}: of the survivor
    POST   /records/salesforce/Lead/ID/convert       {"account", "contact", "opportunity"}, all optional → what was made
    POST   /records/salesforce/OBJECT/ID/lock        → {"id"}: an approval process holds it; unlock lets it go
    POST   /records/hubspot/OBJECT/ID/associate      {"to_object", "to_id"} → {"id"}
    POST   /records/hubspot/contacts/ID/submit       {"form", "page"}: fills in the form of that name → {"id"}
    POST   /faults                                   a `kernel.Fault` as JSON → {"faults"}
    GET    /faults, DELETE /faults                   → {"faults": [...]} with `hits`
    GET    /clock                                    → {"now", "frozen"}
    POST   /clock                                    {"advance_ms"}, {"set": ms}, {"freeze": true} or {"thaw": true}
    GET    /settings                                 → {side: {name: value}}
    POST   /settings                                 {side: {name: value}} changes those; → as GET
    POST   /automations                              {"side", "name"}: switch on one that is known by name
    POST   /reset                                    {"seed", "people"}, both optional: the world anew
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from sandbox import switches
from sandbox.kernel import Caller, Fault

if TYPE_CHECKING:
    from sandbox.world import World

Body = dict[str, Any]
_MOST = 10_000
_FAULT_FIELDS = frozenset(f.name for f in fields(Fault)) - {"hits"}


class Control:
    """Answers the control address of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Never raises: a wrong request is answered with 400 or 404 and says what is wrong."""
        with self._world.lock:
            try:
                return _json(200, self._answer(request))
            except KeyError as error:
                return _json(400, {"error": f"{error.args[0]} is missing."})
            except LookupError as error:
                return _json(404, {"error": str(error)})
            except (ValueError, TypeError) as error:
                return _json(400, {"error": str(error)})

    def _answer(self, request: httpx.Request) -> Body:
        name, *rest = [part for part in request.url.path.split("/") if part] or [""]
        body: Body = orjson.loads(request.content) if request.content else {}
        if not isinstance(body, dict):
            raise ValueError("The body must be a JSON object.")
        routes: dict[str, Callable[[str, list[str], dict[str, str], Body], Body]] = {
            "health": self._health,
            "calls": self._calls,
            "history": self._history,
            "records": self._records,
            "faults": self._faults,
            "clock": self._clock,
            "settings": self._settings,
            "automations": self._automations,
            "reset": self._reset,
        }
        if name not in routes:
            raise LookupError(f"There is no {request.url.path}; there are {', '.join(routes)}.")
        return routes[name](request.method, rest, dict(request.url.params), body)

    def _health(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        world = self._world
        return {"ok": True, "seed": world.seed, "people": world.people, "now": world.clock.now()}

    def _calls(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        log = self._world.kernel.log
        since, side, limit = int(query.get("since", 0)), query.get("side"), int(query.get("limit", 1_000))
        found = [call._asdict() for call in log.calls if call.n > since and side in (None, call.side)]
        last = log.calls[-1].n if log.calls else 0
        return {"calls": found[: min(limit, _MOST)], "last": last, "counts": log.counts}

    def _history(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        side, name, record, *_ = _at_least(path, 3)
        if record not in self._world.rows(side, name):
            raise LookupError(f"{side} has no {name} {record}.")
        changes = self._world.face(side).history(name, record)
        return {"history": [change._asdict() for change in changes]}

    def _records(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        side, name, *rest = _at_least(path, 2)
        if not rest:
            return self._create(side, name, body) if method == "POST" else self._list(side, name, query)
        record, *doing = rest
        if method == "GET":
            self._world.rows(side, name)
            values = self._world.face(side).get(name, record)
            if values is None:
                raise LookupError(f"{side} has no {name} {record}.")
            return {"id": record, "values": values}
        return self._change(side, name, record, doing[0] if doing else method, body)

    def _create(self, side: str, name: str, body: Body) -> Body:
        return {"id": self._world.face(side).create(name, body["values"], _caller(body))}

    def _list(self, side: str, name: str, query: dict[str, str]) -> Body:
        rows = self._world.rows(side, name)
        limit = min(int(query.get("limit", 100)), _MOST)
        ids = list(rows)
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        page = ids[start : start + limit]
        return {
            "records": [
                {"id": i, "values": rows[i].values, "archived": rows[i].archived_at is not None} for i in page
            ],
            "next": page[-1] if start + limit < len(ids) else None,
            "total": len(ids),
        }  # fmt: skip

    def _change(self, side: str, name: str, record: str, doing: str, body: Body) -> Body:
        world, caller = self._world, _caller(body)
        face = world.face(side)
        self._world.rows(side, name)
        if doing == "PATCH":
            face.edit(name, record, body["values"], caller)
        elif doing == "DELETE":
            face.delete(name, record, caller)
        elif doing == "restore":
            face.restore(name, record, caller)
        elif doing == "merge":
            return {"id": face.merge(name, record, body["loser"], caller)}
        elif doing == "convert" and side == "salesforce":
            wishes = {key: body[key] for key in ("account", "contact", "opportunity") if key in body}
            return dict(world.salesforce.convert(record, caller, **wishes))
        elif doing in ("lock", "unlock") and side == "salesforce":
            world.salesforce.lock(name, record, locked=doing == "lock")
        elif doing == "associate" and side == "hubspot":
            world.hubspot.associate(name, record, body["to_object"], body["to_id"], caller)
        elif doing == "submit" and side == "hubspot":
            world.hubspot.fill_in(record, body["form"], body.get("page", ""))
        else:
            raise LookupError(f"Nothing is called {doing} on {side}.")
        return {"id": record}

    def _faults(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        faults = self._world.faults
        if method == "DELETE":
            faults.clear()
        elif method == "POST":
            unknown = set(body) - _FAULT_FIELDS
            if unknown:
                raise ValueError(
                    f"A fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(_FAULT_FIELDS))}."
                )
            faults.add(Fault(**body))
        return {"faults": [asdict(fault) for fault in faults.active]}

    def _clock(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        clock = self._world.clock
        if "advance_ms" in body:
            clock.advance(body["advance_ms"])
        elif "set" in body:
            clock.advance(body["set"] - clock.now())
        elif "freeze" in body:
            clock.freeze()
        elif "thaw" in body:
            clock.thaw()
        elif method == "POST":
            raise ValueError("Say advance_ms, set, freeze or thaw.")
        return {"now": clock.now(), "frozen": clock.frozen}

    def _settings(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        for side, wanted in body.items():
            switches.change(self._world.face(side), wanted)
        return switches.shown(self._world)

    def _automations(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        switches.automate(self._world.face(body["side"]), body["name"])
        return {"ok": True}

    def _reset(self, method: str, path: list[str], query: dict[str, str], body: Body) -> Body:
        if method != "POST":
            raise LookupError("A reset is posted.")
        self._world.reset(int(body.get("seed", self._world.seed)), int(body.get("people", self._world.people)))
        return self._health(method, path, query, body)


def _at_least(path: list[str], parts: int) -> list[str]:
    if len(path) < parts:
        raise LookupError("The path is too short: it names SIDE/OBJECT, or SIDE/OBJECT/ID.")
    return path


def _caller(body: Body) -> Caller:
    return Caller(body.get("by", "human"), body.get("actor", "someone"))


def _json(status: int, body: Body) -> httpx.Response:
    content = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return httpx.Response(status, content=content, headers={"Content-Type": "application/json"})
