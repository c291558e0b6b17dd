//! The kind of data of a history, and whether its operations fit.

use super::{Reader, Step, told};
use crate::fault::quoted;
use crate::judge::data::Data;
use crate::judge::parts::{Does, Part};
use crate::judge::value::Value;

impl Reader {
    /// The kind of data is known now, unless it was before.
    pub(super) fn learn(&mut self, data: Option<Data>) -> Result<(), String> {
        match (data, &self.judge) {
            (Some(data), None) => {
                let mut judge = data.judge(&self.settings);
                self.vet_additions(data)?;
                for step in std::mem::take(&mut self.waiting) {
                    told(&mut *judge, &self.log, step);
                }
                self.judge = Some((data, judge));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the additions so far, and nothing else can have come, are operations of the kind of data.
    fn vet_additions(&self, data: Data) -> Result<(), String> {
        let is_addition = |step: &Step| {
            let (Step::Began(op) | Step::Ended(op)) = step;
            data.has(Does::Add) && (data != Data::Counter || self.log.names.number(self.log.at(*op).value).is_some())
        };
        if self.waiting.iter().all(is_addition) {
            return Ok(());
        }
        Err(format!("this is of {data}, but the additions before are not; `--data` names the kind of data of all"))
    }

    /// Whether this part is an operation of the kind of data.
    pub(super) fn admit(&self, part: &Part) -> Result<(), String> {
        let Some((data, _)) = &self.judge else { return Ok(()) };
        if !data.has(part.what) {
            return Err(format!(
                "{data} has no such operation: {} {}; all operations of a history are on one kind of data, which `--data` \
                 names",
                part.what,
                quoted(&part.value.written())
            ));
        }
        if *data == Data::Counter && !matches!(*part.value, Value::Int(_)) {
            return Err(format!("a counter adds a whole number, not {}", quoted(&part.value.written())));
        }
        Ok(())
    }
}
