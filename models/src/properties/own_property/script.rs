//! The scripts of properties: compiled, checked against the scenario, and evaluated.

use super::readings::{Readings, Reads, no_such_key};
use super::values;
use crate::rules::expression::sandbox::{Sandbox, Script, Wrong, objection};
use crate::scope::Scope;
use rhai::{AST, ASTNode, Array, Dynamic, Engine, EvalAltResult, Expr, ImmutableString, Map};
use std::sync::LazyLock;

/// The constant that is a list of all masters.
const MASTERS: &str = "masters";
/// The constant that is a list of all acknowledged writes.
const WRITES: &str = "writes";

/// The sandbox of properties' and specifications' scripts.
pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new().extended(know_masters));

fn know_masters(engine: &mut Engine) {
    engine.register_type_with_name::<Reads>("master");
    engine.register_get("name", values::name);
    engine.register_indexer_get(values::get);
    engine.register_fn("values", values::values).register_fn("keys", values::keys);
    // Values of different types are never equal and have no order, so comparing them is an error. Any value can be
    // compared with `()` by `==` and `!=`.
    engine.set_fast_operators(false);
    refuse_to_compare::<ImmutableString, i64>(engine, "text", "a number");
    refuse_to_compare::<ImmutableString, bool>(engine, "text", "true or false");
    refuse_to_compare::<ImmutableString, Array>(engine, "text", "a list");
    refuse_to_compare::<ImmutableString, Map>(engine, "text", "a map");
    refuse_to_compare::<i64, bool>(engine, "a number", "true or false");
    refuse_to_compare::<i64, Array>(engine, "a number", "a list");
    refuse_to_compare::<i64, Map>(engine, "a number", "a map");
    refuse_to_compare::<bool, Array>(engine, "true or false", "a list");
    refuse_to_compare::<bool, Map>(engine, "true or false", "a map");
    refuse_to_compare::<Array, Map>(engine, "a list", "a map");
    refuse_to_order::<i64>(engine, "a number");
    refuse_to_order::<ImmutableString>(engine, "text");
}

type Compared = Result<bool, Box<EvalAltResult>>;

fn refuse_to_compare<T: Clone + Send + Sync + 'static, U: Clone + Send + Sync + 'static>(
    engine: &mut Engine,
    one: &'static str,
    other: &'static str,
) {
    for operator in ["==", "!=", "<", "<=", ">", ">="] {
        engine.register_fn(operator, move |_: T, _: U| -> Compared { Err(unlike(one, other)) });
        engine.register_fn(operator, move |_: U, _: T| -> Compared { Err(unlike(other, one)) });
    }
}

fn refuse_to_order<T: Clone + Send + Sync + 'static>(engine: &mut Engine, one: &'static str) {
    for operator in ["<", "<=", ">", ">="] {
        engine.register_fn(operator, move |_: T, (): ()| -> Compared { Err(unlike(one, "nothing, `()`,")) });
        engine.register_fn(operator, move |(): (), _: T| -> Compared { Err(unlike("nothing, `()`,", one)) });
    }
}

fn unlike(one: &str, other: &str) -> Box<EvalAltResult> {
    objection(format!("{one} and {other} cannot be compared"))
}

/// A script that gives true or false.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    script: Script,
    /// The names of the masters, in order.
    masters: Vec<String>,
    /// Whether the script reads `writes`.
    pub(super) reads_writes: bool,
}

impl Asked {
    /// Compiles a script about the masters of a scope and the keys that clients write there.
    ///
    /// # Errors
    /// If the script does not parse, or names a master, a key or a field that does not exist.
    pub(super) fn new(text: &str, scope: &Scope) -> Result<Asked, Wrong> {
        let masters: Vec<String> = scope.topology.ids().map(|id| id.to_string()).collect();
        let (keys, maps) = (scope.keys(), scope.fields());
        let constants: Vec<&str> = masters.iter().map(String::as_str).chain([MASTERS, WRITES]).collect();
        // `A.seat` is `A["seat"]`, and `A.seat.row` the field of a map.
        let named = keys.iter().chain(&maps).map(|name| &**name);
        let fields: Vec<&str> = values::FIELDS.into_iter().chain(named).collect();
        let script = SANDBOX.compile(text, &constants, &fields)?;
        let asked = keys_asked(script.ast(), &constants[..masters.len()]);
        if let Some((key, line)) = asked.into_iter().find(|(key, _)| !keys.contains(&**key)) {
            return Err(Wrong::at(line, no_such_key(&key, keys.iter().map(|key| &**key))));
        }
        let reads_writes = script.reads_variable(WRITES);
        Ok(Asked { script, masters, reads_writes })
    }

    /// Runs the script.
    ///
    /// # Errors
    /// If the script fails, takes too long, or returns anything but true or false.
    pub(super) fn ask(&self, readings: &Readings) -> Result<bool, Wrong> {
        let each = || readings.masters().iter().cloned().map(Dynamic::from);
        let mut constants: Vec<(&str, Dynamic)> = self.masters.iter().map(String::as_str).zip(each()).collect();
        constants.push((MASTERS, values::list(each())));
        let writes = if self.reads_writes { readings.writes() } else { &[] };
        constants.push((WRITES, values::list(writes.iter().map(values::of_acknowledged))));
        let given = SANDBOX.run(&self.script, constants)?;
        given.as_bool().map_err(|kind| Wrong::at(1, format!("this gives a value of type `{kind}`: give true or false")))
    }
}

/// The keys that the script reads as literals, `A["seat"]` or `A.values("seat")`, each with its line.
fn keys_asked(ast: &AST, masters: &[&str]) -> Vec<(String, usize)> {
    let mut asked = Vec::new();
    ast.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Index(pair, ..) | Expr::Dot(pair, ..))) = path.last() else { return true };
        if !matches!(&pair.lhs, Expr::Variable(variable, ..) if masters.contains(&variable.1.as_str())) {
            return true;
        }
        // Operations on the value come after it: `A["seat"].len()`.
        let first = match &pair.rhs {
            Expr::Index(next, ..) | Expr::Dot(next, ..) => &next.lhs,
            last => last,
        };
        match first {
            Expr::StringConstant(key, at) => asked.push((key.to_string(), at.line().unwrap_or(1))),
            Expr::MethodCall(call, _) if call.name == "values" => {
                if let [Expr::StringConstant(key, at)] = call.args.as_slice() {
                    asked.push((key.to_string(), at.line().unwrap_or(1)));
                }
            }
            _ => {}
        }
        true
    });
    asked
}
