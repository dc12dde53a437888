//! crm: master data, consents and preferences, and the rule that says whether a customer may be contacted.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows of a row, `query` what it
//! shows of a customer. The permission is [`SiloKey::Crm`]; each field's data class stands in `types` and `query`. The
//! rule, [`may_contact`], stands here because it is neither of them: a pure function of rows that were read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use self::types::{ConsentRow, ConsentState, ContactDecision, ContactPurpose, ContactReason, PreferenceRow};
use crate::access::{Silo, SiloKey};
use crate::catalogue::types::Channel;

pub mod preset;
pub mod query;
pub mod record;
pub mod store;
pub mod types;

/// The crm silo.
pub struct Crm;

impl Silo for Crm {
    const KEY: SiloKey = SiloKey::Crm;
}

/// Whether a customer may be contacted: the strictest over all profiles.
///
/// A wish (`do_not_contact`, `allowed_channels`) goes before any consent. An opt-out yields only to a consent that was
/// recorded later and has evidence; one for a purpose not known here refuses everything but service. A consent dated after
/// `now` is none yet. Without any consent only service is allowed. `preferred_channel` forbids nothing.
pub fn may_contact(
    consents: &[ConsentRow],
    preferences: &[PreferenceRow],
    (purpose, channel): (ContactPurpose, Channel),
    now: DateTime<Utc>,
) -> ContactDecision {
    let wishes = current(preferences);
    let forbidden = wishes.iter().find_map(|(wish, value)| match wish {
        Wish::DoNotContact if refuses(value, purpose, channel) => Some(ContactReason::DoNotContact),
        Wish::AllowedChannels if !allows(value, channel) => Some(ContactReason::ChannelNotWanted),
        _ => None,
    });
    let refused = forbidden.or_else(|| opted_out(consents, purpose, channel, now));
    if let Some(reason) = refused {
        return ContactDecision { allowed: false, reason };
    }
    let granted = grants(consents, purpose, channel, now).next().is_some();
    if !granted && purpose != ContactPurpose::Service {
        return ContactDecision { allowed: false, reason: ContactReason::NoConsent };
    }
    let preferred: Vec<Channel> = wishes
        .iter()
        .filter(|(wish, _)| *wish == Wish::PreferredChannel)
        .flat_map(|(_, value)| words(value))
        .filter_map(|word| named(&word))
        .collect();
    let reason = match granted {
        _ if !preferred.is_empty() && !preferred.contains(&channel) => ContactReason::OtherChannelPreferred,
        true => ContactReason::Granted,
        false => ContactReason::NoConsentNeeded,
    };
    ContactDecision { allowed: true, reason }
}

/// What a consent speaks of: without a channel of any.
fn speaks_of(consent: &ConsentRow, purpose: ContactPurpose, channel: Channel) -> bool {
    named(&consent.purpose) == Some(purpose) && consent.channel.is_none_or(|one| one == channel)
}

/// What the customer agreed to until now. A time that cannot be read is an old one.
fn grants(
    consents: &[ConsentRow],
    purpose: ContactPurpose,
    channel: Channel,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &ConsentRow> {
    consents.iter().filter(move |consent| {
        consent.state == ConsentState::Granted
            && speaks_of(consent, purpose, channel)
            && consent.recorded_at.time().is_none_or(|at| at <= now)
    })
}

/// Whether an opt-out refuses this contact. One for all, or for a purpose that is not known here, may mean this one too.
fn refuses_purpose(consent: &ConsentRow, purpose: ContactPurpose, channel: Channel) -> bool {
    let unknown = named::<ContactPurpose>(&consent.purpose).is_none();
    let of_any = unknown && purpose != ContactPurpose::Service && consent.channel.is_none_or(|one| one == channel);
    of_any || speaks_of(consent, purpose, channel)
}

/// The latest opt-out, unless an evidenced consent came after it.
fn opted_out(
    consents: &[ConsentRow],
    purpose: ContactPurpose,
    channel: Channel,
    now: DateTime<Utc>,
) -> Option<ContactReason> {
    // A time that cannot be read counts for the customer: an opt-out as new, a consent as old.
    let (opted_out_at, reason) = consents
        .iter()
        .filter(|consent| refuses_purpose(consent, purpose, channel))
        .filter_map(|consent| {
            let reason = match consent.state {
                ConsentState::Granted => return None,
                ConsentState::Denied => ContactReason::Denied,
                ConsentState::Withdrawn => ContactReason::Withdrawn,
            };
            Some((consent.recorded_at.time().unwrap_or(DateTime::<Utc>::MAX_UTC), reason))
        })
        .max_by_key(|(at, reason)| (*at, *reason == ContactReason::Withdrawn))?;
    let agreed_since = grants(consents, purpose, channel, now)
        .filter(|consent| consent.evidence.as_deref().is_some_and(|evidence| !evidence.trim().is_empty()))
        .any(|consent| consent.recorded_at.time().is_some_and(|at| at > opted_out_at));
    (!agreed_since).then_some(reason)
}

/// The preferences that the rule knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Wish {
    /// Yes, or the channels and purposes that are refused.
    DoNotContact,
    /// The only channels that are wanted.
    AllowedChannels,
    /// The channels that are liked best.
    PreferredChannel,
}

impl Wish {
    fn of(key: &str) -> Option<Self> {
        match word(key).as_str() {
            "DO_NOT_CONTACT" => Some(Self::DoNotContact),
            "ALLOWED_CHANNELS" => Some(Self::AllowedChannels),
            "PREFERRED_CHANNEL" => Some(Self::PreferredChannel),
            _ => None,
        }
    }
}

/// The wishes that stand: of each profile the newest of a kind, and all of them where several are equally new.
fn current(preferences: &[PreferenceRow]) -> Vec<(Wish, &str)> {
    let mut newest: HashMap<(Uuid, Wish), Option<DateTime<Utc>>> = HashMap::new();
    let wishes: Vec<_> = preferences
        .iter()
        .filter_map(|row| {
            Some(((row.source_profile_id, Wish::of(&row.key)?), row.recorded_at.time(), row.value.as_deref()?))
        })
        .collect();
    for (of, at, _) in &wishes {
        let known = newest.entry(*of).or_insert(*at);
        *known = (*known).max(*at);
    }
    wishes.into_iter().filter(|(of, at, _)| newest.get(of) == Some(at)).map(|(of, _, value)| (of.1, value)).collect()
}

/// Whether `do_not_contact` refuses this contact. What cannot be understood refuses all.
fn refuses(value: &str, purpose: ContactPurpose, channel: Channel) -> bool {
    words(value).any(|word| match (named::<Channel>(&word), named::<ContactPurpose>(&word)) {
        (Some(one), _) => one == channel,
        (_, Some(one)) => one == purpose,
        (None, None) => !NO.contains(&word.as_str()),
    })
}

/// Whether `allowed_channels` has this one.
fn allows(value: &str, channel: Channel) -> bool {
    words(value).any(|word| named(&word) == Some(channel) || ALL.contains(&word.as_str()))
}

const NO: &[&str] = &["NO", "N", "FALSE", "0", "OFF", "NONE", "NEIN"];
const ALL: &[&str] = &["ALL", "ANY", "ALLE"];

/// The words of a list, as enums write them.
fn words(value: &str) -> impl Iterator<Item = String> {
    value.split([',', ';', '|']).map(word).filter(|word| !word.is_empty())
}

fn word(text: &str) -> String {
    text.trim().replace([' ', '-'], "_").to_uppercase()
}

/// The value of an enum that has this name.
fn named<T: DeserializeOwned>(word: &str) -> Option<T> {
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word);
    T::deserialize(name).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ConsentState::{Denied, Granted, Withdrawn};
    use super::ContactPurpose::{Marketing, Service, Survey};
    use super::*;

    fn consent(purpose: &str, channel: Option<Channel>, state: ConsentState, proven: bool, at: i64) -> ConsentRow {
        ConsentRow {
            id: Uuid::nil(),
            purpose: purpose.to_owned(),
            channel,
            state,
            evidence: proven.then(|| "double opt-in".to_owned()),
            recorded_at: DateTime::from_timestamp_millis(at).unwrap().into(),
            source: "crm".to_owned(),
            source_url: None,
        }
    }

    fn wish(profile: u128, key: &str, value: &str, at: i64) -> PreferenceRow {
        PreferenceRow {
            id: Uuid::nil(),
            key: key.to_owned(),
            value: Some(value.to_owned()),
            recorded_at: DateTime::from_timestamp_millis(at).unwrap().into(),
            source: "crm".to_owned(),
            source_url: None,
            source_profile_id: Uuid::from_u128(profile),
        }
    }

    fn asked(
        rows: &[ConsentRow],
        wishes: &[PreferenceRow],
        purpose: ContactPurpose,
        channel: Channel,
    ) -> ContactDecision {
        may_contact(rows, wishes, (purpose, channel), DateTime::from_timestamp(10_000, 0).unwrap())
    }

    fn by_email(consents: &[ConsentRow], wishes: &[PreferenceRow]) -> ContactReason {
        asked(consents, wishes, Marketing, Channel::Email).reason
    }

    #[test]
    fn only_service_goes_without_consent() {
        assert_eq!(by_email(&[], &[]), ContactReason::NoConsent);
        assert_eq!(asked(&[], &[], Survey, Channel::Phone).reason, ContactReason::NoConsent);
        assert!(asked(&[], &[], Service, Channel::Phone).allowed);
        let withdrawn = [consent("SERVICE", None, Withdrawn, false, 1)];
        assert_eq!(asked(&withdrawn, &[], Service, Channel::Phone).reason, ContactReason::Withdrawn);
    }

    #[test]
    fn an_opt_out_yields_only_to_a_later_proven_consent() {
        let said_no = consent("MARKETING", None, Denied, false, 1_100);
        let agreed = |proven, at| consent("MARKETING", Some(Channel::Email), Granted, proven, at);
        assert_eq!(by_email(&[said_no.clone(), agreed(true, 1_100)], &[]), ContactReason::Denied, "not later");
        assert_eq!(by_email(&[said_no.clone(), agreed(false, 2_000)], &[]), ContactReason::Denied, "not proven");
        assert_eq!(by_email(&[said_no, agreed(true, 1_100_000)], &[]), ContactReason::Granted);
        assert_eq!(by_email(&[agreed(false, 1)], &[]), ContactReason::Granted, "nobody said no");
    }

    #[test]
    fn an_opt_out_of_an_unknown_purpose_refuses_all_but_service() {
        for purpose in ["ALL", "FUNDRAISING"] {
            let rows = [consent("MARKETING", None, Granted, true, 1), consent(purpose, None, Denied, false, 2)];
            assert_eq!(by_email(&rows, &[]), ContactReason::Denied);
            assert!(asked(&rows, &[], Service, Channel::Email).allowed);
        }
        let by_phone =
            [consent("ALL", Some(Channel::Phone), Denied, false, 2), consent("MARKETING", None, Granted, true, 1)];
        assert_eq!(by_email(&by_phone, &[]), ContactReason::Granted);
    }

    #[test]
    fn a_consent_of_tomorrow_is_none_yet() {
        let tomorrow = 10_000_001;
        assert_eq!(by_email(&[consent("MARKETING", None, Granted, true, tomorrow)], &[]), ContactReason::NoConsent);
        let rows = [consent("MARKETING", None, Denied, false, 1), consent("MARKETING", None, Granted, true, tomorrow)];
        assert_eq!(by_email(&rows, &[]), ContactReason::Denied);
    }

    #[test]
    fn wishes_go_before_consents() {
        let agreed = [consent("MARKETING", None, Granted, true, 1)];
        for (key, value, reason) in [
            ("do_not_contact", "yes", ContactReason::DoNotContact),
            ("Do not contact", "phone; e-mail; EMAIL", ContactReason::DoNotContact),
            ("do_not_contact", "marketing", ContactReason::DoNotContact),
            ("do_not_contact", "phone", ContactReason::Granted),
            ("do_not_contact", "no", ContactReason::Granted),
            ("allowed_channels", "LETTER, in person", ContactReason::ChannelNotWanted),
            ("allowed_channels", "letter|email", ContactReason::Granted),
            ("preferred_channel", "phone", ContactReason::OtherChannelPreferred),
            ("newsletter_topic", "no", ContactReason::Granted),
        ] {
            assert_eq!(by_email(&agreed, &[wish(1, key, value, 1)]), reason, "{key} = {value}");
        }
    }

    #[test]
    fn the_newest_wish_of_a_profile_counts_and_the_strictest_over_profiles() {
        let agreed = [consent("MARKETING", None, Granted, true, 1)];
        let taken_back = [wish(1, "do_not_contact", "no", 2), wish(1, "do_not_contact", "yes", 1)];
        assert_eq!(by_email(&agreed, &taken_back), ContactReason::Granted);
        let of_two = [wish(1, "do_not_contact", "no", 2), wish(2, "do_not_contact", "yes", 1)];
        assert_eq!(by_email(&agreed, &of_two), ContactReason::DoNotContact);
    }

    fn any_consent() -> impl Strategy<Value = ConsentRow> {
        let purpose = prop::sample::select(vec!["MARKETING", "SURVEY", "SERVICE", "OTHER_WORD"]);
        let channel = prop::sample::select(vec![None, Some(Channel::Email), Some(Channel::Phone)]);
        let state = prop::sample::select(vec![Granted, Denied, Withdrawn]);
        (purpose, channel, state, any::<bool>(), 0..9_i64).prop_map(|(p, c, s, e, at)| consent(p, c, s, e, at))
    }

    proptest! {
        #[test]
        fn order_does_not_matter(mut rows in prop::collection::vec(any_consent(), 0..8)) {
            let before = asked(&rows, &[], Marketing, Channel::Email);
            rows.reverse();
            prop_assert_eq!(asked(&rows, &[], Marketing, Channel::Email), before);
        }

        #[test]
        fn who_says_no_last_is_left_alone(mut rows in prop::collection::vec(any_consent(), 0..8), proven: bool) {
            rows.push(consent("MARKETING", None, Withdrawn, proven, 9));
            prop_assert_eq!(by_email(&rows, &[]), ContactReason::Withdrawn);
            rows.push(consent("MARKETING", None, Granted, false, 10));
            prop_assert_eq!(by_email(&rows, &[]), ContactReason::Withdrawn);
            rows.push(consent("MARKETING", None, Granted, true, 11));
            prop_assert_eq!(by_email(&rows, &[]), ContactReason::Granted);
        }

        #[test]
        fn another_no_never_opens_a_door(rows in prop::collection::vec(any_consent(), 0..8), no in any_consent()) {
            prop_assume!(no.state != Granted);
            let mut more = rows.clone();
            more.push(no);
            let (before, after) = (asked(&rows, &[], Survey, Channel::Phone), asked(&more, &[], Survey, Channel::Phone));
            prop_assert!(before.allowed || !after.allowed);
        }

        #[test]
        fn no_wish_opens_a_door(rows in prop::collection::vec(any_consent(), 0..4), key in "(do_not_contact|allowed_channels|preferred_channel)", value in "\\PC{0,20}") {
            let before = asked(&rows, &[], Survey, Channel::Phone);
            let after = asked(&rows, &[wish(1, &key, &value, 1)], Survey, Channel::Phone);
            prop_assert!(before.allowed || !after.allowed);
        }
    }
}
