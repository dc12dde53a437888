//! The section `[hook]` of a mapping (what the product sends) and of a source file (what this installation changes):
//!
//! ```toml
//! [hook]
//! recipe = "formbricks"                                  # a shipped recipe; or a table [hook.recipe]
//! records = "/data"                                      # the list of records, or the one; default: the whole body;
//!                                                        # ["/ticket", "/article"]: a record at each, where it is
//! stream = { path = "/event", fn = [{ lookup = "streams" }] }   # `/…` reads the body, `@item/…` the record
//! ignore = { path = "/event", equals = "ping" }          # answered, not kept
//! # in a source file also:
//! tolerance = "10m"                                      # of the timestamp
//! header = "x-our-token"                                 # of the signature or the token
//! id = { header = "x-our-id" }                           # of the delivery
//! ```

use super::super::json::pointer;
use super::super::mapping::Facts;
use super::super::mapping::condition::Condition;
use super::super::mapping::document::{Entries, MappingError, Node};
use super::super::mapping::expression::Expression;
use super::super::mapping::path::Words;
use super::recipe::{Recipe, id_place};
use super::shipped;
use super::timestamp::tolerance;

/// What a mapping or a source file says of webhooks.
#[derive(Debug, Clone, Default)]
pub struct Section {
    recipe: Option<Recipe>,
    stream: Option<Expression>,
    records: Option<Vec<Vec<String>>>,
    ignore: Option<Condition>,
}

/// How the webhooks of a source are proved and read.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The recipe.
    pub recipe: Recipe,
    /// Which stream a record belongs to.
    pub(super) stream: Option<Expression>,
    /// Steps to the records; several: one record at each of these places.
    pub(super) records: Vec<Vec<String>>,
    /// What is answered and not kept.
    pub(super) ignore: Option<Condition>,
    /// Whether the source's own file says so, rather than its mapping alone.
    pub declared: bool,
}

impl Section {
    /// Reads the section of a mapping.
    pub fn load(node: Node<'_>, facts: &Facts) -> Result<Self, MappingError> {
        let mut entries = node.table("[hook]")?;
        let section = Self::load_entries(&mut entries, facts)?;
        entries.finish()?;
        Ok(section)
    }

    fn load_entries(entries: &mut Entries<'_>, facts: &Facts) -> Result<Self, MappingError> {
        let words = Words { facts, in_loop: true };
        let records = entries.take("records").map(places).transpose()?;
        Ok(Self {
            recipe: entries.take("recipe").map(recipe).transpose()?,
            stream: entries.take("stream").map(|node| Expression::load(node, words)).transpose()?,
            records,
            ignore: entries.take("ignore").map(|node| Condition::load(node, words)).transpose()?,
        })
    }

    /// What the mapping says, where the source says nothing else; none if neither names a recipe.
    pub fn hook(&self) -> Option<Hook> {
        Some(Hook {
            recipe: self.recipe.clone()?,
            stream: self.stream.clone(),
            records: self.records.clone().unwrap_or_else(|| vec![Vec::new()]),
            ignore: self.ignore.clone(),
            declared: false,
        })
    }

    /// The section of a source file over that of its mapping.
    pub fn overridden(&self, node: Node<'_>, facts: &Facts) -> Result<Hook, MappingError> {
        let mut entries = node.table("[hook]")?;
        let own = Self::load_entries(&mut entries, facts)?;
        let both = Self {
            recipe: own.recipe.or_else(|| self.recipe.clone()),
            stream: own.stream.or_else(|| self.stream.clone()),
            records: own.records.or_else(|| self.records.clone()),
            ignore: own.ignore.or_else(|| self.ignore.clone()),
        };
        let mut hook = both.hook().ok_or_else(|| {
            let known: Vec<_> = shipped::names().collect();
            node.fail(format!("the mapping names no recipe: give `recipe`, a table or one of {}", known.join(", ")))
        })?;
        if let Some(node) = entries.take("tolerance") {
            hook.recipe = hook.recipe.with_tolerance(node, tolerance(node)?)?;
        }
        if let Some(node) = entries.take("header") {
            hook.recipe = hook.recipe.with_header(node)?;
        }
        if let Some(node) = entries.take("id") {
            hook.recipe = hook.recipe.with_id(node, id_place(node)?)?;
        }
        entries.finish()?;
        hook.declared = true;
        Ok(hook)
    }
}

/// Where the records stand: one path, or one for each of the objects in a body.
fn places(node: Node<'_>) -> Result<Vec<Vec<String>>, MappingError> {
    let wrong = "`records` is a path into the body that begins with a slash, such as /data, or a list of such";
    let places: Option<Vec<_>> = node.texts()?.iter().map(|path| pointer(path)).collect();
    places.filter(|places| !places.is_empty()).ok_or_else(|| node.fail(wrong))
}

/// A shipped recipe by its name, or one written here.
fn recipe(node: Node<'_>) -> Result<Recipe, MappingError> {
    let Some(name) = node.as_text() else { return Recipe::load(node) };
    shipped::find(name).unwrap_or_else(|| {
        let known: Vec<_> = shipped::names().collect();
        Err(node
            .fail(format!("unknown recipe `{name}`; shipped are {}, or write a table [hook.recipe]", known.join(", "))))
    })
}
