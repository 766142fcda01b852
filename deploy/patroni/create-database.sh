#!/bin/sh
# Called by Patroni once, with a connection to the new cluster: the role and the database of the masters. The role is no superuser; it may
# see how replication is doing (pg_monitor), which masters show and check.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$TIDEWHEEL_PASSWORD" "$1" <<'SQL'
create role tidewheel login password :'password';
grant pg_monitor to tidewheel;
create database tidewheel owner tidewheel;
SQL
