//! What the service desk knows: tickets of four kinds with their messages and internal notes. It seldom knows a customer
//! number: people write from their mailbox, the family's or the office's, and call from some telephone.

use chrono::{DateTime, Duration, Utc};

use super::company;
use super::dice::{Clock, Dice};
use super::person::Person;
use super::row::Row;
use super::text::{Language, TICKETS};
use crate::ingest::envelope::Envelope;

const SOURCE: &str = "auental-helpdesk";

/// Everything of a person.
pub(super) fn person(person: &Person, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let unhappy = 1.5 - person.mood;
    for ticket in 0..dice.count(1.35 * person.level * unhappy) {
        one(person, ticket, clock, dice, out);
    }
}

/// How the desk knows who wrote.
pub(super) fn writer(person: &Person, dice: &mut Dice) -> (Vec<(&'static str, String)>, &'static str) {
    let name = ("customer_name", person.name_as_typed(dice));
    let phone = person.place.phone(dice.position(5));
    match (dice.weighted(&[(0, 10), (1, 5), (2, 4), (3, 2)]), phone, &person.shared_email) {
        (1, Some(phone), _) => (vec![name, ("phone", phone), ("country", person.place.country.to_owned())], "PHONE"),
        (2, ..) => (vec![name, ("customer_number", person.number.clone())], "WEB"),
        (3, _, Some(mailbox)) => (vec![name, ("email", mailbox.clone())], "EMAIL"),
        _ => (vec![name, ("email", person.email_as_typed(dice))], "EMAIL"),
    }
}

fn one(person: &Person, place: usize, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let english = person.language == Language::English;
    let kind = dice.weighted(&[("QUESTION", 34), ("PROBLEM", 32), ("COMPLAINT", 16), ("REQUEST", 18)]);
    let kind = if person.mood < 0.25 && dice.chance(0.4) { "COMPLAINT" } else { kind };
    let machine = company::machine(dice);
    let text = TICKETS.pick(dice, person.language, kind).replace("{product}", machine.name);
    let mut parts = text.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (topic, touchpoint, subject, question, answer, internal) = (part(), part(), part(), part(), part(), part());

    let days = person.some_day(dice);
    let opened = clock.ago(dice, days);
    let hours = dice.weighted(&[(1, 5), (5, 6), (20, 6), (50, 3), (170, 2)]);
    let first_response = opened + Duration::minutes(hours * 60 + dice.between(3, 55));
    let resolved = first_response + Duration::minutes(dice.weighted(&[(25, 8), (900, 4), (4000, 5), (12_000, 2)]));
    let open = resolved > clock.now || (days < 25 && dice.chance(0.5));
    let answered = first_response < clock.now;
    let status = match (open, answered) {
        (false, _) => dice.pick(&["SOLVED", "CLOSED", "CLOSED"]),
        (true, false) => "NEW",
        (true, true) => dice.pick(&["OPEN", "OPEN", "PENDING", "ON_HOLD"]),
    };
    let agent = company::agent(dice, english);
    let (cells, channel) = writer(person, dice);
    let ticket = format!("{}-{place}", person.index + 1001);
    let updated = if open { clock.later(first_response, 30).max(opened) } else { resolved };
    let row = Row::new(SOURCE, "tickets", opened)
        .all(&cells)
        .set("id", ticket.as_str())
        .set("number", format!("T-{}{place}", person.index + 20_001))
        .set("kind", kind)
        .set("status", status)
        .set("priority", if topic == "outage" { "URGENT" } else { dice.pick(&["LOW", "NORMAL", "NORMAL", "HIGH"]) })
        .set("channel", channel)
        .set("subject", subject)
        .set("topic", topic)
        .set("product", machine.key)
        .set("touchpoint", touchpoint)
        .set("assignee", agent)
        .set("team", company::team(agent))
        .set("source_url", format!("https://help.auental.example.com/tickets/{ticket}"))
        .set("reopened_count", if dice.chance(0.1 * (1.5 - person.mood)) { "1" } else { "0" })
        .set("handover_count", dice.pick(&["0", "0", "0", "1", "2"]))
        .time("opened_at", opened)
        .time("updated_at", updated)
        .time("first_response_at", Some(first_response).filter(|_| answered))
        .time("resolved_at", Some(resolved).filter(|_| !open))
        .time("next_update_at", Some(clock.now + Duration::hours(dice.between(-30, 60))).filter(|_| open && answered));
    let row = if !open && dice.chance(0.35) {
        row.set("satisfaction", if person.score(dice, 5) >= 4 { "GOOD" } else { "BAD" })
    } else {
        row
    };
    let row = if channel == "PHONE" { row.set("waiting_seconds", dice.between(10, 900).to_string()) } else { row };
    out.push(row.done(clock));

    let mut thread = Thread { ticket, channel, messages: 0, clock, out };
    thread.customer(&person.name(), question, opened);
    if answered {
        if !internal.is_empty() && dice.chance(0.6) {
            thread.staff(agent, internal, true, first_response - Duration::minutes(2));
        }
        thread.staff(agent, answer, false, first_response);
    }
}

/// The messages of a ticket.
pub(super) struct Thread<'a> {
    pub(super) ticket: String,
    pub(super) channel: &'static str,
    pub(super) messages: usize,
    pub(super) clock: &'a Clock,
    pub(super) out: &'a mut Vec<Envelope>,
}

impl Thread<'_> {
    /// The customer wrote.
    pub(super) fn customer(&mut self, name: &str, text: &str, at: DateTime<Utc>) {
        self.add(at, text, |row| row.set("author_kind", "CUSTOMER").set("author", name).set("internal", "false"));
    }

    /// Someone of ours wrote, to the customer or to the others.
    pub(super) fn staff(&mut self, staff: &str, text: &str, internal: bool, at: DateTime<Utc>) {
        self.add(at, text, |row| {
            let row = row.set("author_kind", "AGENT").set("author", company::staff_name(staff)).set("staff", staff);
            row.set("internal", if internal { "true" } else { "false" })
        });
    }

    fn add(&mut self, at: DateTime<Utc>, text: &str, author: impl FnOnce(Row) -> Row) {
        self.messages += 1;
        let row = Row::new(SOURCE, "messages", at)
            .set("id", format!("{}-{}", self.ticket, self.messages))
            .set("ticket", self.ticket.as_str())
            .set("text", text)
            .set("channel", self.channel)
            .time("sent_at", at);
        self.out.push(author(row).done(self.clock));
    }
}
