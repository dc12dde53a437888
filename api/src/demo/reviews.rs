//! What people say of us in public. A platform knows a mailbox at best, mostly just the name somebody chose there.

use chrono::Duration;

use super::company;
use super::dice::{Clock, Dice};
use super::names::plain;
use super::person::Person;
use super::row::Row;
use super::text::REVIEWS;
use crate::ingest::envelope::Envelope;

/// Everything of a person.
pub(super) fn person(person: &Person, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let loud = if person.mood > 0.85 || person.mood < 0.2 { 0.4 } else { 0.1 };
    if !person.is_buyer() || !dice.chance(loud) {
        return;
    }
    let days = person.some_day(dice);
    let at = clock.ago(dice, days);
    let machine = company::machine(dice);
    let stars = person.score(dice, 5);
    let text = REVIEWS.pick(dice, person.language, &stars.to_string()).replace("{product}", machine.name);
    let (title, words) = text.split_once('|').unwrap_or((&text, ""));
    let origin = dice.pick(&["waermeforum", "haus-und-dach", "starscout", "auental-shop"]);
    let kind = dice.weighted(&[("REVIEW", 7), ("RATING", 2), ("RECOMMENDATION", 2)]);
    let row = Row::new("auental-reviews", "reviews", at)
        .set("id", format!("{origin}-{}", person.index + 5001))
        .set("origin", origin)
        .set("kind", kind)
        .set("product", machine.key)
        .set("rating", stars.to_string())
        .set("scale_max", "5")
        .set("language", person.language.code())
        .set("touchpoint", "review-site")
        .set("source_url", format!("https://{origin}.example.net/reviews/{}", person.index + 5001))
        .time("reviewed_at", at);
    let row = if kind == "RATING" { row } else { row.set("title", title).set("text", words) };
    let row = if kind == "RECOMMENDATION" { row.set("recommends", if stars >= 4 { "yes" } else { "no" }) } else { row };
    let row = match (origin, dice.weighted(&[(0, 5), (1, 4)]), &person.shared_email) {
        ("auental-shop", ..) => row.set("customer_number", person.number.as_str()),
        (_, 0, Some(mailbox)) if dice.chance(0.4) => {
            row.set("email", mailbox.as_str()).set("customer_name", person.name())
        }
        (_, 0, _) => row.set("email", person.email_as_typed(dice)).set("customer_name", person.name_as_typed(dice)),
        _ => row.set("handle", format!("{}{}", plain(&person.given), person.index % 97)),
    };
    let answered = clock.later(at, dice.between(60, 9000));
    let row = if answered < clock.now && dice.chance(0.4) {
        let answer = REVIEWS.pick(dice, person.language, "answer");
        row.set("response_text", answer)
            .set("responder", "Clara Schön")
            .time("responded_at", answered.max(at + Duration::minutes(5)))
    } else {
        row
    };
    out.push(row.done(clock));
}
