//! Regions, and the round-trip times between them: [`Regions`].

use multimaster::MasterId;

/// The round-trip times between the regions in which masters are.
///
/// If there are at most as many masters as regions, the first master is in the first region, the second in the second,
/// and so on. Otherwise each region has a block of successive masters, all blocks of about the same size.
#[derive(Clone, Debug, PartialEq)]
pub struct Regions {
    names: Vec<String>,
    /// By the region of the sender, then of the receiver: in milliseconds.
    round_trips: Vec<Vec<f64>>,
}

/// The table that the crate ships.
const AZURE: &str = include_str!("azure.csv");

/// The round trip between two masters of one region, in milliseconds. The table has none: this is an assumption.
const WITHIN: f64 = 1.0;

/// The longest round trip that a table may contain, in milliseconds.
const LONGEST: f64 = 3_600_000.0;

impl Regions {
    /// Sixteen regions of the Azure cloud in an order in which each is near the next: the 95th percentile of the round
    /// trips in the 30 days to 30 July 2026, as Microsoft has published it. The head of `azure.csv` has the source.
    ///
    /// # Panics
    /// Never: the shipped table is valid.
    pub fn azure() -> Regions {
        Self::parse(AZURE).expect("the shipped table is valid")
    }

    /// One region in which every round trip takes this long.
    pub fn uniform(milliseconds: f64) -> Regions {
        Regions { names: vec!["anywhere".into()], round_trips: vec![vec![milliseconds]] }
    }

    /// Reads a table: in the first line a word and the names of all regions, then for each region in the same order a
    /// line with its name and its round trips to all regions, in milliseconds. The cells are separated by commas. An
    /// empty cell is the round trip within a region: 1 ms. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// The number of the line that is wrong, and the reason.
    pub fn parse(text: &str) -> Result<Regions, (usize, String)> {
        let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (first, head) = lines.next().ok_or((1, "the table is empty".to_owned()))?;
        let names: Vec<String> = head.split(',').skip(1).map(|name| name.trim().to_owned()).collect();
        if names.is_empty() {
            return Err((first, "write `from` and the names of the regions, separated by commas".into()));
        }
        let mut round_trips: Vec<Vec<f64>> = Vec::new();
        for (number, line) in lines {
            let mut cells = line.split(',').map(str::trim);
            let (name, expected) = (cells.next().unwrap_or_default(), names.get(round_trips.len()));
            if expected.is_none_or(|expected| expected != name) {
                let expected = expected.map_or("no more lines".into(), |expected| format!("the region `{expected}`"));
                return Err((number, format!("`{name}`: here should be {expected}")));
            }
            let row: Vec<f64> = cells.map(round_trip).collect::<Result<_, _>>().map_err(|what| (number, what))?;
            if row.len() != names.len() {
                return Err((number, format!("{} round trips, but there are {} regions", row.len(), names.len())));
            }
            round_trips.push(row);
        }
        match names.get(round_trips.len()) {
            Some(missing) => Err((text.lines().count(), format!("the line of the region `{missing}` is missing"))),
            None => Ok(Regions { names, round_trips }),
        }
    }

    /// Only these regions, in this order.
    ///
    /// # Errors
    /// The first name that is not a region.
    pub fn only(&self, names: &[&str]) -> Result<Regions, String> {
        let place = |name: &&str| self.names.iter().position(|known| known == name).ok_or_else(|| (*name).to_owned());
        let kept: Vec<usize> = names.iter().map(place).collect::<Result<_, _>>()?;
        let row = |from: &usize| kept.iter().map(|to| self.round_trips[*from][*to]).collect();
        Ok(Regions {
            names: kept.iter().map(|place| self.names[*place].clone()).collect(),
            round_trips: kept.iter().map(row).collect(),
        })
    }

    /// The names of the regions, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The region of a master, as an index into the names.
    pub fn of(&self, master: MasterId, masters: u16) -> usize {
        let (regions, masters) = (self.names.len(), usize::from(masters));
        if masters <= regions { master.index() } else { master.index() * regions / masters }
    }

    /// The time that a message takes from one master to another, in nanoseconds: half of the round trip.
    pub(super) fn one_way(&self, from: MasterId, to: MasterId, masters: u16) -> u64 {
        let milliseconds = self.round_trips[self.of(from, masters)][self.of(to, masters)];
        (milliseconds * 500_000.0) as u64
    }
}

fn round_trip(cell: &str) -> Result<f64, String> {
    if cell.is_empty() {
        return Ok(WITHIN);
    }
    let number = cell.parse().ok().filter(|number| (0.0..=LONGEST).contains(number));
    number.ok_or_else(|| format!("`{}` is not a number of milliseconds", cell.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_that_of_the_source() {
        let azure = Regions::azure();
        assert_eq!(azure.names().len(), 16);
        let place = |name: &str| azure.names().iter().position(|known| known == name).unwrap();
        for (from, to, expected) in
            [("East US", "Japan East", 165.0), ("Japan East", "East US", 165.0), ("UK South", "Sweden Central", 36.0)]
        {
            assert_eq!(azure.round_trips[place(from)][place(to)], expected, "{from} {to}");
        }
        assert!((0..16).all(|region| azure.round_trips[region][region] == WITHIN));
    }

    #[test]
    fn masters_are_spread_over_the_regions() {
        let azure = Regions::azure();
        let all = |masters| (0..masters).map(|id| azure.of(MasterId(id), masters)).collect::<Vec<_>>();
        assert_eq!(all(3), [0, 1, 2]);
        assert_eq!(all(32), (0..32).map(|id| id / 2).collect::<Vec<_>>());
        assert_eq!(all(1000).last(), Some(&15));
        assert_eq!(azure.one_way(MasterId(0), MasterId(2), 3), 40_000_000);
    }

    #[test]
    fn a_wrong_table_is_refused_with_its_line() {
        let message = |text: &str| Regions::parse(text).unwrap_err();
        assert_eq!(message("").0, 1);
        assert_eq!(message("from,a,b\na,,1\n").1, "the line of the region `b` is missing");
        assert_eq!(message("from,a,b\nb,1,\n"), (2, "`b`: here should be the region `a`".into()));
        assert_eq!(message("# x\nfrom,a\na,-1\n"), (3, "`-1` is not a number of milliseconds".into()));
        assert_eq!(message("from,a\na,1,2\n"), (2, "2 round trips, but there are 1 regions".into()));
        assert_eq!(Regions::azure().only(&["UK South", "Mars"]), Err("Mars".into()));
        let two = Regions::azure().only(&["Japan East", "East US"]).unwrap();
        assert_eq!(two.round_trips, [[1.0, 165.0], [165.0, 1.0]]);
    }
}
