"""What the hub runs around a connector: guard, circuit, quota, registry, probe."""
