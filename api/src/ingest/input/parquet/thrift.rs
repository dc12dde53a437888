//! The compact protocol of Thrift, as far as the bounds of a Parquet file are read from it: what a list or a text claims is held
//! against the bytes that are there, and nothing is built.

/// Structures within structures.
const DEPTH: u8 = 32;

pub(super) const INT: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// A place in a text of Thrift. None of what is read: it is damaged.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u8,
}

impl<'a> Thrift<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, left: DEPTH }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn pass(&mut self, count: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        (end <= self.bytes.len()).then(|| self.at = end)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A whole number.
    pub fn int(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The kind of a list's elements, and how many there are.
    pub fn list(&mut self) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        let count = usize::try_from(count).ok()?;
        // Each has a byte at least; of truths it is not agreed on.
        (count <= self.bytes.len() - self.at && head & 15 > 2).then_some((head & 15, count))
    }

    /// The fields of a structure: `each` reads the value and says so, or leaves it.
    pub fn fields(&mut self, each: &mut dyn FnMut(&mut Self, i64, u8) -> Option<bool>) -> Option<()> {
        let mut last = 0;
        loop {
            let head = self.byte()?;
            if head.trailing_zeros() >= 4 {
                return Some(());
            }
            last = if head >> 4 == 0 { self.int()? } else { last + i64::from(head >> 4) };
            if !each(self, last, head & 15)? {
                self.skip(head & 15)?;
            }
        }
    }

    fn skip(&mut self, kind: u8) -> Option<()> {
        match kind {
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => self.varint().and_then(|length| self.pass(length)),
            LIST | 10 => {
                let (kind, count) = self.list()?;
                self.deeper(|inner| (0..count).try_for_each(|_| inner.skip(kind)))
            }
            STRUCT => self.deeper(|inner| inner.fields(&mut |_, _, _| Some(false))),
            // No other is in a Parquet file.
            _ => None,
        }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        read(self)?;
        self.left += 1;
        Some(())
    }
}
