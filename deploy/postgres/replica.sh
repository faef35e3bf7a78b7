#!/bin/bash
# Begins as a copy of the primary, and follows it from then on. A copy that was cut short is begun again.
set -euo pipefail
if [ ! -f "$PGDATA/standby.signal" ]; then
  find "$PGDATA" -mindepth 1 -delete
  export PGPASSWORD=$POSTGRES_PASSWORD
  # The slot is there already where an earlier copy was cut short.
  pg_basebackup --host="$PRIMARY" --username="$POSTGRES_USER" --pgdata="$PGDATA/new" --wal-method=stream --checkpoint=fast \
    --write-recovery-conf --slot=replica --create-slot ||
    { rm -rf "$PGDATA/new" && pg_basebackup --host="$PRIMARY" --username="$POSTGRES_USER" --pgdata="$PGDATA/new" --wal-method=stream --checkpoint=fast \
      --write-recovery-conf --slot=replica; }
  # standby.signal goes last: with it the copy is whole.
  find "$PGDATA/new" -mindepth 1 -maxdepth 1 ! -name standby.signal -exec mv --target-directory="$PGDATA" {} +
  mv "$PGDATA/new/standby.signal" "$PGDATA"
  rmdir "$PGDATA/new"
  chown -R postgres:postgres "$PGDATA"
  chmod 0700 "$PGDATA"
fi
exec docker-entrypoint.sh postgres -c hot_standby=on -c hot_standby_feedback=on
