//! What can be said of a script before it runs.

use super::sandbox::Wrong;
use rhai::{AST, ASTNode, Expr, Position, Stmt};
use std::collections::BTreeSet;

/// Functions that a script may not call: what they make is not within its budgets.
const REFUSED: [&str; 3] = ["eval", "curry", "sleep"];

/// The names that a script uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) fields: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
}

/// Checks that each field that a script reads is one of `fields` or of a map that the script makes, and gives the names of
/// all fields and variables that it reads.
pub(super) fn checked(ast: &AST, fields: &[&str]) -> Result<Names, Wrong> {
    let mut own = BTreeSet::new();
    let mut asked: Vec<(String, Position)> = Vec::new();
    let mut names = Names::default();
    let mut refused = None;
    ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Map(map, _))) => own.extend(map.0.iter().map(|(key, _)| key.name.to_string())),
            Some(ASTNode::Expr(Expr::Property(property, at))) => asked.push((property.2.to_string(), *at)),
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => {
                names.variables.insert(variable.1.to_string());
            }
            Some(ASTNode::Expr(Expr::Index(pair, ..))) => {
                // A field can be named by a text: `first["wall"]`.
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
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => own.extend(last_property(&assignment.1.lhs)),
            _ => {}
        }
        true
    });
    if let Some((name, at)) = refused {
        return Err(Wrong::at(line_of(at), format!("there is no `{name}` here")));
    }
    let unknown = asked.iter().find(|(name, _)| !fields.contains(&name.as_str()) && !own.contains(name));
    if let Some((name, at)) = unknown {
        let known: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
        let what = format!("nothing has a field `{name}`: the fields are {}", known.join(", "));
        return Err(Wrong::at(line_of(*at), what));
    }
    names.fields.extend(asked.into_iter().map(|(name, _)| name));
    Ok(names)
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
