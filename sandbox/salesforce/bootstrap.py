"""What every new org holds before anyone adds a record: the organization, its users, stages and statuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.dml import permissions
from sandbox.salesforce.schema import picklists
from sandbox.salesforce.schema.org import GUARDED
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.storage import Store

_ADMINISTRATOR = (
    "PermissionsModifyAllData", "PermissionsViewAllData", "PermissionsAuthorApex", "PermissionsCustomizeApplication",
    "PermissionsManageUsers", "PermissionsManageInternalUsers", "PermissionsAssignPermissionSets",
    "PermissionsManageProfilesPermissionsets", "PermissionsManageSharing", "PermissionsModifyMetadata",
    "PermissionsManagePublicListViews", "PermissionsEditTask", "PermissionsEditEvent",
)  # fmt: skip
"""What a system administrator's profile grants."""


def furnish(store: Store, settings: Settings, now: int) -> tuple[str, str]:
    """(organization id, id of the integration user)."""

    def put(name: str, **values: Any) -> str:
        row = Row(store.new_id(name), {k: v for k, v in values.items() if v is not None}, now)
        store.put(name, row)
        permissions.applied(store.org, name, row)
        return row.id

    org_id = put(
        "Organization", Name="Acme", InstanceName="EU40", OrganizationType="Enterprise Edition", IsSandbox=False,
        LanguageLocaleKey="en_US", TimeZoneSidKey="GMT", FiscalYearStartMonth=1, Country="GB",
    )  # fmt: skip
    profile = put("Profile", Name="System Administrator", UserType="Standard")
    user_id = put(
        "User", Username=settings.username, FirstName="Integration", LastName="User", Email=settings.username,
        Alias="integr", CommunityNickname="integration", IsActive=True, ProfileId=profile, UserType="Standard",
        TimeZoneSidKey="GMT", LocaleSidKey="en_US", EmailEncodingKey="UTF-8", LanguageLocaleKey="en_US",
    )  # fmt: skip
    owned = put(
        "PermissionSet", Name="X00ex00000018ozT_128_09_43_34_1", Label="00ex00000018ozT_128_09_43_34_1",
        IsOwnedByProfile=True, ProfileId=profile, Type="Profile", PermissionsViewSetup=True, PermissionsApiEnabled=True,
        **dict.fromkeys(_ADMINISTRATOR, True),
    )  # fmt: skip
    for guarded in GUARDED:
        rights = dict.fromkeys(("PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete"), True)
        put("ObjectPermissions", ParentId=owned, SobjectType=guarded, **rights)
    put("PermissionSetAssignment", PermissionSetId=owned, AssigneeId=user_id, IsActive=True)
    _picklists(put)
    for meta in store.org.objects.values():
        put(
            "EntityDefinition", DurableId=meta.name, QualifiedApiName=meta.name, DeveloperName=meta.name,
            Label=meta.label, PluralLabel=meta.label_plural, KeyPrefix=meta.key_prefix, IsQueryable=meta.queryable,
        )  # fmt: skip
    return org_id, user_id


def _picklists(put: Callable[..., str]) -> None:
    for n, lead in enumerate(picklists.LEAD_STATUSES, 1):
        put(
            "LeadStatus", MasterLabel=lead.value, ApiName=lead.value, SortOrder=n, IsDefault=lead.default,
            IsConverted=lead.converted,
        )  # fmt: skip
    for n, task in enumerate(picklists.TASK_STATUSES, 1):
        put(
            "TaskStatus", MasterLabel=task.value, ApiName=task.value, SortOrder=n, IsDefault=task.default,
            IsClosed=task.closed,
        )  # fmt: skip
    for n, stage in enumerate(picklists.STAGES, 1):
        put(
            "OpportunityStage", MasterLabel=stage.value, ApiName=stage.value, SortOrder=n, IsActive=True,
            IsClosed=stage.closed, IsWon=stage.won, DefaultProbability=float(stage.probability),
            ForecastCategory=stage.forecast, ForecastCategoryName=stage.forecast,
        )  # fmt: skip
