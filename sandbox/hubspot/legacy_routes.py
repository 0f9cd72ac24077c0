"""The numbered paths from before v3 that widespread readers of accounts still start with.

The reference lists them under "Legacy": properties v1 and v2, pipelines v1, and the kinds of associations v3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.hubspot.schema import Option, Property
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.pipelines import Pipeline, Stage
    from sandbox.hubspot.portal import Portal


def properties(portal: Portal, ask: Ask, type_name: str) -> Answer:
    return Answer(200, [_property(p) for p in portal.schemas[type_of(type_name).name].properties.values()])


def _property(prop: Property) -> dict[str, Any]:
    return {
        "name": prop.name,
        "label": prop.label,
        "description": prop.description,
        "groupName": prop.group,
        "type": prop.type,
        "fieldType": prop.field_type,
        "options": [_option(option) for option in prop.options],
        "displayOrder": prop.order,
        "formField": prop.form_field,
        "readOnlyValue": prop.read_only or prop.calculated,
        "readOnlyDefinition": prop.defined,
        "hidden": prop.hidden,
        "mutableDefinitionNotDeletable": prop.defined and bool(prop.options),
        "favorited": False,
        "favoritedOrder": -1,
        "calculated": prop.calculated,
        "externalOptions": prop.owner,
        "displayMode": "current_value",
        "referencedObjectType": "OWNER" if prop.owner else None,
        "hasUniqueValue": prop.unique,
        "hubspotDefined": prop.defined,
        "deleted": False,
        "createdAt": prop.created,
        "updatedAt": prop.updated,
        "createdUserId": None,
        "updatedUserId": None,
    }


def _option(option: Option) -> dict[str, Any]:
    return option.shown() | {"readOnly": False, "doubleData": 0.0}


def pipelines(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    kind = {"objectType": type_.singular.upper(), "objectTypeId": type_.id}
    return Answer(200, {"results": [kind | _pipeline(p) for p in portal.pipelines.live(type_.name)]})


def _pipeline(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "pipelineId": pipeline.id,
        "label": pipeline.label,
        "displayOrder": pipeline.order,
        "active": True,
        "default": pipeline.id == "default",
        "stages": [_stage(s) for s in sorted(pipeline.stages.values(), key=lambda s: s.order)],
        "createdAt": pipeline.created,
        "updatedAt": pipeline.updated,
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "stageId": stage.id,
        "label": stage.label,
        "displayOrder": stage.order,
        "metadata": stage.metadata,
        "active": True,
        "createdAt": stage.created,
        "updatedAt": stage.updated,
    }


def association_types(portal: Portal, ask: Ask, a: str, b: str) -> Answer:
    first, second = type_of(a), type_of(b)
    results = [
        {"id": str(found.spec.id), "name": name}
        for found in portal.links.definitions(first.name, second.name)
        for name in portal.links.names(first, second, [found.spec])
    ]
    return Answer(200, {"results": results})


ROUTES = [
    route("GET", "legacy-properties/{type}/properties", properties, "crm.schemas.{type}.read crm.objects.{type}.read"),
    route("GET", "legacy-pipelines/{type}", pipelines, "crm.objects.{type}.read"),
    route("GET", "named-associations/{type}/{b}/types", association_types, "crm.objects.{type}.read"),
]
