//! Chance by seed, and times counted back from now. Nothing here reads the machine's clock.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Timelike, Utc};

/// A stream of chance of its own, so that each customer is the same whichever others are made beside it.
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    /// The chance of one matter: the same for the same seed, name and number.
    pub(super) fn new(seed: u64, matter: &str, number: usize) -> Self {
        // FNV-1a: a mixture that stays the same on every machine and with every compiler.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        for byte in seed.to_le_bytes().into_iter().chain(matter.bytes()).chain(number.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(fastrand::Rng::with_seed(hash))
    }

    /// Whether something of this share happens.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.f64() < share
    }

    /// Between 0 and 1.
    pub(super) fn share(&mut self) -> f64 {
        self.0.f64()
    }

    /// From the first to the last, both included.
    pub(super) fn between(&mut self, first: i64, last: i64) -> i64 {
        if first >= last { first } else { self.0.i64(first..=last) }
    }

    /// One of them.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.0.usize(..all.len())]
    }

    /// The position of one of so many.
    pub(super) fn position(&mut self, count: usize) -> usize {
        self.0.usize(..count.max(1))
    }

    /// One of them, by weight.
    pub(super) fn weighted<T: Copy>(&mut self, all: &[(T, u32)]) -> T {
        let total: u32 = all.iter().map(|(_, weight)| weight).sum();
        let mut left = self.0.u32(..total);
        let found = all.iter().find(|(_, weight)| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        });
        found.unwrap_or(&all[0]).0
    }

    /// How often something happens that happens so often on average (Poisson, by Knuth).
    pub(super) fn count(&mut self, mean: f64) -> usize {
        let floor = (-mean).exp();
        let mut product = self.0.f64();
        let mut count = 0;
        while product > floor && count < 60 {
            product *= self.0.f64();
            count += 1;
        }
        count
    }
}

/// Now, and the times counted from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// The moment that counts as now, to the second.
    pub(super) now: DateTime<Utc>,
}

impl Clock {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { now: now.with_nanosecond(0).unwrap_or(now) }
    }

    /// The day so many days from today; yesterday is −1.
    pub(super) fn day(&self, days: i64) -> NaiveDate {
        (self.now + Duration::days(days)).date_naive()
    }

    /// A time of the day so many days from today.
    pub(super) fn at(&self, days: i64, hour: u32, minute: u32) -> DateTime<Utc> {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN);
        self.day(days).and_time(time).and_utc()
    }

    /// Some time of the day so many days ago, at least one, when people are awake.
    pub(super) fn ago(&self, dice: &mut Dice, days: i64) -> DateTime<Utc> {
        let seconds = dice.between(6 * 3600, 20 * 3600);
        self.at(-days.max(1), 0, 0) + Duration::seconds(seconds)
    }

    /// So many minutes later, but not after now.
    pub(super) fn later(&self, time: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
        (time + Duration::minutes(minutes)).min(self.now)
    }
}
