#!/usr/bin/env bash
# Loads the load test's data into an empty database, serves it with production settings, and hands over to a load program.
#
#   tests/load/run.sh DATA VARIABLES OUT [COMMAND …]
#
# DATA       folder with customer.csv, identifier.csv, survey_response.csv, sales_note.csv, web_session.csv, support_ticket.csv
# VARIABLES  folder with q1.ndjson ({"id": key of a customer}), q2.ndjson ({"stage", "offset"}), q4.ndjson ({"prefix"})
# OUT        folder for what is written: the variables in our ids and cursors, logs
# COMMAND    run while the server is up, with OURS_URL, OURS_TOKEN, OURS_QUERIES, OURS_VARS, OURS_PID, OURS_DB in its
#            environment; without one the script waits until it is stopped
#
# DATABASE_URL names the database (postgres://… or sqlite://FILE). LOADED=1 skips the import of data that is there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

data=$(cd "$1" && pwd) variables=$(cd "$2" && pwd)
mkdir -p "$3"
out=$(cd "$3" && pwd)
shift 3
: "${DATABASE_URL:?name an empty database}"

cargo build --release
program=target/release/customer360
export CUSTOMER360_INTAKE__SOURCES=tests/load

if [ -z "${LOADED:-}" ]; then
    /usr/bin/time -v -o "$out/import.time" "$program" import --source load --bulk \
        "$data"/{customer,identifier,survey_response,sales_note,web_session,support_ticket}.csv 2>&1 | tee "$out/import.log"
    case $DATABASE_URL in
        postgres*) psql -q "$DATABASE_URL" -c "VACUUM ANALYZE" ;;
        *) sqlite3 "${DATABASE_URL#sqlite://}" "ANALYZE" ;;
    esac
fi

secret=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
export CUSTOMER360_ENV=production CUSTOMER360_AUTH__HS256_SECRET=$secret CUSTOMER360_DATABASE__POOL_SIZE=8
export CUSTOMER360_HTTP__LISTEN=127.0.0.1:${PORT:-3610}
# One subject sends the whole load: its budget must allow it.
export CUSTOMER360_RATE__POINTS=4000000000 CUSTOMER360_RATE__REFILL_PER_SECOND=4000000000

# Everything is shown to this role, so that all values can be compared.
token=$("$program" token --role privacy)
"$program" serve >"$out/serve.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
url=http://$CUSTOMER360_HTTP__LISTEN/graphql
python3 tests/load/variables.py "$url" "$token" "$variables" "$out"

export OURS_URL=$url OURS_TOKEN=$token OURS_QUERIES=$PWD/tests/load/queries OURS_VARS=$out OURS_PID=$server
OURS_DB=$(basename "${DATABASE_URL%%\?*}")
export OURS_DB
if [ $# = 0 ]; then
    echo "serving at $url; token in OURS_TOKEN below, until this is stopped"
    echo "OURS_TOKEN=$token"
    wait "$server"
else
    "$@"
fi
