"""JSON Schema as OpenAPI 3.0 and 3.1 use it: documents -> check tree -> code for the engines of the gateways."""
