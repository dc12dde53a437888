# Records as Zendesk gives them, and its tap.
echo '{}' > c.json
echo '{}' > s.json
cp "$PROJECT/tests/data/samples/zendesk/tickets.jsonl" .
tap-zendesk() {
    printf '%s\n' '{"type":"SCHEMA","stream":"tickets","schema":{},"key_properties":["id"]}'
    sed 's/.*/{"type":"RECORD","stream":"tickets","record":&}/' tickets.jsonl
    echo '{"type":"STATE","value":{"tickets":1}}'
}
