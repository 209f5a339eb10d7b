//! Conditions that let every row through.
// The parser's own types have hundreds of variants; what is not named here is judged as something else.
#![allow(clippy::wildcard_enum_match_arm)]

use sqlparser::ast::{BinaryOperator, Expr, SetExpr, TableFactor, Value};

/// Whether a condition is true for every row, or for every row that has a key.
pub(super) fn always(condition: &Expr, table: &str) -> bool {
    match condition {
        Expr::Value(value) => truth(&value.value),
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::And => always(left, table) && always(right, table),
            BinaryOperator::Or => always(left, table) || always(right, table) || complement(left, right),
            BinaryOperator::Eq | BinaryOperator::GtEq | BinaryOperator::LtEq => bare(left) == bare(right),
            BinaryOperator::NotEq => literal(left) && literal(right) && left != right,
            BinaryOperator::Gt => ends_in_id(left) && matches!(bare(right).as_str(), "0" | "-1"),
            _ => false,
        },
        Expr::IsNotNull(inner) => ends_in_id(inner),
        Expr::Nested(inner) | Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => always(inner, table),
        Expr::Like { negated: false, pattern, .. } | Expr::ILike { negated: false, pattern, .. } => {
            bare(pattern) == "'%'"
        }
        Expr::InSubquery { negated: false, subquery, .. } => match subquery.body.as_ref() {
            SetExpr::Select(select) => {
                let same = select.from.iter().any(|from| matches!(&from.relation, TableFactor::Table { name, .. } if name.to_string() == table));
                same && select.selection.is_none() && subquery.limit_clause.is_none()
            }
            _ => false,
        },
        Expr::Exists { negated: false, subquery } => {
            matches!(subquery.body.as_ref(), SetExpr::Select(select) if select.selection.is_none())
        }
        _ => false,
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Boolean(value) => *value,
        Value::Number(text, _) => text.parse::<f64>().is_ok_and(|number| number != 0.0),
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
            text.trim().parse::<f64>().is_ok_and(|number| number != 0.0)
        }
        _ => false,
    }
}

fn literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(_))
}

/// A column without the table before it, or anything else as it is written.
fn bare(expr: &Expr) -> String {
    match expr {
        Expr::CompoundIdentifier(parts) => {
            parts.last().map(|part| part.value.to_lowercase()).unwrap_or_default()
        }
        Expr::Identifier(part) => part.value.to_lowercase(),
        Expr::Nested(inner) => bare(inner),
        other => other.to_string(),
    }
}

fn ends_in_id(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && bare(expr).ends_with("id")
}

fn complement(left: &Expr, right: &Expr) -> bool {
    match (left, right) {
        (Expr::IsNull(a), Expr::IsNotNull(b))
        | (Expr::IsNotNull(a), Expr::IsNull(b))
        | (Expr::IsTrue(a), Expr::IsNotTrue(b))
        | (Expr::IsNotTrue(a), Expr::IsTrue(b)) => a == b,
        _ => false,
    }
}
