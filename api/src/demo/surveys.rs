//! What people were asked and answered: the short questionnaires on the web site (Formbricks), which know people by their
//! mailbox, and the panel's studies, sent by mail or asked by telephone, with invitations that mostly stay unanswered.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::dice::{Clock, Dice};
use super::names::latin;
use super::person::Person;
use super::row::{Row, envelope};
use super::text::SURVEYS;
use crate::ingest::envelope::Envelope;

const SHORT: &str = "auental-formbricks";
const PANEL: &str = "auental-surveys";

/// Everything of a person.
pub(super) fn person(person: &Person, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    // The thrilled and the furious answer more often.
    let eager = if person.mood > 0.8 || person.mood < 0.25 { 1.1 } else { 0.45 };
    let answers = if person.is_buyer() { dice.count(eager * person.level.min(3.0)) } else { 0 };
    if answers > 0 {
        let known = clock.ago(dice, person.since);
        out.push(mailbox(person, clock, known, dice));
    }
    for answer in 0..answers {
        let days = person.some_day(dice);
        let at = clock.ago(dice, days);
        let (survey, data) = short_answer(person, dice);
        out.push(response(clock, &format!("fbr{}x{answer}", person.index), survey, person, at, &data));
    }
    if person.is_buyer() {
        for (study, share) in [("rel", 0.75), ("install", 0.4), ("storage-idea", 0.12)] {
            if dice.chance(share) {
                invitation(person, study, clock, dice, out);
            }
        }
    }
}

/// The person as Formbricks knows them.
fn mailbox(person: &Person, clock: &Clock, at: DateTime<Utc>, dice: &mut Dice) -> Envelope {
    let email = match &person.shared_email {
        Some(mailbox) if dice.chance(0.15) => mailbox.clone(),
        _ => person.email_as_typed(dice),
    };
    let name = if dice.chance(0.3) { latin(&person.name()) } else { person.name() };
    people(
        clock,
        &format!("fbp{}", person.index),
        at,
        &json!({
            "email": email, "name": name, "language": person.language.code(),
        }),
    )
}

/// A record of the stream `people`.
pub(super) fn people(clock: &Clock, id: &str, at: DateTime<Utc>, attributes: &Value) -> Envelope {
    let record = json!({
        "id": id, "attributes": attributes, "createdAt": stamp(at), "updatedAt": stamp(at), "environmentId": "auental",
    });
    envelope(clock, SHORT, "people", at, record.to_string())
}

fn short_answer(person: &Person, dice: &mut Dice) -> (&'static str, Value) {
    let words = dice.chance(0.7);
    match dice.weighted(&[("fb-invoice", 4), ("fb-support", 4), ("fb-portal", 3)]) {
        "fb-invoice" => {
            let nps = person.nps(dice);
            let why = SURVEYS.pick(dice, person.language, group(nps));
            ("fb-invoice", if words { json!({"nps": nps, "why": product(why, dice)}) } else { json!({"nps": nps}) })
        }
        survey => {
            let (question, highest) = if survey == "fb-support" { ("csat", 5) } else { ("ces", 7) };
            let score = person.score(dice, highest);
            let group = if score * 2 > highest { "good" } else { "bad" };
            let comment = SURVEYS.pick(dice, person.language, group);
            (survey, if words { json!({question: score, "comment": comment}) } else { json!({question: score}) })
        }
    }
}

fn group(nps: i64) -> &'static str {
    match nps {
        0..=6 => "detractor",
        7..=8 => "passive",
        _ => "promoter",
    }
}

fn product(text: &str, dice: &mut Dice) -> String {
    text.replace("{product}", super::company::machine(dice).name)
}

/// A record of the stream `responses`.
pub(super) fn response(
    clock: &Clock,
    id: &str,
    survey: &str,
    person: &Person,
    at: DateTime<Utc>,
    data: &Value,
) -> Envelope {
    let record = json!({
        "id": id, "createdAt": stamp(at - Duration::seconds(70)), "updatedAt": stamp(at), "surveyId": survey,
        "finished": true, "language": person.language.code(), "data": data,
        "person": {"id": format!("fbp{}", person.index)},
    });
    envelope(clock, SHORT, "responses", at, record.to_string())
}

fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn invitation(person: &Person, study: &'static str, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let days = person.some_day(dice);
    let sent = clock.ago(dice, days);
    let (channel, share, touchpoint) = match study {
        "install" => ("PHONE", 0.55, "technician-visit"),
        _ => ("EMAIL", if (0.25..0.8).contains(&person.mood) { 0.16 } else { 0.4 }, ""),
    };
    let answered = clock.later(sent, dice.between(20, 5000));
    let state = match dice.share() {
        share_of_all if share_of_all < share => "ANSWERED",
        share_of_all if share_of_all > 0.96 => "BOUNCED",
        _ => dice.pick(&["DELIVERED", "DELIVERED", "OPENED", "EXPIRED"]),
    };
    let id = format!("i-{study}-{}", person.number);
    let row = Row::new(PANEL, "invitations", sent)
        .set("id", id.as_str())
        .set("survey", study)
        .set("customer_number", person.number.as_str())
        .set("channel", channel)
        .set("touchpoint", touchpoint)
        .set("state", state)
        .time("sent_at", sent)
        .time("delivered_at", Some(sent + Duration::minutes(1)).filter(|_| state != "BOUNCED"))
        .time("answered_at", Some(answered).filter(|_| state == "ANSWERED"));
    out.push(row.done(clock));
    if state == "ANSWERED" {
        let score = match study {
            "rel" => Some(("NPS", person.nps(dice))),
            "install" => Some(("CSAT", person.score(dice, 5))),
            _ => None,
        };
        let words = match score {
            Some(("NPS", nps)) => group(nps),
            Some((_, score)) if score > 2 => "good",
            Some(_) => "bad",
            None => "idea",
        };
        let text = SURVEYS.pick(dice, person.language, words);
        let text = product(text, dice);
        Study { survey: study, invitation: &id, channel, touchpoint }
            .answered(person, score, &text, answered, clock, out);
    }
}

/// An invitation to one of the panel's studies.
pub(super) struct Study<'a> {
    pub(super) survey: &'static str,
    pub(super) invitation: &'a str,
    pub(super) channel: &'static str,
    pub(super) touchpoint: &'static str,
}

impl Study<'_> {
    /// What came back.
    pub(super) fn answered(
        &self,
        person: &Person,
        score: Option<(&str, i64)>,
        text: &str,
        at: DateTime<Utc>,
        clock: &Clock,
        out: &mut Vec<Envelope>,
    ) {
        let id = format!("a-{}-{}", self.survey, person.number);
        let row = Row::new(PANEL, "responses", at)
            .set("id", id.as_str())
            .set("survey", self.survey)
            .set("invitation", self.invitation)
            .set("customer_number", person.number.as_str())
            .set("channel", self.channel)
            .set("touchpoint", self.touchpoint)
            .set("language", person.language.code())
            .set("finished", "true")
            .set("comment", text)
            .maybe("kind", Some(score.map_or("TEXT", |(kind, _)| kind)))
            .maybe("score", score.map(|(_, score)| score.to_string()))
            .time("answered_at", at);
        out.push(row.done(clock));
        let answer = |question: &str, position: &str| {
            Row::new(PANEL, "answers", at)
                .set("id", format!("{id}-{question}"))
                .set("response", id.as_str())
                .set("survey", self.survey)
                .set("question_key", question)
                .set("position", position)
                .time("answered_at", at)
        };
        if let Some((kind, score)) = score {
            let (question, aspect, lowest, highest) = match kind {
                "NPS" => ("How likely are you to recommend us?", "COMMUNICATION", "0", "10"),
                _ => ("How satisfied are you with the installation?", "DELIVERY", "1", "5"),
            };
            let row = answer("score", "0").set("question", question).set("kind", kind).set("aspect", aspect);
            let row = row.set("scale_min", lowest).set("scale_max", highest).set("score", score.to_string());
            out.push(row.set("raw_value", score.to_string()).done(clock));
        }
        let row = answer("why", "1").set("question", "In your own words, please.").set("kind", "TEXT");
        out.push(row.set("raw_value", text).set("text", text).done(clock));
    }
}
