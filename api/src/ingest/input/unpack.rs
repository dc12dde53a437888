//! gzip and Zstandard, told by their first bytes and unpacked as they are read.
//!
//! A small file can unpack to a flood (a "bomb"). Memory is safe from it, since nothing is kept; that it does not fill the
//! database with refused lines is seen to here, by how much comes of how little.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::Count;
use super::ahead::Ahead;
use crate::error::Error;

/// What unpacks to more than this many times its size is no data: text packs to a tenth, a log of equal lines to a hundredth.
const RATIO: u64 = 250;

/// So much may come of any input.
const FREE: u64 = 64 << 20;

/// The window that zstd may ask for: 8 MiB, as its own command does without being told otherwise.
pub(in crate::ingest) const ZSTD_WINDOW: u32 = 23;

/// Unpacks what is packed, and leaves what is not. `count` says how much of the input was read.
pub(super) fn unpack(mut input: impl BufRead + Send + 'static, count: &Count) -> io::Result<Box<dyn BufRead + Send>> {
    let start = input.fill_buf()?;
    let unpacked: Box<dyn Read + Send> = if start.starts_with(b"\x1f\x8b") {
        // Several packed files one behind the other are one.
        Box::new(MultiGzDecoder::new(input))
    } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
        let mut unpacked = zstd::Decoder::with_buffer(input)?;
        unpacked.window_log_max(ZSTD_WINDOW)?;
        Box::new(unpacked)
    } else {
        return Ok(Box::new(input));
    };
    Ok(Box::new(Ahead::buffered(Swelling { unpacked, out: 0, count: count.clone() })))
}

/// The error of ours that ended an input, however it was passed on.
pub(in crate::ingest) fn told(error: &io::Error) -> Option<&Error> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own);
        }
        cause = match error.downcast_ref::<io::Error>() {
            Some(passed) => passed.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    None
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
            // Not of the packing: why no more comes, told by whoever passes the input on.
            _ if told(&error).is_some() => error,
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
    use crate::error::Code;

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
    fn a_window_is_no_larger_than_ours() {
        let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        packer.window_log(27).unwrap();
        packer.write_all(&vec![b'x'; 1 << 20]).unwrap();
        assert!(read(packer.finish().unwrap()).is_err());
    }

    #[test]
    fn why_no_more_comes_is_told_through_the_packing() {
        struct Ends(io::Cursor<Vec<u8>>);
        impl Read for Ends {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                match self.0.read(out)? {
                    0 => Err(io::Error::other(Error::unavailable("stopping"))),
                    read => Ok(read),
                }
            }
        }
        let random: Vec<u8> =
            (0..200_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[2]).collect();
        for packed in [gzip(&[&random]), zstd::encode_all(&*random, 1).unwrap()] {
            let part = packed[..packed.len() / 2].to_vec();
            let mut input = unpack(io::BufReader::new(Ends(io::Cursor::new(part))), &Count::default()).unwrap();
            let error = io::copy(&mut input, &mut io::sink()).unwrap_err();
            assert_eq!(told(&error).map(|error| error.code), Some(Code::Unavailable), "{error:?}");
        }
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
