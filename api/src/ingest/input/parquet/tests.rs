//! Values as they are written, and files that claim more than they are.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn rows(bytes: &[u8]) -> io::Result<Rows> {
    Rows::new(file(bytes), Origin::new("crm"), "contacts", Count::default())
}

/// How many rows are read, and what ended them.
fn read(bytes: &[u8]) -> (usize, Option<String>) {
    let mut count = 0;
    match rows(bytes) {
        Err(error) => return (0, Some(error.to_string())),
        Ok(rows) => {
            for row in rows {
                match row {
                    Ok(_) => count += 1,
                    Err(error) => return (count, Some(error.to_string())),
                }
            }
        }
    }
    (count, None)
}

fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None).set_dictionary_enabled(false)
}

fn packed() -> WriterPropertiesBuilder {
    plain().set_compression(Compression::ZSTD(ZstdLevel::default()))
}

/// A file of one column.
fn texts(
    schema: &str,
    properties: WriterPropertiesBuilder,
    values: &[ByteArray],
    levels: Option<(&[i16], &[i16])>,
) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let (definition, repetition) = levels.unzip();
    column.typed::<ByteArrayType>().write_batch(values, definition, repetition).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

const FLAT: &str = "message m { required binary a (UTF8); }";
const LIST: &str = "message m { repeated binary a (UTF8); }";

fn text(length: usize) -> ByteArray {
    ByteArray::from(vec![b'x'; length])
}

#[test]
fn a_page_that_unpacks_to_a_flood_is_not_read() {
    let bomb = texts(FLAT, packed(), &[text(17 << 20)], None);
    assert!(bomb.len() < 10_000, "{}", bomb.len());
    let (_, told) = read(&bomb);
    assert!(told.unwrap().contains("unpacks to more than 16 MiB"));
    // Many columns with a page each.
    let columns: Vec<String> = (0..10).map(|n| format!("required binary a{n} (UTF8);")).collect();
    let columns = columns.join(" ");
    let schema = Arc::new(parse_message_type(&format!("message m {{ {columns} }}")).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(packed().build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        column.typed::<ByteArrayType>().write_batch(&[text(15 << 20)], None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    assert!(read(&bytes).1.unwrap().contains("more than 128 MiB"));
    assert_eq!(read(&texts(FLAT, packed(), &[text(100), text(1 << 19)], None)), (2, None));
}

#[test]
fn a_row_of_a_million_values_is_not_built() {
    let count = 2_000_000;
    let definition = vec![1; count];
    let mut repetition = vec![1; count];
    repetition[0] = 0;
    let values = vec![ByteArray::from(""); count];
    let pages = |properties: WriterPropertiesBuilder| {
        properties.set_data_page_row_count_limit(usize::MAX).set_write_batch_size(count)
    };
    let bomb = texts(LIST, pages(packed()), &values, Some((&definition[..], &repetition[..])));
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    assert_eq!(read(&bomb), (0, Some(damaged().to_string())));
    // Few values, but each is a copy of a long one.
    let values = vec![text(1 << 20); 100];
    let properties = plain().set_dictionary_enabled(true).set_dictionary_page_size_limit(8 << 20);
    let bomb = texts(LIST, properties, &values, Some((&definition[..100], &repetition[..100])));
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    assert_eq!(read(&bomb), (0, Some(damaged().to_string())));
}

#[test]
fn lists_are_read() {
    use parquet::file::properties::WriterVersion;
    let (definition, repetition) = ([1, 1, 1, 0, 1, 1], [0, 1, 1, 0, 0, 1]);
    let values: Vec<_> = ["a", "b", "c", "d", "e"].map(ByteArray::from).into();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for dictionary in [false, true] {
            let properties =
                plain().set_writer_version(version).set_dictionary_enabled(dictionary).set_encoding(Encoding::PLAIN);
            let bytes = texts(LIST, properties, &values, Some((&definition[..], &repetition[..])));
            let payloads: Vec<_> = rows(&bytes).unwrap().map(|row| row.unwrap().unwrap().payload).collect();
            assert_eq!(
                payloads.iter().map(|payload| &**payload).collect::<Vec<_>>(),
                [r#"{"a":["a","b","c"]}"#, r#"{"a":[]}"#, r#"{"a":["d","e"]}"#]
            );
        }
    }
}

#[test]
fn rows_that_are_all_equal_are_not_read_for_ever() {
    let schema = Arc::new(parse_message_type("message m { required int32 a; }").unwrap());
    let mut bytes = Vec::new();
    let properties = plain().set_dictionary_enabled(true).set_data_page_row_count_limit(usize::MAX);
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    for _ in 0..20 {
        column.typed::<Int32Type>().write_batch(&vec![7; 100_000], None, None).unwrap();
    }
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let (count, told) = read(&bytes);
    assert!(told.unwrap().contains("1000 times its size"));
    assert!((800_000..1_000_000).contains(&count), "{count}");
}

#[test]
fn claims_are_held_against_what_is_there() {
    let good = texts(FLAT, plain(), &[text(5)], None);
    assert_eq!(read(&good), (1, None));
    // A table of contents: version, then a schema of one element after the other, each within the last.
    let contents = |elements: usize, below: u8| {
        let mut contents = vec![0x15, 2, 0x19, 0xfc];
        let mut count = elements;
        while count >= 128 {
            contents.push(u8::try_from(count & 127).unwrap() | 128);
            count >>= 7;
        }
        contents.push(u8::try_from(count).unwrap());
        for place in 0..elements {
            let below = if place + 1 == elements { 0 } else { below };
            contents.extend([0x48, 1, b'a', 0x15, below * 2, 0]);
        }
        contents.push(0);
        contents
    };
    let whole = |contents: &[u8], length: usize| {
        let length = u32::try_from(length).unwrap().to_le_bytes();
        [&MAGIC[..], contents, &length, MAGIC].concat()
    };
    let deep = contents(100_000, 1);
    let told = read(&whole(&deep, deep.len())).1.unwrap();
    assert!(told.contains("within each other"), "{told}");
    let wide = contents(20_000, 0);
    assert!(read(&whole(&wide, wide.len())).1.unwrap().contains("more than 10000 columns"));
    // More children than elements; more elements than bytes; more bytes than the file has.
    let short = contents(3, 100);
    for (contents, length) in [
        (short, None),
        (vec![0x19, 0xfc, 255, 255, 255, 127, 0], None),
        (vec![0; 20], Some(1 << 30)),
        (vec![0; 20], Some(40)),
    ] {
        let length = length.unwrap_or(contents.len());
        assert!(read(&whole(&contents, length)).1.is_some());
    }
    // Any one byte that is another ends in a row or in an error.
    for place in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[place] ^= flip;
            let _ = read(&bytes);
        }
    }
}

#[test]
fn texts_that_say_how_many_they_are_say_no_more_than_there_are() {
    let values: Vec<_> = (0..100).map(|n| ByteArray::from(format!("{n}").as_str())).collect();
    let good = texts(FLAT, plain().set_encoding(Encoding::DELTA_LENGTH_BYTE_ARRAY), &values, None);
    assert_eq!(read(&good), (100, None));
    // Of the page's own head: block of 128, 4 parts, 100 values.
    let place = good.windows(4).position(|bytes| bytes == [0x80, 0x01, 4, 100]).unwrap();
    let mut more = good.clone();
    more[place + 3] = 101;
    assert_eq!(read(&more), (0, Some(damaged().to_string())));
    let copies = texts(FLAT, plain().set_encoding(Encoding::DELTA_BYTE_ARRAY), &values, None);
    assert_eq!(read(&copies), (0, Some(damaged().to_string())));
}

#[test]
fn decimals_keep_all_their_digits() {
    let of = |bytes: Vec<u8>, scale| decimal(&Decimal::from_bytes(ByteArray::from(bytes), 38, scale)).ok();
    assert_eq!(decimal(&Decimal::from_i32(123_450, 9, 2)).unwrap(), "1234.50");
    assert_eq!(decimal(&Decimal::from_i64(-5, 18, 4)).unwrap(), "-0.0005");
    assert_eq!(of(vec![0xff; 20], 2).as_deref(), Some("-0.01"));
    assert_eq!(of(i128::MAX.to_be_bytes().into(), 0), Some(i128::MAX.to_string()));
    assert_eq!(of([vec![1], vec![0; 16]].concat(), 0), None);
    assert_eq!(of(Vec::new(), 0).as_deref(), Some("0"));
}

#[test]
fn times_say_their_zone_or_have_none() {
    let micros = Field::TimestampMicros(1_795_302_738_123_456);
    assert_eq!(value(micros.clone(), Meant::Plain).unwrap(), "2026-11-21T23:12:18.123456Z");
    assert_eq!(value(micros, Meant::Local).unwrap(), "2026-11-21T23:12:18.123456");
    let nanos = Field::Long(1_795_302_738_000_000_000);
    assert_eq!(value(nanos, Meant::Nanos { local: false }).unwrap(), "2026-11-21T23:12:18Z");
    assert_eq!(value(Field::Date(0), Meant::Plain).unwrap(), "1970-01-01");
    assert_eq!(value(Field::TimeMillis(61_000), Meant::Plain).unwrap(), "00:01:01");
    assert!(value(Field::TimestampMillis(i64::MAX), Meant::Plain).is_err());
}

#[test]
fn what_is_no_parquet_is_told_without_a_panic() {
    for content in [&b"PAR1"[..], b"PAR1 not really PAR1", b"PAR1\xff\xff\xff\xffPAR1", b""] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        assert!(Rows::new(file, Origin::new("crm"), "contacts", Count::default()).is_err());
    }
}
