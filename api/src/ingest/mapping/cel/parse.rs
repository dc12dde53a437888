//! From the text of an expression to its parts: recursive descent, one look ahead, nothing tried twice.

use std::fmt;

use super::call::{Function, Style};
use super::node::{Expr, Macro, Operator, Variable};
use super::token::{Token, tokens};
use super::value::Cel;
use super::{MAX_BYTES, MAX_DEPTH};

/// What is wrong with an expression, and at which character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    place: usize,
    message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (character {})", self.message, self.place)
    }
}

/// A part and how deep others stand within it.
type Part = (Expr, usize);

/// Reads an expression; `in_loop` says whether `item`, `key` and `index` mean something.
pub(super) fn parse(text: &str, in_loop: bool) -> Result<Expr, Wrong> {
    let place = |at: usize| text.get(..at).map_or(0, |before| before.chars().count()) + 1;
    if text.len() > MAX_BYTES {
        return Err(Wrong { place: 1, message: format!("it is longer than {MAX_BYTES} bytes") });
    }
    let tokens = tokens(text).map_err(|(at, message)| Wrong { place: place(at), message })?;
    let mut parser = Parser { tokens: &tokens, at: 0, in_loop, item: None, depth: 0 };
    let read = parser.expression().and_then(|(root, _)| match parser.peek() {
        None => Ok(root),
        Some(_) => Err("it goes on where it should end".to_owned()),
    });
    let at = parser.at;
    read.map_err(|message| {
        let at = tokens.get(at).map_or(text.len(), |(at, _)| *at);
        Wrong { place: place(at), message }
    })
}

struct Parser<'t> {
    tokens: &'t [(usize, Token)],
    at: usize,
    in_loop: bool,
    /// The name of a macro's item, within the macro.
    item: Option<String>,
    depth: usize,
}

const VARIABLES: &str = "record, item, key, index, stream, occurred_at, received_at, source";

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` was expected")) }
    }

    fn one_of<T: Copy>(&mut self, signs: &[(&str, T)]) -> Option<T> {
        let (sign, meaning) = signs.iter().find(|(sign, _)| match self.peek() {
            Some(Token::Sign(found)) => found == sign,
            Some(Token::Name(name)) => name == sign,
            _ => false,
        })?;
        debug_assert!(!sign.is_empty(), "a sign has a spelling");
        self.at += 1;
        Some(*meaning)
    }

    /// Every way down goes through here, so that no text can use up the stack.
    fn expression(&mut self) -> Result<Part, String> {
        if self.depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        let read = self.choice();
        self.depth -= 1;
        read
    }

    fn choice(&mut self) -> Result<Part, String> {
        let (condition, depth) = self.several("||")?;
        if !self.take("?") {
            return Ok((condition, depth));
        }
        let (one, first) = self.several("||")?;
        self.expect(":")?;
        let (other, second) = self.expression()?;
        within(Expr::If(Box::new([condition, one, other])), depth.max(first).max(second))
    }

    /// Conditions with `||`, each of conditions with `&&`: as a list, so that a long row of them is not deep.
    fn several(&mut self, sign: &'static str) -> Result<Part, String> {
        let mut parts = Vec::new();
        let mut deepest = 0;
        loop {
            let (part, depth) = if sign == "||" { self.several("&&")? } else { self.compared()? };
            parts.push(part);
            deepest = deepest.max(depth);
            if !self.take(sign) {
                break;
            }
        }
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => Ok((only, deepest)),
            (_, last) => {
                parts.extend(last);
                within(if sign == "||" { Expr::Or(parts) } else { Expr::And(parts) }, deepest)
            }
        }
    }

    fn compared(&mut self) -> Result<Part, String> {
        use Operator::{Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, Unequal};
        let signs = [
            ("==", Equal),
            ("!=", Unequal),
            ("<=", LessOrEqual),
            (">=", GreaterOrEqual),
            ("<", Less),
            (">", Greater),
            ("in", In),
        ];
        self.chain(&signs, Self::added)
    }

    fn added(&mut self) -> Result<Part, String> {
        self.chain(&[("+", Operator::Plus), ("-", Operator::Minus)], Self::multiplied)
    }

    fn multiplied(&mut self) -> Result<Part, String> {
        self.chain(&[("*", Operator::Times), ("/", Operator::Over), ("%", Operator::Modulo)], Self::signed)
    }

    fn chain(
        &mut self,
        signs: &[(&str, Operator)],
        below: fn(&mut Self) -> Result<Part, String>,
    ) -> Result<Part, String> {
        let (mut left, mut depth) = below(self)?;
        while let Some(operator) = self.one_of(signs) {
            let (right, other) = below(self)?;
            (left, depth) = within(Expr::Two(operator, Box::new([left, right])), depth.max(other))?;
        }
        Ok((left, depth))
    }

    fn signed(&mut self) -> Result<Part, String> {
        let mut signs = Vec::new();
        while let Some(sign) = self.one_of(&[("!", '!'), ("-", '-')]) {
            signs.push(sign);
        }
        let mut part = self.member()?;
        for sign in signs.into_iter().rev() {
            let (expression, depth) = part;
            part = match (sign, expression) {
                // The least whole number has no positive of its own.
                ('-', Expr::Fixed(number)) => (Expr::Fixed(number.negated().ok_or("only a number has a `-`")?), depth),
                ('-', expression) => within(Expr::Minus(Box::new(expression)), depth)?,
                (_, expression) => within(Expr::Not(Box::new(expression)), depth)?,
            };
        }
        Ok(part)
    }

    fn member(&mut self) -> Result<Part, String> {
        let (mut of, mut depth) = self.primary()?;
        loop {
            (of, depth) = if self.take(".") {
                let Some(Token::Name(name)) = self.peek() else {
                    return Err("the name of a field or function was expected".into());
                };
                self.at += 1;
                if self.take("(") { self.method(of, depth, name)? } else { within(field(of, name), depth)? }
            } else if self.take("[") {
                let (place, inner) = self.expression()?;
                self.expect("]")?;
                within(Expr::At(Box::new(of), Box::new(place)), depth.max(inner))?
            } else {
                return Ok((of, depth));
            };
        }
    }

    /// What follows `of.name(`.
    fn method(&mut self, of: Expr, depth: usize, name: &str) -> Result<Part, String> {
        let asked = match name {
            "all" => Some(Macro::All),
            "exists" => Some(Macro::Exists),
            "exists_one" => Some(Macro::ExistsOne),
            "filter" => Some(Macro::Filter),
            "map" => Some(Macro::Map),
            _ => None,
        };
        let Some(asked) = asked else {
            let mut arguments = vec![of];
            let inner = self.arguments(&mut arguments)?;
            let function = Function::find(name, Style::On, arguments.len())?;
            return within(Expr::Call(function, arguments), depth.max(inner));
        };
        if self.item.is_some() {
            return Err(format!(
                "`{name}` stands within another macro; bring the inner list into a loop of the mapping"
            ));
        }
        let Some(Token::Name(item)) = self.peek() else {
            return Err(format!("`{name}` takes a name for the item, and an expression"));
        };
        if Self::variable(item).is_some() {
            return Err(format!("`{item}` has a meaning already; give the item another name"));
        }
        self.at += 1;
        self.expect(",")?;
        self.item = Some(item.clone());
        let body = self.expression();
        self.item = None;
        let (body, inner) = body?;
        self.expect(")")?;
        within(Expr::Loop(asked, Box::new([of, body])), depth.max(inner))
    }

    /// The arguments up to the closing bracket, and how deep they are.
    fn arguments(&mut self, arguments: &mut Vec<Expr>) -> Result<usize, String> {
        self.list(")", arguments)
    }

    fn list(&mut self, end: &str, parts: &mut Vec<Expr>) -> Result<usize, String> {
        let mut deepest = 0;
        while !self.take(end) {
            let (part, depth) = self.expression()?;
            parts.push(part);
            deepest = deepest.max(depth);
            if !self.take(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(deepest)
    }

    fn primary(&mut self) -> Result<Part, String> {
        let token = self.peek().ok_or("it ends where a value was expected")?;
        self.at += 1;
        match token {
            Token::Text(text) => Ok((Expr::Fixed(Cel::Text(text.clone().into())), 1)),
            Token::Number(number) => {
                let number = Cel::number(number).map_err(|_| "the number is too large")?;
                Ok((Expr::Fixed(number), 1))
            }
            Token::Sign("(") => {
                let part = self.expression()?;
                self.expect(")").map(|()| part)
            }
            Token::Sign("[") => {
                let mut parts = Vec::new();
                let depth = self.list("]", &mut parts)?;
                within(Expr::List(parts), depth)
            }
            Token::Name(name) if self.take("(") => self.function(name),
            Token::Name(name) => self.named(name).map(|named| (named, 1)).inspect_err(|_| self.at -= 1),
            Token::Sign(sign) => {
                self.at -= 1;
                Err(format!("a value was expected, not `{sign}`"))
            }
        }
    }

    /// What follows `name(`.
    fn function(&mut self, name: &str) -> Result<Part, String> {
        let mut arguments = Vec::new();
        let depth = self.arguments(&mut arguments)?;
        if name == "has" {
            return match (arguments.pop(), arguments.is_empty()) {
                (Some(Expr::Field(of, name)), true) => within(Expr::Has(of, name), depth),
                _ => Err("`has` takes one field, such as has(record.status)".into()),
            };
        }
        let function = Function::find(name, Style::Alone, arguments.len())?;
        within(Expr::Call(function, arguments), depth)
    }

    fn named(&self, name: &str) -> Result<Expr, String> {
        if self.item.as_deref() == Some(name) {
            return Ok(Expr::Item);
        }
        if let Some(variable) = Self::variable(name) {
            let needs_loop = matches!(variable, Variable::Item | Variable::Key | Variable::Index);
            if needs_loop && !self.in_loop {
                return Err(format!("`{name}` means something only beside `for_each`"));
            }
            return Ok(Expr::Of(variable));
        }
        Ok(match name {
            "true" => Expr::Fixed(Cel::Bool(true)),
            "false" => Expr::Fixed(Cel::Bool(false)),
            "null" => Expr::Fixed(Cel::Null),
            // A type is told by its name: `type(record.x) == string`.
            "int" | "double" | "string" | "bool" | "list" | "map" | "null_type" | "timestamp" => {
                Expr::Fixed(Cel::Text(name.to_owned().into()))
            }
            // Known by the field that follows.
            "source" => Expr::Constant(String::new()),
            _ => return Err(format!("unknown name `{name}`; known are {VARIABLES}")),
        })
    }

    fn variable(name: &str) -> Option<Variable> {
        Some(match name {
            "record" => Variable::Record,
            "item" => Variable::Item,
            "key" => Variable::Key,
            "index" => Variable::Index,
            "stream" => Variable::Stream,
            "occurred_at" => Variable::OccurredAt,
            "received_at" => Variable::ReceivedAt,
            _ => return None,
        })
    }
}

fn field(of: Expr, name: &str) -> Expr {
    match of {
        Expr::Constant(source) if source.is_empty() => Expr::Constant(name.to_owned()),
        of => Expr::Field(Box::new(of), name.to_owned()),
    }
}

/// One deeper than its deepest part.
fn within(expression: Expr, deepest: usize) -> Result<Part, String> {
    if deepest >= MAX_DEPTH { Err(too_deep()) } else { Ok((expression, deepest + 1)) }
}

fn too_deep() -> String {
    format!("its parts stand within each other more than {MAX_DEPTH} deep")
}
