"""The first configuration: as short as it can be, with everything it needs named."""

from __future__ import annotations

from collections.abc import Callable

QUESTIONS = (
    ("hubspot_url", "Address of HubSpot's API", "https://api.hubapi.com"),
    ("login_url", "Your Salesforce My Domain", "https://example.my.salesforce.com"),
    ("state", "Where to keep the state (sqlite:///FILE or postgresql+psycopg://…)", "sqlite:///smarketing.db"),
)

TEMPLATE = """\
# Smarketing Sync.  Every setting with its default and meaning: config.example.toml.
# Secrets are never written here: "env:NAME" names an environment variable, "file:PATH" a file.

[state]
url = "{state}"

[hubspot]
base_url = "{hubspot_url}"
access_token = "env:HUBSPOT_ACCESS_TOKEN"

[salesforce]
login_url = "{login_url}"
auth = "client_credentials"
client_id = "env:SALESFORCE_CLIENT_ID"
client_secret = "env:SALESFORCE_CLIENT_SECRET"

[schedule]
sync = "every 2 minutes"
"""


def first_config(ask: Callable[..., str] | None) -> str:
    """The text of a first file.  `ask(question, default=…)` is a prompt; None takes the defaults."""
    answers = {
        name: default if ask is None else ask(question, default=default) for name, question, default in QUESTIONS
    }
    return TEMPLATE.format(**{name: answer.replace("\\", "/").replace('"', "") for name, answer in answers.items()})
