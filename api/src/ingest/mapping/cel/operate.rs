//! What stands between two values.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Fault;
use super::evaluate::Run;
use super::node::Operator;
use super::value::Cel;
use crate::ingest::json::Json;

/// The value of `left operator right`.
pub(super) fn apply<'e>(run: &Run<'e>, operator: Operator, left: Cel<'e>, right: Cel<'e>) -> Result<Cel<'e>, Fault> {
    let ordered = |is: fn(Ordering) -> bool| order(run, operator, &left, &right).map(|order| Cel::Bool(is(order)));
    match operator {
        Operator::Equal => equal(run, &left, &right).map(Cel::Bool),
        Operator::Unequal => equal(run, &left, &right).map(|same| Cel::Bool(!same)),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::In => contains(run, &left, right).map(Cel::Bool),
        Operator::Plus => match (left, right) {
            (Cel::Text(one), Cel::Text(two)) => {
                run.charge_text(one.len() + two.len())?;
                Ok(Cel::Text(Cow::Owned(one.into_owned() + &two)))
            }
            (one @ (Cel::List(_) | Cel::Tree(Json::List(_))), two @ (Cel::List(_) | Cel::Tree(Json::List(_)))) => {
                let (mut items, more) = (run.items(one)?, run.items(two)?);
                run.charge(items.len() + more.len())?;
                items.extend(more);
                Ok(Cel::List(items))
            }
            (Cel::Time(time), Cel::Span(span)) | (Cel::Span(span), Cel::Time(time)) => {
                time.checked_add_signed(span).map(Cel::Time).ok_or_else(too_large)
            }
            (left, right) => number(operator, &left, &right),
        },
        Operator::Minus => match (&left, &right) {
            (Cel::Time(one), Cel::Time(two)) => Ok(Cel::Span(one.signed_duration_since(two))),
            (Cel::Time(time), Cel::Span(span)) => time.checked_sub_signed(*span).map(Cel::Time).ok_or_else(too_large),
            _ => number(operator, &left, &right),
        },
        Operator::Times | Operator::Over | Operator::Modulo => number(operator, &left, &right),
    }
}

fn number<'e>(operator: Operator, left: &Cel<'e>, right: &Cel<'e>) -> Result<Cel<'e>, Fault> {
    let by_nothing = || Fault::new("it divides by zero");
    if let (Cel::Int(one), Cel::Int(two)) = (left, right) {
        let result = match operator {
            Operator::Plus => one.checked_add(*two),
            Operator::Minus => one.checked_sub(*two),
            Operator::Times => one.checked_mul(*two),
            Operator::Over | Operator::Modulo if *two == 0 => return Err(by_nothing()),
            Operator::Over => one.checked_div(*two),
            _ => one.checked_rem(*two),
        };
        return result.map(Cel::Int).ok_or_else(too_large);
    }
    let (Some(one), Some(two)) = (left.decimal(), right.decimal()) else {
        return Err(unfit(operator, left, right));
    };
    let result = match operator {
        Operator::Plus => one.plus(two),
        Operator::Minus => one.plus(two.negated()),
        Operator::Times => one.times(two),
        Operator::Over if two.is_zero() => return Err(by_nothing()),
        Operator::Over => one.over(two),
        _ => return Err(Fault::new("`%` takes whole numbers")),
    };
    result.map(Cel::Decimal).ok_or_else(too_large)
}

fn too_large() -> Fault {
    Fault::new("a number or time becomes too large")
}

fn unfit(operator: Operator, left: &Cel<'_>, right: &Cel<'_>) -> Fault {
    let sign = match operator {
        Operator::Equal => "==",
        Operator::Unequal => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::In => "in",
        Operator::Plus => "+",
        Operator::Minus => "-",
        Operator::Times => "*",
        Operator::Over => "/",
        Operator::Modulo => "%",
    };
    Fault::new(format!("`{sign}` was given {} and {}", left.kind(), right.kind()))
}

/// Whether two values are the same; values of different types are not, numbers are the same if they are equal.
pub(super) fn equal<'e>(run: &Run<'e>, left: &Cel<'e>, right: &Cel<'e>) -> Result<bool, Fault> {
    Ok(match (left, right) {
        (Cel::Null, Cel::Null) => true,
        (Cel::Bool(one), Cel::Bool(two)) => one == two,
        (Cel::Int(one), Cel::Int(two)) => one == two,
        (Cel::Text(one), Cel::Text(two)) => {
            run.charge_text(one.len().min(two.len()))?;
            one == two
        }
        (Cel::Time(one), Cel::Time(two)) => one == two,
        (Cel::Span(one), Cel::Span(two)) => one == two,
        (Cel::Tree(Json::Object(_)), Cel::Tree(Json::Object(_))) => {
            return Err(Fault::new("objects are compared by their fields, not as a whole"));
        }
        (Cel::List(_) | Cel::Tree(Json::List(_)), Cel::List(_) | Cel::Tree(Json::List(_))) => {
            let (one, two) = (run.items(left.clone())?, run.items(right.clone())?);
            if one.len() != two.len() {
                return Ok(false);
            }
            for (one, two) in one.iter().zip(&two) {
                run.charge(1)?;
                if !equal(run, one, two)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => match (left.decimal(), right.decimal()) {
            (Some(one), Some(two)) => one.compare(two).is_eq(),
            _ => false,
        },
    })
}

fn order(run: &Run<'_>, operator: Operator, left: &Cel<'_>, right: &Cel<'_>) -> Result<Ordering, Fault> {
    Ok(match (left, right) {
        (Cel::Bool(one), Cel::Bool(two)) => one.cmp(two),
        (Cel::Int(one), Cel::Int(two)) => one.cmp(two),
        (Cel::Text(one), Cel::Text(two)) => {
            run.charge_text(one.len().min(two.len()))?;
            one.cmp(two)
        }
        (Cel::Time(one), Cel::Time(two)) => one.cmp(two),
        (Cel::Span(one), Cel::Span(two)) => one.cmp(two),
        _ => match (left.decimal(), right.decimal()) {
            (Some(one), Some(two)) => one.compare(two),
            _ => return Err(unfit(operator, left, right)),
        },
    })
}

/// Whether a list has the value, or an object the key.
fn contains<'e>(run: &Run<'e>, value: &Cel<'e>, within: Cel<'e>) -> Result<bool, Fault> {
    match (&within, value) {
        (Cel::Tree(tree @ Json::Object(entries)), Cel::Text(name)) => {
            run.charge(entries.len() / 8)?;
            return Ok(tree.get(name).is_some());
        }
        (Cel::List(_) | Cel::Tree(Json::List(_)) | Cel::Null, _) => {}
        _ => return Err(unfit(Operator::In, value, &within)),
    }
    for item in run.items(within)? {
        run.charge(1)?;
        if equal(run, value, &item)? {
            return Ok(true);
        }
    }
    Ok(false)
}
