"""From the Schema Objects of OpenAPI documents to check trees."""

from gwc.lowering.schema.build import SchemaBuilder
from gwc.lowering.schema.growing import GrowingTable

__all__ = ["GrowingTable", "SchemaBuilder"]
