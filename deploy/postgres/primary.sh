#!/bin/bash
# Runs once, when the database is made: lets the replica stream from it.
set -euo pipefail
echo 'host replication waymark samenet scram-sha-256' >> "$PGDATA/pg_hba.conf"
# A replica that stays away for long must not fill the disk of the primary.
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 <<'SQL'
alter system set max_slot_wal_keep_size = '8GB';
select pg_reload_conf();
SQL
