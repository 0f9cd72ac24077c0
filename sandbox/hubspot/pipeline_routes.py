"""Pipelines and stages (guide "Pipelines")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.defaults import stage_properties
from sandbox.hubspot.pipelines import Pipeline, Stage
from sandbox.hubspot.schema import ObjectType, Option
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_MOST_STAGES = 100
_STAGE_PROPERTY = {
    "deals": ("pipeline", "dealstage"),
    "leads": ("hs_pipeline", "hs_pipeline_stage"),
    "tickets": ("hs_pipeline", "hs_pipeline_stage"),
    "contacts": ("hs_pipeline", "lifecyclestage"),
}


def _pipeline(portal: Portal, type: ObjectType, id: str) -> Pipeline:
    found = portal.pipelines.of.get(type.name, {}).get(id)
    if found is None:
        raise errors.refuse(404, f"Pipeline {id} does not exist", "OBJECT_NOT_FOUND", context={"pipelineId": [id]})
    return found


def _stage(pipeline: Pipeline, id: str) -> Stage:
    found = pipeline.stages.get(id)
    if found is None:
        raise errors.refuse(404, f"Stage {id} does not exist", "OBJECT_NOT_FOUND", context={"stageId": [id]})
    return found


def _follow(portal: Portal, type: ObjectType) -> None:
    """Keeps the choices of the pipeline and stage properties equal to what there is."""
    names = _STAGE_PROPERTY[type.name]
    schema = portal.schemas[type.name]
    live = list(portal.pipelines.live(type.name))
    stages = [stage for pipeline in live for stage in pipeline.stages.values()]
    for name, things in ((names[0], live), (names[1], stages)):
        prop = schema.get(name)
        if prop is not None and prop.type == "enumeration":
            prop.set_options(Option(t.id, t.label, t.order) for t in _things(things))
    for stage in stages:
        for prop in stage_properties(type.name, stage.id, stage.label):
            if type.name not in ("leads", "tickets") and prop.name not in schema.properties:
                schema.add(prop)


def _things(things: Iterable[Any]) -> Iterable[Any]:
    return sorted(things, key=lambda thing: thing.order)


def _new_stage(portal: Portal, type: ObjectType, body: dict[str, Any], known: set[str]) -> Stage:
    absent = [name for name in ("label", "displayOrder", "metadata") if body.get(name) is None]
    if absent:
        raise errors.missing_fields(*absent)
    metadata = {str(k): str(v) for k, v in dict(body["metadata"]).items()}
    if type.name == "deals":
        _check_chance(metadata)
    id = str(body.get("stageId") or portal.next_id())
    if id in known:
        raise errors.refuse(409, f"A stage with id {id} already exists", "CONFLICT")
    known.add(id)
    now = portal.clock.now()
    return Stage(id, str(body["label"]), int(body["displayOrder"]), metadata, now, now)


def _check_chance(metadata: dict[str, str]) -> None:
    text = metadata.get("probability", "")
    try:
        chance = float(text)
    except ValueError:
        chance = -1
    if not 0 <= chance <= 1:
        raise errors.invalid("Deal stages need a probability between 0.0 and 1.0 in their metadata")
    metadata["probability"] = str(chance)
    metadata.setdefault("isClosed", "true" if chance in (0, 1) else "false")


def list_all(portal: Portal, ask: Ask, type_name: str) -> Answer:
    return Answer(200, {"results": [p.shown() for p in portal.pipelines.live(type_of(type_name).name)]})


def _filled(portal: Portal, type: ObjectType, body: dict[str, Any], id: str) -> Pipeline:
    absent = [name for name in ("label", "displayOrder", "stages") if body.get(name) is None]
    if absent:
        raise errors.missing_fields(*absent)
    if len(body["stages"]) > _MOST_STAGES:
        raise errors.invalid(f"A pipeline can have at most {_MOST_STAGES} stages")
    now = portal.clock.now()
    others = portal.pipelines.of.get(type.name, {})
    known = {s for p in others.values() if p.id != id for s in p.stages}
    stages = [_new_stage(portal, type, entry, known) for entry in body["stages"]]
    return Pipeline(id, str(body["label"]), int(body["displayOrder"]), {s.id: s for s in stages}, now, now)


def create(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    if type_.name not in _STAGE_PROPERTY:
        raise errors.invalid(f"{type_.name} cannot have pipelines")
    body = ask.object()
    of = portal.pipelines.of.setdefault(type_.name, {})
    if any(p.label == body.get("label") for p in of.values()):
        raise errors.refuse(409, f"A pipeline with label {body.get('label')} already exists", "CONFLICT")
    made = _filled(portal, type_, body, str(body.get("pipelineId") or portal.next_id()))
    of[made.id] = made
    _follow(portal, type_)
    return Answer(201, made.shown())


def read(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    return Answer(200, _pipeline(portal, type_of(type_name), id).shown())


def replace(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    type_ = type_of(type_name)
    old = _pipeline(portal, type_, id)
    made = _filled(portal, type_, ask.object(), id)
    made.created = old.created
    portal.pipelines.of[type_.name][id] = made
    _follow(portal, type_)
    return Answer(200, made.shown())


def update(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    type_ = type_of(type_name)
    found = _pipeline(portal, type_, id)
    _patch(portal, found, ask.object())
    _follow(portal, type_)
    return Answer(200, found.shown())


def _patch(portal: Portal, thing: Pipeline | Stage, body: dict[str, Any]) -> None:
    thing.label = str(body.get("label", thing.label))
    thing.order = int(body.get("displayOrder", thing.order))
    thing.archived = bool(body.get("archived", thing.archived))
    thing.updated = portal.clock.now()


def _users(portal: Portal, type: ObjectType, stages: Iterable[str]) -> list[str]:
    """Ids of the records in one of these stages."""
    name = _STAGE_PROPERTY[type.name][1]
    wanted = set(stages)
    rows = portal.records[type.name].rows.values()
    return [r.id for r in rows if r.archived_at is None and r.values.get(name) in wanted]


def _guard(portal: Portal, ask: Ask, type: ObjectType, stages: Iterable[str]) -> None:
    asked = ask.flag("validateReferencesBeforeDelete") or ask.flag("validateDealStageUsagesBeforeDelete")
    used = _users(portal, type, stages) if asked else []
    if used:
        raise errors.invalid(
            f"Stage IDs: [{', '.join(stages)}] are being referenced by object IDs: [{', '.join(used[:10])}]",
            subCategory="PipelineError.STAGE_ID_IN_USE",
            context={"stageIds": list(stages), "objectIds": used[:10]},
        )


def archive(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    type_ = type_of(type_name)
    found = _pipeline(portal, type_, id)
    _guard(portal, ask, type_, list(found.stages))
    del portal.pipelines.of[type_.name][id]
    _follow(portal, type_)
    return Answer(204)


def list_stages(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    return Answer(200, {"results": _pipeline(portal, type_of(type_name), id).shown()["stages"]})


def create_stage(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    type_ = type_of(type_name)
    found = _pipeline(portal, type_, id)
    if len(found.stages) >= _MOST_STAGES:
        raise errors.invalid(f"A pipeline can have at most {_MOST_STAGES} stages")
    known = {s for p in portal.pipelines.of[type_.name].values() for s in p.stages}
    made = _new_stage(portal, type_, ask.object(), known)
    found.stages[made.id] = made
    _follow(portal, type_)
    return Answer(201, made.shown())


def read_stage(portal: Portal, ask: Ask, type_name: str, id: str, stage: str) -> Answer:
    return Answer(200, _stage(_pipeline(portal, type_of(type_name), id), stage).shown())


def change_stage(portal: Portal, ask: Ask, type_name: str, id: str, stage: str) -> Answer:
    type_ = type_of(type_name)
    found = _stage(_pipeline(portal, type_, id), stage)
    body = ask.object()
    if body.get("metadata"):
        metadata = {**found.metadata, **{str(k): str(v) for k, v in body["metadata"].items()}}
        if type_.name == "deals":
            _check_chance(metadata)
        found.metadata = metadata
    _patch(portal, found, body)
    _follow(portal, type_)
    return Answer(200, found.shown())


def archive_stage(portal: Portal, ask: Ask, type_name: str, id: str, stage: str) -> Answer:
    type_ = type_of(type_name)
    pipeline = _pipeline(portal, type_, id)
    _stage(pipeline, stage)
    _guard(portal, ask, type_, [stage])
    del pipeline.stages[stage]
    _follow(portal, type_)
    return Answer(204)


def audit(portal: Portal, ask: Ask, type_name: str, *ids: str) -> Answer:
    _pipeline(portal, type_of(type_name), ids[0])
    return Answer(200, {"results": []})


_READ = "crm.schemas.{type}.read crm.objects.{type}.read"
_WRITE = "crm.schemas.{type}.write"
_ONE = "pipelines/{type}/{id}"
_STAGES = f"{_ONE}/stages"
_ONE_STAGE = f"{_STAGES}/{{stage}}"
ROUTES = [
    route("GET", "pipelines/{type}", list_all, _READ),
    route("POST", "pipelines/{type}", create, _WRITE),
    route("GET", _ONE, read, _READ),
    route("PUT", _ONE, replace, _WRITE),
    route("PATCH", _ONE, update, _WRITE),
    route("DELETE", _ONE, archive, _WRITE),
    route("GET", f"{_ONE}/audit", audit, _READ),
    route("GET", _STAGES, list_stages, _READ),
    route("POST", _STAGES, create_stage, _WRITE),
    route("GET", _ONE_STAGE, read_stage, _READ),
    route("PUT", _ONE_STAGE, change_stage, _WRITE),
    route("PATCH", _ONE_STAGE, change_stage, _WRITE),
    route("DELETE", _ONE_STAGE, archive_stage, _WRITE),
    route("GET", f"{_ONE_STAGE}/audit", audit, _READ),
]
