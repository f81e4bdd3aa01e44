//! What can be made to go wrong, how often, and dice that fall the same way for the same seed.

use std::sync::{Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// Faults with their probabilities from 0 (never) to 1 (always), rolled anew for every request that they can befall.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The answer comes `latency_ms` later.
    pub latency: f64,
    /// How much later, in milliseconds.
    pub latency_ms: u64,
    /// HTTP 502 with a web page, as a proxy in front of a dead axis answers.
    pub bad_gateway: f64,
    /// HTTP 200 with a web page.
    pub web_page: f64,
    /// HTTP 200 without a byte.
    pub empty_answer: f64,
    /// JSON that does not say whether it worked.
    pub missing_status: f64,
    /// An error code that nobody knows.
    pub unknown_code: f64,
    /// The axis's own fault (20).
    pub system_error: f64,
    /// The connection ends while a packet is coming in.
    pub drop_request: f64,
    /// The connection ends in the middle of an answer.
    pub drop_answer: f64,
    /// What was asked for is done, durably, and the connection ends without an answer.
    pub lose_answer: f64,
    /// What was asked for is done, durably, and the answer never comes.
    pub hang_answer: f64,
    /// Items are listed twice.
    pub duplicate_listing: f64,
    /// Items are listed in any order.
    pub shuffle_listing: f64,
    /// Items are listed as if an agency that nobody knows (`G99`) had sent them.
    pub other_sender: f64,
    /// Right credentials are refused (15).
    pub wrong_secret: f64,
    /// A receiver is said to be locked (23).
    pub locked_receiver: f64,
    /// A receiver is said not to exist (18).
    pub unknown_receiver: f64,
    /// A packet is said to be too large (HTTP 413).
    pub oversize: f64,
    /// How far the axis's clock is ahead, in seconds.
    pub clock_skew_seconds: i64,
}

/// A fault's name is unknown, or its value is not one that it can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAFault(String);

impl Faults {
    /// These faults, those of a JSON object changed.
    ///
    /// # Errors
    /// [`NotAFault`] for a name that is unknown, or a probability outside of 0 to 1.
    pub fn merged(&self, changes: &serde_json::Value) -> Result<Self, NotAFault> {
        let mut all = serde_json::to_value(self).map_err(|error| NotAFault(error.to_string()))?;
        let (Some(all), Some(changes)) = (all.as_object_mut(), changes.as_object()) else {
            return Err(NotAFault("faults are a JSON object".into()));
        };
        for (name, value) in changes {
            let is_probability = !matches!(name.as_str(), "latency_ms" | "clock_skew_seconds");
            if is_probability && !value.as_f64().is_some_and(|probability| (0.0..=1.0).contains(&probability)) {
                return Err(NotAFault(format!("`{name}` is a probability from 0 to 1, not {value}")));
            }
            all.insert(name.clone(), value.clone());
        }
        serde_json::from_value(serde_json::Value::Object(all.clone())).map_err(|error| NotAFault(error.to_string()))
    }

    /// These faults, one of them changed: `name=value`.
    ///
    /// # Errors
    /// As [`Faults::merged`].
    pub fn with(&self, text: &str) -> Result<Self, NotAFault> {
        let (name, value) = text.split_once('=').ok_or_else(|| NotAFault(format!("`{text}` is not of the form name=value")))?;
        let value = serde_json::from_str(value).map_err(|_| NotAFault(format!("`{value}` is not a number")))?;
        self.merged(&serde_json::Value::Object([(name.to_owned(), value)].into_iter().collect()))
    }
}

/// The faults of a running sandbox.
#[derive(Debug)]
pub(crate) struct Dice {
    faults: RwLock<Faults>,
    state: Mutex<u64>,
}

impl Dice {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        Self { faults: RwLock::new(faults), state: Mutex::new(seed) }
    }

    pub(crate) fn faults(&self) -> Faults {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Whether a fault befalls.
    pub(crate) fn roll(&self, probability: impl Fn(&Faults) -> f64) -> bool {
        let probability = probability(&self.faults.read().unwrap_or_else(PoisonError::into_inner));
        // 53 bits are what an f64 holds of [0, 1).
        probability > 0.0 && ((self.next() >> 11) as f64 / (1_u64 << 53) as f64) < probability
    }

    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.next() % (last as u64 + 1);
            items.swap(last, usize::try_from(other).unwrap_or(0));
        }
    }

    /// SplitMix64 (Steele, Lea, Flood, 2014).
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_changed_by_name_and_bad_ones_are_named() {
        let faults = Faults::default().with("bad_gateway=0.25").and_then(|faults| faults.with("latency_ms=30")).unwrap();
        assert_eq!(faults, Faults { bad_gateway: 0.25, latency_ms: 30, ..Faults::default() });
        for (bad, said) in
            [("bad_gatway=1", "bad_gatway"), ("bad_gateway=2", "0 to 1"), ("bad_gateway", "name=value"), ("latency=x", "`x`")]
        {
            let error = faults.with(bad).unwrap_err().to_string();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn dice_fall_as_often_as_they_should_and_again_the_same() {
        let fallen = |seed| {
            let dice = Dice::new(Faults { web_page: 0.3, ..Faults::default() }, seed);
            (0..10_000).map(|_| dice.roll(|faults| faults.web_page)).collect::<Vec<_>>()
        };
        let count = fallen(7).iter().filter(|fell| **fell).count();
        // Five standard deviations of a binomial with n = 10,000 and p = 0.3 are 229.
        assert!((2_771..=3_229).contains(&count), "{count}");
        assert_eq!(fallen(7), fallen(7));
        assert_ne!(fallen(7), fallen(8));
        let dice = Dice::new(Faults::default(), 1);
        assert!((0..1_000).all(|_| !dice.roll(|faults| faults.web_page)));
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for the seed 1234567, as in the reference implementation's own test.
        let dice = Dice::new(Faults::default(), 1_234_567);
        assert_eq!([dice.next(), dice.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}
