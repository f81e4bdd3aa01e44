//! Stream data of cross-reference and object streams: Flate with PNG predictors, inflated within a budget.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::file::PdfError;
use super::object::{Dictionary, Object};

/// Filters in a row; a bomb multiplies by a thousand with each.
const MAX_FILTERS: usize = 4;

/// Decodes `data` as `dictionary` says, taking what it inflates from `budget`.
pub(crate) fn decode(dictionary: &Dictionary, data: &[u8], budget: &mut usize) -> Result<Vec<u8>, PdfError> {
    // What a crypt filter does is done before.
    let is_crypt = |object: Option<&Object>| matches!(object, Some(Object::Name(name)) if name == b"Crypt");
    let mut skipped = 0;
    let filters = match dictionary.lookup("Filter") {
        None | Some(Object::Null) => 0,
        name @ Some(Object::Name(_)) if is_crypt(name) => 0,
        Some(Object::Name(name)) if is_flate(name) => 1,
        Some(Object::Array(names)) => {
            let flate = |object: &Object| matches!(object, Object::Name(name) if is_flate(name));
            skipped = usize::from(is_crypt(names.first()));
            if names.len() > MAX_FILTERS || !names.iter().skip(skipped).all(flate) {
                return Err(PdfError::UnsupportedFilter);
            }
            names.len()
        }
        Some(_) => return Err(PdfError::UnsupportedFilter),
    };
    let mut decoded = data.to_vec();
    for index in skipped..filters {
        decoded = inflate(&decoded, budget)?;
        let parameters = match dictionary.lookup("DecodeParms") {
            Some(Object::Dictionary(parameters)) => Some(parameters),
            Some(Object::Array(list)) => match list.get(index) {
                Some(Object::Dictionary(parameters)) => Some(parameters),
                _ => None,
            },
            _ => None,
        };
        if let Some(parameters) = parameters {
            decoded = undo_predictor(parameters, decoded)?;
        }
    }
    Ok(decoded)
}

fn is_flate(name: &[u8]) -> bool {
    matches!(name, b"FlateDecode" | b"Fl")
}

fn inflate(data: &[u8], budget: &mut usize) -> Result<Vec<u8>, PdfError> {
    let mut out = Vec::new();
    let limit = u64::try_from(*budget).unwrap_or(u64::MAX).saturating_add(1);
    ZlibDecoder::new(data).take(limit).read_to_end(&mut out).map_err(|_| PdfError::BadStream)?;
    *budget = budget.checked_sub(out.len()).ok_or(PdfError::InflatesTooFar)?;
    Ok(out)
}

/// PNG predictors (ISO 32000-1, 7.4.4.4; PNG, 9).
fn undo_predictor(parameters: &Dictionary, data: Vec<u8>) -> Result<Vec<u8>, PdfError> {
    let parameter = |key, missing| usize::try_from(parameters.integer(key).unwrap_or(missing)).map_err(|_| PdfError::BadStream);
    match parameter("Predictor", 1)? {
        1 => return Ok(data),
        10..=15 => {}
        _ => return Err(PdfError::UnsupportedFilter),
    }
    let (columns, colors, bits) = (parameter("Columns", 1)?, parameter("Colors", 1)?, parameter("BitsPerComponent", 8)?);
    let per_pixel = colors.checked_mul(bits).filter(|&bits| bits > 0).ok_or(PdfError::BadStream)?;
    let row_bits = columns.checked_mul(per_pixel).filter(|&bits| bits > 0).ok_or(PdfError::BadStream)?;
    let (row_bytes, pixel_bytes) = (row_bits.div_ceil(8), per_pixel.div_ceil(8));
    if row_bytes > data.len() {
        return if data.is_empty() { Ok(data) } else { Err(PdfError::BadStream) };
    }
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut previous = vec![0u8; row_bytes];
    for row in data.chunks(row_bytes + 1) {
        let Some((&filter, row)) = row.split_first() else { break };
        let mut current = row.to_vec();
        for index in 0..current.len() {
            let left = index.checked_sub(pixel_bytes).and_then(|at| current.get(at)).copied().unwrap_or(0);
            let up = previous.get(index).copied().unwrap_or(0);
            let corner = index.checked_sub(pixel_bytes).and_then(|at| previous.get(at)).copied().unwrap_or(0);
            let prediction = match filter {
                0 => 0,
                1 => left,
                2 => up,
                3 => u8::midpoint(left, up),
                4 => paeth(left, up, corner),
                _ => return Err(PdfError::BadStream),
            };
            if let Some(byte) = current.get_mut(index) {
                *byte = byte.wrapping_add(prediction);
            }
        }
        out.extend_from_slice(&current);
        previous = current;
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::super::object::Parser;
    use super::*;

    fn dictionary(text: &str) -> Dictionary {
        match Parser::new(text.as_bytes(), 0, 10).object().unwrap() {
            Object::Dictionary(dictionary) => dictionary,
            other => panic!("{other:?}"),
        }
    }

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn up_and_sub_predictors_are_undone() {
        let rows = [2u8, 1, 2, 3, 2, 1, 1, 1, 1, 5, 5, 5];
        let parameters = dictionary("<</Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 3>>>>");
        let mut budget = 100;
        let decoded = decode(&parameters, &deflate(&rows), &mut budget).unwrap();
        assert_eq!(decoded, [1, 2, 3, 2, 3, 4, 5, 10, 15]);
        assert_eq!(budget, 100 - rows.len());
    }

    #[test]
    fn a_bomb_stops_at_the_budget() {
        let inner = deflate(&vec![0; 10 << 20]);
        let bomb = deflate(&inner);
        let twice = dictionary("<</Filter[/FlateDecode/FlateDecode]>>");
        assert!(matches!(decode(&twice, &bomb, &mut (1 << 20)), Err(PdfError::InflatesTooFar)));
        let five = dictionary("<</Filter[/Fl/Fl/Fl/Fl/Fl]>>");
        assert!(matches!(decode(&five, &bomb, &mut (1 << 20)), Err(PdfError::UnsupportedFilter)));
    }
}
