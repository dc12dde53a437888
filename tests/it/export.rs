//! Whole tables out: what each role gets of each, in each format, in pieces, by a reader who is slow or goes away.

use std::collections::BTreeSet;
use std::io::Read;

use api::access::{Action, Classes, Form, Policy};
use api::auth::Claims;
use api::error::Code;
use api::export::Request as Wanted;
use api::export::tables::{TABLES, Table};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use customer360_tests::app::token;
use customer360_tests::scan::assert_clean;
use customer360_tests::{Db, OnDatabase, Role, TestApp, TestDatabase, both};
use futures_util::StreamExt;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::access::world::{CANARIES, World, leaks};
use crate::command::Desk;

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn listed(&self, name: &str) -> BTreeSet<String> {
        let list = self.headers.get(name).map_or("", |value| value.to_str().unwrap());
        list.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

fn request(role: Role, query: &str) -> Request<Body> {
    let request = Request::get(format!("/export?{query}"));
    request.header(header::AUTHORIZATION, format!("Bearer {}", token("tester", &[role]))).body(Body::empty()).unwrap()
}

async fn send(app: &TestApp, request: Request<Body>) -> Got {
    let response = app.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("the export is whole");
    if parts.status != StatusCode::OK {
        assert_clean(&String::from_utf8_lossy(&body), &[]);
    }
    Got { status: parts.status, headers: parts.headers, body }
}

async fn export(app: &TestApp, role: Role, query: &str) -> Got {
    send(app, request(role, query)).await
}

/// Pages of few rows, and many customers.
struct Many(World);

impl OnDatabase for Many {
    async fn on(db: Db) -> Self {
        let settings = [("CUSTOMER360_EXPORT__PAGE_ROWS", "100"), ("CUSTOMER360_DATABASE__POOL_SIZE", "1")];
        let world = World::with(db, &settings).await;
        world.add_customers(640).await;
        Self(world)
    }
}

/// What the policy says of a column that is the same for all rows: there, masked or away.
fn expected(table: &Table, rights: &api::access::Rights) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let (mut all, mut masked, mut hidden) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let cell = rights.of(table.silo);
    for told in table.told {
        for (name, form) in told.columns.iter().zip(told.forms) {
            let name = (*name).to_owned();
            match told.classes {
                Classes::All(classes) => match classes.iter().map(|class| cell.action(*class)).min() {
                    Some(Action::Show) => {
                        all.insert(name);
                    }
                    Some(Action::Mask) if *form == Form::Text => {
                        masked.insert(name.clone());
                        all.insert(name);
                    }
                    _ => {
                        hidden.insert(name);
                    }
                },
                Classes::ByLast { .. } => {
                    masked.insert(name.clone());
                    all.insert(name);
                }
            }
        }
    }
    (all, masked, hidden)
}

both! {
    async fn every_role_gets_of_every_table_what_the_policy_gives(world: World) {
        let policy = Policy::built_in().unwrap();
        let mut found: Vec<(Role, BTreeSet<&str>)> = Vec::new();
        for role in Role::ALL {
            let rights = policy.rights([role.as_str()]).unwrap();
            let mut seen = BTreeSet::new();
            for table in TABLES {
                let got = export(&world.app, role, &format!("table={}", table.name)).await;
                let place = format!("{} {}", role.as_str(), table.name);
                if rights.of(table.silo).rows.is_none() {
                    assert_eq!((got.status, got.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{place}");
                    continue;
                }
                assert_eq!(got.status, StatusCode::OK, "{place}: {}", got.text());
                assert_eq!(leaks(got.text(), &rights).next(), None, "{place}");
                let (all, masked, hidden) = expected(table, &rights);
                let lines = got.lines();
                assert!(!lines.is_empty(), "{place} has no row");
                for line in &lines {
                    let keys: BTreeSet<String> = line.as_object().unwrap().keys().cloned().collect();
                    assert_eq!(keys, all, "{place}");
                    assert!(line["id"].as_str().unwrap().starts_with(table.prefix), "{place}: {line}");
                }
                assert_eq!(got.listed("customer360-hidden"), hidden, "{place}");
                assert_eq!(got.listed("customer360-masked"), masked, "{place}");
                seen.extend(CANARIES.iter().map(|canary| canary.text).filter(|text| got.text().contains(text)));
            }
            found.push((role, seen));
        }
        let (_, everything) = found.iter().find(|(role, _)| *role == Role::Privacy).unwrap();
        assert!(everything.len() > 40, "the tables hold most canaries: {everything:?}");
        for (role, seen) in &found {
            let rights = policy.rights([role.as_str()]).unwrap();
            for canary in CANARIES.iter().filter(|canary| everything.contains(canary.text) && canary.is_shown_to(&rights)) {
                // An author is given only to those who see customers' names and ours alike.
                let by_row = ["Canary-Writer", "Canary-Agent"].contains(&canary.text);
                assert!(by_row || seen.contains(canary.text), "{} must see {}", role.as_str(), canary.text);
            }
        }
    }

    async fn an_export_says_what_the_graph_says(world: World) {
        let document = "{ customers(first: 50) { nodes { id name email phone country createdAt
            support { tickets(first: 10) { nodes { id subject status openedAt } } }
            sales { purchases(first: 10) { nodes { id amount { amount currency } } } } } } }";
        for role in [Role::Service, Role::Marketing, Role::Product, Role::Analyst, Role::Privacy] {
            let answer = world.app.query_as(role, document, json!({})).await;
            let export = async |table: &str| export(&world.app, role, &format!("table={table}")).await.lines();
            let (customers, tickets, purchases) = (export("customer").await, export("ticket").await, export("purchase").await);
            let line = |lines: &[Value], id: &Value| lines.iter().find(|line| line["id"] == *id).cloned().expect("it is there");
            let nodes = answer.json["data"]["customers"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), customers.len());
            for node in nodes {
                let row = line(&customers, &node["id"]);
                for (field, column) in [("name", "name"), ("email", "email"), ("phone", "phone"), ("country", "country"), ("createdAt", "created_at")] {
                    assert_eq!(node[field], row[column], "{} {field}", role.as_str());
                }
                for ticket in node["support"]["tickets"]["nodes"].as_array().unwrap() {
                    let row = line(&tickets, &ticket["id"]);
                    assert_eq!((&ticket["subject"], &ticket["openedAt"]), (&row["subject"], &row["opened_at"]), "{}", role.as_str());
                    assert_eq!(row["customer_id"], node["id"]);
                }
                for purchase in node["sales"]["purchases"]["nodes"].as_array().unwrap() {
                    assert_eq!(purchase["amount"]["amount"], line(&purchases, &purchase["id"])["amount"], "{}", role.as_str());
                }
            }
        }
    }

    async fn every_format_holds_the_same(world: World) {
        for table in TABLES {
            let query = |format: &str| format!("silo={}&table={}&format={format}", table.silo.name(), table.name);
            let rows = export(&world.app, Role::Privacy, &query("ndjson")).await.lines();
            let plain: Vec<Vec<String>> = {
                let names: Vec<&str> = columns(table);
                rows.iter().map(|row| names.iter().map(|name| text_of(&row[*name])).collect()).collect()
            };
            let csv = export(&world.app, Role::Privacy, &query("csv")).await;
            assert!(csv.text().contains("\r\n"));
            let mut reader = csv::Reader::from_reader(csv.body.as_ref());
            assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), columns(table));
            let read: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            assert_eq!(read, plain, "{}", table.name);
            let parquet = export(&world.app, Role::Privacy, &query("parquet")).await;
            let reader = SerializedFileReader::new(parquet.body).unwrap();
            let read: Vec<Vec<(String, Field)>> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect();
            assert_eq!(read.len(), rows.len(), "{}", table.name);
            for (row, read) in rows.iter().zip(&read) {
                for (name, field) in read {
                    assert!(is_same(&row[name], field), "{}.{name}: {} and {field}", table.name, row[name]);
                }
            }
        }
    }

    async fn a_cut_export_goes_on_after_any_row(many: Many) {
        for table in ["customer", "ticket", "customer_identifier"] {
            let whole = export(&many.0.app, Role::Service, &format!("table={table}")).await;
            let lines: Vec<&str> = whole.text().lines().collect();
            let ids: BTreeSet<String> = whole.lines().iter().map(|line| line["id"].to_string()).collect();
            assert!(ids.len() >= 640 && ids.len() == lines.len(), "{table}: {} ids, {} lines", ids.len(), lines.len());
            for had in [1, 99, 100, 101, 500, lines.len()] {
                let last: Value = serde_json::from_str(lines[had - 1]).unwrap();
                let rest = export(&many.0.app, Role::Service, &format!("table={table}&after={}", last["id"].as_str().unwrap())).await;
                assert_eq!(rest.text().lines().collect::<Vec<_>>(), &lines[had..], "{table} after {had}");
            }
        }
    }

    async fn pages_are_bounded_and_each_is_one_statement(many: Many) {
        let app = &many.0.app;
        let rows = export(app, Role::Service, "table=ticket").await.lines().len();
        let before = app.app().database().waits();
        export(app, Role::Service, "table=ticket").await;
        let waits = app.app().database().waits() - before;
        assert_eq!(waits, (rows / 100 + 1) as u64, "{rows} rows");
    }

    async fn a_slow_reader_holds_no_connection_and_one_who_goes_gives_back_the_place(many: Many) {
        let app = &many.0.app;
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut body = app.router().oneshot(request(Role::Service, "table=ticket")).await.unwrap().into_body().into_data_stream();
            assert!(body.next().await.unwrap().is_ok());
            held.push(body);
        }
        // The only connection is free.
        let answer = app.query_as(Role::Service, "{ customers(first: 1) { nodes { id } } }", json!({})).await;
        assert_eq!(answer.codes(), [""; 0]);
        let third = export(app, Role::Service, "table=ticket").await;
        assert_eq!((third.status, third.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
        assert!(third.headers.contains_key(header::RETRY_AFTER));
        held.clear();
        while export(app, Role::Service, "table=ticket").await.status == StatusCode::TOO_MANY_REQUESTS {
            tokio::task::yield_now().await;
        }
    }

    async fn an_ended_token_ends_the_export(world: World) {
        let claims = Claims {
            subject: "tester".into(), roles: vec!["service".into()], email: None, expires_at: 1, token_id: None,
        };
        let wanted = Wanted { table: Some("ticket".into()), ..Wanted::default() };
        let mut exporting = world.app.app().begin_export(wanted, &claims).await.unwrap();
        assert_eq!(exporting.chunks.recv().await.unwrap().unwrap_err().code, Code::Unauthenticated);
        assert!(exporting.chunks.recv().await.is_none());
    }

    async fn own_rows_are_all_that_is_given(db: TestDatabase) {
        let policy = "[role.rep]\ndescription = 'own'\nread = '*'\nrows = 'own'\nwrite = []\nclasses = { identity = 'show' }\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), policy).unwrap();
        let world = World::with(db.db(), &[("CUSTOMER360_ACCESS__POLICY", file.path().to_str().unwrap())]).await;
        let of = async |subject: &str, table: &str| {
            let claims = Claims { subject: subject.into(), roles: vec!["rep".into()], email: None, expires_at: u64::MAX, token_id: None };
            let wanted = Wanted { table: Some(table.into()), ..Wanted::default() };
            let mut exporting = world.app.app().begin_export(wanted, &claims).await.unwrap();
            let mut text = Vec::new();
            while let Some(Ok(api::export::Chunk::Bytes(bytes))) = exporting.chunks.recv().await {
                text.extend(bytes);
            }
            String::from_utf8(text).unwrap()
        };
        let own = of(crate::access::world::OWNER, "customer").await;
        assert!(own.contains("\"K-1\"") && !own.contains("\"K-2\""), "{own}");
        for table in ["customer", "interaction", "customer_identifier", "web_event"] {
            assert_eq!(of("nobody", table).await, "", "{table}");
        }
    }

    async fn spreadsheets_and_gzip(world: World) {
        let plain = export(&world.app, Role::Service, "table=customer&format=csv").await;
        let excel = export(&world.app, Role::Service, "table=customer&format=csv&excel=true").await;
        assert!(plain.text().contains(",+49") && !excel.text().contains(",+49") && excel.text().contains(",'+49"));
        let without = export(&world.app, Role::Service, "table=customer&format=csv&header=false").await;
        assert_eq!(plain.text().split_once("\r\n").unwrap().1, without.text());
        let mut asked = request(Role::Service, "table=customer&format=csv");
        asked.headers_mut().insert(header::ACCEPT_ENCODING, "br;q=1, gzip;q=0.5".parse().unwrap());
        let packed = send(&world.app, asked).await;
        assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed.body.as_ref()).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain.text());
    }

    async fn what_cannot_be_exported_is_refused(world: World) {
        for (query, words) in [
            ("silo=support", "ticket, ticket_message"), ("", "customer_identifier"), ("silo=none", "catalogue"),
            ("silo=support&table=customer", "ticket"), ("table=ticket&format=xml", "parquet"),
            ("table=ticket&after=cus_00000000000000000000000000000000", "tkt_"), ("table=ticket&after=x", "tkt_"),
            ("table=customer_identifier&after=idn_00000000000000000000000000000000", "idn_"),
            ("table=ticket&table=ticket", "twice"), ("table=ticket&first=10", "parameters"), ("table=ticket&excel=yes", "true or false"),
        ] {
            let got = export(&world.app, Role::Privacy, query).await;
            assert_eq!((got.status, got.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"), "{query}");
            assert!(got.text().contains(words), "{query}: {}", got.text());
        }
        let nobody = send(&world.app, Request::get("/export?table=ticket").body(Body::empty()).unwrap()).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
        let posted = send(&world.app, Request::post("/export?table=ticket").body(Body::empty()).unwrap()).await;
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    }

    async fn the_command_writes_files_and_goes_on(many: Many) {
        let desk = Desk::new(many.0.app.database());
        let out = desk.path().join("tickets.csv");
        let out = out.to_str().unwrap();
        let first = desk.run(&["export", "--table", "ticket", "--role", "analyst", "--format", "csv", "--out", out]);
        assert!(first.status.success(), "{first:#?}");
        assert!(first.stderr.contains("withheld from these roles: ") && first.stderr.contains("masked for these roles: subject"), "{}", first.stderr);
        let again = desk.run(&["export", "--table", "ticket", "--role", "analyst", "--format", "csv", "--out", out]);
        assert!(!again.status.success() && again.stderr.contains("CONFLICT"), "{again:#?}");
        // As after a kill: half of the file, and a row that is torn.
        let whole = std::fs::read_to_string(out).unwrap();
        let half: Vec<&str> = whole.split_inclusive("\r\n").take(300).collect();
        let last = half.last().unwrap().split(',').next().unwrap().to_owned();
        std::fs::write(out, half.concat() + "tkt_0123,\"half").unwrap();
        let elsewhere = ["export", "--table", "ticket", "--role", "analyst", "--format", "csv", "--out", out, "--after", "tkt_00000000000000000000000000000000"];
        let refused = desk.run(&elsewhere);
        assert!(!refused.status.success() && refused.stderr.contains("ends within a row"), "{refused:#?}");
        let rest = desk.run(&["export", "--table", "ticket", "--role", "analyst", "--format", "csv", "--out", out, "--after", &last]);
        assert!(rest.status.success(), "{rest:#?}");
        assert_eq!(std::fs::read_to_string(out).unwrap(), whole);
        let query = desk.file("q.graphql", "query($after: String) { customers(first: 50, after: $after, orderBy: CREATED_AT) {
            nodes { id name createdAt support { ticketCount } identifiers { kind value } } pageInfo { hasNextPage endCursor } } }");
        let query = query.to_str().unwrap();
        let table = desk.run(&["export", "--table", "customer", "--role", "service"]);
        let count = table.stdout.lines().count();
        for (format, extra) in [("ndjson", 0), ("csv", 1)] {
            let nodes = desk.run(&["export", "--query", query, "--role", "service", "--format", format]);
            assert!(nodes.status.success(), "{}", nodes.stderr);
            assert_eq!(nodes.stdout.lines().count(), count + extra);
            if format == "csv" {
                assert!(nodes.stdout.starts_with("id,name,createdAt,support.ticketCount,identifiers"), "{}", &nodes.stdout[..200]);
            }
        }
        let file = desk.path().join("q.parquet");
        let nodes = desk.run(&["export", "--query", query, "--role", "service", "--format", "parquet", "--out", file.to_str().unwrap()]);
        assert!(nodes.status.success(), "{}", nodes.stderr);
        let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
        assert_eq!(usize::try_from(reader.metadata().file_metadata().num_rows()).unwrap(), count);
        let refused = desk.run(&["export", "--query", query, "--role", "admin"]);
        assert!(!refused.status.success() && refused.stderr.contains("FORBIDDEN: "), "{}", refused.stderr);
    }
}

fn columns(table: &Table) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for name in table.told.iter().flat_map(|told| told.columns) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

/// Whether a line of JSON and a Parquet file say the same.
fn is_same(said: &Value, read: &Field) -> bool {
    match (said, read) {
        (Value::Null, Field::Null) => true,
        (Value::Bool(said), Field::Bool(read)) => said == read,
        (Value::Number(said), Field::Long(read)) => said.as_i64() == Some(*read),
        (Value::Number(said), Field::Double(read)) => said.as_f64() == Some(*read),
        (Value::String(said), Field::Str(read)) => said == read,
        (Value::String(said), Field::Decimal(read)) => {
            let exact = i64::from_be_bytes(read.data().try_into().expect("money has 64 bits"));
            *said == api::catalogue::types::decimal(exact) && read.scale() == 4
        }
        (Value::String(said), Field::TimestampMicros(read)) => {
            chrono::DateTime::parse_from_rfc3339(said).is_ok_and(|said| said.timestamp_micros() == *read)
        }
        (said @ Value::Array(_), Field::Str(read)) => {
            serde_json::from_str::<Value>(read).is_ok_and(|read| read == *said)
        }
        _ => false,
    }
}
