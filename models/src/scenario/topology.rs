//! The topology of a scenario file, checked.

use super::file::{File, Shape};
use super::reader::Reader;
use crate::fault::{Fault, line_of};
use multimaster::{Topology, TopologyError};

impl Reader<'_> {
    /// The topology, and its shape in words.
    pub(super) fn topology(&self, file: &File) -> Result<(Topology, String), Fault> {
        let masters = self.masters(file)?;
        let one_way = file.one_way.as_ref().is_some_and(|one_way| *one_way.get_ref());
        if let (Some(place), None) = (&file.one_way, &file.edges) {
            return Err(
                self.fault(place, "`one-way` is for `edges`: in a ring, a star and all to all, every path leads back")
            );
        }
        let (built, place, shape) = match (&file.topology, &file.edges) {
            (Some(_), Some(edges)) => {
                return Err(self.fault(edges, "give either `topology` or `edges`, not both"));
            }
            (None, None) => {
                let choices = "`topology = \"ring\"`, `\"star\"` or `\"all-to-all\"`, or `edges = [[\"A\", \"B\"], …]`";
                return Err(Fault::at(self.file, 1, format!("the topology is missing: give {choices}")));
            }
            (Some(shape), None) => {
                let built = match shape.get_ref() {
                    Shape::Ring => Topology::ring(masters),
                    Shape::Star => Topology::star(masters),
                    Shape::AllToAll => Topology::all_to_all(masters),
                };
                let name = match shape.get_ref() {
                    Shape::Ring => "ring",
                    Shape::Star => "star",
                    Shape::AllToAll => "all-to-all",
                };
                (built, shape.span().start, name)
            }
            (None, Some(edges)) => {
                let pairs: Result<Vec<_>, Fault> =
                    edges
                        .get_ref()
                        .iter()
                        .map(|pair| match pair.get_ref().as_slice() {
                            [from, to] => Ok((self.master(from, masters)?, self.master(to, masters)?)),
                            _ => Err(self
                                .fault(pair, "an edge is two masters, the sender and the receiver: `[\"A\", \"B\"]`")),
                        })
                        .collect();
                let built =
                    if one_way { Topology::one_way(masters, pairs?) } else { Topology::from_edges(masters, pairs?) };
                (built, edges.span().start, "edges")
            }
        };
        let topology = built.map_err(|error| {
            let hint =
                matches!(error, TopologyError::Unreachable(..)).then_some("; give `one-way = true` if that is meant");
            let what = format!("{error}{}", hint.unwrap_or_default());
            Fault::at(self.file, line_of(self.text, place), what)
        })?;
        Ok((topology, format!("{shape} {masters}")))
    }
}
