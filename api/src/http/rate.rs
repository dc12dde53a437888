//! Budgets: cost points per subject, and failed tokens per address. Both are bounded tables in memory; who is pushed out
//! begins afresh, which takes more subjects than the table holds.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use crate::config::Rate;

const SUBJECTS: usize = 50_000;
const ADDRESSES: usize = 50_000;
const MINUTE: Duration = Duration::from_mins(1);

/// The budget of every subject.
pub(super) struct Budgets {
    points: f64,
    refill: f64,
    known: Cache<String, Arc<Mutex<Bucket>>>,
}

struct Bucket {
    points: f64,
    at: Instant,
}

impl Budgets {
    pub(super) fn new(rate: &Rate) -> Self {
        Self { points: rate.points.into(), refill: rate.refill_per_second.into(), known: Cache::new(SUBJECTS) }
    }

    /// Takes points from a subject and says how many are left, or in how many seconds there will be enough.
    pub(super) fn take(&self, subject: &str, points: u32) -> Result<u32, u64> {
        let bucket = self.bucket(subject);
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        self.refill(&mut bucket);
        let left = bucket.points - f64::from(points);
        if left >= 0.0 {
            bucket.points = left;
            Ok(whole(left))
        } else {
            Err(u64::from(whole((-left / self.refill).ceil())).max(1))
        }
    }

    /// Takes points that were spent before anybody could ask; whether the subject owes some now. Its debt is no larger than its
    /// budget.
    pub(super) fn spend(&self, subject: &str, points: u32) -> bool {
        let bucket = self.bucket(subject);
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        self.refill(&mut bucket);
        bucket.points = (bucket.points - f64::from(points)).max(-self.points);
        bucket.points < 0.0
    }

    fn bucket(&self, subject: &str) -> Arc<Mutex<Bucket>> {
        let full = || {
            Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Bucket { points: self.points, at: Instant::now() })))
        };
        let bucket = self.known.get(subject).map_or_else(|| self.known.get_or_insert_with(subject, full), Ok);
        bucket.unwrap_or_else(|never| match never {})
    }

    fn refill(&self, bucket: &mut Bucket) {
        let now = Instant::now();
        let back = now.duration_since(bucket.at).as_secs_f64() * self.refill;
        bucket.points = (bucket.points + back).min(self.points);
        bucket.at = now;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the bucket, and never negative"
)]
fn whole(points: f64) -> u32 {
    points.clamp(0.0, f64::from(u32::MAX)) as u32
}

/// How many failed since when.
type Window = Arc<Mutex<(u32, Instant)>>;

/// Tokens and signatures that did not hold, per door, address and minute: who fails at one door may still use another.
pub(super) struct Failures {
    limit: u32,
    known: Cache<(String, IpAddr), Window>,
}

impl Failures {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, known: Cache::new(ADDRESSES) }
    }

    /// Counts a token that did not hold. Past the limit: the seconds until the address begins afresh.
    pub(super) fn count(&self, address: IpAddr) -> Option<u64> {
        self.count_at("", address)
    }

    /// The same at a door, such as the key of a source.
    pub(super) fn count_at(&self, door: &str, address: IpAddr) -> Option<u64> {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new((0, Instant::now()))));
        let place = (door.to_owned(), network(address));
        let window = self.known.get_or_insert_with(&place, fresh).unwrap_or_else(|never| match never {});
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        let left = MINUTE.checked_sub(window.1.elapsed()).unwrap_or_else(|| {
            *window = (0, Instant::now());
            MINUTE
        });
        window.0 = window.0.saturating_add(1);
        (window.0 > self.limit).then_some(left.as_secs() + 1)
    }
}

/// An IPv6 site owns 2^64 addresses; its network counts as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() >> 64 << 64).to_be_bytes()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_its_points_and_no_more() {
        let budgets = Budgets::new(&Rate { points: 100, refill_per_second: 10, failed_auth_per_minute: 1 });
        assert_eq!(budgets.take("a", 60), Ok(40));
        assert!(matches!(budgets.take("a", 60), Err(1..=2)));
        assert_eq!(budgets.take("b", 60), Ok(40));
        assert!(!budgets.spend("c", 100) && budgets.spend("c", 1_000_000));
        assert!(matches!(budgets.take("c", 1), Err(10..=11)), "the debt is no larger than the budget");
    }

    #[test]
    fn failures_are_counted_by_network() {
        let failures = Failures::new(1);
        let (one, other): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        assert_eq!(failures.count(one), None);
        assert!(failures.count(other).is_some());
        assert_eq!(failures.count("2001:db8:1::1".parse().unwrap()), None);
        assert_eq!(failures.count_at("desk", one), None);
    }
}
