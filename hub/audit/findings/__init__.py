"""What an auditor can find: the classes, the codes, and a finding with what shows it."""
