//! What the CRM knows: master data, figures, consents, preferences, who lives with whom.

use chrono::{DateTime, Utc};

use super::dice::{Clock, Dice};
use super::names::latin;
use super::person::{Company, Person};
use super::row::{Row, time};
use super::text::Language;
use crate::ingest::envelope::Envelope;

const SOURCE: &str = "auental-crm";

/// Everything of a person.
pub(super) fn person(person: &Person, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let known = clock.ago(dice, person.since);
    if dice.chance(0.12) && person.since > 60 {
        // As first entered, before somebody corrected it: no umlauts, no street, one step earlier.
        let first = contact(person, known, "CONSIDERATION", dice).set("name", latin(&person.name())).set("street", "");
        out.push(first.done(clock));
        let corrected = clock.ago(dice, person.since / 2);
        out.push(contact(person, corrected, person.stage, dice).done(clock));
    } else {
        out.push(contact(person, known, person.stage, dice).done(clock));
    }
    if let Some(partner) = &person.household {
        let row = Row::new(SOURCE, "relations", known);
        let row = row.set("id", format!("r-{}", person.number)).set("customer_number", person.number.as_str());
        out.push(
            row.set("kind", "HOUSEHOLD").set("to", partner.as_str()).day("valid_from", known.date_naive()).done(clock),
        );
    }
    consents(person, known, clock, dice, out);
    if dice.chance(0.3) {
        let (key, value) = dice.weighted(&[
            (("contact_channel", "EMAIL"), 4),
            (("contact_channel", "PHONE"), 3),
            (("contact_time", "evenings"), 2),
            (("invoice", "paper"), 2),
            (("invoice", "digital"), 2),
            (("salutation", "first name"), 1),
        ]);
        let row = Row::new(SOURCE, "preferences", known).set("id", format!("p-{}", person.number));
        let row = row.set("customer_number", person.number.as_str()).set("key", key).set("value", value);
        out.push(row.time("recorded_at", known).done(clock));
    }
}

fn contact(person: &Person, at: DateTime<Utc>, stage: &str, dice: &mut Dice) -> Row {
    let value = if person.is_buyer() { worth(person.level, dice) } else { 0 };
    let row = Row::new(SOURCE, "contacts", at)
        .set("customer_number", person.number.as_str())
        .set("name", person.name())
        .set("given_name", person.given.as_str())
        .set("family_name", person.family.as_str())
        .set("email", person.email.as_str())
        .maybe("phone", person.place.phone(person.index % 2))
        .set("birth_date", person.birth_date.as_str())
        .set("gender", if person.woman { "female" } else { "male" })
        .set("language", person.language.code())
        .set("street", person.place.street.as_str())
        .set("postal_code", person.place.postal_code.as_str())
        .set("city", person.place.city.as_str())
        .set("country", person.place.country)
        .set("title", person.title)
        .maybe("company", person.company.as_ref().map(|company| company.name.as_str()))
        .maybe("company_number", person.company.as_ref().map(|company| company.number.as_str()))
        .set("stage", stage)
        .set("owner", person.owner)
        .set("segment", if person.company.is_some() { "Business" } else { segment(person.level) })
        .set("source_url", format!("https://crm.auental.example.com/contacts/{}", person.number))
        .set("updated_at", time(at));
    let row = if person.is_buyer() {
        let margin = value * dice.between(8, 31) / 100;
        row.money("revenue", value)
            .money("contribution_margin", margin)
            .money("lifetime_value", value + margin * dice.between(2, 6))
            .set("currency", "EUR")
            .set(
                "products_held",
                dice.pick(&[
                    "power-tariff",
                    "heatpump-aqua|service-plan",
                    "solar-roof|home-battery",
                    "wallbox",
                    "thermostat|power-tariff",
                ]),
            )
    } else {
        row
    };
    if person.is_buyer() && person.index % 4 == 1 {
        let tier = if person.level > 2.0 { "Gold" } else { "Silver" };
        row.set("loyalty_number", format!("AB-{}", 70_000 + person.index))
            .set("loyalty_tier", tier)
            .day("loyalty_since", at.date_naive())
    } else {
        row
    }
}

fn worth(level: f64, dice: &mut Dice) -> i64 {
    let percent = (level * 100.0).round();
    // A level is at most 8: no digits are lost.
    #[expect(clippy::cast_possible_truncation, reason = "between 42 and 800")]
    let percent = percent as i64;
    percent * dice.between(1_500, 19_000)
}

fn segment(level: f64) -> &'static str {
    match level {
        level if level > 2.0 => "Premium",
        level if level > 0.7 => "Homeowner",
        _ => "Starter",
    }
}

fn consents(person: &Person, known: DateTime<Utc>, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let consent = |purpose: &str, channel: &str, state: &str, evidence: &str, at: DateTime<Utc>| {
        Row::new(SOURCE, "consents", at)
            .set("id", format!("c-{}-{purpose}-{channel}-{state}", person.number))
            .set("customer_number", person.number.as_str())
            .set("purpose", purpose)
            .set("channel", channel)
            .set("state", state)
            .set("evidence", evidence)
            .time("recorded_at", at)
            .done(clock)
    };
    let form = if person.language == Language::German { "Formular Erstkontakt" } else { "First contact form" };
    let state = if dice.chance(0.78) { "GRANTED" } else { "DENIED" };
    out.push(consent("MARKETING", "EMAIL", state, form, known));
    if dice.chance(0.55) {
        out.push(consent("SURVEY", "", if dice.chance(0.85) { "GRANTED" } else { "DENIED" }, form, known));
    }
    if state == "GRANTED" && (person.mood < 0.2 || dice.chance(0.05)) {
        let at = clock.ago(dice, person.since / 3);
        out.push(consent("MARKETING", "EMAIL", "WITHDRAWN", "Unsubscribe link in the newsletter", at));
    }
}

/// Everything of a company.
pub(super) fn company(company: &Company, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let days = dice.between(60, 520);
    let at = clock.ago(dice, days);
    let revenue = company.employees * dice.between(40_000, 160_000);
    let row = Row::new(SOURCE, "companies", at)
        .set("customer_number", company.number.as_str())
        .set("name", company.name.as_str())
        .set("email", company.mailbox())
        .maybe("phone", company.place.phone(0))
        .set("website", format!("https://{}", company.domain))
        .set("industry", company.industry)
        .set("street", company.place.street.as_str())
        .set("postal_code", company.place.postal_code.as_str())
        .set("city", company.place.city.as_str())
        .set("country", company.place.country)
        .set("stage", dice.pick(&["USAGE", "USAGE", "USAGE", "RENEWAL", "ONBOARDING", "DECISION"]))
        .set("owner", super::company::seller(dice, true, company.language == Language::English))
        .set("segment", if company.employees > 100 { "Key account" } else { "Business" })
        .set("employees", company.employees.to_string())
        .money("revenue", revenue)
        .money("contribution_margin", revenue * dice.between(8, 24) / 100)
        .money("lifetime_value", revenue * dice.between(3, 9))
        .set("currency", "EUR")
        .set(
            "products_held",
            dice.pick(&[
                "power-tariff|service-plan",
                "heatpump-silenta|service-plan",
                "wallbox|power-tariff",
                "solar-roof",
            ]),
        )
        .set("source_url", format!("https://crm.auental.example.com/companies/{}", company.number))
        .set("updated_at", time(at));
    out.push(row.done(clock));
}
