//! Accepts connections and serves HTTP/1.1 on them, within bounds: how many at once, how large a head, how slow a client.
//! At the end it lets what is under way finish. HTTP/2 is left to the proxy in front.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tower_service::Service;

use super::authorize::Peer;
use super::pulse::{Pulse, Verdict, Watched};
use super::reply::Streaming;
use super::shared::Shared;
use crate::error::Result;

/// How often a stop looks whether all is done.
const LOOK: Duration = Duration::from_millis(20);

/// Serves until `stop` is done. Then readiness turns to 503, connections end with the answer under way, and what takes
/// longer than `http.drain_seconds` is cut.
pub(super) async fn serve(
    router: Router,
    shared: &Arc<Shared>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> Result<()> {
    let places = Arc::new(Semaphore::new(shared.http.connections as usize));
    let (stopping, stopped) = watch::channel(false);
    let accepting = async {
        loop {
            // A place first: whoever comes above the number waits in the operating system's queue.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, address) = accept(&listener).await;
            let (router, shared, stopped) = (router.clone(), Arc::clone(shared), stopped.clone());
            tokio::spawn(async move {
                connection(stream, address, router, &shared, stopped).await;
                drop(place);
            });
        }
    };
    let mut accepting = pin!(accepting);
    tokio::select! {
        () = &mut accepting => {}
        () = stop => {}
    }
    tracing::info!("stopping: no new requests, {} under way", shared.in_flight());
    shared.drain();
    stopping.send_replace(true);
    let total = shared.http.connections as usize;
    let drained = async {
        while shared.in_flight() > 0 || places.available_permits() + 1 < total {
            sleep(LOOK).await;
        }
    };
    let deadline = Instant::now() + Duration::from_secs(shared.http.drain_seconds);
    // Still accepting: whoever comes now learns that the server is stopping instead of meeting silence.
    tokio::select! {
        () = accepting => {}
        () = drained => {}
        () = sleep_until(deadline) => tracing::warn!("{} requests were cut", shared.in_flight()),
    }
    Ok(())
}

async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address.ip()),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => {
                // No file descriptors left, most likely: waiting gives connections time to end.
                tracing::error!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: IpAddr,
    router: Router,
    shared: &Shared,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::new());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        pulse.busy();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(address));
        let answer = tower_call(router.clone(), request);
        let pulse = Arc::clone(&pulse);
        async move { Ok::<_, Infallible>(at_rest(answer.await.unwrap_or_else(|never| match never {}), pulse)) }
    });
    let io = TokioIo::new(Watched { stream, pulse: Arc::clone(&pulse) });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // Our own watch does this without a timer per request.
        .header_read_timeout(None)
        .max_header_size(shared.http.header_bytes)
        .max_buf_size(shared.http.header_bytes.max(64 * 1024))
        .serve_connection(io, service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let head = Duration::from_secs(shared.http.header_seconds);
    let idle = Duration::from_secs(shared.http.keep_alive_seconds);
    let mut look = pin!(sleep(head));
    let mut ending = false;
    loop {
        tokio::select! {
            biased;
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection broke off");
                }
                return;
            }
            () = look.as_mut() => match pulse.verdict(head, idle) {
                Verdict::Wait(time) => look.as_mut().reset(Instant::now() + time),
                Verdict::Close => return,
            },
            () = first_asked(&mut stopped, &pulse), if !ending => {
                ending = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The answer; once it is made, its connection is idle. One that is a stream is made when its body ends.
fn at_rest(answer: Response, pulse: Arc<Pulse>) -> Response {
    if answer.extensions().get::<Streaming>().is_none() {
        pulse.idle();
        return answer;
    }
    let busy = Busy(pulse);
    answer.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let Busy(_) = &busy;
            frame
        }))
    })
}

/// While this is there, the connection is at work.
struct Busy(Arc<Pulse>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idle();
    }
}

/// Done when the server stops and the connection has had its first request: it would be closed without an answer before.
async fn first_asked(stopped: &mut watch::Receiver<bool>, pulse: &Pulse) {
    let _ = stopped.wait_for(|stop| *stop).await;
    while pulse.is_new() {
        sleep(LOOK).await;
    }
}

fn tower_call(
    mut router: Router,
    request: axum::extract::Request,
) -> impl Future<Output = std::result::Result<Response, Infallible>> {
    router.call(request)
}

/// Done when the process is asked to end.
pub(super) async fn asked_to_end() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "ctrl-c cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
