//! gzip and Zstandard, told by their first bytes and unpacked as they are read.
//!
//! A small file can unpack to a flood (a "bomb"). Memory is safe from it, since nothing is kept; that it does not fill the
//! database with refused lines is seen to here, by how much comes of how little.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::Count;
use super::ahead::Ahead;

/// What unpacks to more than this many times its size is no data: text packs to a tenth, a log of equal lines to a hundredth.
const RATIO: u64 = 250;

/// So much may come of any input.
const FREE: u64 = 64 << 20;

/// Unpacks what is packed, and leaves what is not. `count` says how much of the input was read.
pub(super) fn unpack(mut input: impl BufRead + Send + 'static, count: &Count) -> io::Result<Box<dyn BufRead + Send>> {
    let start = input.fill_buf()?;
    let unpacked: Box<dyn Read + Send> = if start.starts_with(b"\x1f\x8b") {
        // Several packed files one behind the other are one.
        Box::new(MultiGzDecoder::new(input))
    } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
        Box::new(zstd::Decoder::with_buffer(input)?)
    } else {
        return Ok(Box::new(input));
    };
    Ok(Box::new(Ahead::buffered(Swelling { unpacked, out: 0, count: count.clone() })))
}

struct Swelling {
    unpacked: Box<dyn Read + Send>,
    out: u64,
    count: Count,
}

impl Read for Swelling {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.unpacked.read(out).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => error,
            _ => io::Error::new(io::ErrorKind::InvalidData, "it cannot be unpacked: it is damaged"),
        })?;
        self.out += read as u64;
        if self.out > FREE && self.out / RATIO > self.count.get() {
            let told = format!("it unpacks to more than {RATIO} times its size. If that is meant, unpack it yourself");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::Counted;
    use super::*;

    fn gzip(parts: &[&[u8]]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        for part in parts {
            packer.write_all(part).unwrap();
        }
        packer.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<usize> {
        let count = Count::default();
        let mut input =
            unpack(Ahead::buffered(Counted { input: io::Cursor::new(bytes), count: count.clone() }), &count)?;
        let mut all = 0;
        loop {
            let part = input.fill_buf()?.len();
            if part == 0 {
                return Ok(all);
            }
            all += part;
            input.consume(part);
        }
    }

    #[test]
    fn packed_and_plain_are_read() {
        let twice = [gzip(&[b"one"]), gzip(&[b"two"])].concat();
        assert_eq!(read(twice).unwrap(), 6);
        assert_eq!(read(zstd::encode_all(&b"three"[..], 1).unwrap()).unwrap(), 5);
        assert_eq!(read(b"plain".to_vec()).unwrap(), 5);
    }

    #[test]
    fn what_is_damaged_or_cut_off_is_an_error() {
        let whole = gzip(&[&b"0123456789".repeat(1_000)]);
        assert_eq!(read(whole[..whole.len() / 2].to_vec()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut damaged = whole;
        damaged[12] ^= 0xff;
        assert!(read(damaged).is_err());
    }

    #[test]
    fn a_bomb_goes_off_in_the_open() {
        let zeros = vec![0; 1 << 20];
        let bomb = gzip(&vec![&zeros[..]; 80]);
        assert!(bomb.len() < 200_000, "{}", bomb.len());
        assert!(read(bomb).unwrap_err().to_string().contains("more than 250 times"));
    }
}
