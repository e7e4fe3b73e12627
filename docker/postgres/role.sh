#!/usr/bin/env bash
# Sourced by the image's entrypoint on first start: the database's owner, who is no superuser, and
# its database of the same name. psql itself reads and quotes what the environment holds.
docker_process_sql <<'SQL'
\getenv role ROLE
\getenv password ROLE_PASSWORD
create role :"role" login password :'password';
create database :"role" owner :"role";
SQL
