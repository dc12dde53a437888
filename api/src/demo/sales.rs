//! What sales knows: notes of calls, visits and mails with what was promised, opportunities, purchases, contracts.

use chrono::Duration;

use super::company;
use super::dice::{Clock, Dice};
use super::person::{Company, Person};
use super::row::Row;
use super::text::{Language, NOTES};
use crate::ingest::envelope::Envelope;

const SOURCE: &str = "auental-sales";

/// Everything of a person.
pub(super) fn person(person: &Person, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let holder = Holder {
        number: &person.number,
        language: person.language,
        owner: person.owner,
        first: person.silent_days(),
        last: person.since,
    };
    for note in 0..dice.count(1.8 * person.level) {
        holder.note(note, person.mood, clock, dice, out);
    }
    let prospect = matches!(person.stage, "CONSIDERATION" | "DECISION" | "RENEWAL");
    if prospect || dice.chance(0.25) {
        holder.opportunity(0, prospect, clock, dice, out);
    }
    if person.is_buyer() {
        for purchase in 0..=dice.count(0.7 * person.level) {
            holder.purchase(purchase, clock, dice, out);
        }
        if dice.chance(0.62) || person.stage == "TERMINATED" {
            holder.contract(person.stage, clock, dice, out);
        }
    }
}

/// Everything of a company as such; most hangs on its people.
pub(super) fn company(company: &Company, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let english = company.language == Language::English;
    let owner = company::seller(dice, true, english);
    let holder = Holder { number: &company.number, language: company.language, owner, first: 5, last: 500 };
    holder.opportunity(0, dice.chance(0.5), clock, dice, out);
    for purchase in 0..=dice.count(1.2) {
        holder.purchase(purchase, clock, dice, out);
    }
    holder.contract("USAGE", clock, dice, out);
}

/// Whose sales they are.
struct Holder<'a> {
    number: &'a str,
    language: Language,
    owner: &'static str,
    /// The last contact so many days ago, and the first.
    first: i64,
    last: i64,
}

impl Holder<'_> {
    fn row(
        &self,
        stream: &'static str,
        days: i64,
        clock: &Clock,
        dice: &mut Dice,
    ) -> (Row, chrono::DateTime<chrono::Utc>) {
        let at = clock.ago(dice, days);
        (Row::new(SOURCE, stream, at).set("customer_number", self.number), at)
    }

    fn day(&self, dice: &mut Dice) -> i64 {
        dice.between(self.first, self.last.max(self.first + 1))
    }

    fn note(&self, place: usize, mood: f64, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
        let (group, channel, department, touchpoint) = dice.weighted(&[
            (("call", "PHONE", "SALES", "hotline"), 5),
            (("visit", "IN_PERSON", "SALES", "showroom"), 2),
            (("mail", "EMAIL", "SALES", "offer"), 3),
            (("service", "PHONE", "SERVICE", "hotline"), 2),
        ]);
        let days = self.day(dice);
        let (row, at) = self.row("notes", days, clock, dice);
        let english = self.language == Language::English;
        let staff = if department == "SERVICE" { company::agent(dice, english) } else { self.owner };
        let machine = company::machine(dice);
        let text = NOTES.pick(dice, self.language, group).replace("{product}", machine.name);
        let inbound = group == "call" && dice.chance(0.45);
        let row = row
            .set("id", format!("n-{}-{place}", self.number))
            .set("author", company::staff_name(staff))
            .set("staff", staff)
            .set("department", department)
            .set("channel", channel)
            .set("direction", if inbound { "INBOUND" } else { "OUTBOUND" })
            .set("text", text)
            .set("touchpoint", touchpoint)
            .set("visibility", if dice.chance(0.04) { "DEPARTMENT" } else { "ALL" })
            .time("noted_at", at);
        let row = if dice.chance(if mood < 0.3 { 0.3 } else { 0.14 }) {
            let due = at + Duration::days(dice.between(1, 12));
            row.set("promise_text", NOTES.pick(dice, self.language, "promise")).time("promise_due_at", due)
        } else {
            row
        };
        let row = if group == "mail" {
            row.set("stage", "Offer").money("amount", machine.cents).set("currency", "EUR")
        } else {
            row
        };
        out.push(row.done(clock));
    }

    fn opportunity(&self, place: usize, open: bool, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
        let days = if open { dice.between(3, 70).min(self.last) } else { self.day(dice) };
        let (row, at) = self.row("opportunities", days, clock, dice);
        let machine = company::machine(dice);
        let name = NOTES.pick(dice, self.language, "opportunity").replace("{product}", machine.name);
        let row = row
            .set("id", format!("o-{}-{place}", self.number))
            .set("name", name)
            .money("amount", machine.cents * dice.between(90, 130) / 100)
            .set("currency", "EUR")
            .set("owner", self.owner)
            .set("product", machine.key)
            .set("source_url", format!("https://sales.auental.example.com/o/{}-{place}", self.number))
            .time("opened_at", at);
        let closed = clock.later(at, dice.between(3, 60) * 1440);
        let row = if open {
            let (stage, probability) =
                dice.weighted(&[(("Survey", "0.3"), 3), (("Offer", "0.5"), 4), (("Negotiation", "0.75"), 2)]);
            let close = clock.day(dice.between(2, 60));
            row.set("state", "OPEN").set("stage", stage).set("probability", probability).day("expected_close_on", close)
        } else if dice.chance(0.6) {
            row.set("state", "WON").set("stage", "Closed").set("probability", "1").time("closed_at", closed)
        } else {
            let reason = NOTES.pick(dice, self.language, "lost");
            let row = row.set("state", "LOST").set("stage", "Closed").set("probability", "0");
            row.set("lost_reason", reason).time("closed_at", closed)
        };
        out.push(row.done(clock));
    }

    fn purchase(&self, place: usize, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
        let days = self.day(dice);
        let (row, at) = self.row("purchases", days, clock, dice);
        let machine = company::machine(dice);
        let quantity = if machine.key == "thermostat" { dice.between(1, 8) } else { 1 };
        let delivered = at + Duration::days(dice.between(2, 25));
        let returned = delivered + Duration::days(dice.between(2, 14));
        let back = dice.chance(0.05) && returned < clock.now;
        let state = match delivered < clock.now {
            _ if back => "RETURNED",
            true => "DELIVERED",
            false => "ORDERED",
        };
        let row = row
            .set("id", format!("b-{}-{place}", self.number))
            .set("number", format!("B{}{place}", self.number.trim_start_matches(|c: char| !c.is_ascii_digit())))
            .set("state", state)
            .money("amount", machine.cents * quantity)
            .set("currency", "EUR")
            .set("product", machine.key)
            .set("quantity", quantity.to_string())
            .set("touchpoint", if machine.cents > 200_000 { "offer" } else { "shop" })
            .set("source_url", format!("https://shop.auental.example.com/orders/{}-{place}", self.number))
            .time("ordered_at", at)
            .time("delivered_at", Some(delivered).filter(|_| state != "ORDERED"))
            .time("returned_at", Some(returned).filter(|_| back));
        out.push(row.done(clock));
    }

    fn contract(&self, stage: &str, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
        let plan = company::plan(dice);
        // Nobody leaves on the day they come.
        let latest = if stage == "TERMINATED" { i64::midpoint(self.first, self.last) } else { self.first.max(20) };
        let began = dice.between(latest, self.last.max(latest + 1));
        let (row, at) = self.row("contracts", began, clock, dice);
        let row = row
            .set("id", format!("v-{}", self.number))
            .set("number", format!("V{}", self.number.replace('-', "")))
            .set("product", plan.key)
            .money("amount", plan.cents * dice.between(80, 240) / 100)
            .set("currency", "EUR")
            .set("owner", self.owner)
            .set("source_url", format!("https://sales.auental.example.com/v/{}", self.number))
            .day("starts_on", at.date_naive());
        // Contracts run for a year and go on by another unless someone gives notice six weeks before.
        let ends = 365 - began + if began > 365 { 365 } else { 0 };
        let row = if stage == "TERMINATED" {
            let cancelled = clock.ago(dice, self.first.min(began) + 10);
            let reason = NOTES.pick(dice, self.language, "reason");
            row.set("state", "ENDED")
                .day("ends_on", clock.day(-self.first))
                .time("cancelled_at", cancelled.max(at))
                .set("cancellation_reason", reason)
        } else if stage == "RENEWAL" && dice.chance(0.25) {
            let row = row.set("state", "CANCELLED").day("ends_on", clock.day(ends));
            let cancelled = clock.ago(dice, began.min(14));
            row.time("cancelled_at", cancelled.max(at))
                .set("cancellation_reason", NOTES.pick(dice, self.language, "reason"))
        } else {
            row.set("state", "ACTIVE").day("ends_on", clock.day(ends)).day("notice_by", clock.day(ends - 42))
        };
        out.push(row.done(clock));
    }
}
