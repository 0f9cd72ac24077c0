"""HubSpot's documented answers."""
