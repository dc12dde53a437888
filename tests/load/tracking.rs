//! How many tracking events a second a running server commits: `batch` of 100 events over some connections, each waiting for
//! its 200, as an SDK does.
//!
//! ```sh
//! cargo run --release -p customer360-tests --example tracking -- 127.0.0.1:3600 WRITE_KEY [CONNECTIONS] [SECONDS] [EVENTS]
//! ```
//!
//! Events are of 10,000 visitors, every tenth call an `identify`, as of a shop. What is printed last: events acknowledged, the
//! rate, how long a request took, answers other than 200. Not part of the tests: it measures.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const VISITORS: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, key, ..] = arguments.as_slice() else {
        eprintln!("tracking ADDRESS WRITE_KEY [CONNECTIONS] [SECONDS] [EVENTS of a batch]");
        std::process::exit(2);
    };
    let number = |at: usize, default: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (connections, seconds, events) = (number(2, 8), number(3, 20), number(4, 100));
    let authorization = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    let run = std::process::id();
    let (taken, refused, next) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let sender = || {
            let mut waits = Vec::new();
            let Ok(stream) = TcpStream::connect(address) else {
                eprintln!("nobody listens at {address}");
                return waits;
            };
            let _ = stream.set_nodelay(true);
            let mut reader = BufReader::new(&stream);
            while Instant::now() < until {
                let body = batch(run, next.fetch_add(events, Ordering::Relaxed), events);
                let head = format!(
                    "POST /v1/batch HTTP/1.1\r\nhost: load\r\nauthorization: {authorization}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let sent = Instant::now();
                let answered = (&stream).write_all(&[head.as_bytes(), body.as_bytes()].concat());
                let Some(status) = answered.ok().and_then(|()| answer(&mut reader)) else {
                    refused.fetch_add(1, Ordering::Relaxed);
                    return waits;
                };
                if status == 200 {
                    waits.push(sent.elapsed());
                    taken.fetch_add(events, Ordering::Relaxed);
                } else {
                    refused.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
            waits
        };
        let senders: Vec<_> = (0..connections).map(|_| scope.spawn(sender)).collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap_or_default()).collect()
    });
    waits.sort();
    let took = began.elapsed().as_secs_f64();
    let taken = taken.into_inner();
    let at = |share: usize| waits.get(waits.len() * share / 100).copied().unwrap_or_default().as_millis();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = taken as f64 / took;
    println!(
        "{taken} events in {took:.1} s over {connections} connections: {rate:.0} events a second; a request took {} ms (median), {} ms (99 of 100); {} refused",
        at(50),
        at(99),
        refused.into_inner()
    );
}

/// The status of an answer, read to its end.
fn answer(reader: &mut impl BufRead) -> Option<u16> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(status)
}

fn batch(run: u32, from: u64, events: u64) -> String {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let mut body = format!("{{\"sentAt\":\"{now}\",\"batch\":[");
    for n in from..from + events {
        // Spread over the visitors as calls of many are.
        let visitor = n.wrapping_mul(2_654_435_761) % VISITORS;
        let comma = if n == from { "" } else { "," };
        let what = if n % 10 == 0 {
            format!(
                "\"type\":\"identify\",\"userId\":\"u{visitor}\",\"traits\":{{\"email\":\"v{visitor}@example.org\",\"name\":\"Visitor {visitor}\"}}"
            )
        } else {
            format!(
                "\"type\":\"track\",\"event\":\"Product Viewed\",\"properties\":{{\"product_id\":\"P{}\",\"price\":19.90,\"currency\":\"EUR\"}}",
                n % 500
            )
        };
        let _ = write!(
            body,
            "{comma}{{{what},\"anonymousId\":\"a{visitor}\",\"messageId\":\"{run}-{n}\",\"timestamp\":\"{now}\",\"context\":{{\"library\":{{\"name\":\"load\",\"version\":\"1\"}},\"page\":{{\"url\":\"https://shop.example.com/p/{}\",\"title\":\"Product\"}}}}}}",
            n % 500
        );
    }
    body + "]}"
}
