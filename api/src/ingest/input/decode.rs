//! Text in other encodings than UTF-8, turned into it as it is read.
//!
//! Bytes that are no character of the encoding become one that is not UTF-8, so that the reader behind refuses their line,
//! instead of taking a name with a hole in it.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// No byte of UTF-8.
const NO_TEXT: u8 = 0xff;

/// So much is decoded at a time.
const PART: usize = 64 << 10;

/// The input as UTF-8. A byte order mark of UTF-16 has the last word.
pub(super) fn decode(
    mut input: Box<dyn BufRead + Send>,
    encoding: Option<&'static Encoding>,
) -> io::Result<Box<dyn BufRead + Send>> {
    let marked = Encoding::for_bom(input.fill_buf()?);
    let encoding = match marked {
        Some((encoding, length)) if encoding != UTF_8 => {
            input.consume(length);
            Some(encoding)
        }
        // The readers skip its mark.
        Some(_) => None,
        None => encoding,
    };
    Ok(match encoding {
        Some(encoding) if encoding != UTF_8 => Box::new(Decoded {
            input,
            decoder: encoding.new_decoder_without_bom_handling(),
            ready: Vec::new(),
            at: 0,
            ended: false,
        }),
        _ => input,
    })
}

struct Decoded<R> {
    input: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.ready.len() && !self.ended {
            self.at = 0;
            self.ready.resize(PART, 0);
            let chunk = self.input.fill_buf()?;
            let last = chunk.is_empty();
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(chunk, &mut self.ready, last);
            self.input.consume(read);
            self.ready.truncate(written);
            match result {
                DecoderResult::Malformed(..) => self.ready.push(NO_TEXT),
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
            }
        }
        Ok(&self.ready[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.ready.len());
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{UTF_16LE, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], encoding: Option<&'static Encoding>) -> Vec<u8> {
        let mut all = Vec::new();
        let input = Box::new(io::Cursor::new(bytes.to_vec()));
        decode(input, encoding).unwrap().read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn encodings_become_utf8() {
        assert_eq!(read(b"M\xfcller \x80", Some(WINDOWS_1252)), "Müller €".as_bytes());
        assert_eq!(read(b"\xff\xfeM\0\xfc\0", None), "Mü".as_bytes());
        assert_eq!(read(b"\xfe\xff\0M\0\xfc", Some(WINDOWS_1252)), "Mü".as_bytes());
        assert_eq!(read(b"M\0", Some(UTF_16LE)), b"M");
        // Nobody said so: the reader behind refuses the line.
        assert_eq!(read(b"M\xfcller", None), b"M\xfcller");
    }

    #[test]
    fn half_a_character_is_no_text() {
        assert_eq!(read(b"\xff\xfea\0\0\xd8b\0", None), b"a\xffb");
        assert_eq!(read(b"\xff\xfea\0b", None), b"a\xff");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,300}") {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert_eq!(read(&units, Some(UTF_16LE)), text.strip_prefix('\u{feff}').unwrap_or(&text).as_bytes());
        }
    }
}
