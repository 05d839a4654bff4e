"""Steps of connection cases that the utility sends, or lists at a REST service. Declared; a hook joins two columns."""
