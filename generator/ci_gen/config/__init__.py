"""ci-gen.yaml: its model, loading with positions, JSON Schema, editing and reference."""
