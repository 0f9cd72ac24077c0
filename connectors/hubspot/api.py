"""The calls to HubSpot, through the official client and the door.

The client's generated methods give paths and parameters; bodies stay plain (its models cost 300 µs a record, raw
bodies 10), and its exceptions never arise, because the door's pool hands every refusal past it.
One object per resource is kept: the client builds a new pool at every attribute access.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hubspot import HubSpot as Client

from connectors.door import Answered, Door, DoorPool, NoAnswer
from connectors.hubspot import paths
from connectors.hubspot.answers import Answer, decode, demand


class Api:
    """One method per call the connector needs.  Reads return the body; writes return the `Answer`."""

    def __init__(self, door: Door, api: str = paths.NUMBERED) -> None:
        self.door = door
        self.version = api
        self._pool = DoorPool(door, lambda path: paths.versioned(path, api))
        self._made: dict[tuple[str, str], Any] = {}
        self._account: Mapping[str, Any] | None = None
        # The token here is a placeholder: the door signs.
        client = Client(access_token="-", host=door.base_url, api_factory=self._make)  # noqa: S106
        self._crm = client.crm

    # -- objects -----------------------------------------------------------------------------------------------

    def page(self, object: str, **query: Any) -> Mapping[str, Any]:
        """One page of the list, ascending by id: limit <= 100, after, properties, associations, archived."""
        basic = self._crm.objects.basic_api
        return demand(self._ask(basic.get_page, object, **query), f"a list of {object}")

    def one(self, object: str, id: str, properties: Sequence[str], *, archived: bool = False) -> Answer:
        """One record by id; an id that was merged away answers with the survivor.  archived: one in the bin."""
        get = self._crm.objects.basic_api.get_by_id
        return self._ask(get, object, id, properties=list(properties), archived=archived)

    def search(self, object: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A search: at most 200 rows a page, 5 calls a second, an index that lags."""
        return demand(self._ask(self._crm.objects.search_api.do_search, object, body), f"a search of {object}")

    def batch_read(self, object: str, body: Mapping[str, Any]) -> Answer:
        """Up to 100 records by id or by a unique property (`idProperty`); 50 with history.  207: some are missing."""
        return self._ask(self._crm.objects.batch_api.read, object, body)

    def batch_create(self, object: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Up to 100 records; with an `objectWriteTraceId` in each input 207 tells which failed."""
        return self._tell(self._crm.objects.batch_api.create, object, {"inputs": list(inputs)})

    def batch_update(self, object: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Up to 100 records, ids all different; 207: some are missing; 400: nothing was written."""
        return self._tell(self._crm.objects.batch_api.update, object, {"inputs": list(inputs)})

    def batch_archive(self, object: str, ids: Sequence[str]) -> Answer:
        """Up to 100 records to the bin; nothing is said of unknown ones."""
        return self._tell(self._crm.objects.batch_api.archive, object, {"inputs": [{"id": id} for id in ids]})

    def gdpr_delete(self, id: str) -> Answer:
        """Destroy a contact for good and block its addresses.  HubSpot offers it for contacts alone."""
        return self.raw("POST", paths.GDPR_DELETE, json={"objectId": id})

    # -- associations ------------------------------------------------------------------------------------------

    def associations(self, object: str, to: str, inputs: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        """Associations of up to 1,000 records: id, and `after` where some were read before."""
        batch = self._crm.associations.v4.batch_api
        answer = self._ask(batch.get_page, object, to, {"inputs": list(inputs)})
        return demand(answer, f"the associations of {object} with {to}")

    def associate(self, object: str, to: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Up to 2,000 labelled associations."""
        return self._tell(self._crm.associations.v4.batch_api.create, object, to, {"inputs": list(inputs)})

    def dissociate(self, object: str, to: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Remove all associations between pairs of records."""
        return self._tell(self._crm.associations.v4.batch_api.archive, object, to, {"inputs": list(inputs)})

    # -- set-up ------------------------------------------------------------------------------------------------

    def properties(self, object: str) -> list[Mapping[str, Any]]:
        """All properties of an object that these credentials see."""
        answer = self._ask(self._crm.properties.core_api.get_all, object)
        return list(demand(answer, f"the properties of {object}").get("results") or [])

    def pipelines(self, object: str) -> list[Mapping[str, Any]]:
        """Pipelines with their stages, in order; none where these credentials may not see them."""
        answer = self._ask(self._crm.pipelines.pipelines_api.get_all, object)
        if answer.status in (403, 404):
            return []
        found = demand(answer, f"the pipelines of {object}").get("results") or []
        return sorted(found, key=lambda row: int(row.get("displayOrder") or 0))

    def zone(self) -> str:
        """IANA name of the account's time zone; empty where these credentials may not see it."""
        return str(self._details().get("timeZone") or "")

    def account(self) -> str:
        """The account's number ("Hub ID", `portalId`); empty where these credentials may not see it."""
        return str(self._details().get("portalId") or "")

    def _details(self) -> Mapping[str, Any]:
        if self._account is None:
            answer = self.raw("GET", paths.ACCOUNT)
            self._account = answer.body if answer.good else {}
        return self._account

    def create_property(self, object: str, body: Mapping[str, Any]) -> Answer:
        """Make a property."""
        return self._tell(self._crm.properties.core_api.create, object, body)

    def update_property(self, object: str, name: str, body: Mapping[str, Any]) -> Answer:
        """Change a property."""
        return self._tell(self._crm.properties.core_api.update, object, name, body)

    def create_group(self, object: str, body: Mapping[str, Any]) -> Answer:
        """Make a group of properties."""
        return self._tell(self._crm.properties.groups_api.create, object, body)

    def owners(self, **query: Any) -> Mapping[str, Any]:
        """A page of owners: limit <= 500, after, archived."""
        return demand(self._ask(self._crm.owners.owners_api.get_page, **query), "a list of owners")

    def raw(self, method: str, path: str, **request: Any) -> Answer:
        """What the client has no method for."""
        return decode(self.door.call(method, paths.versioned(path, self.version), **request))

    # -- riding ------------------------------------------------------------------------------------------------

    def _ask(self, method: Callable[..., Any], *args: Any, **query: Any) -> Answer:
        try:
            return decode(method(*args, **query, _preload_content=False).response)
        except Answered as refused:
            return decode(refused.response)

    def _tell(self, method: Callable[..., Any], *args: Any) -> Answer:
        answer = self._ask(method, *args)
        if answer.good and answer.status != 204 and not answer.body:
            raise NoAnswer(f"HubSpot answered {answer.status} with something that is not JSON")
        return answer

    def _make(self, package: Any, name: str, config: Mapping[str, Any]) -> Any:
        key = (package.__name__, name)
        if key not in self._made:
            configuration = package.Configuration()
            configuration.host = config["host"]
            client = package.ApiClient(configuration=configuration)
            client.rest_client.pool_manager = self._pool
            self._made[key] = getattr(package, name)(api_client=client)
        return self._made[key]
