//! Random choices that a seed repeats.

/// A generator (xorshift64*, Vigna 2014): enough for test inputs.
pub(crate) struct Dice(u64);

impl Dice {
    /// The generator of this run: `SEED`, or always the same.
    pub(crate) fn new() -> Self {
        Self::seeded(number("SEED", 1))
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % bound
    }

    /// True `percent` times out of a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A copy of `bytes` with one to four changes: bits, removed, repeated and exchanged runs.
    pub(crate) fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let length = (1 + self.below(30)).min(out.len() - at);
            match self.below(5) {
                0 | 1 => out[at] ^= 1 << self.below(8),
                2 => out[at] = *self.pick(b"0123456789<>[]()/%R \x00\x30\x80\xff"),
                3 if out.len() > 100 => drop(out.drain(at..at + length)),
                _ => {
                    let copy = out[at..at + length].to_vec();
                    let to = self.below(out.len());
                    drop(out.splice(to..to, copy));
                }
            }
        }
        out
    }
}

/// A number from the environment.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
