"""The port in its shortest form: a system held in memory, and the connector to it.

It states the contract without any vendor's quirks, and it is the world that the simulator practises in.
"""

from connectors.memory.connector import Memory
from connectors.memory.system import SYNC, Entry, MemorySystem, Row, Troubles

__all__ = ["SYNC", "Entry", "Memory", "MemorySystem", "Row", "Troubles"]
