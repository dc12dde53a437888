#!/usr/bin/env bash
# How fast and in how much memory a table leaves the house. Needs a database with rows: `tests/load/run.sh` loads one.
#
#   tests/load/export.sh TABLE [FORMAT …]
#
# DATABASE_URL names the database. For each format (all three unless named) the command writes to nothing, and a server answers
# the same over HTTP, once plain and once to a reader of 1 MB/s for ten seconds, whose memory is told.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${DATABASE_URL:?name a database with rows}"
table=$1
shift
[ $# -gt 0 ] || set -- ndjson csv parquet

cargo build --release
program=target/release/customer360
for format; do
    echo "command, $format:"
    /usr/bin/time -f '%M KiB at most' "$program" export --table "$table" --role privacy --format "$format" >/dev/null
done

secret=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
export CUSTOMER360_ENV=production CUSTOMER360_AUTH__HS256_SECRET=$secret
export CUSTOMER360_HTTP__LISTEN=127.0.0.1:${PORT:-3611}
token=$("$program" token --role privacy)
"$program" serve >/dev/null 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
until curl -fs "http://$CUSTOMER360_HTTP__LISTEN/readyz" >/dev/null; do sleep 0.2; done
get() {
    curl -sS -o /dev/null -w '%{size_download} bytes in %{time_total} s\n' -H "Authorization: Bearer $token" "$@"
}
for format; do
    echo "HTTP, $format:"
    get "http://$CUSTOMER360_HTTP__LISTEN/export?table=$table&format=$format"
done
echo "HTTP, gzip:"
get --compressed "http://$CUSTOMER360_HTTP__LISTEN/export?table=$table"
echo "HTTP, slow:"
get --limit-rate 1M --max-time 10 "http://$CUSTOMER360_HTTP__LISTEN/export?table=$table" || true
grep -E 'VmHWM' "/proc/$server/status"
