//! Fields of rows, whatever JSON type a server gives them.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A text; numbers and booleans as JSON writes them, arrays joined by commas, null as nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Value::deserialize(deserializer).map(|value| text_of(&value))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        Value::Null | Value::Object(_) => String::new(),
    }
}

/// A number; a text of digits too. Anything else is 0.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    text(deserializer).map(|text| text.parse().unwrap_or(0))
}

/// A truth: `true`, `"true"`, `1`, `"1"`.
pub(crate) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    text(deserializer).map(|text| matches!(text.as_str(), "1" | "true" | "True" | "TRUE"))
}

/// A truth that nobody has told.
pub(crate) fn yes() -> bool {
    true
}
