#!/bin/sh
# Runs once, when the server makes its data: a database for the tables and one for the vault, each owned by an ordinary
# role of its own. The server's superuser is used for nothing else.
set -eu
for name in store vault; do
    password=$(cat "/run/secrets/${name}_password")
    psql --quiet --set ON_ERROR_STOP=1 --set name="$name" --set password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
