//! The one customer who is the same in every run: Katharina Möller of the bakery Möller.
//!
//! Sales see a contract up for renewal and a visit tomorrow. Marketing sees one bad answer about an invoice. The web team
//! sees three visits to the page for cancelling. The service desk sees one complaint among many. A callback was promised,
//! and nobody called. Only who sees all of it knows what tomorrow's visit is about.

use chrono::Duration;
use serde_json::json;

use super::dice::{Clock, Dice};
use super::names::Place;
use super::person::{Company, Person};
use super::row::{Row, time};
use super::support::Thread;
use super::surveys::{Study, people, response};
use super::text::Language;
use super::web::{Events, Visitor, cancelling};
use crate::ingest::envelope::Envelope;

/// How to ask for the scripted customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    /// Customer number.
    pub customer_number: &'static str,
    /// Name.
    pub name: &'static str,
    /// E-mail address.
    pub email: &'static str,
    /// Telephone number, as one dials it.
    pub phone: &'static str,
    /// The company she runs.
    pub company: &'static str,
    /// The company's customer number.
    pub company_number: &'static str,
    /// The number of her open complaint.
    pub ticket: &'static str,
}

/// How to ask for her.
pub const SCRIPTED: Scripted = Scripted {
    customer_number: "K-1001",
    name: "Katharina Möller",
    email: "katharina.moeller@baeckerei-moeller.example.com",
    phone: "030 23125000",
    company: "Bäckerei Möller",
    company_number: "F-1001",
    ticket: "T-20001",
};

/// Everything of her and her bakery.
pub(super) fn everything(seed: u64, clock: &Clock, out: &mut Vec<Envelope>) {
    let mut dice = Dice::new(seed, "scripted", 0);
    let company = Company {
        number: SCRIPTED.company_number.to_owned(),
        name: SCRIPTED.company.to_owned(),
        domain: "baeckerei-moeller.example.com".to_owned(),
        industry: "Food",
        title: "Inhaberin",
        place: Place::berlin(),
        language: Language::German,
        employees: 23,
    };
    master(&company, clock, out);
    sales(clock, out);
    complaint(clock, out);
    survey(&company, clock, out);
    let visitor = Visitor { cookie: "c-moeller".to_owned(), user: Some("u-1001".to_owned()) };
    let mut events = Events { visitor: &visitor, clock, count: 0 };
    let traits = json!({"email": SCRIPTED.email, "name": SCRIPTED.name});
    out.push(events.identify(&traits, Language::German, clock.at(-200, 19, 12)));
    let visits = [clock.at(-5, 20, 41), clock.at(-2, 21, 8), clock.now - Duration::hours(3)];
    for (visit, at) in visits.into_iter().enumerate() {
        out.extend(cancelling(&visitor, visit + 1, at, clock, &mut dice));
    }
}

fn master(company: &Company, clock: &Clock, out: &mut Vec<Envelope>) {
    let at = clock.at(-540, 9, 30);
    let figures = |row: Row| {
        row.money("revenue", 4_820_000)
            .money("contribution_margin", 1_110_000)
            .money("lifetime_value", 9_640_000)
            .set("currency", "EUR")
            .set("products_held", "power-tariff|service-plan|heatpump-silenta")
            .set("stage", "RENEWAL")
            .set("owner", "jonas.richter")
            .set("segment", "Business")
            .set("street", company.place.street.as_str())
            .set("postal_code", company.place.postal_code.as_str())
            .set("city", company.place.city.as_str())
            .set("country", company.place.country)
            .set("updated_at", time(at))
    };
    let firm = Row::new("auental-crm", "companies", at)
        .set("customer_number", company.number.as_str())
        .set("name", company.name.as_str())
        .set("email", company.mailbox())
        .maybe("phone", company.place.phone(0))
        .set("industry", company.industry)
        .set("employees", company.employees.to_string())
        .set("website", format!("https://{}", company.domain));
    out.push(figures(firm).done(clock));
    let person = Row::new("auental-crm", "contacts", at)
        .set("customer_number", SCRIPTED.customer_number)
        .set("name", SCRIPTED.name)
        .set("given_name", "Katharina")
        .set("family_name", "Möller")
        .set("email", SCRIPTED.email)
        .set("phone", SCRIPTED.phone)
        .set("birth_date", "1974-05-17")
        .set("gender", "female")
        .set("language", "de")
        .set("company", company.name.as_str())
        .set("company_number", company.number.as_str())
        .set("title", company.title)
        .set("source_url", "https://crm.auental.example.com/contacts/K-1001");
    out.push(figures(person).done(clock));
    for (purpose, channel, state) in
        [("SURVEY", "", "GRANTED"), ("MARKETING", "EMAIL", "DENIED"), ("SERVICE", "PHONE", "GRANTED")]
    {
        let row = Row::new("auental-crm", "consents", at)
            .set("id", format!("c-K-1001-{purpose}"))
            .set("customer_number", SCRIPTED.customer_number)
            .set("purpose", purpose)
            .set("channel", channel)
            .set("state", state)
            .set("evidence", "Vertragsunterlagen, Seite 3")
            .time("recorded_at", at);
        out.push(row.done(clock));
    }
    let row = Row::new("auental-crm", "preferences", at)
        .set("id", "p-K-1001")
        .set("customer_number", SCRIPTED.customer_number)
        .set("key", "contact_time")
        .set("value", "nach 14 Uhr, morgens steht sie in der Backstube");
    out.push(row.time("recorded_at", at).done(clock));
}

fn sales(clock: &Clock, out: &mut Vec<Envelope>) {
    let row = |stream, id: &str, at| {
        Row::new("auental-sales", stream, at).set("id", id).set("customer_number", SCRIPTED.customer_number)
    };
    let starts = clock.at(-327, 10, 0);
    let contract = row("contracts", "v-K-1001", starts)
        .set("number", "VK1001")
        .set("product", "power-tariff")
        .set("state", "ACTIVE")
        .money("amount", 1_840_000)
        .set("currency", "EUR")
        .set("owner", "jonas.richter")
        .day("starts_on", starts.date_naive())
        .day("ends_on", clock.day(38))
        .day("notice_by", clock.day(8))
        .set("source_url", "https://sales.auental.example.com/v/VK1001");
    out.push(contract.done(clock));
    let bought = clock.at(-330, 11, 20);
    let purchase = row("purchases", "b-K-1001", bought)
        .set("number", "B10010")
        .set("state", "DELIVERED")
        .set("product", "heatpump-silenta")
        .money("amount", 1_890_000)
        .set("currency", "EUR")
        .set("quantity", "1")
        .set("touchpoint", "offer")
        .time("ordered_at", bought)
        .time("delivered_at", clock.at(-311, 8, 0));
    out.push(purchase.done(clock));
    let opened = clock.at(-34, 10, 5);
    let opportunity = row("opportunities", "o-K-1001", opened)
        .set("name", "Verlängerung Strom Fix und Rundum-Service, Bäckerei Möller")
        .set("stage", "Renewal visit")
        .set("state", "OPEN")
        .money("amount", 3_680_000)
        .set("currency", "EUR")
        .set("probability", "0.9")
        .set("owner", "jonas.richter")
        .set("product", "power-tariff")
        .day("expected_close_on", clock.day(1))
        .set("source_url", "https://sales.auental.example.com/o/K-1001")
        .time("opened_at", opened);
    out.push(opportunity.done(clock));
    let note = |id: &str, at, staff: &str, name: &str, channel: &str, direction: &str, text: &str| {
        row("notes", id, at)
            .set("staff", staff)
            .set("author", name)
            .set("department", "SALES")
            .set("channel", channel)
            .set("direction", direction)
            .set("text", text)
            .set("visibility", "ALL")
            .time("noted_at", at)
    };
    let called = clock.at(-11, 14, 35);
    let text = "Frau Möller rief wegen der letzten Rechnung an, sie ist zum dritten Mal falsch. Ich habe zugesagt, dass sich \
                jemand mit der korrigierten Rechnung meldet.";
    out.push(
        note("n-K-1001-1", called, "sabine.vogt", "Sabine Vogt", "PHONE", "INBOUND", text)
            .set("touchpoint", "invoice")
            .set("promise_text", "Rückruf mit der korrigierten Rechnung")
            .time("promise_due_at", clock.at(-9, 15, 0))
            .done(clock),
    );
    let planned = clock.at(-1, 16, 10);
    let text = format!(
        "Besuch in der Backstube am {} um 14 Uhr bestätigt. Verlängerung um zwei Jahre, Sekt mitnehmen: läuft seit Jahren gut.",
        clock.day(1).format("%d.%m.%Y")
    );
    out.push(
        note("n-K-1001-2", planned, "jonas.richter", "Jonas Richter", "EMAIL", "OUTBOUND", &text)
            .set("stage", "Renewal visit")
            .money("amount", 3_680_000)
            .set("currency", "EUR")
            .set("touchpoint", "offer")
            .set("promise_text", "Besuch mit dem Angebot zur Verlängerung")
            .time("promise_due_at", clock.at(1, 13, 0))
            .done(clock),
    );
}

fn complaint(clock: &Clock, out: &mut Vec<Envelope>) {
    let opened = clock.at(-16, 17, 22);
    let row = Row::new("auental-helpdesk", "tickets", opened)
        .set("id", "1001-0")
        .set("number", SCRIPTED.ticket)
        .set("customer_name", "Katharina Moeller")
        .set("email", "Katharina.Moeller@BAECKEREI-MOELLER.example.com")
        .set("kind", "COMPLAINT")
        .set("status", "OPEN")
        .set("priority", "NORMAL")
        .set("channel", "EMAIL")
        .set("subject", "Rechnung schon wieder falsch")
        .set("topic", "invoice")
        .set("product", "power-tariff")
        .set("touchpoint", "invoice")
        .set("assignee", "miriam.kraus")
        .set("team", "Service desk")
        .set("reopened_count", "2")
        .set("handover_count", "3")
        .set("source_url", "https://help.auental.example.com/tickets/1001-0")
        .time("opened_at", opened)
        .time("updated_at", clock.at(-12, 9, 40))
        .time("first_response_at", clock.at(-14, 10, 2))
        .time("next_update_at", clock.at(-10, 12, 0));
    out.push(row.done(clock));
    let mut thread = Thread { ticket: "1001-0".to_owned(), channel: "EMAIL", messages: 0, clock, out };
    let text = "Guten Tag, nun zum dritten Mal: Sie berechnen mir zwei Zähler, die Backstube hat aber nur einen. Es geht um \
                1.126 Euro. Ich erwarte eine korrigierte Rechnung und einen Anruf. Katharina Möller";
    thread.customer(SCRIPTED.name, text, opened);
    let text = "Guten Tag Frau Möller, wir haben den Vorgang an die Abrechnung gegeben und melden uns.";
    thread.staff("tobias.lenz", text, false, clock.at(-14, 10, 2));
    let text = "Abrechnung sagt, der alte Zähler wurde nie abgemeldet. Gutschrift freigegeben, aber noch nicht verschickt. Wer ruft an?";
    thread.staff("miriam.kraus", text, true, clock.at(-12, 9, 40));
}

fn survey(company: &Company, clock: &Clock, out: &mut Vec<Envelope>) {
    let person = Person {
        index: 0,
        number: SCRIPTED.customer_number.to_owned(),
        given: "Katharina".to_owned(),
        family: "Möller".to_owned(),
        woman: true,
        language: Language::German,
        birth_date: "1974-05-17".to_owned(),
        place: company.place.clone(),
        email: SCRIPTED.email.to_owned(),
        shared_email: None,
        company: None,
        title: company.title,
        household: None,
        stage: "RENEWAL",
        owner: "jonas.richter",
        level: 1.0,
        mood: 0.2,
        since: 540,
    };
    // A year ago all was well: whoever looks at the yearly study alone sees a friend of the house.
    let sent = clock.at(-290, 8, 0);
    let invitation = Row::new("auental-surveys", "invitations", sent)
        .set("id", "i-rel-K-1001")
        .set("survey", "rel")
        .set("customer_number", SCRIPTED.customer_number)
        .set("channel", "EMAIL")
        .set("state", "ANSWERED")
        .time("sent_at", sent)
        .time("delivered_at", clock.at(-290, 8, 1))
        .time("answered_at", clock.at(-289, 18, 3));
    out.push(invitation.done(clock));
    let study = Study { survey: "rel", invitation: "i-rel-K-1001", channel: "EMAIL", touchpoint: "" };
    let text = "Die Silenta läuft, die Backstube ist warm, und der Monteur kam auf die Minute.";
    study.answered(&person, Some(("NPS", 9)), text, clock.at(-289, 18, 3), clock, out);

    let known = clock.at(-19, 18, 55);
    out.push(people(
        clock,
        "fbp0",
        known,
        &json!({"email": SCRIPTED.email, "name": "Katharina Moeller", "language": "de"}),
    ));
    let text = "Die Rechnung ist schon wieder falsch, und niemand ruft zurück. So macht man treue Kunden mürbe.";
    out.push(response(clock, "fbr0x0", "fb-invoice", &person, clock.at(-19, 19, 3), &json!({"nps": 2, "why": text})));
}
