//! A reader whose first bytes are there to be looked at, also where a pipe gives them one by one.

use std::io::{self, BufReader, Read};

/// So much of an input is looked at to tell what it is.
const START: usize = 8 << 10;

/// The first read of it gives a full start, or all there is.
pub(super) struct Ahead<R> {
    input: R,
    begun: bool,
}

impl<R: Read> Ahead<R> {
    /// Behind a buffer, where the start can be seen before it is read.
    pub fn buffered(input: R) -> BufReader<Self> {
        super::buffered(Self { input, begun: false })
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.begun {
            return self.input.read(out);
        }
        self.begun = true;
        let mut filled = 0;
        while filled < START.min(out.len()) {
            match self.input.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use super::*;

    /// A pipe that gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1);
            self.0.read(&mut out[..count])
        }
    }

    #[test]
    fn the_start_is_seen_whole() {
        assert_eq!(Ahead::buffered(Slow(b"PAR1 and more")).fill_buf().unwrap(), b"PAR1 and more");
    }
}
