"""Approvals, verifications and filings from the exchange database of project approvals: SPGL_XMSPSXPFWJXXB with the
project, its builder, the matter and its last progress. Declared."""
