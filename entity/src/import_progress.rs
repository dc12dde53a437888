//! Table `import_progress`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// How far a file of an import that has not ended is written: the same command goes on there.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "import_progress")]
pub struct Model {
    /// Key of the source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// Stream that the file is imported as.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream: String,
    /// SHA-256 of the file's name, size and first bytes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub fingerprint: String,
    /// Name of the file, without its folder.
    pub name: String,
    /// Its size, in bytes.
    pub size: i64,
    /// Its records that are written, refused ones among them.
    pub records: i64,
    /// So many of its bytes were read for them, or a few more.
    pub bytes: i64,
    /// When this was noted.
    #[serde(serialize_with = "crate::time::micros")]
    pub updated_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
