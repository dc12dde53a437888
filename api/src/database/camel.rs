//! Names of columns as names of fields.

/// The name of a field as GraphQL writes it, made while compiling: `last_seen_at` is `lastSeenAt`.
#[derive(Debug, Clone, Copy)]
pub struct Camel {
    bytes: [u8; 48],
    length: usize,
}

impl Camel {
    /// From a name in snake case of at most 48 letters.
    pub const fn new(snake: &str) -> Self {
        let (from, mut bytes, mut length, mut at, mut upper) = (snake.as_bytes(), [0; 48], 0, 0, false);
        while at < from.len() {
            if from[at] == b'_' {
                upper = true;
            } else {
                bytes[length] = if upper { from[at].to_ascii_uppercase() } else { from[at] };
                length += 1;
                upper = false;
            }
            at += 1;
        }
        Self { bytes, length }
    }

    /// Whether a field is called so.
    pub fn is(&self, name: &str) -> bool {
        self.bytes.get(..self.length) == Some(name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::Camel;

    #[test]
    fn names_are_those_of_graphql() {
        assert!(Camel::new("last_seen_at").is("lastSeenAt"));
        assert!(Camel::new("id").is("id"));
        assert!(!Camel::new("id").is("ids"));
        assert!(!Camel::new("last_seen_at").is("last_seen_at"));
    }
}
