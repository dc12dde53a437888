//! The records of the world. K-1 has rows in every table; the texts that start with "canary" are looked for elsewhere.

use serde_json::{Value, json};

use super::world::{OTHER, OWNER, SUBJECT};

/// Rows of a source and a stream, as a CSV file of theirs would give them.
pub type Rows = Vec<(&'static str, &'static str, Value)>;

/// Who works here, what we sell, where we meet.
pub fn catalogue() -> Rows {
    let sources = ["csv-crm", "csv-sales", "csv-support", "csv-reviews"];
    let staff = sources.into_iter().flat_map(|source| {
        let one = json!({ "key": "st1", "name": "Canary Staffname", "email": OWNER, "team": "Canary-Workteam",
            "region": "Canary-Region", "department": "SALES", "subject": SUBJECT });
        let other = json!({ "key": "st2", "name": "Otto Other", "email": OTHER, "department": "SALES" });
        [(source, "staff", one), (source, "staff", other)]
    });
    let mut rows: Rows = staff.collect();
    rows.extend([
        ("csv-crm", "products", json!({ "key": "pump", "name": "Pump", "category": "Hardware" })),
        (
            "csv-crm",
            "touchpoints",
            json!({ "key": "invoice", "name": "Invoice", "channel": "EMAIL", "phase": "CONSUMPTION",
            "stages": "USAGE|RENEWAL", "department": "SALES", "expectation": "Correct" }),
        ),
    ]);
    rows
}

/// K-1 with master data, at the company F-1.
pub fn people() -> Rows {
    vec![
        (
            "csv-crm",
            "companies",
            json!({ "customer_number": "F-1", "name": "Canary Holdings GmbH", "industry": "Water",
            "employees": "120", "owner": "st1", "vat_id": "canary-vat", "segment": "B", "country": "DE",
            "email": "office@canary-holdings.example", "updated_at": "2026-05-01" }),
        ),
        (
            "csv-crm",
            "contacts",
            json!({ "customer_number": "K-1", "loyalty_number": "L-1", "name": "Quandora Canaryname",
            "given_name": "Quandora", "family_name": "Canaryname", "birth_date": "1971-03-04", "language": "de",
            "email": "canary-email@example.com", "phone": "+49 151 55500123", "street": "Canarystrasse 77",
            "postal_code": "PLZ-CANARY", "city": "Canaryville", "country": "DE", "stage": "RENEWAL", "owner": "st1",
            "segment": "A", "company": "Canary Holdings GmbH", "company_number": "F-1", "title": "Canary-Jobtitle",
            "churn_reason": "CANARY-CHURN", "revenue": "7710006.66", "contribution_margin": "7710007.77",
            "lifetime_value": "7710008.88", "currency": "EUR", "loyalty_tier": "canary-tier",
            "loyalty_since": "2019-02-03", "products_held": "pump", "employees": "1", "industry": "Water",
            "source_url": "https://crm.example/1", "updated_at": "2026-05-01T10:00:00Z" }),
        ),
        (
            "csv-crm",
            "relations",
            json!({ "id": "r1", "customer_number": "K-1", "kind": "HOUSEHOLD", "to": "K-2",
            "title": "Canary-Jobtitle", "valid_from": "2020-01-01", "valid_to": "2030-01-01" }),
        ),
        (
            "csv-crm",
            "relations",
            json!({ "id": "r2", "customer_number": "K-1", "kind": "WORKS_AT", "to": "F-1",
            "title": "Canary-Jobtitle", "valid_from": "2020-01-01", "valid_to": "2030-01-01" }),
        ),
        (
            "csv-crm",
            "consents",
            json!({ "id": "c1", "customer_number": "K-1", "purpose": "MARKETING", "channel": "EMAIL",
            "state": "GRANTED", "evidence": "CANARY-EVIDENCE", "source_url": "https://crm.example/c1", "recorded_at": "2026-01-01T10:00:00Z" }),
        ),
        (
            "csv-crm",
            "preferences",
            json!({ "id": "p1", "customer_number": "K-1", "key": "newsletter",
            "value": "canary-preference", "source_url": "https://crm.example/p1", "recorded_at": "2026-01-01T10:00:00Z" }),
        ),
    ]
}

/// What every silo knows of K-1.
pub fn silos() -> Rows {
    let (survey, sales, web) = ("csv-surveys", "csv-sales", "csv-analytics");
    vec![
        (
            survey,
            "surveys",
            json!({ "id": "s1", "name": "After the invoice", "kind": "TRANSACTIONAL", "touchpoint": "invoice",
            "research_stage": "OPERATION", "created_at": "2026-01-01T10:00:00Z", "source_url": "https://s.example/1" }),
        ),
        (
            survey,
            "invitations",
            json!({ "id": "i1", "survey": "s1", "customer_number": "K-1", "channel": "EMAIL",
            "touchpoint": "invoice", "sent_at": "2026-02-01T10:00:00Z", "delivered_at": "2026-02-01T10:01:00Z",
            "answered_at": "2026-02-02T10:00:00Z", "state": "ANSWERED", "source_url": "https://s.example/i1" }),
        ),
        (
            survey,
            "responses",
            json!({ "id": "r1", "survey": "s1", "invitation": "i1", "customer_number": "K-1",
            "touchpoint": "invoice", "channel": "EMAIL", "language": "de", "finished": "yes", "kind": "NPS", "score": "3",
            "answered_at": "2026-02-02T10:00:00Z", "comment": "CANARY-COMMENT", "source_url": "https://s.example/r1" }),
        ),
        (
            survey,
            "responses",
            json!({ "id": "r2", "survey": "s1", "customer_number": "K-1", "finished": "yes",
            "kind": "CSAT", "score": "2", "answered_at": "2026-02-03T10:00:00Z" }),
        ),
        (
            survey,
            "responses",
            json!({ "id": "r3", "survey": "s1", "customer_number": "K-1", "finished": "yes",
            "kind": "CES", "score": "2", "answered_at": "2026-02-04T10:00:00Z" }),
        ),
        (
            survey,
            "answers",
            json!({ "id": "a1", "response": "r1", "survey": "s1", "question_key": "nps", "kind": "NPS",
            "question": "Would you recommend us?", "aspect": "SUPPORT", "product": "pump", "raw_value": "CANARY-RAW",
            "scale_min": "0", "scale_max": "10", "score": "3", "text": "CANARY-ANSWER", "position": "1", "source_url": "https://s.example/a1",
            "answered_at": "2026-02-02T10:00:00Z" }),
        ),
        (
            sales,
            "notes",
            json!({ "id": "n1", "customer_number": "K-1", "author": "Canary-Author", "staff": "st1",
            "channel": "PHONE", "direction": "INBOUND", "text": "CANARY-NOTE-OPEN", "stage": "offer",
            "amount": "7710001.11", "currency": "EUR", "touchpoint": "invoice", "promise_text": "CANARY-PROMISE",
            "promise_due_at": "2026-03-05T10:00:00Z", "noted_at": "2026-03-01T10:00:00Z",
            "source_url": "https://n.example/1" }),
        ),
        (
            sales,
            "notes",
            json!({ "id": "n2", "customer_number": "K-1", "author": "Canary-Author", "staff": "st2",
            "text": "CANARY-NOTE-INTERNAL", "visibility": "DEPARTMENT", "noted_at": "2026-08-02T10:00:00Z" }),
        ),
        (
            sales,
            "opportunities",
            json!({ "id": "o1", "customer_number": "K-1", "name": "CANARY-OPPORTUNITY",
            "stage": "offer", "state": "OPEN", "amount": "7710002.22", "currency": "EUR", "probability": "0.4",
            "owner": "st1", "product": "pump", "opened_at": "2026-03-03T10:00:00Z", "expected_close_on": "2026-12-01",
            "source_url": "https://o.example/1" }),
        ),
        (
            sales,
            "opportunities",
            json!({ "id": "o2", "customer_number": "K-1", "name": "CANARY-OPPORTUNITY",
            "state": "LOST", "opened_at": "2026-03-02T10:00:00Z", "closed_at": "2026-03-09T10:00:00Z",
            "lost_reason": "CANARY-LOST" }),
        ),
        (
            sales,
            "purchases",
            json!({ "id": "p1", "number": "B-1", "customer_number": "K-1", "state": "RETURNED",
            "amount": "7710003.33", "currency": "EUR", "product": "pump", "quantity": "2", "touchpoint": "invoice",
            "ordered_at": "2026-03-04T10:00:00Z", "delivered_at": "2026-03-05T10:00:00Z",
            "returned_at": "2026-03-06T10:00:00Z", "source_url": "https://p.example/1" }),
        ),
        (
            sales,
            "contracts",
            json!({ "id": "c1", "number": "V-1", "customer_number": "K-1", "product": "pump",
            "state": "ACTIVE", "amount": "7710004.44", "currency": "EUR", "starts_on": "2026-01-01",
            "ends_on": "2027-12-31", "notice_by": "2027-09-30", "cancelled_at": "2026-04-01T10:00:00Z",
            "cancellation_reason": "CANARY-CANCELLATION", "owner": "st1", "source_url": "https://c.example/1" }),
        ),
        (
            web,
            "sessions",
            json!({ "id": "w1", "visitor": "canary-cookie", "started_at": "2026-04-01T10:00:00Z",
            "ended_at": "2026-04-01T10:05:00Z", "channel": "paid", "referrer": "https://canary-referrer.example",
            "campaign": "spring", "landing_page": "https://shop.example/canary-landing", "pages": "3", "bounced": "no",
            "converted": "yes", "duration_seconds": "300", "device": "canary-device", "country": "DE", "product": "pump",
            "touchpoint": "invoice", "source_url": "https://w.example/1" }),
        ),
        (
            web,
            "events",
            json!({ "id": "e1", "session": "w1", "visitor": "canary-cookie", "user_id": "canary-user",
            "customer_number": "K-1", "name": "CANARY-EVENT", "kind": "PAGE", "url": "https://shop.example/canary-url",
            "title": "CANARY-TITLE", "amount": "7710005.55", "currency": "EUR", "product": "pump",
            "touchpoint": "invoice", "occurred_at": "2026-04-01T10:01:00Z", "source_url": "https://w.example/e1" }),
        ),
        (
            "csv-support",
            "tickets",
            json!({ "id": "t1", "number": "T-1", "email": "canary-second@example.com",
            "customer_number": "K-1", "customer_name": "Quandora Canaryalias", "kind": "COMPLAINT", "status": "OPEN",
            "priority": "HIGH", "channel": "EMAIL", "subject": "CANARY-SUBJECT", "topic": "invoice", "product": "pump",
            "touchpoint": "invoice", "assignee": "st1", "team": "Canary-Ticketteam", "opened_at": "2026-05-01T10:00:00Z",
            "updated_at": "2026-05-03T10:00:00Z", "first_response_at": "2026-05-01T11:00:00Z",
            "resolved_at": "2026-05-02T10:00:00Z", "reopened_count": "1", "handover_count": "2", "satisfaction": "BAD",
            "next_update_at": "2026-05-04T10:00:00Z", "waiting_seconds": "90", "source_url": "https://t.example/1" }),
        ),
        (
            "csv-support",
            "messages",
            json!({ "id": "m1", "ticket": "t1", "author_kind": "CUSTOMER",
            "author": "Canary-Writer", "text": "CANARY-MESSAGE-OPEN", "channel": "EMAIL", "source_url": "https://t.example/m1",
            "sent_at": "2026-05-01T10:00:00Z" }),
        ),
        (
            "csv-support",
            "messages",
            json!({ "id": "m2", "ticket": "t1", "author_kind": "AGENT", "staff": "st2",
            "internal": "yes", "text": "CANARY-MESSAGE-INTERNAL", "sent_at": "2026-08-01T12:00:00Z" }),
        ),
        (
            "csv-support",
            "tickets",
            json!({ "id": "t0", "number": "T-0", "email": "canary-second@example.com",
            "subject": "CANARY-SUBJECT", "status": "CLOSED", "opened_at": "2026-04-01T10:00:00Z" }),
        ),
        ("handles", "people", json!({ "handle": "canary-external", "customer_number": "K-1" })),
        (
            "csv-support",
            "messages",
            json!({ "id": "m0", "ticket": "t0", "author_kind": "AGENT", "author": "Canary-Agent", "staff": "st2",
            "text": "We look into it", "sent_at": "2026-04-01T12:00:00Z" }),
        ),
        (
            "csv-reviews",
            "reviews",
            json!({ "id": "v1", "origin": "shop", "customer_number": "K-1", "kind": "REVIEW",
            "product": "pump", "rating": "2", "scale_max": "5", "recommends": "no", "title": "CANARY-REVIEW-TITLE",
            "text": "CANARY-REVIEW-TEXT", "language": "de", "response_text": "CANARY-REPLY",
            "responded_at": "2026-06-02T10:00:00Z", "responder": "st1", "reviewed_at": "2026-06-01T10:00:00Z",
            "touchpoint": "invoice", "source_url": "https://v.example/1" }),
        ),
    ]
}

/// Customers of somebody else.
pub fn neighbours() -> Rows {
    vec![
        (
            "csv-crm",
            "contacts",
            json!({ "customer_number": "K-2", "name": "Nora Neighbour", "email": "nora@example.org",
            "country": "DE", "owner": "st2", "company_number": "F-1", "updated_at": "2026-05-01T10:00:00Z" }),
        ),
        (
            "csv-support",
            "tickets",
            json!({ "id": "t2", "number": "T-2", "customer_number": "K-2", "kind": "QUESTION",
            "status": "OPEN", "subject": "Nora asks", "assignee": "st2", "opened_at": "2026-05-01T10:00:00Z" }),
        ),
        (
            "csv-support",
            "messages",
            json!({ "id": "m3", "ticket": "t2", "text": "Nora writes",
            "sent_at": "2026-05-01T10:00:00Z" }),
        ),
        (
            "csv-sales",
            "notes",
            json!({ "id": "n3", "customer_number": "K-2", "staff": "st2", "text": "Nora called",
            "noted_at": "2026-03-01T10:00:00Z" }),
        ),
        (
            "csv-sales",
            "purchases",
            json!({ "id": "p2", "number": "B-2", "customer_number": "K-2",
            "ordered_at": "2026-03-04T10:00:00Z" }),
        ),
        (
            "csv-crm",
            "contacts",
            json!({ "customer_number": "K-3", "name": "Nils Nobody", "email": "zyxwv@example.net", "phone": "+49 30 9018273",
            "country": "AT", "updated_at": "2026-05-01T10:00:00Z" }),
        ),
    ]
}
