//! How requests of a source wait and are written together.

use super::*;
use crate::ingest::lines::Origin;

fn waiting(count: usize) -> Waiting {
    let items = vec![Ok(Origin::new("web").envelope("events", None, "{}")); count];
    let made = Made { items, ..Made::default() };
    Waiting { made, once: Vec::new(), bytes: 0, answer: oneshot::channel().0 }
}

#[test]
fn requests_are_written_together_up_to_a_transaction() {
    let lane = Lane::default();
    lane.queue().waiting.extend([2, 3, 1, 90, 1].map(waiting));
    let mut sizes = Vec::new();
    while let Some(group) = lane.group(6) {
        sizes.push(group.iter().map(|one| one.made.items.len()).collect::<Vec<_>>());
    }
    // One that is larger than a transaction goes alone; none is torn.
    assert_eq!(sizes, [vec![2, 3, 1], vec![90], vec![1]]);
    assert!(!lane.queue().working);
}

#[test]
fn large_requests_are_not_written_together() {
    let lane = Lane::default();
    lane.queue().waiting.extend([1, GROUP_BYTES / 2, GROUP_BYTES / 2, 1].map(|bytes| Waiting { bytes, ..waiting(1) }));
    let mut sizes = Vec::new();
    while let Some(group) = lane.group(6) {
        sizes.push(group.len());
    }
    assert_eq!(sizes, [2, 2]);
}

#[test]
fn a_repetition_without_a_key_waits_for_the_first() {
    let lane = Lane::default();
    let once = |hash| Waiting { once: vec![hash], ..waiting(1) };
    lane.queue().waiting.extend([once(1), once(2), once(1), once(3)]);
    let mut sizes = Vec::new();
    while let Some(group) = lane.group(6) {
        sizes.push(group.len());
    }
    assert_eq!(sizes, [2, 2]);
}

#[test]
fn doors_are_told_apart() {
    let lane = Lane::default();
    let through = |door| Waiting { made: Made { door, ..waiting(1).made }, ..waiting(1) };
    lane.queue().waiting.extend([Door::Tap, Door::Tap, Door::Hook, Door::Tap].map(through));
    let mut sizes = Vec::new();
    while let Some(group) = lane.group(6) {
        sizes.push(group.len());
    }
    assert_eq!(sizes, [2, 1, 1]);
}

#[test]
fn parts_follow_each_other() {
    assert_eq!(ranges([2, 1, 3].into_iter()).collect::<Vec<_>>(), [0..2, 2..3, 3..6]);
}
