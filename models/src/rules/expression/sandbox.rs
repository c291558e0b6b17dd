//! The sandbox of scripts: [`Sandbox`].
//!
//! A script has access only to its arguments: to no file, clock, random number or other thread. Each call has a budget
//! of operations, call depth, size of values, and time. A script that exceeds its budget or reads a field that does not
//! exist fails.

use super::syntax::{self, Names};
pub use crate::fault::{Wrong, quoted};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, BitFieldPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Dynamic, Engine, EvalAltResult, OptimizationLevel, Position, Scope};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most operations of one call, which take some milliseconds.
const OPERATIONS: u64 = 100_000;

/// The longest time of one call. Most scripts exceed the budget of operations first.
pub const TIME: Duration = Duration::from_secs(1);

/// The longest script, in bytes.
const LENGTH: usize = 100_000;

/// The reason for which a call of a script returned no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The script threw this text.
    Thrown(Wrong),
    /// The script failed.
    Failed(Wrong),
}

impl From<Stopped> for Wrong {
    fn from(stopped: Stopped) -> Wrong {
        match stopped {
            Stopped::Thrown(Wrong { line, what }) => Wrong { line, what: format!("the script throws: {what}") },
            Stopped::Failed(wrong) => wrong,
        }
    }
}

/// The error of a host function that was called with wrong arguments.
#[derive(Clone, Debug)]
struct Objection(String);

/// The error of a host function that was called with wrong arguments. Unlike a text, it is not taken for a `throw` of
/// the script.
pub fn objection(what: impl Into<String>) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(Objection(what.into())), Position::NONE))
}

/// A value with named fields, as a script sees it. Reading a field that does not exist is an error.
#[derive(Clone)]
pub struct ScriptRecord {
    /// The record's name in messages.
    name: &'static str,
    fields: Arc<Vec<(&'static str, Dynamic)>>,
}

impl ScriptRecord {
    /// A record with these fields.
    pub fn new(name: &'static str, fields: Vec<(&'static str, Dynamic)>) -> ScriptRecord {
        ScriptRecord { name, fields: Arc::new(fields) }
    }

    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Dynamic> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// All fields, in the order of [`new`](Self::new).
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Dynamic)> {
        self.fields.iter().map(|(name, value)| (*name, value))
    }

    fn asked(&mut self, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        self.get(name).cloned().ok_or_else(|| {
            let all: Vec<String> = self.fields().map(|(name, _)| format!("`{name}`")).collect();
            objection(format!("a {} has no `{}`: it has {}", self.name, quoted(name), all.join(", ")))
        })
    }
}

/// The record as a script prints it: `write(value: x, time: 1)`.
impl fmt::Display for ScriptRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self.fields().map(|(name, value)| format!("{name}: {value}")).collect();
        write!(f, "{}({})", self.name, fields.join(", "))
    }
}

/// A compiled and checked script.
#[derive(Clone, Debug)]
pub struct Script {
    ast: AST,
    names: Names,
}

impl Script {
    /// Its syntax tree.
    pub(crate) fn ast(&self) -> &AST {
        &self.ast
    }

    /// The fields of maps that the script makes.
    pub fn makes(&self) -> &BTreeSet<String> {
        &self.names.made
    }

    /// Checks that the script reads only these fields, and fields of maps that some script makes (`made`).
    ///
    /// # Errors
    /// The first other field that the script reads.
    pub fn check(&self, fields: &[&str], made: &BTreeSet<String>) -> Result<(), Wrong> {
        self.names.check(fields, made)
    }

    /// Whether the script reads a field of this name, of any value.
    pub fn reads_field(&self, name: &str) -> bool {
        self.names.fields.contains(name)
    }

    /// Whether the script reads a variable of this name.
    pub fn reads_variable(&self, name: &str) -> bool {
        self.names.variables.contains(name)
    }
}

/// Compiles scripts and calls them.
pub struct Sandbox {
    engine: Engine,
}

impl Default for Sandbox {
    fn default() -> Sandbox {
        Sandbox::new()
    }
}

impl Sandbox {
    /// A sandbox with text, numbers, lists and maps.
    pub fn new() -> Sandbox {
        let mut engine = Engine::new_raw();
        // All packages but the core package, which can sleep.
        ArithmeticPackage::new().register_into_engine(&mut engine);
        BasicStringPackage::new().register_into_engine(&mut engine);
        BasicIteratorPackage::new().register_into_engine(&mut engine);
        BasicFnPackage::new().register_into_engine(&mut engine);
        BitFieldPackage::new().register_into_engine(&mut engine);
        LogicPackage::new().register_into_engine(&mut engine);
        BasicMathPackage::new().register_into_engine(&mut engine);
        BasicArrayPackage::new().register_into_engine(&mut engine);
        BasicMapPackage::new().register_into_engine(&mut engine);
        MoreStringPackage::new().register_into_engine(&mut engine);
        engine.set_max_operations(OPERATIONS).set_max_call_levels(32).set_max_expr_depths(64, 32);
        engine.set_max_string_size(10_000).set_max_array_size(1_000).set_max_map_size(1_000);
        engine.set_max_variables(1_000).set_max_functions(200);
        engine.set_strict_variables(true).set_fail_on_invalid_map_property(true);
        engine.set_optimization_level(OptimizationLevel::None);
        engine.disable_symbol("eval");
        engine.on_print(|_| {}).on_debug(|_, _, _| {}).on_progress(out_of_time);
        engine.register_type_with_name::<ScriptRecord>("record");
        engine.register_indexer_get(ScriptRecord::asked);
        let text = |record: &mut ScriptRecord| record.to_string();
        engine.register_fn("to_string", text).register_fn("to_debug", text);
        engine.register_fn("==", |one: ScriptRecord, other: ScriptRecord| one.to_string() == other.to_string());
        engine.register_fn("!=", |one: ScriptRecord, other: ScriptRecord| one.to_string() != other.to_string());
        Sandbox { engine }
    }

    /// Adds host functions.
    pub fn extended(mut self, add: impl FnOnce(&mut Engine)) -> Sandbox {
        add(&mut self.engine);
        self
    }

    /// Compiles a script with these variables, whose records have these fields. The script may also read fields of maps
    /// that it makes.
    ///
    /// # Errors
    /// If the script does not parse, or uses an unknown variable or field.
    pub fn compile(&self, text: &str, given: &[&str], fields: &[&str]) -> Result<Script, Wrong> {
        let script = self.read(text, given)?;
        script.check(fields, &script.names.made)?;
        Ok(script)
    }

    /// As [`compile`](Self::compile), without the check of fields, which must [follow](Script::check).
    ///
    /// # Errors
    /// If the script does not parse, or uses an unknown variable.
    pub fn read(&self, text: &str, given: &[&str]) -> Result<Script, Wrong> {
        if text.len() > LENGTH {
            return Err(Wrong::at(1, format!("a script of {} bytes: at most {LENGTH}", text.len())));
        }
        let mut scope = Scope::new();
        for name in given {
            scope.push(*name, ());
        }
        let ast = self.engine.compile_with_scope(&scope, text).map_err(|error| {
            // An unexpected end is reported in the last line of the script.
            let line = error.position().line().unwrap_or_else(|| text.lines().count());
            Wrong::at(line, error.err_type().to_string())
        })?;
        let names = syntax::names(&ast)?;
        Ok(Script { ast, names })
    }

    /// Calls a script with the value of each variable.
    ///
    /// # Errors
    /// If the script throws, fails, or exceeds a budget.
    pub fn run<'a>(
        &self,
        script: &Script,
        given: impl IntoIterator<Item = (&'a str, Dynamic)>,
    ) -> Result<Dynamic, Stopped> {
        let mut scope = Scope::new();
        for (name, value) in given {
            scope.push_dynamic(name, value);
        }
        let _until = Deadline::set(Instant::now() + TIME);
        let outcome = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &script.ast);
        outcome.map(Dynamic::flatten).map_err(|error| stopped(*error, 0))
    }
}

thread_local! {
    /// The deadline of this thread's current call.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sets the deadline of one call, and clears it when dropped.
struct Deadline(Option<Instant>);

impl Deadline {
    fn set(until: Instant) -> Deadline {
        Deadline(DEADLINE.replace(Some(until)))
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}

fn out_of_time(operations: u64) -> Option<Dynamic> {
    // Reading the time costs as much as an operation.
    let asks = operations.is_multiple_of(16);
    (asks && DEADLINE.get().is_some_and(|until| Instant::now() > until)).then_some(Dynamic::UNIT)
}

/// The reason for which a script stopped, with the innermost known line.
fn stopped(mut error: EvalAltResult, outer: usize) -> Stopped {
    let line = error.position().line().unwrap_or(outer);
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => return stopped(*inner, line),
        EvalAltResult::ErrorRuntime(thrown, _) if thrown.is::<Objection>() => {
            return Stopped::Failed(Wrong::at(line, thrown.cast::<Objection>().0));
        }
        EvalAltResult::ErrorRuntime(thrown, _) if !thrown.is_unit() => {
            return Stopped::Thrown(Wrong::at(line, thrown.to_string()));
        }
        EvalAltResult::ErrorTerminated(..) => {
            return Stopped::Failed(Wrong::at(line, format!("this takes longer than {} s", TIME.as_secs())));
        }
        EvalAltResult::ErrorTooManyOperations(_) => {
            let what = format!("Too many operations: a call may take {OPERATIONS}, and this one takes more");
            return Stopped::Failed(Wrong::at(line, what));
        }
        _ => {}
    }
    error.set_position(Position::NONE);
    Stopped::Failed(Wrong::at(line, error.to_string()))
}
