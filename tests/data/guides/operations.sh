# A source with two records that were rejected: one for a word that its mapping has learnt since, one for good. So a replay
# ends with 3: done, and something is rejected still.
customer360() { command customer360 "$@" || test $? = 3; }
mkdir -p sources/maps
printf '%s\n' 'key = "surveys-eu"' 'mapping = "maps/surveys.toml"' > sources/surveys-eu.toml
mapping() {
    cat <<END
key = "surveys"
silo = "surveys"
version = $1

[lookup.channel]
site = "WEB"
$2

[[stream]]
name = "responses"
key = "/id"
[[stream.profile]]
key = "/who"
kind = "PERSON"
[[stream.row]]
table = "survey_response"
[stream.row.fields]
finished = { value = "true", fn = ["bool"] }
channel = { path = "/via", fn = [{ lookup = "channel" }] }
answered_at = "/at"
END
}
mapping 1 "" > sources/maps/surveys.toml
cat > responses.jsonl <<'END'
{"id":"r1","who":"p1","via":"site","at":"2026-11-02T08:00:00Z"}
{"id":"r2","who":"p2","via":"post","at":"2026-11-02T08:00:00Z"}
{"id":"r3","who":"p3","via":"test","at":"2026-11-02T08:00:00Z"}
END
customer360 import --source surveys-eu responses.jsonl
mapping 2 'post = "LETTER"' > sources/maps/surveys.toml
command customer360 serve &
