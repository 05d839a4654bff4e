"""The contract with the utility's connection system (docs/crm-contract.md), and the kit that checks it."""
