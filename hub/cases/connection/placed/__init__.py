"""Whether the site of an application is that of the title: findings, questions to a person, and their answers."""
