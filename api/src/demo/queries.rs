//! Two questions worth trying. They stand in files of their own, so that editors and the README show them as they are.

/// One customer by customer number, asked in every silo at once: what no silo alone shows. Variable: `number`.
pub const RISK_QUERY: &str = include_str!("queries/risk.graphql");

/// Customers by whatever one remembers of them: Müller by mueller, a telephone number as dialled. Variable: `text`.
pub const SEARCH_QUERY: &str = include_str!("queries/search.graphql");
