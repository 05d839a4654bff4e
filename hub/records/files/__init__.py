"""Files of records, read row by row: JSON, JSON Lines, CSV, Avro."""
