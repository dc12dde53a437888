//! The pulse of one connection: waiting for a request, in the middle of its head, or busy with it. From this a slow or
//! idle client is told without a timer per request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The upper two bits of the state are the phase, the rest milliseconds since the connection began.
const PHASE: u64 = 62;
const IDLE: u64 = 0;
const HEAD: u64 = 1;
const BUSY: u64 = 2;

/// What to do with a connection now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Look again after this time.
    Wait(Duration),
    /// The client has had its time.
    Close,
}

/// The state of one connection, shared by its stream, its service and its watch.
#[derive(Debug)]
pub(super) struct Pulse {
    began: Instant,
    state: AtomicU64,
}

impl Pulse {
    /// A connection that has just been accepted: its first head is due.
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), state: AtomicU64::new(HEAD << PHASE) }
    }

    /// A request is being worked on.
    pub(super) fn busy(&self) {
        self.set(BUSY);
    }

    /// An answer was given; the next request may come or not.
    pub(super) fn idle(&self) {
        self.set(IDLE);
    }

    /// Whether nothing was asked on it yet.
    pub(super) fn is_new(&self) -> bool {
        self.state.load(Ordering::Relaxed) == HEAD << PHASE
    }

    fn arrived(&self) {
        if self.state.load(Ordering::Relaxed) >> PHASE == IDLE {
            self.set(HEAD);
        }
    }

    /// Bytes of an answer left: a long one that goes on being read is not idle, and one that nobody reads is.
    fn moved(&self, sent: &Poll<io::Result<usize>>) {
        if matches!(sent, Poll::Ready(Ok(1..))) && self.state.load(Ordering::Relaxed) >> PHASE == IDLE {
            self.set(IDLE);
        }
    }

    fn set(&self, phase: u64) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(0);
        self.state.store((phase << PHASE) | now, Ordering::Relaxed);
    }

    /// Judges the connection by the time a head may take and the time it may be idle.
    pub(super) fn verdict(&self, head: Duration, idle: Duration) -> Verdict {
        let state = self.state.load(Ordering::Relaxed);
        let since = Duration::from_millis(state & ((1 << PHASE) - 1));
        let spent = self.began.elapsed().saturating_sub(since);
        let allowed = match state >> PHASE {
            BUSY => return Verdict::Wait(head),
            HEAD => head,
            _ => idle,
        };
        match allowed.checked_sub(spent) {
            Some(left) if !left.is_zero() => Verdict::Wait(left.min(head)),
            _ => Verdict::Close,
        }
    }
}

/// A stream that reports what arrives and what leaves.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) pulse: Arc<Pulse>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() && buffer.filled().len() > before {
            self.pulse.arrived();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pulse.moved(&polled);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.pulse.moved(&polled);
        polled
    }
}
