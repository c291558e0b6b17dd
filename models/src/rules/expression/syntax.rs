//! Checks of a script's syntax tree, before it runs.

use super::sandbox::Wrong;
use rhai::{AST, ASTNode, Expr, Position, Stmt};
use std::collections::BTreeSet;

/// Functions that a script may not call, because its budgets do not cover their results.
const REFUSED: [&str; 3] = ["eval", "curry", "sleep"];

/// The names that a script uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// The fields that it reads.
    pub(super) fields: BTreeSet<String>,
    /// The variables that it reads.
    pub(super) variables: BTreeSet<String>,
    /// The fields of maps that it makes.
    pub(super) made: BTreeSet<String>,
    /// The fields that it reads by a dot, and their positions.
    asked: Vec<(String, Position)>,
}

/// The names that a script uses; an error if it calls a forbidden function.
pub(super) fn names(ast: &AST) -> Result<Names, Wrong> {
    let mut names = Names::default();
    let mut refused = None;
    ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Map(map, _))) => {
                names.made.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
            }
            Some(ASTNode::Expr(Expr::Property(property, at))) => {
                names.fields.insert(property.2.to_string());
                names.asked.push((property.2.to_string(), *at));
            }
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => {
                names.variables.insert(variable.1.to_string());
            }
            Some(ASTNode::Expr(Expr::Index(pair, ..))) => {
                // A text can name a field: `first["wall"]`.
                if let Expr::StringConstant(text, _) = &pair.rhs {
                    names.fields.insert(text.to_string());
                }
            }
            Some(ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at)))
            | Some(ASTNode::Stmt(Stmt::FnCall(call, at)))
                if REFUSED.contains(&call.name.as_str()) =>
            {
                refused.get_or_insert_with(|| (call.name.to_string(), *at));
            }
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                names.made.extend(last_property(&assignment.1.lhs));
            }
            _ => {}
        }
        true
    });
    match refused {
        Some((name, at)) => Err(Wrong::at(line_of(at), format!("there is no `{name}` here"))),
        None => Ok(names),
    }
}

impl Names {
    /// Checks that each field read by a dot is one of `fields`, or of a map that a script makes.
    pub(super) fn check(&self, fields: &[&str], made: &BTreeSet<String>) -> Result<(), Wrong> {
        let unknown = self.asked.iter().find(|(name, _)| !fields.contains(&name.as_str()) && !made.contains(name));
        let Some((name, at)) = unknown else { return Ok(()) };
        let made = made.iter().map(String::as_str).filter(|name| !fields.contains(name));
        let known: Vec<String> = fields.iter().copied().chain(made).map(|field| format!("`{field}`")).collect();
        let what = format!("nothing has a field `{name}`: the fields are {}", known.join(", "));
        Err(Wrong::at(line_of(*at), what))
    }
}

/// The field that an assignment to this expression sets.
fn last_property(assigned: &Expr) -> Option<String> {
    match assigned {
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => last_property(&pair.rhs),
        Expr::Property(property, _) => Some(property.2.to_string()),
        _ => None,
    }
}

fn line_of(at: Position) -> usize {
    at.line().unwrap_or(1)
}
