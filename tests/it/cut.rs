//! A wire between a server and its database that can be cut and mended, so that no test has to stop a cluster of others.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    On,
    Off,
    Silent,
}

/// The wire. Its threads go with the test.
pub struct Cut {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    open: Mutex<Vec<TcpStream>>,
}

impl Cut {
    /// A wire to the server of this address, and the address to use instead.
    pub fn between(url: &str) -> (Self, String) {
        let host_at = url.rfind('@').map_or_else(|| url.find("://").map_or(0, |at| at + 3), |at| at + 1);
        let end = url[host_at..].find('/').map_or(url.len(), |at| host_at + at);
        let host = &url[host_at..end];
        let target = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
        let target = target.to_socket_addrs().ok().and_then(|mut all| all.next()).expect("the server's address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port to listen on");
        let own = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared { state: Mutex::new(State::On), changed: Condvar::new(), open: Mutex::default() });
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Nothing to be done for one that goes at once.
                let _ = accepting.clone().join(stream, target);
            }
        });
        (Self { shared }, format!("{}{own}{}", &url[..host_at], &url[end..]))
    }

    /// Ends every connection and lets none stand.
    pub fn off(&self) {
        self.shared.set(State::Off);
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections stand, and nothing passes.
    pub fn silence(&self) {
        self.shared.set(State::Silent);
    }

    /// Everything passes.
    pub fn on(&self) {
        self.shared.set(State::On);
    }
}

impl Shared {
    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }

    fn join(self: Arc<Self>, client: TcpStream, target: SocketAddr) -> io::Result<()> {
        if *self.state.lock().unwrap_or_else(PoisonError::into_inner) == State::Off {
            return client.shutdown(Shutdown::Both);
        }
        let server = TcpStream::connect(target)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.extend([client.try_clone()?, server.try_clone()?]);
        drop(open);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            let shared = self.clone();
            thread::spawn(move || shared.pass(from, to));
        }
        Ok(())
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.changed.wait_while(state, |state| *state == State::Silent));
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}
