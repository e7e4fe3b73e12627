#!/usr/bin/env bash
# Sourced by the image's entrypoint on first start: an account that can read the practice's
# database and nothing else, as the pipeline would get it at a real office.
docker_process_sql <<SQL
create user '${PRACTICE_READER}'@'%' identified by '${PRACTICE_READER_PASSWORD}';
grant select, show view on \`${MARIADB_DATABASE}\`.* to '${PRACTICE_READER}'@'%';
SQL
