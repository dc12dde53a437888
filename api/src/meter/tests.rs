//! What is counted is written down, once for each series.

use super::*;

#[test]
fn what_is_counted_is_written_down() {
    let meter = Meter::new();
    meter.records(Door::Hook, "zendesk-eu", Outcome::Taken, 2);
    meter.records(Door::Hook, "zendesk-eu", Outcome::Taken, 1);
    meter.records(Door::Hook, "zendesk-eu", Outcome::Rejected, 0);
    meter.refused(Door::Track, 401);
    meter.flushed(Door::Tap, Duration::from_millis(3));
    meter.bytes(Door::File, "csv-crm", 10);
    let text = meter.text(Moment { in_flight: 1, ..Moment::default() });
    for line in [
        "customer360_intake_records_total{door=\"hook\",source=\"zendesk-eu\",outcome=\"taken\"} 3\n",
        "customer360_intake_refused_requests_total{door=\"track\",status=\"401\"} 1\n",
        "customer360_intake_read_bytes_total{door=\"file\",source=\"csv-crm\"} 10\n",
        "customer360_intake_flush_seconds_bucket{le=\"0.005\",door=\"tap\"} 1\n",
        "customer360_http_requests_in_flight 1\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("outcome=\"rejected\""), "nothing was rejected");
}

#[test]
fn a_source_that_is_gone_is_not_told_for_ever() {
    let meter = Meter::new();
    let standing = Standing {
        source: "old".into(),
        stale: true,
        paused: false,
        last_record_seconds: Some(1.5),
        waiting: 3,
        early: 2,
    };
    meter.standing(Some(&[standing]));
    let text = meter.text(Moment::default());
    assert!(text.contains("customer360_source_stale{source=\"old\"} 1\n"), "{text}");
    assert!(text.contains("customer360_source_last_record_timestamp_seconds{source=\"old\"} 1.5\n"), "{text}");
    meter.standing(None);
    let text = meter.text(Moment::default());
    assert!(!text.contains("\"old\"") && text.contains("customer360_database_up 0\n"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_knows_what_it_holds() {
    assert!(process::resident_bytes().is_some_and(|bytes| bytes > 1 << 20));
}
