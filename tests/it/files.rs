//! Files of every format through the binary: packed, in other encodings, hostile ones; and `kill -9` with the same command
//! again.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use api::ingest::import::{ImportOptions, import_stream};
use customer360_tests::process::Finished;
use customer360_tests::scan::assert_clean;
use customer360_tests::{Role, TestApp, TestDatabase, both};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::command::{Desk, SOME_REJECTED};
use crate::intake::intake;

const HEADER: &str = "id,status,subject,opened_at,email,customer_name\n";

fn import(desk: &Desk, arguments: &[&str]) -> Finished {
    let finished = desk.program(&[&["import"], arguments].concat()).finish();
    assert_clean(&finished.stderr, &[]);
    finished
}

/// Rows of tickets, a customer each.
fn rows(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("T{n},OPEN,Printer,2026-05-01,p{n}@example.org,Pat {n}\n")).collect::<Vec<_>>().concat()
}

fn objects(from: usize, to: usize) -> Vec<Value> {
    let one = |n| json!({"id": format!("T{n}"), "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01", "email": "pat@example.org"});
    (from..to).map(one).collect()
}

/// A stream that breaks off.
struct Ends(io::Error);

impl Read for Ends {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(std::mem::replace(&mut self.0, io::ErrorKind::BrokenPipe.into()))
    }
}

async fn tickets(database: &TestDatabase) -> usize {
    let connection = database.connect().await;
    let count = entity::ticket::Entity::find().count(&connection).await.unwrap();
    connection.close().await.unwrap();
    usize::try_from(count).unwrap()
}

async fn places(database: &TestDatabase) -> Vec<entity::import_progress::Model> {
    let connection = database.connect().await;
    let rows = entity::import_progress::Entity::find().all(&connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

fn gzip(path: &Path) -> PathBuf {
    assert!(Command::new("gzip").arg("-kf").arg(path).status().expect("gzip runs").success());
    path.with_extension(format!("{}.gz", path.extension().unwrap().to_str().unwrap()))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/files").join(name)
}

both! {
    async fn encodings_and_delimiters_of_spreadsheets_are_read(database: TestDatabase) {
        let desk = Desk::new(&database);
        let text = |id: &str, delimiter: &str| format!("{HEADER}{id},OPEN,Drucker für Büro,2026-05-01,{id}@example.org,Jörg Müller\r\n").replace(',', delimiter);
        let utf16 = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let latin: Vec<u8> = text("W1", ";").chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        desk.file("latin/tickets.csv", latin);
        desk.file("little/tickets.csv", [vec![0xff, 0xfe], utf16(&text("L1", "\t")).into_iter().flat_map(u16::to_le_bytes).collect()].concat());
        desk.file("big/tickets.csv", [vec![0xfe, 0xff], utf16(&text("B1", "|")).into_iter().flat_map(u16::to_be_bytes).collect()].concat());
        desk.file("odd/tickets.csv", format!("\u{feff}{}", text("O1", ";")));
        let source = ["--source", "csv-support"];
        for more in [
            &["--encoding", "windows-1252", "latin/tickets.csv"][..],
            &["little/tickets.csv"],
            &["big/tickets.csv"],
            &["--delimiter", ";", "--encoding", "utf-8", "odd/tickets.csv"],
        ] {
            let finished = import(&desk, &[&source, more].concat());
            assert!(finished.status.success(), "{more:?}: {finished:#?}");
        }
        let connection = database.connect().await;
        let names = entity::customer::Entity::find().all(&connection).await.unwrap();
        assert!(names.len() == 4 && names.iter().all(|row| row.name.as_deref() == Some("Jörg Müller")), "{names:?}");
        // Without its name it is refused, and the way out is told.
        let refused = import(&desk, &[&source[..], &["latin/tickets.csv"]].concat());
        assert_eq!(refused.status.code(), SOME_REJECTED, "{refused:#?}");
        assert!(refused.stderr.contains("INVALID_UTF8") && refused.stderr.contains("--encoding"), "{}", refused.stderr);
        for wrong in [["--encoding", "klingon"], ["--delimiter", "x"]] {
            let finished = import(&desk, &[&source[..], &wrong, &["odd/tickets.csv"]].concat());
            assert_eq!(finished.status.code(), Some(1), "{finished:#?}");
            assert!(finished.stderr.contains("BAD_USER_INPUT"), "{}", finished.stderr);
        }
    }

    async fn json_and_packed_files_are_read(database: TestDatabase) {
        let desk = Desk::new(&database);
        desk.file("list/tickets.json", serde_json::to_string_pretty(&objects(0, 10)).unwrap());
        let lines: String = objects(10, 20).iter().map(|object| format!("{object}\n")).collect::<Vec<_>>().concat();
        gzip(&desk.file("packed/tickets.jsonl", &lines));
        gzip(&desk.file("packed/tickets.csv", format!("{HEADER}{}", rows(20, 30))));
        let list = serde_json::to_vec(&objects(30, 40)).unwrap();
        fs::write(desk.path().join("packed/tickets.json.zst"), zstd(&list)).unwrap();
        for (file, all) in [("list/tickets.json", 10), ("packed/tickets.jsonl.gz", 20), ("packed/tickets.csv.gz", 30), ("packed/tickets.json.zst", 40)] {
            let finished = import(&desk, &["--source", "csv-support", file]);
            assert!(finished.status.success(), "{file}: {finished:#?}");
            assert_eq!(tickets(&database).await, all, "{file}");
        }
        // What comes through a pipe has no name: it is looked at.
        let piped = desk.program(&["import", "--source", "csv-support", "--stream", "tickets", "-"]);
        let piped = piped.input(fs::read(desk.path().join("packed/tickets.csv.gz")).unwrap()).finish();
        assert!(piped.stderr.contains("10 repeated"), "{piped:#?}");
        // A list that is cut off, and one with other things in it.
        desk.file("cut/tickets.json", serde_json::to_string(&objects(40, 42)).unwrap().trim_end_matches(']'));
        let cut = import(&desk, &["--source", "csv-support", "cut/tickets.json"]);
        assert_eq!(cut.status.code(), Some(1), "{cut:#?}");
        assert!(cut.stderr.contains("tickets: 2 taken") && cut.stderr.contains("could not be read to its end"), "{}", cut.stderr);
        desk.file("odd/tickets.json", "[7,\n{\"id\":\"T50\",\"status\":\"OPEN\",\"subject\":\"x\",\"opened_at\":\"2026-05-01\",\"email\":\"pat@example.org\"},\n\"x\"]");
        let odd = import(&desk, &["--source", "csv-support", "odd/tickets.json"]);
        assert!(odd.stderr.contains("1 taken, 0 repeated, 0 superseded, 2 rejected") && odd.stderr.contains("Line 1: This is no JSON object"), "{}", odd.stderr);
    }

    async fn parquet_keeps_amounts_and_times_exact(database: TestDatabase) {
        let desk = Desk::new(&database);
        fs::copy(fixture("purchases.parquet"), desk.path().join("purchases.parquet")).unwrap();
        let finished = import(&desk, &["--source", "csv-sales", "purchases.parquet"]);
        // The fourth says neither when nor who.
        assert_eq!(finished.status.code(), SOME_REJECTED, "{finished:#?}");
        assert!(finished.stderr.contains("purchases: 3 taken, 0 repeated, 0 superseded, 1 rejected"), "{}", finished.stderr);
        let connection = database.connect().await;
        let mut rows = entity::purchase::Entity::find().all(&connection).await.unwrap();
        rows.sort_by_key(|row| row.ordered_at);
        let amounts: Vec<_> = rows.iter().map(|row| row.amount).collect();
        assert_eq!(amounts, [Some(12_345_000), Some(1_000), Some(999_999_999_900)]);
        assert_eq!(rows[0].ordered_at.to_rfc3339(), "2026-05-01T10:00:00+00:00");
        let kept = entity::record::Entity::find().all(&connection).await.unwrap();
        let first = kept.iter().find(|row| row.payload.contains("\"P1\"")).unwrap();
        let payload: Value = serde_json::from_str(&first.payload).unwrap();
        assert_eq!((&payload["amount"], &payload["packed_at"]), (&json!("1234.50"), &json!("2026-05-02T08:30:00.123456")));
        // Every type, as it is kept.
        fs::copy(fixture("types.parquet"), desk.path().join("purchases.parquet")).unwrap();
        import(&desk, &["--source", "csv-sales", "purchases.parquet"]);
        let kept = entity::record::Entity::find().all(&connection).await.unwrap();
        let types = kept.iter().find(|row| row.payload.contains("Ada")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&types.payload).unwrap(), json!({
            "tags": ["a", "b"], "who": {"name": "Ada"}, "day": "2026-05-01", "naive": "2026-05-01T10:00:00",
            "wide": "-12345678901234567890123456789012345.678", "raw": "AP8=", "n": "2026-11-21T23:12:18Z", "m": {"k": 1},
            "f": 0.1, "u": 18_446_744_073_709_551_615_u64
        }));
        // One that is damaged, and one that is none.
        let whole = fs::read(fixture("purchases.parquet")).unwrap();
        for damaged in [whole[..whole.len() / 2].to_vec(), b"PAR1PAR1".to_vec(), b"id\n1\n".to_vec()] {
            fs::write(desk.path().join("purchases.parquet"), damaged).unwrap();
            let finished = import(&desk, &["--source", "csv-sales", "purchases.parquet"]);
            assert_eq!(finished.status.code(), Some(1), "{finished:#?}");
            assert!(finished.stderr.contains("this is no Parquet file, or it is damaged"), "{}", finished.stderr);
        }
    }

    async fn after_a_kill_the_same_command_goes_on(database: TestDatabase) {
        const ALL: usize = 1_500;
        let desk = Desk::new(&database);
        let file = desk.file("tickets.csv", format!("{HEADER}{}", rows(0, ALL)));
        let packed = gzip(&file);
        for (round, name) in [file, packed].iter().enumerate() {
            let name = name.file_name().unwrap().to_str().unwrap();
            let arguments = ["import", "--source", "csv-support", "--stream", "tickets", name];
            let running = desk.program(&arguments).env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "100").start();
            let noted = loop {
                if let Some(place) = places(&database).await.pop().filter(|place| place.records >= 300) {
                    break usize::try_from(place.records).unwrap();
                }
                tokio::task::yield_now().await;
            };
            let killed = running.kill();
            assert_eq!(killed.status.code(), None, "it was not killed before its end: {killed:#?}");
            let written = tickets(&database).await;
            assert!(written >= noted, "{noted} are noted and {written} are there");
            let at = usize::try_from(places(&database).await.pop().unwrap().records).unwrap();
            let again = desk.program(&arguments).env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "100").finish();
            assert!(again.status.success(), "{again:#?}");
            assert!(again.stderr.contains(&format!("{name}: went on after {at} records")), "{}", again.stderr);
            assert!(again.stderr.contains(&format!("{} records in", ALL - at)), "{}", again.stderr);
            assert_eq!(tickets(&database).await, ALL);
            // What is finished is forgotten.
            assert_eq!(places(&database).await, []);
            if round == 0 {
                let again = desk.program(&arguments).finish();
                assert!(again.stderr.contains(&format!("{ALL} repeated")), "{}", again.stderr);
                let connection = database.connect().await;
                entity::ticket::Entity::delete_many().exec(&connection).await.unwrap();
                entity::record::Entity::delete_many().exec(&connection).await.unwrap();
                entity::record_head::Entity::delete_many().exec(&connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    async fn an_import_that_was_stopped_goes_on_or_starts_anew(database: TestDatabase) {
        let desk = Desk::new(&database);
        // The last row stops a strict import; two transactions are written before.
        let file = |last: &str| desk.file("tickets.csv", format!("{HEADER}{}{last}", rows(0, 200)));
        let arguments = ["import", "--strict", "--source", "csv-support", "tickets.csv"];
        let run = |more: &[&str]| {
            let all = [&arguments[..], more].concat();
            desk.program(&all).env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "100").finish()
        };
        file("T9,NONSENSE,x,2026-05-01,pat@example.org,\n");
        let stopped = run(&[]);
        assert_eq!(stopped.status.code(), Some(1), "{stopped:#?}");
        assert_eq!(places(&database).await.pop().map(|place| place.records), Some(200));
        let again = run(&[]);
        assert!(again.stderr.contains("went on after 200 records") && again.stderr.contains("\n1 records in"), "{}", again.stderr);
        let anew = run(&["--from-start"]);
        assert!(!anew.stderr.contains("went on") && anew.stderr.contains("200 repeated"), "{}", anew.stderr);
        // A file that was changed is another.
        file("T999,OPEN,x,2026-05-01,pat@example.org,\n");
        let changed = run(&[]);
        assert!(changed.status.success() && !changed.stderr.contains("went on"), "{changed:#?}");
        assert_eq!(tickets(&database).await, 201);
    }

    async fn rows_without_a_key_are_the_same_after_a_kill(database: TestDatabase) {
        let desk = Desk::new(&database);
        let folder = desk.path().join("sources");
        fs::create_dir_all(folder.join("maps")).unwrap();
        fs::write(folder.join("visits.toml"), "key = \"visits\"\nmapping = \"maps/visits.toml\"\n").unwrap();
        fs::write(folder.join("maps/visits.toml"),
            "key = \"visits\"\nsilo = \"analytics\"\n[[stream]]\nname = \"visits\"\n[[stream.profile]]\nkey = \"/user\"\n\
             [[stream.row]]\ntable = \"web_session\"\n[stream.row.fields]\nstarted_at = \"/at\"\n").unwrap();
        // Two equal rows on both sides of where a killed import left off.
        let row = "u1,2026-05-01T10:00:00Z\n";
        let other: String = (0..9).map(|n| format!("u2,2026-05-01T11:00:0{n}Z\n")).collect::<Vec<_>>().concat();
        desk.file("visits.csv", format!("user,at\n{row}{row}{other}{row}NOBODY\n"));
        let run = |more: &[&str]| {
            let all = [&["import", "--source", "visits", "visits.csv"], more].concat();
            desk.program(&all).env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "4").finish()
        };
        run(&["--strict"]);
        assert_eq!(places(&database).await.pop().map(|place| place.records), Some(12));
        let again = run(&[]);
        assert!(again.stderr.contains("went on after 12 records") && again.stderr.contains("0 taken, 0 repeated, 0 superseded, 1 rejected."), "{}", again.stderr);
        let other = TestDatabase::create(database.db()).await;
        let elsewhere = desk.program(&["import", "--source", "visits", "visits.csv"]).env("DATABASE_URL", other.url());
        let elsewhere = elsewhere.env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "4").finish();
        assert!(elsewhere.stderr.contains("1 rejected"), "{elsewhere:#?}");
        let mut counts = Vec::new();
        for database in [&database, &other] {
            let connection = database.connect().await;
            counts.push(entity::web_session::Entity::find().count(&connection).await.unwrap());
            connection.close().await.unwrap();
        }
        assert_eq!(counts[0], counts[1]);
    }

    async fn bombs_and_damaged_files_do_no_harm(database: TestDatabase) {
        let desk = Desk::new(&database);
        let good = desk.file("good/tickets.csv", format!("{HEADER}{}", rows(0, 50)));
        let whole = fs::read(gzip(&good)).unwrap();
        desk.file("cut/tickets.csv.gz", &whole[..whole.len() - 200]);
        let cut = import(&desk, &["--source", "csv-support", "cut/tickets.csv.gz"]);
        assert_eq!(cut.status.code(), Some(1), "{cut:#?}");
        assert!(cut.stderr.contains("could not be read to its end"), "{}", cut.stderr);
        // 100 MB of one line, out of 100 kB.
        let mut packer = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip runs");
        let mut stdin = packer.stdin.take().unwrap();
        let writer = std::thread::spawn(move || {
            let part = vec![b'x'; 1 << 20];
            for _ in 0..100 {
                io::Write::write_all(&mut stdin, &part).unwrap();
            }
        });
        let mut bomb = Vec::new();
        packer.stdout.take().unwrap().read_to_end(&mut bomb).unwrap();
        writer.join().unwrap();
        packer.wait().unwrap();
        for name in ["bomb/tickets.jsonl.gz", "bomb/tickets.json.gz", "bomb/tickets.csv.gz"] {
            desk.file(name, &bomb);
            let finished = import(&desk, &["--source", "csv-support", name]);
            assert_eq!(finished.status.code(), Some(1), "{name}: {finished:#?}");
            assert!(finished.stderr.contains("more than 250 times its size"), "{name}: {}", finished.stderr);
        }
        assert!(tickets(&database).await <= 50);
    }

    async fn a_stream_is_taken_as_a_file(database: TestDatabase) {
        let intake = intake(&database).await;
        let options = ImportOptions { source: "csv-support".into(), ..ImportOptions::default() };
        let body = format!("{HEADER}{}", rows(0, 20));
        let summary = import_stream(&intake, &options, io::Cursor::new(body), "tickets.csv", |_| {}).await.unwrap();
        assert_eq!((summary.taken, summary.rejected, summary.fault.is_none()), (20, 0, true));
        let whole = fs::read(fixture("purchases.parquet")).unwrap();
        let sales = ImportOptions { source: "csv-sales".into(), stream: Some("purchases".into()), ..ImportOptions::default() };
        let summary = import_stream(&intake, &sales, io::Cursor::new(whole), "export.parquet", |_| {}).await.unwrap();
        assert_eq!((summary.taken, summary.rejected), (3, 1));
        for (name, word) in [("tickets.exe", "its format"), ("nothing.csv", "no stream `nothing`")] {
            let told = import_stream(&intake, &options, io::empty(), name, |_| {}).await.unwrap_err();
            assert!(told.message.contains(word), "{}", told.message);
        }
        let app = TestApp::over(database, &[]).await;
        let answer = app.query_as(Role::Service, "{ customers(first: 50) { nodes { name } } }", json!({})).await;
        assert!(answer.data()["customers"]["nodes"].as_array().unwrap().len() >= 20);
        // Why no more came is told as it is, through the packing too: the file is not at fault.
        let stopping = || io::Error::other(api::error::Error::unavailable("a stop"));
        for name in ["tickets.csv", "tickets.csv.gz"] {
            let text = format!("{HEADER}{}", rows(0, 5_000));
            let bytes = if name.ends_with("gz") { crate::doors::gzip(text) } else { text.into_bytes() };
            let part = bytes[..bytes.len() - 100].to_vec();
            let options = ImportOptions { source: "csv-support".into(), ..ImportOptions::default() };
            let summary = import_stream(&intake, &options, io::Cursor::new(part).chain(Ends(stopping())), name, |_| {}).await.unwrap();
            assert_eq!(summary.fault.map(|fault| fault.code), Some(api::error::Code::Unavailable), "{name}");
        }
    }
}

/// Zstandard without packing: a frame of raw blocks, as its format allows.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    let parts: Vec<_> = bytes.chunks(100_000).collect();
    for (index, part) in parts.iter().enumerate() {
        let header = u32::try_from(part.len()).unwrap() << 3 | u32::from(index + 1 == parts.len());
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(part);
    }
    frame
}
