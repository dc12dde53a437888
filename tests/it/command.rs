//! The binary `customer360` and bad input: what it says, how it ends, and that what was good is there nevertheless.

use std::fs;
use std::path::{Path, PathBuf};

use customer360_tests::process::{Finished, PATIENCE, Program};
use customer360_tests::scan::assert_clean;
use customer360_tests::{Role, TestApp, TestDatabase, both};
use serde_json::{Value, json};

/// A folder with files to import, and the database they go to.
pub struct Desk {
    folder: tempfile::TempDir,
    url: String,
}

/// The exit status that says: done, and some records were rejected.
pub const SOME_REJECTED: Option<i32> = Some(3);

impl Desk {
    pub fn new(database: &TestDatabase) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: database.url().to_owned() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `customer360 <arguments>` in that folder on that database.
    pub fn program(&self, arguments: &[&str]) -> Program {
        Program::new(arguments).folder(self.path()).env("DATABASE_URL", &self.url)
    }

    /// Runs it to its end and scans what it said.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let finished = self.program(arguments).finish();
        assert_clean(&finished.stderr, &[]);
        finished
    }

    /// Runs what must fail: the status, the last words.
    fn refused(&self, arguments: &[&str], code: &str, words: &[&str]) {
        let finished = self.run(arguments);
        assert_eq!(finished.status.code(), Some(1), "{arguments:?}: {finished:#?}");
        assert!(finished.stderr.lines().any(|line| line.starts_with(&format!("{code}: "))), "{finished:#?}");
        for word in words {
            assert!(finished.stderr.contains(word), "{arguments:?} does not say {word:?}: {}", finished.stderr);
        }
    }

    /// The lines of `customer360 rejected`, cut at their tabs.
    fn rejected(&self) -> Vec<Vec<String>> {
        let finished = self.run(&["rejected"]);
        assert!(finished.status.success(), "{finished:#?}");
        finished.stdout.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }
}

async fn names(app: &TestApp) -> Vec<String> {
    let answer =
        app.query_as(Role::Service, "{ customers(first: 50, orderBy: NAME) { nodes { name } } }", json!({})).await;
    let nodes = answer.data()["customers"]["nodes"].as_array().unwrap().clone();
    nodes.iter().filter_map(|node| node["name"].as_str().map(str::to_owned)).collect()
}

const TICKETS: &str = "id,status,subject,opened_at,email,customer_name\n";

both! {
    async fn what_cannot_begin_says_so(database: TestDatabase) {
        let desk = Desk::new(&database);
        let good = desk.file("tickets.csv", format!("{TICKETS}T1,OPEN,Printer,2026-05-01,a@example.org,Ada Ray\n"));
        let good = good.to_str().unwrap();
        desk.refused(&["import", "--source", "nobody", good], "NOT_FOUND", &["unknown source `nobody`", "Declare it"]);
        desk.refused(&["import", "--source", "csv-support", "absent.csv"], "BAD_USER_INPUT", &["absent.csv: there is no such file"]);
        // A file that is not there is told before the one before it is taken.
        desk.refused(&["import", "--source", "csv-support", good, "--stream", "tickets", "absent.csv"], "BAD_USER_INPUT", &["no such file"]);
        desk.refused(&["import", "--source", "csv-support", good, "--stream", "tikets"], "BAD_USER_INPUT", &["no stream `tikets`", "tickets", "--stream"]);
        desk.file("tickets.xlsx", "PK");
        desk.refused(&["import", "--source", "csv-support", "tickets.xlsx"], "BAD_USER_INPUT", &["ends in .csv"]);
        desk.file("twice/tickets.csv", "id,id\n1,2\n");
        desk.refused(&["import", "--source", "csv-support", good, "twice/tickets.csv"], "BAD_USER_INPUT", &["repeats the name"]);
        desk.refused(&["import", "--source", "csv-support", "-"], "BAD_USER_INPUT", &["--stream"]);
        desk.refused(&["replay", "--source", "nobody"], "NOT_FOUND", &["unknown source"]);
        desk.refused(&["replay", "--record", "01a1ee56-0000-8000-8000-000000000000"], "NOT_FOUND", &["customer360 rejected"]);
        desk.refused(&["token", "--role", "service", "--hours", &u64::MAX.to_string()], "BAD_USER_INPUT", &["auth.max_life_seconds"]);
        desk.refused(&["token", "--role", "king"], "BAD_USER_INPUT", &["no such role", "service"]);
        assert_eq!(desk.run(&["import", "--source", "csv-support"]).status.code(), Some(2), "no file at all");
        assert_eq!(desk.run(&["rejected", "--limit", "0"]).status.code(), Some(2));
        assert_eq!(desk.rejected(), Vec::<Vec<String>>::new());
        assert!(names(&TestApp::over(database, &[]).await).await.is_empty(), "nothing was written");
    }

    async fn bad_lines_stand_beside_good_ones(database: TestDatabase) {
        let desk = Desk::new(&database);
        let mut csv = TICKETS.as_bytes().to_vec();
        for line in [
            &b"T1,OPEN,Printer,2026-05-01,a@example.org,Ada Ray\n"[..],
            b"T2,OPEN,Broken row,2026-05-01,secret@example.org\n",
            b"T3,STRANGE,Wrong state,2026-05-01,secret@example.org,Sec Ret\n",
            b"T4,OPEN,Not a day,yesterday,secret@example.org,Sec Ret\n",
            b"T5,OPEN,Far away,9999-12-31,secret@example.org,Sec Ret\n",
            b"T6,OPEN,NUL \0 inside,2026-05-01,secret@example.org,Sec Ret\n",
            b"T7,OPEN,Latin \xe9,2026-05-01,secret@example.org,Sec Ret\n",
            b"T8,OPEN,Printer again,2026-05-01,b@example.org,Bob Lee\n",
            b",OPEN,,2026-05-01,secret@example.org,Sec Ret\n",
        ] {
            csv.extend_from_slice(line);
        }
        desk.file("tickets.csv", &csv);
        let purchases = [
            json!({ "id": "P1", "email": "a@example.org", "amount": "1234.50", "currency": "EUR", "ordered_at": "2026-05-01" }).to_string(),
            "{\"id\": \"P2\", ".to_owned(),
            "[1, 2]".to_owned(),
            json!({ "id": "P3", "email": "secret@example.org", "amount": "much", "currency": "EUR", "ordered_at": "2026-05-01" }).to_string(),
            json!({ "id": "P4", "email": "secret@example.org", "amount": "99999999999999999999999", "currency": "EUR", "ordered_at": "2026-05-01" }).to_string(),
            json!({ "id": "P5", "email": "secret@example.org", "amount": { "a": 1 }, "currency": "EUR", "ordered_at": "2026-05-01" }).to_string(),
            json!({ "id": "P6", "email": "secret@example.org", "quantity": 1e300, "ordered_at": "2026-05-01" }).to_string(),
            json!({ "id": "P7", "email": "secret@example.org", "number": "a\0b", "ordered_at": "2026-05-01" }).to_string(),
            json!({ "id": "P8", "email": "b@example.org", "amount": 7, "currency": "EUR", "ordered_at": "2026-05-01" }).to_string(),
        ];
        desk.file("purchases.jsonl", purchases.join("\n"));

        let tickets = desk.run(&["import", "--source", "csv-support", "tickets.csv"]);
        assert_eq!(tickets.status.code(), SOME_REJECTED, "{tickets:#?}");
        assert!(tickets.stderr.contains("tickets: 2 taken, 0 repeated, 0 superseded, 7 rejected"), "{}", tickets.stderr);
        let sales = desk.run(&["import", "--source", "csv-sales", "purchases.jsonl"]);
        assert_eq!(sales.status.code(), SOME_REJECTED, "{sales:#?}");
        assert!(sales.stderr.contains("purchases: 2 taken, 0 repeated, 0 superseded, 7 rejected"), "{}", sales.stderr);

        let list = desk.run(&["rejected"]);
        assert_clean(&format!("{}{}{}", list.stdout, tickets.stderr, sales.stderr), &["secret", "Sec Ret", "yesterday", "much"]);
        let codes: Vec<(String, String)> = desk.rejected().into_iter().map(|line| (line[3].clone(), line[4].clone())).collect();
        let count = |stream: &str, code: &str| codes.iter().filter(|(s, c)| s == stream && c == code).count();
        assert_eq!(count("tickets", "BROKEN_ROW"), 1, "{codes:?}");
        assert_eq!(count("tickets", "UNKNOWN_VALUE"), 1, "{codes:?}");
        assert_eq!(count("tickets", "OUT_OF_RANGE"), 1, "{codes:?}");
        assert_eq!(count("tickets", "NUL_CHARACTER"), 1, "{codes:?}");
        assert_eq!(count("tickets", "INVALID_UTF8"), 1, "{codes:?}");
        assert_eq!(count("tickets", "MISSING_FIELD"), 1, "{codes:?}");
        assert_eq!(count("purchases", "BROKEN_JSON"), 2, "{codes:?}");
        assert_eq!(count("purchases", "NUL_CHARACTER"), 1, "{codes:?}");
        assert!(count("purchases", "OUT_OF_RANGE") >= 1 && count("purchases", "WRONG_TYPE") >= 2, "{codes:?}");
        // Only of one source, and page by page.
        assert_eq!(desk.run(&["rejected", "--source", "csv-sales"]).stdout.lines().count(), 7);
        let page = desk.run(&["rejected", "--limit", "10"]);
        assert_eq!(page.stdout.lines().count(), 10);
        let after = page.stderr.split("--after ").nth(1).unwrap().trim_end_matches(['.', '\n']).to_owned();
        assert_eq!(desk.run(&["rejected", "--after", &after]).stdout.lines().count(), 4);

        // The same again writes nothing twice, and keeps the refused once.
        let again = desk.run(&["import", "--source", "csv-support", "tickets.csv"]);
        assert!(again.stderr.contains("tickets: 0 taken, 2 repeated"), "{}", again.stderr);
        assert_eq!(names(&TestApp::over(database, &[]).await).await, ["Ada Ray", "Bob Lee"]);
    }

    async fn the_longest_line_is_a_setting(database: TestDatabase) {
        let desk = Desk::new(&database);
        let long = "x".repeat(2_000);
        desk.file("tickets.csv", format!("{TICKETS}T1,OPEN,{long},2026-05-01,a@example.org,Ada Ray\n"));
        let import = ["import", "--source", "csv-support", "tickets.csv"];
        let refused = desk.program(&import).env("CUSTOMER360_INTAKE__LINE_BYTES", "1024").finish();
        assert_eq!(refused.status.code(), SOME_REJECTED, "{refused:#?}");
        assert_eq!(desk.rejected()[0][4], "LINE_TOO_LONG");
        assert!(desk.run(&import).status.success());
    }

    async fn strict_stops_and_writes_nothing_of_its_transaction(database: TestDatabase) {
        let desk = Desk::new(&database);
        desk.file("tickets.csv", format!("{TICKETS}T1,OPEN,Printer,2026-05-01,a@example.org,Ada Ray\nT2,STRANGE,x,2026-05-01,s@example.org,S\n"));
        desk.refused(&["import", "--strict", "--source", "csv-support", "tickets.csv"], "BAD_USER_INPUT", &["Stopped at a record of `tickets`"]);
        assert!(desk.rejected().is_empty());
        // A tap that has more to say does not keep a stopped import from ending.
        let lines = [
            json!({"type": "SCHEMA", "stream": "public-contacts", "schema": {}, "key_properties": ["id"]}),
            json!({"type": "RECORD", "stream": "public-contacts", "record": {"id": 1, "updated_at": "never"}}),
        ];
        let input = lines.map(|line| format!("{line}\n")).concat();
        let tap = desk.program(&["import", "--singer", "--strict", "--source", "postgres-contacts"]).input(input).held_open();
        let stopped = tap.start().finish(PATIENCE);
        assert_eq!(stopped.status.code(), Some(1), "{stopped:#?}");
        assert!(names(&TestApp::over(database, &[]).await).await.is_empty());
    }

    async fn a_mended_mapping_takes_what_was_rejected(database: TestDatabase) {
        let desk = Desk::new(&database);
        desk.file("sources/desk.toml", "key = \"desk\"\nmapping = \"maps/desk.toml\"\n");
        let mapping = |status: &str, rest: &str| {
            format!(
                "key = \"desk\"\nsilo = \"support\"\n[lookup.status]\nopen = \"OPEN\"\n{status}\n[[stream]]\nname = \"tickets\"\nkey = \"/id\"\n\
                 [[stream.profile]]\nkey = \"/email\"\nkind = \"PERSON\"\n[stream.profile.attributes]\nemail = \"/email\"\nname = \"/name\"\n\
                 [[stream.row]]\ntable = \"ticket\"\n[stream.row.fields]\nsubject = \"/subject\"\nopened_at = \"/opened_at\"\n{rest}\n"
            )
        };
        let status = "status = { path = \"/status\", fn = [{ lookup = \"status\" }] }";
        desk.file("tickets.jsonl", [("1", "open"), ("2", "waiting")].map(|(id, status)| {
            json!({"id": id, "status": status, "subject": "S", "opened_at": "2026-05-01", "email": format!("p{id}@example.org"), "name": format!("Person {id}")}).to_string()
        }).join("\n"));
        let import = ["import", "--source", "desk", "tickets.jsonl"];
        // What a mapping can say wrong is told with its file, its line, and what there is.
        for (rest, words) in [
            ("status = { path = \"/status\", fn = [\"shout\"] }", &["maps/desk.toml, line", "shout"][..]),
            ("status = { path = \"/status\", fn = [{ lookup = \"nothing\" }] }", &["maps/desk.toml, line", "nothing"]),
            ("status = \"status\"", &["maps/desk.toml, line"]),
            ("colour = \"/colour\"", &["maps/desk.toml, line", "colour"]),
        ] {
            desk.file("sources/maps/desk.toml", mapping("", rest));
            desk.refused(&import, "BAD_USER_INPUT", words);
        }
        desk.file("sources/maps/desk.toml", mapping("", status).replace("\"ticket\"", "\"tiket\""));
        desk.refused(&import, "BAD_USER_INPUT", &["tiket"]);
        fs::remove_file(desk.path().join("sources/maps/desk.toml")).unwrap();
        desk.refused(&import, "BAD_USER_INPUT", &["maps/desk.toml"]);

        // A path that no record has refuses the records, each with the path.
        desk.file("sources/maps/desk.toml", mapping("", &status.replace("/status", "/state")));
        assert_eq!(desk.run(&import).status.code(), SOME_REJECTED);
        let rejected = desk.rejected();
        assert_eq!(rejected.len(), 2);
        assert!(rejected.iter().all(|line| line[4] == "MISSING_FIELD" && line[6].contains("/state")), "{rejected:?}");

        desk.file("sources/maps/desk.toml", mapping("", status));
        let half = desk.run(&["replay", "--source", "desk"]);
        assert_eq!(half.status.code(), SOME_REJECTED, "{half:#?}");
        let rejected = desk.rejected();
        assert!(rejected.len() == 1 && rejected[0][4] == "UNKNOWN_VALUE", "{rejected:?}");
        desk.file("sources/maps/desk.toml", mapping("waiting = \"PENDING\"", status));
        let whole = desk.run(&["replay", "--record", &rejected[0][5]]);
        assert!(whole.status.success() && whole.stderr.contains("1 taken"), "{whole:#?}");
        assert!(desk.rejected().is_empty());
        assert_eq!(names(&TestApp::over(database, &[]).await).await, ["Person 1", "Person 2"]);
    }

    async fn two_holders_of_a_phone_number_are_both_named(database: TestDatabase) {
        let desk = Desk::new(&database);
        desk.file("contacts.csv", "customer_number,name,phone,country,birth_date\n\
            K-1,Anna Schmidt,030 901820,DE,1980-02-03\nK-2,Bruno Weber,+49 30 901820,DE,1951-07-09\n");
        let taken = desk.run(&["import", "--source", "csv-crm", "contacts.csv"]);
        assert!(taken.status.success(), "{taken:#?}");
        let app = TestApp::over(database, &[]).await;
        let ask = "query($phone: String!) { customer(by: {phone: $phone}) { name } }";
        let answer = app.query_as(Role::Service, ask, json!({"phone": "030 901820"})).await;
        assert_eq!(answer.codes(), ["AMBIGUOUS"], "{:#}", answer.json);
        assert_eq!(answer.json["data"]["customer"], Value::Null);
        let candidates = answer.json["errors"][0]["extensions"]["candidates"].as_array().unwrap();
        let mut named: Vec<_> = candidates.iter().filter_map(|one| one["name"].as_str()).collect();
        named.sort_unstable();
        assert_eq!(named, ["Anna Schmidt", "Bruno Weber"]);
        for candidate in candidates {
            let one = app.query_as(Role::Service, "query($id: ID!) { customer(by: {id: $id}) { name } }", json!({"id": candidate["id"]})).await;
            assert_eq!(one.data()["customer"]["name"], candidate["name"]);
        }
        // Who may not see phone numbers does not learn who shares one.
        let analyst = app.query_as(Role::Analyst, ask, json!({"phone": "030 901820"})).await;
        assert_eq!(analyst.codes(), ["FORBIDDEN"]);
        assert!(!analyst.json.to_string().contains("Anna"));
    }
}
