//! `POST /ingest/{source}/files`: a file over HTTP, whatever its format, for whoever may bring records.

use std::fs;
use std::io::Write;
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use customer360_tests::{TestDatabase, both};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use serde_json::json;

use crate::doors::{DESK, app, count_tickets, gzip, post};

const FILES: &str = "/ingest/desk/files";
const HEADER: &str = "id,status,subject,opened_at,email\n";

fn rows(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("T{n},OPEN,Printer,2026-05-01,p{n}@example.org\n")).collect::<Vec<_>>().concat()
}

both! {
    async fn a_file_is_taken_as_it_comes(database: TestDatabase) {
        let app = app(database, &[]).await;
        let packed = gzip(format!("{HEADER}{}T9,NONSENSE,x,2026-05-01,\n", rows(0, 1_200)));
        // In small parts, as over a slow line.
        let parts: Vec<_> = packed.chunks(100).map(Bytes::copy_from_slice).map(Ok::<_, std::io::Error>).collect();
        let answer = post(&app, &format!("{FILES}?name=tickets.csv.gz"), &[DESK], Body::from_stream(stream::iter(parts))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let sums: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(sums, json!({"done": true, "flushed": 1_201, "taken": 1_200, "repeated": 0, "superseded": 0, "rejected": 1}));
        assert_eq!(count_tickets(&app).await, 1_200);
        let latin = b"id;status;subject;opened_at;email\nT5000;OPEN;B\xfcro;2026-05-01;pat@example.org\n".to_vec();
        let path = format!("{FILES}?name=export.csv&stream=tickets&delimiter=%3B&encoding=windows-1252");
        let answer = post(&app, &path, &[DESK], latin).await;
        assert!(answer.text.contains("\"taken\":1"), "{}", answer.text);
        let list = json!([{"id": "T5001", "status": "OPEN", "subject": "x", "opened_at": "2026-05-01", "email": "pat@example.org"}]).to_string();
        let answer = post(&app, &format!("{FILES}?name=tickets.json"), &[DESK], list).await;
        assert!(answer.text.contains("\"taken\":1"), "{}", answer.text);
    }

    async fn what_is_no_file_of_the_source_is_refused(database: TestDatabase) {
        let app = app(database, &[]).await;
        let parquet = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/files/types.parquet")).unwrap();
        for (path, headers, status) in [
            (format!("{FILES}?name=tickets.csv"), &[][..], StatusCode::UNAUTHORIZED),
            (FILES.to_owned(), &[DESK], StatusCode::BAD_REQUEST),
            (format!("{FILES}?name=tickets.exe"), &[DESK], StatusCode::BAD_REQUEST),
            (format!("{FILES}?name=weather.csv"), &[DESK], StatusCode::BAD_REQUEST),
            (format!("{FILES}?name=tickets.csv&name=tickets.csv"), &[DESK], StatusCode::BAD_REQUEST),
            (format!("{FILES}?name=tickets.csv&colour=red"), &[DESK], StatusCode::BAD_REQUEST),
            (format!("{FILES}?name=tickets.csv&encoding=klingon"), &[DESK], StatusCode::BAD_REQUEST),
            (format!("{FILES}?name=tickets.parquet"), &[DESK], StatusCode::BAD_REQUEST),
        ] {
            let answer = post(&app, &path, headers, "PAR1 is no file, and neither is this\n").await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
            assert!(answer.text.contains("\"errors\""), "{path}: {}", answer.text);
        }
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![b' '; 100 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        let answer = post(&app, &format!("{FILES}?name=tickets.jsonl.gz"), &[DESK], bomb).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert!(answer.text.contains("250 times"), "{}", answer.text);
        // What is read of another stream says nothing here, and does no harm.
        let answer = post(&app, &format!("{FILES}?name=tickets.parquet"), &[DESK], parquet).await;
        assert!(answer.text.contains("\"rejected\":2"), "{}", answer.text);
        assert_eq!(count_tickets(&app).await, 0);
    }
}
