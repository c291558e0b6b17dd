//! What a link has carried: [`Traffic`].

/// What a link has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Messages that arrived, second deliveries included.
    pub delivered: u64,
    /// Messages lost by a fault, a cut or the end of the link.
    pub lost: u64,
    /// Messages that were sent twice.
    pub duplicated: u64,
    /// Messages that arrived before a change that they extend.
    pub gaps: u64,
    /// Delivered messages that were snapshots.
    pub snapshots: u64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Traffic) {
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.gaps += other.gaps;
        self.snapshots += other.snapshots;
    }
}
