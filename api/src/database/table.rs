//! A table as the statements that write it need it: its columns, their types and its key, out of its entity.

use sea_orm::{ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, PrimaryKeyTrait};

/// A table as the statement that writes it needs it.
pub struct Description {
    pub(super) table: &'static str,
    pub(super) columns: Vec<(&'static str, ColumnType)>,
    /// None where rows are told apart by a number that the database gives: then none is ever there already.
    pub(super) key: Vec<&'static str>,
}

impl Description {
    /// The table's name.
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The columns that are ours to write.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, _)| *name)
    }

    /// The columns that tell its rows apart.
    pub fn key(&self) -> &[&'static str] {
        &self.key
    }
}

/// The table of an entity.
pub(super) fn describe<E>() -> Description
where
    E: EntityTrait,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    let columns: Vec<_> =
        written::<E>().map(|column| (column.as_str(), column.def().get_column_type().clone())).collect();
    let generated = <E::PrimaryKey as PrimaryKeyTrait>::auto_increment();
    let key = if generated {
        columns.iter().map(|(name, _)| *name).filter(|name| *name == "id").collect()
    } else {
        E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect()
    };
    Description { table: E::default().as_str_static(), columns, key }
}

/// The columns that are ours to give: `xid` fills itself, and so does a generated key.
pub(super) fn written<E>() -> impl Iterator<Item = E::Column>
where
    E: EntityTrait,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    let generated = <E::PrimaryKey as PrimaryKeyTrait>::auto_increment();
    E::Column::iter().filter(move |column| {
        let name = column.as_str();
        name != "xid" && !(generated && E::PrimaryKey::iter().any(|key| key.into_column().as_str() == name))
    })
}

pub(super) trait StaticName {
    /// Its name.
    fn as_str_static(&self) -> &'static str;
}

impl<E: EntityTrait> StaticName for E {
    fn as_str_static(&self) -> &'static str {
        self.as_str()
    }
}
