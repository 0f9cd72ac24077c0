"""HubSpot's own Python client against the account over a real port."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot import HubSpot as Client
from hubspot.crm.associations.v4 import PublicObjectId
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicGdprDeleteInput,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException, NotFoundException
from hubspot.crm.lists import ListCreateRequest
from hubspot.crm.properties import PropertyCreate

from tests.sandbox.hubspot.conftest import HUMAN, Portal


@pytest.fixture
def client(portal: Portal, address: str) -> Any:
    return Client(access_token=portal.hub.access_token, host=address, base_url=address)


def _create(client: Any, **values: str) -> str:
    body = SimplePublicObjectInputForCreate(properties=values, associations=[])
    return str(client.crm.contacts.basic_api.create(body).id)


def test_single_records(client: Any) -> None:
    api = client.crm.contacts.basic_api
    id = _create(client, email="ann@acme.com", firstname="Ann")
    assert api.get_by_id("ann@acme.com", id_property="email").id == id
    assert api.update(id, SimplePublicObjectInput(properties={"city": "Ulm"})).properties["city"] == "Ulm"
    read = api.get_by_id(id, properties=["city", "email"], properties_with_history=["city"])
    assert read.properties_with_history["city"][0].source_type == "INTEGRATION"
    api.archive(id)
    with pytest.raises(NotFoundException):
        api.get_by_id(id)
    assert api.get_page(archived=True).results[0].id == id


def test_the_whole_list(client: Any, portal: Portal) -> None:
    ids = [portal.hub.seed("contacts", {"email": f"p{i}@x.org"}) for i in range(230)]
    assert [r.id for r in client.crm.contacts.get_all(properties=["email"])] == ids


def test_conflicts_are_exceptions_with_a_body(client: Any) -> None:
    id = _create(client, email="ann@acme.com")
    with pytest.raises(ApiException) as refused:
        _create(client, email="ann@acme.com")
    assert refused.value.status == 409
    assert f"Existing ID: {id}" in refused.value.body


def test_batches(client: Any) -> None:
    api = client.crm.contacts.batch_api
    inputs: list[dict[str, Any]] = [{"properties": {"email": f"p{i}@x.org"}, "associations": []} for i in range(3)]
    made = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    ids = sorted(r.id for r in made.results)
    read = api.read(
        BatchReadInputSimplePublicObjectId(inputs=[*({"id": i} for i in ids), {"id": "5"}], properties=["email"])
    )
    assert (len(read.results), read.num_errors, read.errors[0].context) == (3, 1, {"ids": ["5"]})
    changes = [{"id": i, "properties": {"city": "Ulm"}} for i in ids]
    assert len(api.update(BatchInputSimplePublicObjectBatchInput(inputs=changes)).results) == 3
    upserts = [{"id": m, "idProperty": "email", "properties": {"email": m}} for m in ("p0@x.org", "new@x.org")]
    told = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=upserts)).results
    assert sorted(r.new for r in told) == [False, True]
    assert api.archive(BatchInputSimplePublicObjectId(inputs=[{"id": i} for i in ids])) is None
    traced: list[dict[str, Any]] = [
        {"properties": {"email": m}, "associations": [], "objectWriteTraceId": m} for m in ("new@x.org", "b@x.org")
    ]
    partial = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=traced))
    assert (partial.num_errors, partial.errors[0].category) == (1, "CONFLICT")


def test_search(client: Any) -> None:
    id = _create(client, email="ann@acme.com")
    request = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=[Filter(property_name="email", operator="EQ", value="ann@acme.com")])],
        sorts=[{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        limit=200,
    )
    found = client.crm.contacts.search_api.do_search(request)
    assert (found.total, found.results[0].id) == (1, id)


def test_merge_and_purge(client: Any) -> None:
    api = client.crm.contacts.basic_api
    ann, old = _create(client, email="ann@acme.com"), _create(client, email="ann@old.org")
    merged = api.merge(PublicMergeInput(primary_object_id=ann, object_id_to_merge=old))
    assert api.get_by_id(old).id == merged.id
    api.purge(PublicGdprDeleteInput(object_id=merged.id))
    with pytest.raises(ApiException):
        _create(client, email="ann@acme.com")


def test_associations(client: Any, portal: Portal) -> None:
    api = client.crm.associations.v4.basic_api
    contact, company = _create(client, email="ann@acme.com"), portal.company(name="Acme")
    assert len(api.create_default("contacts", contact, "companies", company).results) == 2
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    assert api.create("contacts", contact, "companies", company, association_spec=spec).labels == ["Primary"]
    assert str(api.get_page("contacts", contact, "companies").results[0].to_object_id) == company
    batch = client.crm.associations.v4.batch_api
    body = {"inputs": [{"id": contact}]}
    assert batch.get_page("contacts", "companies", body).results[0]._from == PublicObjectId(id=contact)
    api.archive("contacts", contact, "companies", company)
    assert api.get_page("contacts", contact, "companies").results == []
    labels = client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies").results
    assert {entry.type_id for entry in labels} == {1, 279}


def test_settings(client: Any, portal: Portal) -> None:
    api = client.crm.properties.core_api
    wanted = PropertyCreate(name="crm_id", label="L", type="string", field_type="text", group_name="contactinformation")
    assert api.create("contacts", wanted).name == "crm_id"
    assert "crm_id" in {p.name for p in api.get_all("contacts").results}
    assert client.crm.pipelines.pipelines_api.get_all("deals").results[0].id == "default"
    assert [o.id for o in client.crm.owners.owners_api.get_page().results] == ["501", "502"]
    assert [o.id for o in client.crm.owners.owners_api.get_page(archived=True).results] == ["503"]
    lists = client.crm.lists.lists_api
    made = lists.create(ListCreateRequest(name="L", object_type_id="0-1", processing_type="MANUAL")).list
    id = _create(client, email="ann@acme.com")
    added = client.crm.lists.memberships_api.add(made.list_id, [id])
    assert added.records_ids_added == [id]
    portal.hub.event(id, "e_visited_page", {})
    assert client.events.events_api.get_page(object_type="contact", object_id=int(id)).results[0].object_id == id


def test_consent(client: Any, portal: Portal) -> None:
    portal.contact(email="ann@acme.com")
    portal.hub.opt_out("ann@acme.com", HUMAN)
    told = client.communication_preferences.status_api.get_email_status("ann@acme.com")
    assert {s.status for s in told.subscription_statuses} == {"NOT_SUBSCRIBED"}


def test_oauth(client: Any, portal: Portal) -> None:
    made = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=portal.hub.client_id,
        client_secret=portal.hub.client_secret,
        refresh_token=portal.hub.refresh_token,
    )
    assert client.oauth.access_tokens_api.get(made.access_token).hub_id == portal.hub.portal_id


@pytest.mark.parametrize("name", ["calls", "emails", "meetings", "notes", "tasks"])
def test_activities(client: Any, name: str) -> None:
    api = getattr(client.crm.objects, name).basic_api
    made = api.create({"properties": {"hs_timestamp": "2026-09-01T10:00:00Z"}})
    assert api.get_by_id(made.id, properties=["hs_timestamp"]).properties["hs_timestamp"] == "2026-09-01T10:00:00Z"
