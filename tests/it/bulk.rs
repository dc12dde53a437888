//! A bulk import beside others: who comes meanwhile leaves it alone, and what a killed one left behind is mended.

use api::ingest::bulk::{around, restore};
use api::ingest::intake::Intake;
use customer360_tests::{TestDatabase, both};
use serde_json::json;

use crate::import::indexes;
use crate::intake::{graph, intake, open, ticket};

both! {
    async fn a_claim_that_was_given_up_can_be_had_at_once(database: TestDatabase) {
        let open = open(&database).await;
        for _ in 0..30 {
            let claim = open.claim("bulk").await.unwrap().expect("nobody has it");
            assert!(open.claim("bulk").await.unwrap().is_none());
            claim.release().await;
        }
    }

    async fn nobody_ends_a_bulk_import_that_is_running(database: TestDatabase) {
        let importer = intake(&database).await;
        let (server, before) = (open(&database).await, indexes(&database).await);
        let done = around(&importer, true, async |importer: &Intake| {
            let by_email = ticket(1, "T1", &json!({ "email": "anna@example.org" }));
            let by_phone = ticket(2, "T2", &json!({ "phone": "+4930901820" }));
            importer.flush(vec![by_email, by_phone]).await?;
            // A server starts, and somebody begins a second one.
            assert!(!restore(&server).await?);
            let second = around(&intake(&database).await, true, async |_: &Intake| Ok(())).await.unwrap_err();
            assert_eq!(second.code.as_str(), "CONFLICT", "{second:?}");
            assert_ne!(indexes(&database).await, before);
            let both = json!({ "email": "anna@example.org", "phone": "+4930901820" });
            importer.flush(vec![ticket(3, "T3", &both)]).await.map(|_| ())
        });
        done.await.unwrap();
        assert_eq!(indexes(&database).await, before);
        let graph = graph(&database).await;
        let live = graph["customer"].iter().find(|row| row["merged_into"].is_null()).unwrap();
        assert_eq!((graph["customer"].len(), graph["ticket"].len()), (2, 3));
        assert!(graph["ticket"].iter().all(|row| row["customer_id"] == live["id"]), "{:#?}", graph["ticket"]);
    }

    async fn the_next_import_mends_a_killed_one(database: TestDatabase) {
        let importer = intake(&database).await;
        let before = indexes(&database).await;
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let killed = around(&importer, true, async |_: &Intake| {
            let _ = begun.send(());
            std::future::pending::<api::error::Result<()>>().await
        });
        tokio::select! {
            _ = killed => panic!("it never ends by itself"),
            begun = is_begun => begun.unwrap(),
        }
        assert_ne!(indexes(&database).await, before);
        let next = intake(&database).await;
        while indexes(&database).await != before {
            around(&next, false, async |_: &Intake| Ok(())).await.unwrap();
        }
    }

    async fn a_bulk_import_keeps_every_character_and_writes_over_what_it_meets(database: TestDatabase) {
        let importer = intake(&database).await;
        let odd = "tab\t, line\r\nend, \\N, \\. and \\ Ümlaut \u{1f600}";
        let said = |number: i64, key: &str, subject: &str| ticket(number, key, &json!({ "email": "anna@example.org", "subject": subject }));
        let done = around(&importer, true, async |importer: &Intake| {
            importer.flush(vec![said(1, "T1", odd), said(2, "T2", "\\N"), said(3, "T3", "first")]).await?;
            // Rows that are there beside rows that are not.
            importer.flush(vec![said(4, "T4", odd), said(5, "T3", "second"), said(6, "T3", "third")]).await?;
            importer.flush(vec![said(7, "T5", "new again")]).await.map(|_| ())
        });
        done.await.unwrap();
        let graph = graph(&database).await;
        let mut subjects: Vec<_> = graph["ticket"].iter().map(|row| row["subject"].as_str().unwrap()).collect();
        subjects.sort_unstable();
        let mut expected = vec![odd, odd, "\\N", "third", "new again"];
        expected.sort_unstable();
        assert_eq!(subjects, expected);
        assert_eq!((graph["record"].len(), graph["customer"].len(), graph["interaction"].len()), (7, 1, 5));
    }
}
