"""Approvals, verifications and filings of projects from a REST service. Declared, without Python."""
