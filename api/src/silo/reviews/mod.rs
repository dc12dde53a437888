//! reviews: ratings, reviews and recommendations.

pub mod preset;
