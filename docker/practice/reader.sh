#!/usr/bin/env bash
# Sourced by the image's entrypoint on first start: an account that can read the practice's
# database and nothing else, as the pipeline would get it at a real office. The environment's words
# are data: they end no literal and no quoted name.
quoted() { # the text as a literal of SQL
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\'\'}"
}
docker_process_sql <<SQL
create user $(quoted "$PRACTICE_READER")@'%' identified by $(quoted "$PRACTICE_READER_PASSWORD");
grant select, show view on \`${MARIADB_DATABASE//\`/\`\`}\`.* to $(quoted "$PRACTICE_READER")@'%';
SQL
unset -f quoted
