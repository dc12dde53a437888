//! The pages of a Parquet file on their way to the library: what one row of it takes is bounded.
//!
//! A row of a repeated column is built whole, however many values it has, and each of them may be a copy of a long one of the
//! dictionary. Where a row begins is written in the levels of repetition, so they are counted here.

use std::sync::Arc;

use parquet::basic::{Encoding, Type};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::record::reader::RowIter;
use parquet::schema::types::{ColumnDescriptor, Type as SchemaType};

/// What the values of a row take in all repeated columns.
const ROW: usize = 64 << 20;

/// What a value takes beside its bytes.
const VALUE: usize = 64;

/// A file of bounded rows.
pub(super) struct Guarded<F>(pub F);

impl<F: FileReader> FileReader for Guarded<F> {
    fn metadata(&self) -> &ParquetMetaData {
        self.0.metadata()
    }

    fn num_row_groups(&self) -> usize {
        self.0.num_row_groups()
    }

    fn get_row_group(&self, group: usize) -> Result<Box<dyn RowGroupReader + '_>> {
        let inner = self.0.get_row_group(group)?;
        let columns = inner.metadata().schema_descr().columns();
        let repeated = columns.iter().filter(|column| column.max_rep_level() > 0).count();
        Ok(Box::new(Group { inner, most: ROW / repeated.max(1) }))
    }

    fn get_row_iter(&self, _: Option<SchemaType>) -> Result<RowIter<'_>> {
        Err(ParquetError::NYI("rows are read of the whole file".to_owned()))
    }
}

struct Group<'a> {
    inner: Box<dyn RowGroupReader + 'a>,
    most: usize,
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.inner.metadata()
    }

    fn num_columns(&self) -> usize {
        self.inner.num_columns()
    }

    fn get_column_page_reader(&self, column: usize) -> Result<Box<dyn PageReader>> {
        let of = self.metadata().schema_descr().column(column);
        let inner = self.inner.get_column_page_reader(column)?;
        Ok(Box::new(Pages { inner, of, most: self.most, longest: 0, values: 0 }))
    }

    fn get_column_bloom_filter(&self, column: usize) -> Option<&Sbbf> {
        self.inner.get_column_bloom_filter(column)
    }

    fn get_row_iter(&self, _: Option<SchemaType>) -> Result<RowIter<'_>> {
        Err(ParquetError::NYI("rows are read of the whole file".to_owned()))
    }
}

/// The pages of a column.
struct Pages {
    inner: Box<dyn PageReader>,
    of: Arc<ColumnDescriptor>,
    most: usize,
    /// The longest value of the dictionary.
    longest: usize,
    /// Values of the row that is not ended.
    values: usize,
}

impl Pages {
    fn check(&mut self, page: &Page) -> Result<()> {
        let repeats = self.of.max_rep_level() > 0;
        match page {
            Page::DictionaryPage { buf, .. } => {
                self.longest = match self.of.physical_type() {
                    Type::BYTE_ARRAY if repeats => longest(buf),
                    Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(self.of.type_length()).unwrap_or(0),
                    _ => 0,
                };
                Ok(())
            }
            Page::DataPage { buf, num_values, encoding, rep_level_encoding, def_level_encoding, .. } => {
                let mut rest: &[u8] = buf;
                let is_rle = |encoding: &Encoding| *encoding == Encoding::RLE;
                if repeats {
                    let levels = sized(&mut rest).filter(|_| is_rle(rep_level_encoding)).ok_or_else(unknown)?;
                    self.count(levels, *num_values)?;
                }
                if self.of.max_def_level() > 0 && is_rle(def_level_encoding) {
                    sized(&mut rest).ok_or_else(unknown)?;
                }
                lengths(*encoding, rest, *num_values)
            }
            Page::DataPageV2 { buf, num_values, encoding, rep_levels_byte_len, def_levels_byte_len, .. } => {
                let part = |from: usize, length: usize| buf.get(from..from.checked_add(length)?);
                let (repetition, definition) = (*rep_levels_byte_len as usize, *def_levels_byte_len as usize);
                if repeats {
                    self.count(part(0, repetition).ok_or_else(unknown)?, *num_values)?;
                }
                let values = buf.get(repetition.saturating_add(definition)..).ok_or_else(unknown)?;
                lengths(*encoding, values, *num_values)
            }
        }
    }

    /// Counts the values of each row by its levels: a row begins at level 0.
    fn count(&mut self, levels: &[u8], values: u32) -> Result<()> {
        let bits = (u16::BITS - self.of.max_rep_level().cast_unsigned().leading_zeros()) as usize;
        let (mut rest, mut left) = (levels, values as usize);
        while left > 0 {
            let head = varint(&mut rest).ok_or_else(unknown)?;
            let run = usize::try_from(head >> 1).map_err(|_| unknown())?;
            if head & 1 == 0 {
                let (level, behind) = rest.split_at_checked(bits.div_ceil(8)).ok_or_else(unknown)?;
                rest = behind;
                let run = run.min(left);
                if run == 0 {
                    return Err(unknown());
                }
                self.add(run, level.iter().all(|byte| *byte == 0))?;
                left -= run;
            } else {
                let packed =
                    run.checked_mul(bits).and_then(|length| rest.split_at_checked(length)).ok_or_else(unknown)?;
                rest = packed.1;
                let run = run.saturating_mul(8).min(left);
                if run == 0 {
                    return Err(unknown());
                }
                for value in 0..run {
                    let bit = |at: usize| (packed.0[at / 8] >> (at % 8)) & 1;
                    self.add(1, (value * bits..(value + 1) * bits).all(|at| bit(at) == 0))?;
                }
                left -= run;
            }
        }
        Ok(())
    }

    /// So many values more: each begins a row, or all belong to the row that is open.
    fn add(&mut self, values: usize, begins: bool) -> Result<()> {
        self.values = if begins { 1 } else { self.values.saturating_add(values) };
        if self.values.saturating_mul(VALUE + self.longest) > self.most {
            return Err(ParquetError::General("a row is too large".to_owned()));
        }
        Ok(())
    }
}

fn unknown() -> ParquetError {
    ParquetError::General("the levels of a page cannot be read".to_owned())
}

/// What stands behind its length.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let (part, behind) = behind.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *rest = behind;
    Some(part)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The longest text of a dictionary.
fn longest(mut dictionary: &[u8]) -> usize {
    std::iter::from_fn(|| sized(&mut dictionary)).map(<[u8]>::len).max().unwrap_or(0)
}

/// Texts whose lengths stand before them say how many there are; the library makes room for as many.
fn lengths(encoding: Encoding, mut values: &[u8], most: u32) -> Result<()> {
    match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => {
            let [_, _, count] = [(); 3].map(|()| varint(&mut values));
            match count {
                Some(count) if count > u64::from(most) => Err(unknown()),
                _ => Ok(()),
            }
        }
        // A value may be a copy of the one before it and a byte, and there is no telling how many there are.
        Encoding::DELTA_BYTE_ARRAY => Err(ParquetError::NYI("DELTA_BYTE_ARRAY is not read".to_owned())),
        _ => Ok(()),
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.inner.get_next_page()?;
        if let Some(page) = &page {
            self.check(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    /// Nothing is skipped: what a page begins, the next may go on with.
    fn skip_next_page(&mut self) -> Result<()> {
        self.get_next_page().map(drop)
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.inner.at_record_boundary()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
