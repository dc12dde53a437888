//! The presets of products: their samples come through the intake, and one customer is asked for who is in all of them.
//!
//! What each record becomes is tested beside each preset; here it is proved that the silos take these rows, and that the
//! identifiers of the products lead to one person.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use api::identity::decide::Rules;
use api::ingest::envelope::Envelope;
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::source::Sources;
use customer360_tests::{Role, TestApp, TestDatabase, both};
use serde_json::{Value, json};

use crate::intake::{envelope, open};

/// The products, what a source file says of each, and their streams in an order in which nothing is named before it is known.
const PRODUCTS: &[(&str, &str, &[&str])] = &[
    ("typeform", "[lookup.other_person]\nfriend = \"yes\"", &["forms", "responses", "submitted_landings", "answers"]),
    (
        "limesurvey",
        "time_zone = \"Europe/Berlin\"\n[constants]\nsurvey = \"552489\"\nhost = \"survey.acme.test\"",
        &["surveys", "participants", "responses"],
    ),
    (
        "qualtrics",
        "[constants]\nsurvey = \"SV_6mudEEycYo5zehT\"\nhost = \"acme.eu.qualtrics.com\"",
        &["surveys", "directories_contacts", "distribution_history", "responses"],
    ),
    ("formbricks", "[constants]\nhost = \"forms.acme.test\"\nenvironment = \"env1\"", &["responses"]),
    (
        "hubspot",
        "[constants]\nportal = \"62515\"",
        &["owners", "products", "companies", "contacts", "deals", "notes", "calls", "engagements"],
    ),
    (
        "salesforce",
        "[constants]\ndomain = \"acme.my.salesforce.com\"\ncurrency = \"EUR\"",
        &["User", "Product2", "Account", "Contact", "Lead", "Opportunity", "Task", "Event", "Case"],
    ),
    (
        "pipedrive",
        "[constants]\ndomain = \"acme\"",
        &["users", "products", "organizations", "persons", "deals", "notes", "activities"],
    ),
    ("matomo", "[constants]\nhost = \"stats.acme.test\"", &["visits"]),
    ("posthog", "[constants]\nhost = \"eu.posthog.com\"\nproject = \"7\"", &["persons", "events"]),
    ("ga4", "", &["events"]),
    (
        "zendesk",
        "[constants]\nsubdomain = \"acme\"\ntopic_field = \"27642\"",
        &["organizations", "users", "tickets", "ticket_comments", "satisfaction_ratings"],
    ),
    ("zammad", "[constants]\nhost = \"desk.acme.test\"", &["organizations", "users", "tickets", "articles"]),
    ("chatwoot", "[constants]\nhost = \"chat.acme.test\"\naccount = \"1\"", &["contacts", "conversations", "messages"]),
    (
        "freshdesk",
        "[constants]\ndomain = \"acme\"",
        &["agents", "companies", "contacts", "tickets", "conversations", "satisfaction_ratings"],
    ),
];

const QUESTION: &str = r#"{
  customer(by: { email: "anna@example.org" }) {
    name
    surveys {
      responses(first: 20) { nodes {
        source answeredAt finished kind score comment language sourceUrl survey { name }
        answers(first: 20) { nodes { questionKey question kind rawValue scaleMin scaleMax score text } }
      } }
      invitations(first: 20) { nodes { source sentAt state survey { name } } }
    }
    sales {
      opportunities(first: 20) { nodes {
        source name stage state amount { amount currency } probability openedAt expectedCloseOn closedAt lostReason owner { name } sourceUrl
      } }
      notes(first: 20) { nodes { source notedAt channel direction text staff { name } sourceUrl } }
    }
    analytics {
      sessions(first: 20) { nodes {
        source startedAt pages bounced converted durationSeconds device country campaign landingPage sourceUrl
        events(first: 20) { nodes { name kind url amount { amount currency } } }
      } }
      events(first: 20) { nodes { source occurredAt name kind url amount { amount currency } session { id } sourceUrl } }
    }
    support {
      tickets(first: 20) { nodes {
        source number kind status priority channel subject topic team assignee { name } openedAt firstResponseAt resolvedAt satisfaction sourceUrl
        messages(first: 20) { nodes { sentAt authorKind author internal channel text } }
      } }
    }
  }
}"#;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/samples")
}

/// A source for each product, declared as an installation does.
async fn intake(database: &TestDatabase) -> Intake {
    let files = tempfile::tempdir().unwrap();
    for (product, more, _) in PRODUCTS {
        let text = format!("key = \"{product}\"\nmapping = \"{product}\"\n{more}\n");
        fs::write(files.path().join(format!("{product}.toml")), text).unwrap();
    }
    let sources = Sources::load(files.path()).unwrap();
    let settings = IntakeSettings { default_country: Some("DE".into()), ..IntakeSettings::default() };
    Intake::new(open(database).await, sources, Rules::default(), settings)
}

/// The records of a product, in the order of its streams.
fn records(product: &str, streams: &[&str]) -> Vec<Envelope> {
    let mut all = Vec::new();
    for stream in streams {
        let path = folder().join(product).join(format!("{stream}.jsonl"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for line in text.lines() {
            let seconds = i64::try_from(all.len()).unwrap();
            all.push(Envelope { payload: line.into(), ..envelope(seconds, product, stream, &Value::Null) });
        }
    }
    all
}

/// What the answer holds of each source: `{source: {field: [node]}}`.
fn by_source(customer: &Value) -> BTreeMap<String, BTreeMap<String, Vec<Value>>> {
    let mut all: BTreeMap<String, BTreeMap<String, Vec<Value>>> = BTreeMap::new();
    for silo in ["surveys", "sales", "analytics", "support"] {
        for (field, connection) in customer[silo].as_object().unwrap() {
            for node in connection["nodes"].as_array().unwrap() {
                let mut node = node.clone();
                let source = node.as_object_mut().unwrap().remove("source").unwrap();
                // Ids say nothing to who reads this.
                if let Some(session) = node.get_mut("session").filter(|session| !session.is_null()) {
                    *session = json!("one of these");
                }
                all.entry(source.as_str().unwrap().to_owned())
                    .or_default()
                    .entry(field.clone())
                    .or_default()
                    .push(node);
            }
        }
    }
    all
}

#[test]
fn every_sample_has_its_place_here() {
    let mut samples = Vec::new();
    for product in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(&product).unwrap() {
            let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
            samples.push((name(&product), name(&file.unwrap().path())));
        }
    }
    let mut listed: Vec<_> = PRODUCTS
        .iter()
        .flat_map(|(product, _, streams)| streams.iter().map(|stream| ((*product).to_owned(), (*stream).to_owned())))
        .collect();
    samples.sort();
    listed.sort();
    assert_eq!(samples, listed);
}

both! {
    async fn all_products_know_the_same_customer(database: TestDatabase) {
        let intake = intake(&database).await;
        for (product, _, streams) in PRODUCTS {
            let report = intake.flush(records(product, streams)).await.unwrap();
            // Records that were deleted at the source are kept until deletes are taken; all others are taken.
            let refused: Vec<_> =
                report.rejected.iter().filter(|rejected| rejected.code.as_str() != "NOT_SUPPORTED_YET").collect();
            assert!(refused.is_empty(), "{product}: {refused:?}");
            let again = intake.flush(records(product, streams)).await.unwrap();
            assert_eq!(again.taken, 0, "{product} again: {again:?}");
        }
        let app = TestApp::over(database, &[]).await;
        let answer = app.query_as(Role::Privacy, QUESTION, json!({})).await;
        let known = by_source(&answer.data()["customer"]);
        let sources: Vec<_> = known.keys().map(String::as_str).collect();
        let mut products: Vec<_> = PRODUCTS.iter().map(|(product, ..)| *product).collect();
        products.sort_unstable();
        assert_eq!(sources, products, "one customer is in every product");
        insta::assert_json_snapshot!("all_products", known);
    }
}
