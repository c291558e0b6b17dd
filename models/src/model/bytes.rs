//! States as bytes: [`Codec`].

use smallvec::{Array, SmallVec};

/// Writes the states of a model as bytes, and reads them again. The parts of a state may be written by number, so that
/// bytes have a meaning only together with the model that wrote them, or one whose parts were numbered in the same
/// order.
pub trait Codec<S>: Sync {
    /// Appends the state. This may be called while the model is locked.
    fn write(&self, state: &S, out: &mut Vec<u8>);

    /// Takes the bytes of one state from the front.
    ///
    /// # Panics
    /// If they are not those of a state.
    fn read(&self, bytes: &mut &[u8]) -> S;

    /// The number of numbered parts. When a state is expanded and its properties are evaluated, new parts get the next
    /// numbers, in an order that depends only on the state and on the parts numbered before.
    fn parts(&self) -> u64;
}

/// A value that is part of a state.
pub(crate) trait Stored: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes the value's bytes from the front. Panics if they are not those of one.
    fn read(bytes: &mut &[u8]) -> Self;
}

macro_rules! stored_numbers {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            fn write(&self, out: &mut Vec<u8>) {
                write_number((*self).into(), out);
            }

            fn read(bytes: &mut &[u8]) -> Self {
                let number = read_number(bytes).expect("a number");
                number.try_into().expect("a number of this size")
            }
        }
    )*};
}

stored_numbers!(u8, u16, u32, u64);

impl<T: Stored> Stored for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(self.is_some()).write(out);
        self.iter().for_each(|value| value.write(out));
    }

    fn read(bytes: &mut &[u8]) -> Self {
        (u8::read(bytes) == 1).then(|| T::read(bytes))
    }
}

impl<T: Stored> Stored for Box<T> {
    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }

    fn read(bytes: &mut &[u8]) -> Self {
        Box::new(T::read(bytes))
    }
}

impl<A: Array<Item: Stored>> Stored for SmallVec<A> {
    fn write(&self, out: &mut Vec<u8>) {
        write_number(self.len() as u64, out);
        self.iter().for_each(|value| value.write(out));
    }

    fn read(bytes: &mut &[u8]) -> Self {
        let length = u32::read(bytes);
        (0..length).map(|_| A::Item::read(bytes)).collect()
    }
}

/// Appends a number in LEB128: seven bits a byte, the lowest first; the highest bit marks all bytes but the last.
pub(crate) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number from the front; `None` if there is none.
pub(crate) fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}
