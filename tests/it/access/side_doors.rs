//! Asking by what is withheld is refused: filters, orders, look-ups, search; cursors say nothing and fit one list; several
//! roles are no more than their parts; who may read no customer reads none.

use std::collections::BTreeSet;

use api::access::{Action, Class, Policy, SiloKey};
use api::auth::mint;
use api::config::Config;
use customer360_tests::app::token;
use customer360_tests::{Role, both};
use serde_json::{Value, json};

use super::document::Sdl;
use super::world::{CANARIES, OWNER, World, leaks};

/// Each filter of the schema: the list it narrows, an example, and what one must see in full to ask by it.
const FILTERS: &[(&str, &str, &str, SiloKey, Class)] = &[
    ("customers", "CustomerFilter.country", "\"DE\"", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.createdAfter", "\"2020-01-01T00:00:00Z\"", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.email", "{startsWith: \"c\"}", SiloKey::Customer, Class::Contact),
    ("customers", "CustomerFilter.hasOpenTicket", "true", SiloKey::Support, Class::Open),
    ("customers", "CustomerFilter.kind", "PERSON", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.lastInteractionAfter", "\"2020-01-01T00:00:00Z\"", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.lastInteractionBefore", "\"2020-01-01T00:00:00Z\"", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.name", "{startsWith: \"c\"}", SiloKey::Customer, Class::Identity),
    ("customers", "CustomerFilter.owner", "\"stf_00000000000000000000000000000000\"", SiloKey::Customer, Class::Staff),
    ("customers", "CustomerFilter.segment", "\"A\"", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.stage", "[RENEWAL]", SiloKey::Customer, Class::Open),
    ("customers", "CustomerFilter.updatedAfter", "\"2020-01-01T00:00:00Z\"", SiloKey::Customer, Class::Open),
    ("crm.consents", "ConsentFilter.channel", "EMAIL", SiloKey::Crm, Class::Open),
    ("crm.consents", "ConsentFilter.purpose", "[\"SURVEY\"]", SiloKey::Crm, Class::Open),
    ("crm.consents", "ConsentFilter.state", "[GRANTED]", SiloKey::Crm, Class::Open),
    ("contactNotes", "ContactNoteFilter.channel", "[PHONE]", SiloKey::Sales, Class::Open),
    ("contactNotes", "ContactNoteFilter.department", "[SALES]", SiloKey::Sales, Class::Open),
    ("contactNotes", "ContactNoteFilter.hasPromise", "true", SiloKey::Sales, Class::Open),
    ("contactNotes", "ContactNoteFilter.noted", "{}", SiloKey::Sales, Class::Open),
    ("contactNotes", "ContactNoteFilter.touchpoint", "\"invoice\"", SiloKey::Sales, Class::Open),
    ("sales.contracts", "ContractFilter.endsBefore", "\"2030-01-01\"", SiloKey::Sales, Class::Open),
    ("sales.contracts", "ContractFilter.product", "\"pump\"", SiloKey::Sales, Class::Open),
    ("sales.contracts", "ContractFilter.state", "[ACTIVE]", SiloKey::Sales, Class::Open),
    ("sales.opportunities", "OpportunityFilter.closed", "{}", SiloKey::Sales, Class::Open),
    ("sales.opportunities", "OpportunityFilter.opened", "{}", SiloKey::Sales, Class::Open),
    ("sales.opportunities", "OpportunityFilter.product", "\"pump\"", SiloKey::Sales, Class::Open),
    ("sales.opportunities", "OpportunityFilter.stage", "[\"offer\"]", SiloKey::Sales, Class::Open),
    ("sales.opportunities", "OpportunityFilter.state", "[OPEN]", SiloKey::Sales, Class::Open),
    ("sales.purchases", "PurchaseFilter.ordered", "{}", SiloKey::Sales, Class::Open),
    ("sales.purchases", "PurchaseFilter.product", "\"pump\"", SiloKey::Sales, Class::Open),
    ("sales.purchases", "PurchaseFilter.state", "[RETURNED]", SiloKey::Sales, Class::Behaviour),
    ("rejectedRecords", "RejectedRecordFilter.code", "[\"MISSING_FIELD\"]", SiloKey::Intake, Class::Open),
    ("rejectedRecords", "RejectedRecordFilter.received", "{}", SiloKey::Intake, Class::Open),
    ("rejectedRecords", "RejectedRecordFilter.source", "[\"csv-crm\"]", SiloKey::Intake, Class::Open),
    ("rejectedRecords", "RejectedRecordFilter.state", "DISCARDED", SiloKey::Intake, Class::Open),
    ("rejectedRecords", "RejectedRecordFilter.stream", "[\"contacts\"]", SiloKey::Intake, Class::Open),
    ("reviews.reviews", "ReviewFilter.answered", "true", SiloKey::Reviews, Class::Open),
    ("reviews.reviews", "ReviewFilter.kind", "[REVIEW]", SiloKey::Reviews, Class::Open),
    ("reviews.reviews", "ReviewFilter.origin", "\"shop\"", SiloKey::Reviews, Class::Open),
    ("reviews.reviews", "ReviewFilter.product", "\"pump\"", SiloKey::Reviews, Class::Open),
    ("reviews.reviews", "ReviewFilter.rating", "{min: 1}", SiloKey::Reviews, Class::Behaviour),
    ("reviews.reviews", "ReviewFilter.recommends", "true", SiloKey::Reviews, Class::Behaviour),
    ("reviews.reviews", "ReviewFilter.reviewed", "{}", SiloKey::Reviews, Class::Open),
    ("reviews.reviews", "ReviewFilter.touchpoint", "\"invoice\"", SiloKey::Reviews, Class::Open),
    ("sales.notes", "SalesNoteFilter.channel", "[PHONE]", SiloKey::Sales, Class::Open),
    ("sales.notes", "SalesNoteFilter.hasPromise", "true", SiloKey::Sales, Class::Open),
    ("sales.notes", "SalesNoteFilter.noted", "{}", SiloKey::Sales, Class::Open),
    ("sales.notes", "SalesNoteFilter.touchpoint", "\"invoice\"", SiloKey::Sales, Class::Open),
    ("surveys.invitations", "SurveyInvitationFilter.channel", "[EMAIL]", SiloKey::Surveys, Class::Open),
    ("surveys.invitations", "SurveyInvitationFilter.sent", "{}", SiloKey::Surveys, Class::Open),
    ("surveys.invitations", "SurveyInvitationFilter.state", "[ANSWERED]", SiloKey::Surveys, Class::Behaviour),
    ("surveys.invitations", "SurveyInvitationFilter.touchpoint", "\"invoice\"", SiloKey::Surveys, Class::Open),
    ("surveys.responses", "SurveyResponseFilter.answered", "{}", SiloKey::Surveys, Class::Open),
    ("surveys.responses", "SurveyResponseFilter.channel", "[EMAIL]", SiloKey::Surveys, Class::Open),
    ("surveys.responses", "SurveyResponseFilter.kind", "[NPS]", SiloKey::Surveys, Class::Open),
    ("surveys.responses", "SurveyResponseFilter.score", "{min: 1}", SiloKey::Surveys, Class::Behaviour),
    ("surveys.responses", "SurveyResponseFilter.touchpoint", "\"invoice\"", SiloKey::Surveys, Class::Open),
    ("support.tickets", "TicketFilter.channel", "[EMAIL]", SiloKey::Support, Class::Open),
    ("support.tickets", "TicketFilter.kind", "[COMPLAINT]", SiloKey::Support, Class::Behaviour),
    ("support.tickets", "TicketFilter.open", "true", SiloKey::Support, Class::Open),
    ("support.tickets", "TicketFilter.opened", "{}", SiloKey::Support, Class::Open),
    ("support.tickets", "TicketFilter.product", "\"pump\"", SiloKey::Support, Class::Open),
    ("support.tickets", "TicketFilter.status", "[OPEN]", SiloKey::Support, Class::Open),
    ("support.tickets", "TicketFilter.touchpoint", "\"invoice\"", SiloKey::Support, Class::Open),
    ("timeline", "TimelineFilter.kind", "[\"TICKET\"]", SiloKey::Customer, Class::Open),
    ("timeline", "TimelineFilter.period", "{}", SiloKey::Customer, Class::Open),
    ("timeline", "TimelineFilter.silo", "[SUPPORT]", SiloKey::Customer, Class::Open),
    ("timeline", "TimelineFilter.touchpoint", "\"invoice\"", SiloKey::Customer, Class::Open),
    ("analytics.events", "WebEventFilter.kind", "[PAGE]", SiloKey::Analytics, Class::Open),
    ("analytics.events", "WebEventFilter.name", "[\"x\"]", SiloKey::Analytics, Class::Behaviour),
    ("analytics.events", "WebEventFilter.occurred", "{}", SiloKey::Analytics, Class::Open),
    ("analytics.events", "WebEventFilter.urlContains", "\"x\"", SiloKey::Analytics, Class::Behaviour),
    ("analytics.sessions", "WebSessionFilter.bounced", "true", SiloKey::Analytics, Class::Behaviour),
    ("analytics.sessions", "WebSessionFilter.campaign", "[\"x\"]", SiloKey::Analytics, Class::Open),
    ("analytics.sessions", "WebSessionFilter.channel", "[\"x\"]", SiloKey::Analytics, Class::Open),
    ("analytics.sessions", "WebSessionFilter.started", "{}", SiloKey::Analytics, Class::Open),
];

fn customers() -> impl Iterator<Item = Role> {
    Role::ALL.into_iter().filter(|role| !matches!(role, Role::Integration | Role::Admin))
}

both! {
    async fn a_filter_needs_what_it_asks_by(world: World) {
        let policy = Policy::built_in().unwrap();
        for role in customers() {
            let rights = policy.rights([role.as_str()]).unwrap();
            for (list, filter, example, silo, class) in FILTERS {
                let (_, field) = filter.split_once('.').unwrap();
                let narrowed = |list: &str| format!("{list}(filter: {{{field}: {example}}}) {{ totalCount }}");
                let document = match list.split_once('.') {
                    None if ["customers", "rejectedRecords"].contains(list) => format!("{{ {} }}", narrowed(list)),
                    None => format!("{{ customer(by: {{customerNumber: \"K-1\"}}) {{ {} }} }}", narrowed(list)),
                    Some((silo, list)) => {
                        format!("{{ customer(by: {{customerNumber: \"K-1\"}}) {{ {silo} {{ {} }} }} }}", narrowed(list))
                    }
                };
                let answer = world.app.query_as(role, &document, json!({})).await;
                let refused = rights.of(*silo).action(*class) != Action::Show;
                let expected: &[&str] = if refused { &["FORBIDDEN"] } else { &[] };
                assert_eq!(answer.codes(), expected, "{} {filter}: {:#}", role.as_str(), answer.json);
            }
        }
    }

    async fn a_look_up_needs_what_it_asks_by(world: World) {
        let policy = Policy::built_in().unwrap();
        let ways: [(&str, &[Class]); 13] = [
            ("customer(by: {email: \"canary-email@example.com\"}) { id }", &[Class::Contact]),
            ("customer(by: {email: \"nobody@example.com\"}) { id }", &[Class::Contact]),
            ("customer(by: {phone: \"0151 55500123\"}) { id }", &[Class::Contact]),
            ("customer(by: {customerNumber: \"K-1\"}) { id }", &[]),
            ("customer(by: {loyaltyNumber: \"L-1\"}) { id }", &[]),
            ("customer(by: {ticket: \"T-1\"}) { id }", &[]),
            ("customer(by: {purchase: \"B-1\"}) { id }", &[]),
            ("customer(by: {external: {source: \"csv-support\", key: \"canary-second@example.com\"}}) { id }",
                &[Class::Contact, Class::Identity]),
            ("search(text: \"Quandora\") { more }", &[Class::Identity]),
            ("customers(orderBy: NAME) { totalCount }", &[Class::Identity]),
            ("customers(orderBy: EMAIL) { totalCount }", &[Class::Contact]),
            ("customers(orderBy: CREATED_AT) { totalCount }", &[]),
            ("customers(orderBy: LAST_INTERACTION_AT) { totalCount }", &[]),
        ];
        for role in customers() {
            let rights = policy.rights([role.as_str()]).unwrap();
            for (field, classes) in ways {
                let answer = world.app.query_as(role, &format!("{{ {field} }}"), json!({})).await;
                let refused = classes.iter().any(|class| rights.of(SiloKey::Customer).action(*class) != Action::Show);
                let expected: &[&str] = if refused { &["FORBIDDEN"] } else { &[] };
                assert_eq!(answer.codes(), expected, "{} {field}: {:#}", role.as_str(), answer.json);
            }
        }
    }

    async fn a_cursor_says_nothing_and_fits_one_list(world: World) {
        let page = |arguments: &str| format!("{{ customers(first: 2{arguments}) {{ nodes {{ id }} pageInfo {{ endCursor }} }} }}");
        let first = world.app.query_as(Role::Service, &page(", orderBy: EMAIL"), json!({})).await;
        let cursor = first.data()["customers"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        assert!(cursor.len() > 60 && !cursor.contains("example"), "{cursor}");
        let next = world.app.query_as(Role::Service, &page(&format!(", orderBy: EMAIL, after: \"{cursor}\"")), json!({})).await;
        assert_eq!(next.codes(), [""; 0]);
        let mut forged = cursor.clone().into_bytes();
        forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        for arguments in [
            format!(", orderBy: NAME, after: \"{cursor}\""),
            format!(", orderBy: CREATED_AT, before: \"{cursor}\""),
            format!(", orderBy: EMAIL, after: \"{forged}\""),
            ", after: \"\"".to_owned(),
            ", after: \"MQ\"".to_owned(),
            format!(", after: \"{}\"", "A".repeat(4000)),
        ] {
            let answer = world.app.query_as(Role::Service, &page(&arguments), json!({})).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{arguments}");
        }
        let elsewhere = format!("{{ customer(by: {{customerNumber: \"K-1\"}}) {{ timeline(after: \"{cursor}\") {{ totalCount }} }} }}");
        let answer = world.app.query_as(Role::Service, &elsewhere, json!({})).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
        // A cursor of an order that one has no right to is of no use to one who was given it.
        let given = world.app.query_as(Role::Product, &page(&format!(", orderBy: EMAIL, after: \"{cursor}\"")), json!({})).await;
        assert_eq!(given.codes(), ["FORBIDDEN"]);
    }

    async fn several_roles_are_the_sum_of_their_parts(world: World) {
        let policy = Policy::built_in().unwrap();
        let all = "{ customer(by: {customerNumber: \"K-1\"}) {
            name givenName familyName birthDate email phone street postalCode city owner { name email team region }
            attributes { value alternatives { value } } identifiers { value } companies { nodes { title to { name } } }
            surveys { responses { nodes { comment answers { nodes { rawValue text } } } } }
            contactNotes { nodes { author text amount { amount } promise { text } } }
            sales { opportunities { nodes { name lostReason amount { amount } } } purchases { nodes { amount { amount } } }
                contracts { nodes { cancellationReason amount { amount } } } }
            analytics { sessions { nodes { referrer landingPage device } } events { nodes { name title url amount { amount } } } }
            support { tickets { nodes { subject team messages { nodes { author text } } } } }
            reviews { reviews { nodes { title text responseText } } }
            crm { loyaltyTier revenue { amount } contributionMargin { amount } lifetimeValue { amount }
                consents { nodes { evidence } } preferences { nodes { value } } }
        } company: customer(by: {customerNumber: \"F-1\"}) { name attributes { value } }
            rejectedRecords { nodes { reason content { key text shape } } } }";
        for (n, one) in Role::ALL.into_iter().enumerate() {
            for other in Role::ALL.into_iter().skip(n) {
                let rights = policy.rights([one.as_str(), other.as_str()]).unwrap();
                let answer = world.app.query_by(&token("tester", &[one, other]), all, json!({})).await;
                let pair = (one.as_str(), other.as_str());
                assert_eq!(leaks(&answer.text, &rights).next(), None, "{pair:?}");
                if rights.of(SiloKey::Customer).rows.is_some() {
                    for canary in CANARIES.iter().filter(|canary| canary.is_shown_to(&rights)) {
                        assert!(answer.text.contains(canary.text), "{pair:?} must see {}", canary.text);
                    }
                } else {
                    assert_eq!(answer.codes(), ["FORBIDDEN", "FORBIDDEN"], "{pair:?}");
                }
            }
        }
    }

    async fn who_reads_no_customers_reads_none(world: World) {
        for role in [Role::Integration, Role::Admin] {
            for field in [
                "customer(by: {customerNumber: \"K-1\"}) { id }", "customer(by: {customerNumber: \"none\"}) { id }",
                "customers { totalCount }", "search(text: \"Quandora\") { more }",
                "node(id: \"cus_00000000000000000000000000000000\") { id }",
            ] {
                let answer = world.app.query_by(&token(OWNER, &[role]), &format!("{{ {field} }}"), json!({})).await;
                assert_eq!(answer.codes(), ["FORBIDDEN"], "{} {field}", role.as_str());
                let nothing = answer.json["data"].as_object().is_none_or(|data| data.values().all(Value::is_null));
                assert!(nothing, "{:#}", answer.json);
            }
        }
    }

    async fn an_unknown_role_opens_nothing(world: World) {
        let config = Config::load_from(None, [("DATABASE_URL".to_owned(), "sqlite::memory:".to_owned())]).unwrap();
        for roles in [&["root"][..], &["service", "root"], &["Service"], &["*"]] {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            let token = mint(&config, "tester", &roles, 60).unwrap();
            let answer = world.app.query_by(&token, "{ viewer { roles } customers { totalCount } }", json!({})).await;
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{roles:?}: {:#}", answer.json);
            assert!(answer.json["data"].is_null());
        }
    }

    async fn what_is_not_there_and_what_is_not_visible_answer_alike(world: World) {
        for id in ["tkt_00000000000000000000000000000000", "nte_1", "", "cus_x", "Y3Vz"] {
            let answer = world.app.query_as(Role::Service, "query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            let expected: &[&str] = if id.len() == 36 { &[] } else { &["BAD_USER_INPUT"] };
            assert_eq!(answer.codes(), expected, "{id}");
        }
    }
}

/// A filter that is added later says here what it asks by.
#[test]
fn every_filter_is_asked() {
    let sdl = Sdl::read();
    let published: BTreeSet<String> = sdl
        .inputs
        .iter()
        .filter(|(name, _)| name.ends_with("Filter") && *name != "TextFilter")
        .flat_map(|(name, fields)| fields.iter().map(move |field| format!("{name}.{field}")))
        .collect();
    let listed: BTreeSet<String> = FILTERS.iter().map(|(_, filter, ..)| (*filter).to_owned()).collect();
    assert_eq!(published, listed);
}
