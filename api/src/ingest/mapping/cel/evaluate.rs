//! Working out an expression for one record, within the budget.

use std::cell::RefCell;

use super::node::{Expr, Macro, Variable};
use super::value::Cel;
use super::{Fault, call, operate};
use crate::ingest::json::Json;
use crate::ingest::mapping::path::Scope;

/// One evaluation.
pub(super) struct Run<'e> {
    scope: &'e Scope<'e>,
    /// The item that a macro is at.
    item: RefCell<Cel<'e>>,
}

impl<'e> Run<'e> {
    pub fn new(scope: &'e Scope<'e>) -> Self {
        Self { scope, item: RefCell::new(Cel::Null) }
    }

    /// Takes units of work off what is left.
    pub fn charge(&self, units: usize) -> Result<(), Fault> {
        let told = || Fault::new("it takes too much work for this record; make it simpler");
        self.scope.work.take(units).then_some(()).ok_or_else(told)
    }

    /// Takes off what looking at or making a text of that length costs.
    pub fn charge_text(&self, bytes: usize) -> Result<(), Fault> {
        self.charge(bytes / 32)
    }

    /// The value of a part.
    pub fn value(&self, part: &'e Expr) -> Result<Cel<'e>, Fault> {
        self.charge(1)?;
        Ok(match part {
            Expr::Fixed(value) => shallow(value),
            Expr::Of(variable) => self.variable(*variable)?,
            Expr::Item => {
                let item = self.item.borrow();
                self.charge_copy(&item)?;
                item.clone()
            }
            Expr::Constant(name) => self.scope.facts.constant(name).map_or(Cel::Null, |text| Cel::Text(text.into())),
            Expr::Field(of, name) => self.field(self.value(of)?, name)?,
            Expr::Has(of, name) => match self.value(of)? {
                Cel::Tree(tree) => Cel::Bool(tree.get(name).is_some()),
                _ => Cel::Bool(false),
            },
            Expr::At(of, place) => self.at(self.value(of)?, &self.value(place)?)?,
            Expr::List(parts) => Cel::List(parts.iter().map(|part| self.value(part)).collect::<Result<_, _>>()?),
            Expr::Not(of) => Cel::Bool(!truth(&self.value(of)?)?),
            Expr::Minus(of) => {
                let value = self.value(of)?;
                let kind = value.kind();
                value.negated().ok_or_else(|| Fault::new(format!("`-` was given {kind}")))?
            }
            Expr::And(parts) => self.settled(parts, false)?,
            Expr::Or(parts) => self.settled(parts, true)?,
            Expr::If(parts) => {
                let [condition, one, other] = parts.as_ref();
                return if truth(&self.value(condition)?)? { self.value(one) } else { self.value(other) };
            }
            Expr::Two(operator, parts) => {
                let [left, right] = parts.as_ref();
                operate::apply(self, *operator, self.value(left)?, self.value(right)?)?
            }
            Expr::Call(function, parts) => {
                let values = parts.iter().map(|part| self.value(part)).collect::<Result<_, _>>()?;
                call::apply(self, *function, values)?
            }
            Expr::Loop(asked, parts) => {
                let [list, body] = parts.as_ref();
                self.each(*asked, self.value(list)?, body)?
            }
        })
    }

    fn variable(&self, variable: Variable) -> Result<Cel<'e>, Fault> {
        let scope = self.scope;
        Ok(match (variable, scope.item) {
            (Variable::Record, _) => Cel::of(scope.record)?,
            (Variable::Item, Some((item, ..))) => Cel::of(item)?,
            (Variable::Key, Some((_, key, _))) => Cel::Text(key.into()),
            (Variable::Index, Some((.., index))) => Cel::Int(i64::try_from(index).unwrap_or(i64::MAX)),
            (Variable::Stream, _) => Cel::Text(scope.envelope.stream.as_str().into()),
            (Variable::OccurredAt, _) => {
                scope.envelope.occurred_at.map_or(Cel::Null, |time| Cel::Time(time.fixed_offset()))
            }
            (Variable::ReceivedAt, _) => Cel::Time(scope.envelope.received_at.fixed_offset()),
            (Variable::Item | Variable::Key | Variable::Index, None) => Cel::Null,
        })
    }

    fn field(&self, of: Cel<'e>, name: &str) -> Result<Cel<'e>, Fault> {
        match of {
            Cel::Null => Ok(Cel::Null),
            Cel::Tree(tree @ Json::Object(entries)) => {
                self.charge(entries.len() / 8)?;
                tree.get(name).map_or(Ok(Cel::Null), Cel::of)
            }
            other => Err(Fault::new(format!("a field is asked of a {}", other.kind()))),
        }
    }

    fn at(&self, of: Cel<'e>, place: &Cel<'e>) -> Result<Cel<'e>, Fault> {
        match (of, place) {
            (Cel::Null, _) => Ok(Cel::Null),
            (of @ Cel::Tree(Json::Object(_)), Cel::Text(name)) => self.field(of, name),
            (Cel::Tree(Json::List(items)), Cel::Int(place)) => {
                let item = usize::try_from(*place).ok().and_then(|place| items.get(place));
                item.map_or(Ok(Cel::Null), Cel::of)
            }
            (Cel::List(mut items), Cel::Int(place)) => {
                let place = usize::try_from(*place).ok().filter(|place| *place < items.len());
                Ok(place.map_or(Cel::Null, |place| items.swap_remove(place)))
            }
            (of, place) => Err(Fault::new(format!("`[]` was given {} and {}", of.kind(), place.kind()))),
        }
    }

    /// `&&` and `||`: a part that settles the whole settles it even if another cannot be worked out.
    fn settled(&self, parts: &'e [Expr], settling: bool) -> Result<Cel<'e>, Fault> {
        let mut fault = None;
        for part in parts {
            match self.value(part).and_then(|value| truth(&value)) {
                Ok(truth) if truth == settling => return Ok(Cel::Bool(settling)),
                Ok(_) => {}
                Err(found) => fault = fault.or(Some(found)),
            }
        }
        fault.map_or(Ok(Cel::Bool(!settling)), Err)
    }

    /// The values of a list, or the keys of an object.
    pub fn items(&self, list: Cel<'e>) -> Result<Vec<Cel<'e>>, Fault> {
        match list {
            Cel::Null => Ok(Vec::new()),
            Cel::List(items) => Ok(items),
            Cel::Tree(Json::List(items)) => {
                self.charge(items.len())?;
                items.iter().map(Cel::of).collect()
            }
            Cel::Tree(Json::Object(entries)) => {
                self.charge(entries.len())?;
                Ok(entries.iter().map(|(key, _)| Cel::Text(key.as_ref().into())).collect())
            }
            other => Err(Fault::new(format!("a list was expected, not {}", other.kind()))),
        }
    }

    fn each(&self, asked: Macro, list: Cel<'e>, body: &'e Expr) -> Result<Cel<'e>, Fault> {
        let mut kept = Vec::new();
        let mut found = 0;
        let mut fault = None;
        for item in self.items(list)? {
            self.charge_copy(&item)?;
            self.item.replace(item);
            let value = self.value(body);
            match asked {
                Macro::Map => kept.push(value?),
                Macro::Filter => {
                    if truth(&value?)? {
                        kept.push(self.item.replace(Cel::Null));
                    }
                }
                Macro::ExistsOne => found += usize::from(truth(&value?)?),
                Macro::All | Macro::Exists => match value.and_then(|value| truth(&value)) {
                    Ok(truth) if truth == (asked == Macro::Exists) => return Ok(Cel::Bool(truth)),
                    Ok(_) => {}
                    Err(problem) => fault = fault.or(Some(problem)),
                },
            }
        }
        match (asked, fault) {
            (Macro::Map | Macro::Filter, _) => Ok(Cel::List(kept)),
            (Macro::ExistsOne, _) => Ok(Cel::Bool(found == 1)),
            (_, Some(fault)) => Err(fault),
            (_, None) => Ok(Cel::Bool(asked == Macro::All)),
        }
    }

    /// What is the record's is only pointed at; what was made is copied.
    fn charge_copy(&self, value: &Cel<'e>) -> Result<(), Fault> {
        match value {
            Cel::Text(text) => self.charge_text(text.len()),
            Cel::List(items) => items.iter().try_for_each(|item| self.charge(1).and_then(|()| self.charge_copy(item))),
            _ => Ok(()),
        }
    }
}

/// The literal without a copy of its text.
fn shallow<'e>(value: &'e Cel<'static>) -> Cel<'e> {
    match value {
        Cel::Text(text) => Cel::Text(text.as_ref().into()),
        other => other.clone(),
    }
}

/// Whether it is true; nothing is not.
pub(super) fn truth(value: &Cel<'_>) -> Result<bool, Fault> {
    match value {
        Cel::Null => Ok(false),
        Cel::Bool(truth) => Ok(*truth),
        other => Err(Fault::new(format!("true or false was expected, not {}", other.kind()))),
    }
}
