//! The shape of a topology: [`Shape`].

use fastrand::Rng;
use multimaster::{MasterId, Topology, TopologyError};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The shape of a topology, of any size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each master sends to the next, the last to the first.
    Ring,
    /// Each master and the next send to each other.
    TwoWayRing,
    /// Master A is the hub.
    Star,
    /// Every master sends to every other.
    AllToAll,
    /// Master A is the root; each master and its at most so many children send to each other.
    Tree(u16),
    /// Half this number of two-way rings, each through all masters in an order drawn from the seed, so that each master
    /// has about this number of neighbours.
    Random(u16),
    /// Edges from a list.
    Edges(Arc<EdgeList>),
}

/// A list of edges from a file.
#[derive(Debug, PartialEq, Eq)]
pub struct EdgeList {
    /// The name of the file.
    pub file: String,
    /// The number of masters: one more than the highest that is named.
    pub masters: u16,
    edges: Vec<(MasterId, MasterId)>,
}

impl EdgeList {
    /// Reads a list of edges, one in each line: `A -> B`, or `A - B` for both directions. Lines that begin with `#` are
    /// comments.
    ///
    /// # Errors
    /// The number of the line that is wrong, and the reason.
    pub fn parse(file: &str, text: &str) -> Result<EdgeList, (usize, String)> {
        let mut edges = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let one_way = line.split_once("->");
            let ends = one_way.or_else(|| line.split_once('-'));
            let read = |text: &str| text.trim().parse::<MasterId>().ok();
            let Some((from, to)) = ends.and_then(|(from, to)| Some((read(from)?, read(to)?))) else {
                let what =
                    format!("`{}`: write an edge as `A -> B`, or as `A - B` for both directions", line.escape_debug());
                return Err((place + 1, what));
            };
            edges.push((from, to));
            if one_way.is_none() {
                edges.push((to, from));
            }
        }
        let last = edges.iter().map(|(from, to)| from.0.max(to.0)).max();
        let masters = last.and_then(|last| last.checked_add(1)).ok_or((1, "there is no edge".to_owned()))?;
        Ok(EdgeList { file: file.to_owned(), masters, edges })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Ring => f.write_str("ring"),
            Shape::TwoWayRing => f.write_str("two-way-ring"),
            Shape::Star => f.write_str("star"),
            Shape::AllToAll => f.write_str("all-to-all"),
            Shape::Tree(children) => write!(f, "tree:{children}"),
            Shape::Random(neighbours) => write!(f, "random:{neighbours}"),
            Shape::Edges(list) => f.write_str(&list.file),
        }
    }
}

/// Parses the form that `Display` writes, except the name of a file.
impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Shape, String> {
        let number = |text: &str, least: u16| text.parse().ok().filter(|number| *number >= least);
        let wrong = || {
            format!(
                "`{}` is no topology: write ring, two-way-ring, star, all-to-all, tree:2 (a tree with two children a \
                 master), random:4 (a random graph with four neighbours a master) or edges:FILE",
                text.escape_debug()
            )
        };
        match text.split_once(':') {
            None => match text {
                "ring" => Some(Shape::Ring),
                "two-way-ring" => Some(Shape::TwoWayRing),
                "star" => Some(Shape::Star),
                "all-to-all" => Some(Shape::AllToAll),
                _ => None,
            },
            Some(("tree", children)) => number(children, 1).map(Shape::Tree),
            Some(("random", neighbours)) => {
                number(neighbours, 2).filter(|even: &u16| even.is_multiple_of(2)).map(Shape::Random)
            }
            Some(_) => None,
        }
        .ok_or_else(wrong)
    }
}

impl Shape {
    /// The topology of this shape and size. Only a random graph depends on the seed.
    ///
    /// # Errors
    /// If there are too few masters or too many edges, or some master cannot reach another.
    pub fn topology(&self, masters: u16, seed: u64) -> Result<Topology, TopologyError> {
        match self {
            Shape::Ring => Topology::ring(masters),
            Shape::TwoWayRing => Topology::from_edges(masters, round((0..masters).collect())),
            Shape::Star => Topology::star(masters),
            Shape::AllToAll => Topology::all_to_all(masters),
            Shape::Tree(children) => {
                let parent = |child: u16| MasterId((child - 1) / children);
                let pairs = (1..masters).map(|child| (parent(child), MasterId(child)));
                Topology::from_edges(masters, pairs.flat_map(both_ways))
            }
            Shape::Random(neighbours) => {
                let mut random = Rng::with_seed(seed);
                let rings = (0..neighbours / 2).flat_map(|_| {
                    let mut order: Vec<u16> = (0..masters).collect();
                    random.shuffle(&mut order);
                    round(order)
                });
                Topology::from_edges(masters, rings)
            }
            Shape::Edges(list) => Topology::from_edges(list.masters, list.edges.iter().copied()),
        }
    }
}

/// The edges of a ring in this order, in both directions.
fn round(order: Vec<u16>) -> Vec<(MasterId, MasterId)> {
    let next = order.iter().cycle().skip(1);
    order.iter().zip(next).map(|(one, other)| (MasterId(*one), MasterId(*other))).flat_map(both_ways).collect()
}

fn both_ways((one, other): (MasterId, MasterId)) -> [(MasterId, MasterId); 2] {
    [(one, other), (other, one)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_read_as_it_is_written() {
        for text in ["ring", "two-way-ring", "star", "all-to-all", "tree:2", "random:4"] {
            assert_eq!(text.parse::<Shape>().unwrap().to_string(), text);
        }
        for text in ["", "line", "tree", "tree:0", "random:3", "random:x", "star:2"] {
            assert!(text.parse::<Shape>().unwrap_err().contains("is no topology"), "{text}");
        }
    }

    #[test]
    fn every_shape_has_its_number_of_edges() {
        let edges = |text: &str, masters, seed| {
            text.parse::<Shape>().unwrap().topology(masters, seed).map(|topology| topology.edges().count())
        };
        assert_eq!(edges("ring", 10, 0), Ok(10));
        assert_eq!(edges("two-way-ring", 10, 0), Ok(20));
        assert_eq!(edges("tree:3", 10, 0), Ok(18));
        assert!((2_900..=3_000).contains(&edges("random:6", 500, 7).unwrap()));
        assert_eq!(edges("ring", 1, 0), Err(TopologyError::TooFew));
        let random = |seed| Shape::Random(4).topology(50, seed).unwrap();
        assert_eq!(random(1), random(1));
        assert_ne!(random(1), random(2));
    }

    #[test]
    fn edges_are_read_from_a_list() {
        let list = EdgeList::parse("x", "# a line\nA - B\nB -> C\n\nC->B\n").unwrap();
        assert_eq!(list.masters, 3);
        let topology = Shape::Edges(list.into()).topology(3, 0).unwrap();
        assert_eq!(topology.to_string(), "3 masters: A -> B, B -> A, B -> C, C -> B");
        assert_eq!(EdgeList::parse("x", "A - B\nA + B").unwrap_err().0, 2);
        assert_eq!(EdgeList::parse("x", "#").unwrap_err(), (1, "there is no edge".into()));
    }
}
