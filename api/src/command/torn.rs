//! Where a file of rows that was cut off goes on: behind the row that is named, so that nothing stands within another row or twice.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use serde::Deserialize;

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

/// The length of the file up to the end of the row of this id. A file that has none goes on at its end, unless that is within a
/// row: that is told as invalid data.
pub(super) fn whole(file: &File, is_csv: bool, id: &str) -> io::Result<u64> {
    let found = if is_csv { csv(file, id)? } else { ndjson(file, id)? };
    found.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn ndjson(file: &File, id: &str) -> io::Result<Option<u64>> {
    let mut input = BufReader::new(file);
    let (mut line, mut end) = (Vec::new(), 0);
    loop {
        line.clear();
        end += input.read_until(b'\n', &mut line)? as u64;
        match line.last() {
            None => return Ok(Some(end)),
            Some(b'\n') => {}
            Some(_) => return Ok(None),
        }
        let named = serde_json::from_slice::<Named>(&line).ok().and_then(|row| row.id);
        if named.as_deref() == Some(id) {
            return Ok(Some(end));
        }
    }
}

/// A line break may stand within a row of CSV, so rows are told by their quotes.
fn csv(file: &File, id: &str) -> io::Result<Option<u64>> {
    let mut input = BufReader::new(file);
    let (mut line, mut row, mut end) = (Vec::new(), Vec::new(), 0);
    let (mut place, mut quotes) = (None, 0);
    loop {
        line.clear();
        end += input.read_until(b'\n', &mut line)? as u64;
        if line.is_empty() {
            return Ok(row.is_empty().then_some(end));
        }
        row.extend_from_slice(&line);
        quotes += line.split(|byte| *byte == b'"').skip(1).count();
        if quotes % 2 == 1 {
            continue;
        }
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_slice());
        let mut fields = csv::ByteRecord::new();
        let _ = reader.read_byte_record(&mut fields);
        // The first row has the names, unless the file goes on for another.
        let place = *place.get_or_insert_with(|| fields.iter().position(|name| name == b"id").unwrap_or(0));
        if fields.get(place) == Some(id.as_bytes()) {
            return Ok(Some(end));
        }
        row.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use super::*;

    fn cut(text: &str, is_csv: bool) -> Option<String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let length = whole(&file, is_csv, "t2").ok()?;
        Some(text[..usize::try_from(length).unwrap()].to_owned())
    }

    #[test]
    fn what_stands_behind_the_row_is_cut() {
        let (one, two) = ("{\"id\":\"t1\",\"of\":\"t2\"}\n", "{\"id\":\"t2\",\"of\":null}\n");
        for torn in ["", "{\"id\":\"t3\"", "{\"id\":\"t3\"}\n{"] {
            assert_eq!(cut(&format!("{one}{two}{torn}"), false).unwrap(), format!("{one}{two}"));
        }
        let (head, one, two) = ("of,id\r\n", "t2,t1\r\n", "\"a \"\"b\"\"\r\nt9,t2\",t2\r\n");
        for torn in ["", "x,t", "\"x\r\n", "x,t3\r\n"] {
            assert_eq!(cut(&format!("{head}{one}{two}{torn}"), true).unwrap(), format!("{head}{one}{two}"));
        }
    }

    #[test]
    fn a_file_without_the_row_goes_on_at_its_end_or_not_at_all() {
        assert_eq!(cut("", false).as_deref(), Some(""));
        assert_eq!(cut("{\"id\":\"t1\"}\n", false).as_deref(), Some("{\"id\":\"t1\"}\n"));
        assert_eq!(cut("{\"id\":\"t1\"}\n{\"id\"", false), None);
        assert_eq!(cut("id\r\nt1\r\n", true).as_deref(), Some("id\r\nt1\r\n"));
        assert_eq!(cut("id\r\n\"t1\r\n", true), None);
        assert_eq!(cut("id\r\nt", true), None);
    }
}
