# A second source, whose secret the guide sets, and a tap.
mkdir -p sources
printf '%s\n' 'key = "desk"' 'mapping = "csv-support"' 'secrets = ["desk"]' > sources/desk.toml
echo '{}' > tap.json
echo '{}' > state.json
tap-zendesk() {
    printf '%s\n' '{"type":"SCHEMA","stream":"tickets","schema":{},"key_properties":["id"]}' \
        '{"type":"RECORD","stream":"tickets","record":{"id":"T2","status":"OPEN","subject":"Heating","opened_at":"2026-05-02","email":"bo@example.org"}}' \
        '{"type":"STATE","value":{"bookmarks":{"tickets":"T2"}}}'
}
