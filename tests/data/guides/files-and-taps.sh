# Taps, of which one writes batches, an Airbyte source with a mapping of its own, and a server that knows the source of an upload.
echo '{}' > config.json
echo '{}' > state.json
tap-postgres() { cat "$PROJECT/tests/data/streams/singer-tap-postgres-full-incremental.jsonl"; }

mkdir -p /var/lib/taps
echo '{"id":"T9","status":"OPEN","subject":"Door","opened_at":"2026-05-03","email":"cy@example.org"}' | gzip > /var/lib/taps/1.json.gz
cat > batched.jsonl <<'END'
{"type":"SCHEMA","stream":"tickets","schema":{},"key_properties":["id"]}
{"type":"BATCH","stream":"tickets","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file:///var/lib/taps/1.json.gz"]}
{"type":"STATE","value":{"bookmarks":{"tickets":"T9"}}}
END

mkdir -p sources/maps
printf '%s\n' 'key = "shop"' 'mapping = "maps/shop.toml"' > sources/shop.toml
cat > sources/maps/shop.toml <<'END'
key = "shop"
silo = "sales"

[[stream]]
name = "users"
[[stream.profile]]
key = "/id"
kind = "PERSON"
identifiers = [{ kind = "EMAIL", strength = "STRONG", value = "/email" }]
attributes = { name = "/name" }

[[stream]]
name = ["products", "purchases"]
ignore = true
END
echo '{"streams": [{"stream": {"name": "users"}, "primary_key": [["id"]]}]}' > catalog.json
source-faker() { cat "$PROJECT/tests/data/streams/airbyte-source-faker.jsonl"; }

printf '%s\n' 'key = "crm-eu"' 'mapping = "csv-crm"' 'secrets = ["crm"]' > sources/crm-eu.toml
printf '%s\n' 'customer_number,name,email' 'K-7,Ada Ray,ada@example.org' | gzip > contacts.csv.gz
export SECRET_OF_THE_SOURCE=9f1c3a5be27d4f60a1b2c3d4
export CUSTOMER360_SECRETS__CRM=$SECRET_OF_THE_SOURCE
customer360 serve &
