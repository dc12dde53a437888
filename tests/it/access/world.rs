//! One small believable world, written through the real intake, and the texts in it that a role must not come across.
//! Long because it is one world, told row by row.

use std::sync::Arc;

use api::access::{Action, Class, Rights, SiloKey};
use api::identity::decide::Rules;
use api::ingest::envelope::{Envelope, Op};
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::mapping::Mapping;
use api::ingest::source::{Source, Sources};
use chrono::{DateTime, TimeDelta, Utc};
use customer360_tests::{Db, OnDatabase, TestApp, TestDatabase};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use super::records::{Rows, catalogue, neighbours, people, silos};

/// The server over the seeded world. Rates are tested elsewhere: here one subject asks thousands of questions.
pub struct World {
    /// The server.
    pub app: TestApp,
}

impl OnDatabase for World {
    async fn on(db: Db) -> Self {
        Self::with(db, &[]).await
    }
}

impl World {
    /// The world under other settings, such as a policy file.
    pub async fn with(db: Db, settings: &[(&str, &str)]) -> Self {
        let mut all =
            vec![("CUSTOMER360_RATE__POINTS", "4000000000"), ("CUSTOMER360_RATE__REFILL_PER_SECOND", "1000000")];
        all.extend(settings);
        let app = TestApp::over(TestDatabase::create(db).await, &all).await;
        let world = Self { app };
        let silos = catalogue().into_iter().chain(people()).chain(silos()).chain(neighbours());
        world.write(silos.collect()).await;
        world.refuse().await;
        world
    }

    /// One record that cannot be taken in: nobody has read what it says.
    async fn refuse(&self) {
        let payload =
            json!({ "id": "CANARY-REJECTED", "status": "STRANGE", "canary-rejected@": { "canary-rejected@": 1 } });
        let mut record = envelopes(vec![("csv-support", "tickets", payload)]).remove(0);
        record.key = Some("canary-rejected-key".to_owned());
        let report = self.app.app().intake().flush(vec![record]).await.expect("the intake answers");
        assert_eq!(report.rejected.len(), 1, "it is rejected");
    }

    /// So many more customers, each with a ticket and its message.
    pub async fn add_customers(&self, many: usize) {
        let rows = (0..many).flat_map(|n| {
            let (customer, ticket) = (format!("M-{n}"), format!("mt{n}"));
            let contact = json!({ "customer_number": customer, "name": format!("Customer {n}"), "owner": "st2",
                "updated_at": "2026-05-01T10:00:00Z" });
            let asked = json!({ "id": ticket, "number": ticket, "customer_number": customer, "status": "OPEN",
                "subject": "A question", "opened_at": "2026-05-01T10:00:00Z" });
            let message = json!({ "id": ticket, "ticket": ticket, "text": "How?", "sent_at": "2026-05-01T10:00:00Z" });
            [("csv-crm", "contacts", contact), ("csv-support", "tickets", asked), ("csv-support", "messages", message)]
        });
        self.write(rows.collect()).await;
    }

    async fn write(&self, rows: Rows) {
        let settings = IntakeSettings { default_country: Some("DE".into()), ..IntakeSettings::default() };
        let sources = Sources::of([handles()]);
        let intake = Intake::new(self.app.app().database().clone(), sources, Rules::default(), settings);
        let report = intake.flush(envelopes(rows)).await.expect("the world is written");
        assert!(report.rejected.is_empty(), "the world is taken whole: {:#?}", report.rejected);
        settle(self.app.database()).await;
    }
}

/// Waits until the feed of changes can tell all that was written: other tests write in the same cluster.
pub async fn settle(database: &TestDatabase) {
    if database.db() == Db::Sqlite {
        return;
    }
    let connection = database.connect().await;
    let settled = "SELECT 1 WHERE pg_snapshot_xmin(pg_current_snapshot())::text::bigint > \
                   (SELECT coalesce(max(xid), 0) FROM change WHERE epoch = (SELECT max(epoch) FROM change))";
    let settled = Statement::from_string(DbBackend::Postgres, settled);
    while connection.query_one_raw(settled.clone()).await.expect("the database answers").is_none() {
        tokio::task::yield_now().await;
    }
}

/// A source that knows customers by an id of its own, which may be an address or a handle: no preset has one.
fn handles() -> Source {
    let mapping = Mapping::parse(
        r#"
        key = "handles"
        silo = "crm"
        version = 1
        [[stream]]
        name = "people"
        key = "/handle"
        [[stream.profile]]
        key = "/handle"
        kind = "PERSON"
        identifiers = [
            { kind = "EXTERNAL_ID", strength = "STRONG", value = "/handle" },
            { kind = "CUSTOMER_NUMBER", strength = "STRONG", value = "/customer_number" },
        ]
        "#,
    )
    .expect("the mapping is one");
    Source {
        key: "handles".to_owned(),
        name: "Handles".to_owned(),
        silo: mapping.silo,
        mapping: Arc::new(mapping),
        default_country: None,
        priority: 1,
        expected_every_seconds: None,
        secrets: Vec::new(),
        tokens: Vec::new(),
        hook: None,
        file: None,
    }
}

/// A text that stands in one place of the world, and what one must see in full to see it.
pub struct Canary {
    /// The text.
    pub text: &'static str,
    silo: SiloKey,
    classes: &'static [Class],
}

impl Canary {
    /// Whether whoever has these rights may come across it.
    pub fn is_shown_to(&self, rights: &Rights) -> bool {
        let cell = rights.of(self.silo);
        cell.rows.is_some() && self.classes.iter().all(|class| cell.action(*class) == Action::Show)
    }
}

/// The canaries in an answer that whoever has these rights must not come across.
pub fn leaks(answer: &str, rights: &Rights) -> impl Iterator<Item = &'static str> {
    CANARIES
        .iter()
        .filter(|canary| answer.contains(canary.text) && !canary.is_shown_to(rights))
        .map(|canary| canary.text)
}

macro_rules! canaries {
    ($($silo:ident: $($text:literal $($class:ident)+),+;)+) => {
        /// Every canary.
        pub const CANARIES: &[Canary] = &[$($(
            Canary { text: $text, silo: SiloKey::$silo, classes: &[$(Class::$class),+] },
        )+)+];
    };
}

canaries! {
    Customer:
        "Quandora" Identity, "Canaryname" Identity, "Canaryalias" Identity, "Canary Holdings" Identity,
        "1971-03-04" Identity, "Canary-Jobtitle" Identity, "canary-vat" Identity,
        "canary-email@" Contact, "canary-second@" Contact, "5155500123" Contact, "Canarystrasse" Contact,
        "PLZ-CANARY" Contact, "Canaryville" Contact, "CANARY-CHURN" FreeText,
        "canary-cookie" Technical, "canary-user" Technical, "canary-external" Technical Contact Identity;
    Surveys: "CANARY-COMMENT" FreeText, "CANARY-ANSWER" FreeText, "CANARY-RAW" FreeText;
    Sales:
        "CANARY-NOTE-OPEN" FreeText, "CANARY-PROMISE" FreeText, "CANARY-NOTE-INTERNAL" FreeText Internal,
        "CANARY-OPPORTUNITY" FreeText, "CANARY-LOST" FreeText, "CANARY-CANCELLATION" FreeText,
        "Canary-Author" Staff, "7710001.11" Financial, "7710002.22" Financial, "7710003.33" Financial,
        "7710004.44" Financial;
    Analytics:
        "CANARY-EVENT" Behaviour, "CANARY-TITLE" Behaviour, "canary-url" Behaviour, "canary-referrer" Behaviour,
        "canary-landing" Behaviour, "canary-device" Technical, "7710005.55" Financial;
    Support:
        "CANARY-SUBJECT" FreeText, "CANARY-MESSAGE-OPEN" FreeText, "CANARY-MESSAGE-INTERNAL" FreeText Internal,
        "Canary-Ticketteam" Staff, "Canary-Writer" Identity, "Canary-Agent" Staff;
    Reviews: "CANARY-REVIEW-TITLE" FreeText, "CANARY-REVIEW-TEXT" FreeText, "CANARY-REPLY" FreeText;
    Crm:
        "CANARY-EVIDENCE" FreeText, "canary-preference" Behaviour, "canary-tier" Behaviour, "7710006.66" Financial,
        "7710007.77" Financial, "7710008.88" Financial;
    Intake:
        "CANARY-REJECTED" Identity Contact FreeText Financial Behaviour Technical Staff Internal,
        "canary-rejected" Identity Contact FreeText Financial Behaviour Technical Staff Internal;
    Catalogue: "Canary Staffname" Staff, "canary-staff@" Staff, "Canary-Workteam" Staff, "Canary-Region" Staff;
}

/// E-mail of the member of staff who looks after K-1; the token of that person has it as its subject.
pub const OWNER: &str = "canary-staff@ours.example";

/// Subject of the tokens of that person where the identity provider has ids of its own.
pub const SUBJECT: &str = "worker-7";

/// E-mail of the member of staff who looks after K-2.
pub const OTHER: &str = "other-staff@ours.example";

fn envelopes(rows: Rows) -> Vec<Envelope> {
    let start = DateTime::<Utc>::from_timestamp(1_795_000_000, 0).expect("a time");
    rows.into_iter()
        .zip(0..)
        .map(|((source, stream, payload), second)| Envelope {
            source: source.to_owned(),
            stream: stream.to_owned(),
            key: None,
            op: Op::Upsert,
            payload: payload.to_string().into(),
            occurred_at: None,
            received_at: start + TimeDelta::seconds(second),
            dedupe_key: None,
            sync: None,
        })
        .collect()
}
