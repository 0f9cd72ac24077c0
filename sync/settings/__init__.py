"""The typed configuration, section by section."""
