"""Users, groups, permission sets, the organization, record types, and the tooling objects that tell of metadata."""

from __future__ import annotations

from sandbox.salesforce.schema.build import (
    address,
    audit,
    email,
    fixed,
    flag,
    make,
    moment,
    once,
    person_name,
    phone,
    pick,
    read_only,
    ref,
    text,
    thing,
    whole,
)
from sandbox.salesforce.schema.model import ObjectMeta

_USER_TYPES = ("Standard", "PowerPartner", "CSPLitePortal", "CustomerSuccess", "PowerCustomerSuccess", "CsnOnly",
               "AutomatedProcess", "CloudIntegrationUser", "Guest")  # fmt: skip


def admin() -> list[ObjectMeta]:
    return [
        _user(),
        _group(),
        _profile(),
        _role(),
        _permission_set(),
        _assignment(),
        _object_permissions(),
        _field_permissions(),
        _organization(),
        _record_type(),
        _list_view(),
        *_tooling(),
    ]


def _user() -> ObjectMeta:
    return thing(
        "User",
        "005",
        [
            text("Username", 80, nillable=False, unique=True, id_lookup=True),
            text("LastName", 80, nillable=False, compound="Name"),
            text("FirstName", 40, compound="Name"),
            fixed(text("Name", 121, label="Full Name", nillable=False, name_field=True, derive=person_name)),
            text("CompanyName", 80),
            text("Division", 80),
            text("Department", 80),
            text("Title", 80),
            *address("", ""),
            email("Email", nillable=False),
            phone("Phone"),
            phone("MobilePhone", label="Mobile"),
            text("Alias", 8, nillable=False),
            text("CommunityNickname", 40, nillable=False, label="Nickname", unique=True, id_lookup=True),
            flag("IsActive", label="Active"),
            pick("TimeZoneSidKey", ("GMT", "America/Los_Angeles", "America/New_York", "Europe/Paris", "Asia/Tokyo"),
                 nillable=False, restricted=True, length=40, label="Time Zone"),
            ref("UserRoleId", "UserRole", children="Users", label="Role ID"),
            pick("LocaleSidKey", ("en_US", "en_GB", "fr_FR", "de_DE", "ja_JP"), nillable=False, restricted=True,
                 length=40, label="Locale"),
            pick("EmailEncodingKey", ("UTF-8", "ISO-8859-1"), nillable=False, restricted=True, length=40,
                 label="Email Encoding"),
            ref("ProfileId", "Profile", children="Users", nillable=False),
            fixed(pick("UserType", _USER_TYPES, restricted=True, length=40)),
            pick("LanguageLocaleKey", ("en_US", "fr", "de", "ja"), nillable=False, restricted=True, length=40,
                 label="Language"),
            text("EmployeeNumber", 20),
            ref("ManagerId", "User", children="ManagedUsers"),
            fixed(moment("LastLoginDate", label="Last Login")),
            text("FederationIdentifier", 512, label="SAML Federation ID", unique=True, id_lookup=True),
            *audit(deletable=False),
        ],
        audited=False,
        deletable=False,
        undeletable=False,
    )  # fmt: skip


def _group() -> ObjectMeta:
    return thing(
        "Group",
        "00G",
        [
            text("Name", 40, nillable=False, name_field=True),
            text("DeveloperName", 80, nillable=False, defaulted_on_create=True, label="API Name"),
            fixed(ref("RelatedId", "User UserRole")),
            once(pick("Type", ("Regular", "Queue", "Role", "RoleAndSubordinates", "Organization"), restricted=True,
                      length=40)),
            email("Email"),
            fixed(ref("OwnerId", "Organization User")),
            flag("DoesSendEmailToMembers", label="Send Email to Members"),
            flag("DoesIncludeBosses", True, label="Include Bosses"),
        ],
        undeletable=False,
    )  # fmt: skip


def _profile() -> ObjectMeta:
    fields = [text("Name", 255, name_field=True), pick("UserType", _USER_TYPES, length=40), text("Description", 255)]
    return read_only("Profile", "00e", fields)


def _role() -> ObjectMeta:
    fields = [
        text("Name", 80, nillable=False, name_field=True),
        ref("ParentRoleId", "UserRole", relation="ParentRole"),
        text("DeveloperName", 80),
    ]
    return thing("UserRole", "00E", fields, label="Role", undeletable=False)


def _permission_set() -> ObjectMeta:
    return thing(
        "PermissionSet",
        "0PS",
        [
            text("Name", 80, nillable=False, name_field=True),
            text("Label", 80, nillable=False),
            text("Description", 255),
            text("NamespacePrefix", 15),
            ref("ProfileId", "Profile"),
            fixed(flag("IsOwnedByProfile")),
            fixed(flag("IsCustom", True)),
            fixed(pick("Type", ("Regular", "Profile", "Standard", "Session", "Group"), restricted=True, length=40)),
            flag("PermissionsViewSetup", label="View Setup and Configuration"),
            flag("PermissionsApiEnabled", label="API Enabled"),
            flag("PermissionsModifyAllData", label="Modify All Data"),
            flag("PermissionsViewAllData", label="View All Data"),
            flag("PermissionsAuthorApex", label="Author Apex"),
            flag("PermissionsCustomizeApplication", label="Customize Application"),
            flag("PermissionsManageUsers", label="Manage Users"),
            flag("PermissionsManageInternalUsers", label="Manage Internal Users"),
            flag("PermissionsAssignPermissionSets", label="Assign Permission Sets"),
            flag("PermissionsManageProfilesPermissionsets", label="Manage Profiles and Permission Sets"),
            flag("PermissionsManageSharing", label="Manage Sharing"),
            flag("PermissionsModifyMetadata", label="Modify Metadata Through Metadata API Functions"),
            flag("PermissionsBulkApiHardDelete", label="Bulk API Hard Delete"),
            flag("PermissionsManageEncryptionKeys", label="Manage Encryption Keys"),
            flag("PermissionsManagePublicListViews", label="Manage Public List Views"),
            flag("PermissionsEditTask", label="Edit Tasks"),
            flag("PermissionsEditEvent", label="Edit Events"),
        ],
        undeletable=False,
    )


def _assignment() -> ObjectMeta:
    return thing(
        "PermissionSetAssignment",
        "0Pa",
        [
            once(ref("PermissionSetId", "PermissionSet", children="Assignments", nillable=False)),
            once(ref("AssigneeId", "User", children="PermissionSetAssignments", nillable=False)),
            fixed(flag("IsActive", True)),
            moment("ExpirationDate"),
            fixed(moment("SystemModstamp", nillable=False)),
        ],
        audited=False,
        undeletable=False,
    )


def _object_permissions() -> ObjectMeta:
    rights = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    return thing(
        "ObjectPermissions",
        "110",
        [
            once(ref("ParentId", "PermissionSet", children="ObjectPerms", nillable=False)),
            once(pick("SobjectType", (), nillable=False, restricted=True, length=40, label="Sobject Type Name")),
            *(flag(f"Permissions{right}") for right in rights),
            fixed(moment("SystemModstamp", nillable=False)),
        ],
        audited=False,
        plural="Object Permissions",
        undeletable=False,
    )


def _list_view() -> ObjectMeta:
    fields = [
        text("Name", 40, name_field=True),
        text("DeveloperName", 80),
        text("NamespacePrefix", 15),
        pick("SobjectType", (), length=40),
        flag("IsSoqlCompatible", True),
    ]
    return read_only("ListView", "00B", fields)


def _field_permissions() -> ObjectMeta:
    return thing(
        "FieldPermissions",
        "01k",
        [
            once(ref("ParentId", "PermissionSet", children="FieldPerms", nillable=False)),
            once(pick("SobjectType", (), nillable=False, restricted=True, length=40)),
            once(pick("Field", (), nillable=False, restricted=True, length=255, label="Field Name")),
            flag("PermissionsEdit", label="Edit Field"),
            flag("PermissionsRead", label="Read Field"),
            fixed(moment("SystemModstamp", nillable=False)),
        ],
        audited=False,
        plural="Field Permissions",
        undeletable=False,
    )


def _organization() -> ObjectMeta:
    return thing(
        "Organization",
        "00D",
        [
            text("Name", 80, nillable=False, name_field=True),
            text("Division", 80),
            *address("", ""),
            phone("Phone"),
            text("PrimaryContact", 80),
            fixed(text("InstanceName", 5)),
            fixed(flag("IsSandbox")),
            fixed(
                pick("OrganizationType", ("Developer Edition", "Enterprise Edition", "Unlimited Edition"), length=40)
            ),
            fixed(moment("TrialExpirationDate")),
            fixed(text("NamespacePrefix", 15)),
            fixed(pick("LanguageLocaleKey", ("en_US",), length=40)),
            fixed(pick("DefaultLocaleSidKey", ("en_US",), length=40)),
            fixed(pick("TimeZoneSidKey", ("GMT", "America/Los_Angeles"), length=40)),
            fixed(whole("FiscalYearStartMonth")),
            *audit(deletable=False),
        ],
        audited=False,
        createable=False,
        deletable=False,
        undeletable=False,
    )


def _record_type() -> ObjectMeta:
    return thing(
        "RecordType",
        "012",
        [
            text("Name", 80, nillable=False, name_field=True),
            text("DeveloperName", 80, nillable=False),
            fixed(text("NamespacePrefix", 15)),
            text("Description", 255),
            once(pick("SobjectType", (), nillable=False, restricted=True, length=40)),
            flag("IsActive", label="Active"),
        ],
        deletable=False,
        undeletable=False,
    )


def _tooling() -> list[ObjectMeta]:
    metadata = make("Metadata", "complexvalue", filterable=False, sortable=False, groupable=False)
    custom_field = thing(
        "CustomField",
        "00N",
        [
            text("DeveloperName", 40, name_field=True),
            text("FullName", 255, filterable=False),
            text("TableEnumOrId", 40),
            text("NamespacePrefix", 15),
            text("InlineHelpText", 510),
            metadata,
        ],
        tooling=True,
        undeletable=False,
    )
    entity = read_only(
        "EntityDefinition",
        "4ie",
        [
            text("DurableId"),
            text("QualifiedApiName", name_field=True),
            text("DeveloperName"),
            text("Label"),
            text("PluralLabel"),
            text("KeyPrefix", 3),
            flag("IsCustomizable"),
            flag("IsQueryable", True),
        ],
        audited=False,
    )
    field = read_only(
        "FieldDefinition",
        "4if",
        [
            text("DurableId"),
            text("QualifiedApiName", name_field=True),
            text("DeveloperName"),
            text("Label"),
            text("DataType"),
            whole("Length"),
            whole("Precision"),
            whole("Scale"),
            flag("IsNillable"),
            flag("IsIndexed"),
            flag("IsFieldHistoryTracked"),
            ref("EntityDefinitionId", "EntityDefinition", children="Fields"),
        ],
        audited=False,
    )
    return [custom_field, entity, field]
