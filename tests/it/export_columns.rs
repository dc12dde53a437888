//! The columns of exports: whatever the graph reads is among them, under the class that the schema tells.

use std::collections::BTreeMap;

use api::access::{Class, Classes};
use api::export::tables::TABLES;

use crate::access::document::Sdl;

/// What a table keeps for its fields is given out, or stands here with the reason.
#[test]
fn every_column_that_the_graph_reads_is_given_out() {
    let elsewhere = [("customer", "merged_into", "retired customers are not given out")];
    let mut missing = Vec::new();
    for table in TABLES {
        for column in table.read {
            let told = table.told.iter().any(|told| told.columns.contains(&column.name));
            let reason = elsewhere.iter().any(|(in_table, name, _)| (*in_table, *name) == (table.name, column.name));
            if !told && !reason {
                missing.push(format!("{}.{}", table.name, column.name));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

/// The classes of an export are those that the schema tells of the same field.
#[test]
fn columns_have_the_classes_of_the_schema() {
    let sdl = Sdl::read();
    let classes: BTreeMap<String, Class> = sdl.coordinates().map(|(name, field)| (name, field.class)).collect();
    let mut compared = 0;
    for (table, object) in [
        ("ticket", "Ticket"),
        ("customer", "Customer"),
        ("purchase", "Purchase"),
        ("web_session", "WebSession"),
        ("consent", "Consent"),
        ("contact_note", "ContactNote"),
    ] {
        let table = TABLES.iter().find(|known| known.name == table).unwrap();
        for told in table.told {
            let Classes::All([class]) = told.classes else { continue };
            let name = told.columns[0]
                .split('_')
                .enumerate()
                .map(|(index, word)| if index == 0 { word.to_owned() } else { word[..1].to_uppercase() + &word[1..] });
            if let Some(known) = classes.get(&format!("{object}.{}", name.collect::<String>())) {
                assert_eq!(known, class, "{object}.{}", told.columns[0]);
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared} columns were compared");
}
