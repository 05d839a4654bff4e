"""The files of licences (OFD, PDF): wanted with the decision about evidence, fetched, stored sealed, given to the
archive (docs/adr/0045-the-written-contract.md)."""
